"""The simple fold on Quix Streams: the newest cumulative count of a cell wins, a change is published when it differs.

No validation, no revisions, no retractions, no bounds. Environment: BOOTSTRAP_SERVERS, PREFIX (topics PREFIX.reports
and PREFIX.casualties), APP_ID, STATE_DIR, GUARANTEE (exactly-once or at-least-once). Run in the peers' own Python.
"""

import os
from typing import Any

from quixstreams import Application, State


def fold(report: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """Return the changes that a report makes."""
    changes = []
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
        before = state.get(cell)
        after = {"best": claim["count"]["best"], "as_of": claim.get("as_of", report["published_at"])}
        # Times are all in UTC and of one spelling here, so texts compare as times.
        if before is not None and before["as_of"] > after["as_of"]:
            continue
        state.set(cell, after)
        if before is None or before["best"] != after["best"]:
            said = {"report_id": report["report_id"], "published_at": report["published_at"]}
            changes.append({**names, "before": before, "after": after, **said})
    return changes


def main() -> None:
    """Fold until the process is stopped."""
    app = Application(
        broker_address=os.environ["BOOTSTRAP_SERVERS"],
        consumer_group=os.environ["APP_ID"],
        auto_offset_reset="earliest",
        processing_guarantee=os.environ["GUARANTEE"],
        state_dir=os.environ["STATE_DIR"],
    )
    prefix = os.environ["PREFIX"]
    reports = app.topic(f"{prefix}.reports", key_deserializer="str", value_deserializer="json")
    casualties = app.topic(f"{prefix}.casualties", key_serializer="str", value_serializer="json")
    app.dataframe(reports).apply(fold, stateful=True, expand=True).to_topic(casualties)
    app.run()


if __name__ == "__main__":
    main()
