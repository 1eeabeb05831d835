"""The simple fold on plain Faust: a table and one send a change, at least once.

No validation, no revisions, no retractions, no bounds. Environment: BOOTSTRAP_SERVERS, PREFIX (topics PREFIX.reports
and PREFIX.casualties), APP_ID, STATE_DIR. Run in truceline's own Python, whose Faust it is.
"""

import os
from typing import Any

import faust
import orjson

PREFIX = os.environ["PREFIX"]

app = faust.App(
    os.environ["APP_ID"],
    broker=f"kafka://{os.environ['BOOTSTRAP_SERVERS']}",
    datadir=os.environ["STATE_DIR"],
    consumer_auto_offset_reset="earliest",
    topic_partitions=4,
    web_enabled=False,
)
reports = app.topic(f"{PREFIX}.reports", key_type=str, value_type=bytes, value_serializer="raw")
casualties = app.topic(f"{PREFIX}.casualties", key_type=str, value_type=bytes, value_serializer="raw")
counts = app.Table("counts", partitions=4)


@app.agent(reports)
async def fold(events: faust.StreamT[bytes]) -> None:
    """Send the changes that each report makes."""
    async for key, value in events.items():
        report = orjson.loads(value)
        for change in changes(report):
            await casualties.send(key=key, value=orjson.dumps(change))


def changes(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the changes that a report makes."""
    made = []
    for claim in report["claims"]:
        if claim["type"] != "casualties":
            continue
        names = {
            "episode": report["episode"],
            "source": report["source"],
            "party": claim["party"],
            "outcome": claim["outcome"],
            "population": claim.get("population", "unknown"),
        }
        cell = "/".join(names.values())
        before = counts.get(cell)
        after = {"best": claim["count"]["best"], "as_of": claim.get("as_of", report["published_at"])}
        # Times are all in UTC and of one spelling here, so texts compare as times.
        if before is not None and before["as_of"] > after["as_of"]:
            continue
        counts[cell] = after
        if before is None or before["best"] != after["best"]:
            said = {"report_id": report["report_id"], "published_at": report["published_at"]}
            made.append({**names, "before": before, "after": after, **said})
    return made


if __name__ == "__main__":
    app.main()
