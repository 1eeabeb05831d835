"""Record the golden corpus and the examples of the schemas from folds of recorded input.

`python -m tests.schemas.recording examples` picks schemas/json/examples.json from the newest corpus again;
`python -m tests.schemas.recording corpus v2` records a new version's, with its schemas, from that folder's
reports.jsonl and sources.yaml. A version that is recorded is never recorded again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from schemas.alerts import Alert
from schemas.generate import EXAMPLES
from schemas.json_schema import SHAPES, json_schema
from schemas.topics import CHANGE_TOPICS
from streams.alerts.engine import AlertEngine
from streams.alerts.rules_file import default_rules
from streams.core.cloudevents import Headers
from streams.core.ledger import Ledger
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.queries.as_of import difference
from streams.core.times import DAY_US, DEFAULT_HORIZON_US, parse_time
from streams.core.wire import unwrap
from streams.files.source_registry import read_sources
from streams.notifications import DeliveryFailure, undelivered

GOLDEN = Path(__file__).parent / "golden"
PREFIX = "truceline"
#: The corpus has no clock: a record without a timestamp of its own has this one.
TIMESTAMP = parse_time("2022-10-22T12:00:00Z")
Json = dict[str, Any]
#: The default horizon of a version's time, where it was another one than today's.
HORIZON_DAYS = {"v1": 400}


def horizon_us(folder: Path) -> int:
    """Return the default horizon of a corpus's time."""
    days = HORIZON_DAYS.get(folder.name)
    return DEFAULT_HORIZON_US if days is None else days * DAY_US


class Recording:
    """A corpus, folded as a worker on one partition would."""

    def __init__(self, folder: Path) -> None:
        registry = read_sources(folder / "sources.yaml")
        self.ledger = Ledger(registry, horizon_us=horizon_us(folder))
        self.outcomes: list[str] = []
        self.changes: list[Json] = []
        self.rejected: list[Json] = []
        self.headers: list[Json] = []
        self.alerts: list[Json] = []
        self._watch = AlertEngine(default_rules(), registry)
        self._heads = {name: Headers(PREFIX, name) for name in (*CHANGE_TOPICS, "rejected")}
        lines = (folder / "reports.jsonl").read_bytes().splitlines()
        for offset, line in enumerate(lines):
            self._take(line, offset)
        through = {"partition": 0, "offset": len(lines) - 1}
        self.pictures: list[Json] = [
            {"episode": name, "through": through, **self.ledger.picture(name)} for name in self.ledger.episodes()
        ]

    def _take(self, line: bytes, offset: int) -> None:
        origin = (f"{PREFIX}.reports", 0, offset)
        try:
            value, timestamp_us = unwrap(line)
            message = parse(value)
            check_timestamp(message, timestamp_us)
            step = self.ledger.take(message, origin)
        except Refusal as refusal:
            self.outcomes.append(refusal.code)
            head = self._heads["rejected"].rejected(refusal.code, refusal.message, origin, TIMESTAMP // 1000)
            self.headers.append(_texts(head))
            text = line.decode()
            self.rejected.append({"line": offset + 1, "code": refusal.code, "message": refusal.message, "value": text})
            return
        self.outcomes.append(str(step.outcome))
        for topic, change in step.changes():
            self.changes.append({"topic": topic, "data": change})
            key = step.episode.encode()
            self.headers.append(_texts(self._heads[topic].event(change["change_id"], key, step.time)))
            self.alerts += [dict(alert) for alert in self._watch.take(topic, change)]

    def files(self) -> dict[str, list[Json]]:
        """Each file of the corpus, as records."""
        outcomes = [{"line": number, "outcome": outcome} for number, outcome in enumerate(self.outcomes, 1)]
        return {
            "outcomes.jsonl": outcomes,
            "changes.jsonl": self.changes,
            "pictures.jsonl": self.pictures,
            "rejected.jsonl": self.rejected,
            "headers.jsonl": self.headers,
            "alerts.jsonl": self.alerts,
        }


def recorded(folder: Path, name: str) -> list[Any]:
    """The records of a file of a corpus."""
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def versions() -> list[Path]:
    return sorted(GOLDEN.glob("v*"), key=lambda path: int(path.name[1:]))


def examples(folder: Path) -> dict[str, list[Any]]:
    """A few records of each shape, as the corpus has them."""
    recording = Recording(folder)
    inputs = [json.loads(line) for line in (folder / "reports.jsonl").read_text(encoding="utf-8").splitlines()[:19]]
    changes = {topic: [c["data"] for c in recording.changes if c["topic"] == topic] for topic in CHANGE_TOPICS}
    (picture,) = recording.pictures
    events = [head for head in recording.headers if "code" not in head]
    refusals = [head for head in recording.headers if "code" in head]
    stub = {"episode": picture["episode"], "through": picture["through"], "truncated": True}
    return {
        "report": [inputs[0], next(each for each in inputs if each.get("withdrawn"))],
        "tick": [inputs[3]],
        "count-change": [changes["casualties"][0], next(c for c in changes["casualties"] if c["kind"] == "disputed")],
        "status-change": [changes["ceasefires"][0], next(c for c in changes["ceasefires"] if "tick" in c["cause"])],
        "statement-change": [
            changes["statements"][0],
            next(c for c in changes["statements"] if c["after"]["refers_to"]),
        ],
        "picture": [picture, stub],
        "snapshot": [{name: value for name, value in picture.items() if name not in {"episode", "through"}}],
        "difference": [_overnight(folder, picture["episode"])],
        "alert": recording.alerts[:1],
        "undelivered": [undelivered(cast(Alert, recording.alerts[0]), DeliveryFailure("duty", 6, "no answer"))],
        "event-headers": events[:1],
        "rejected-headers": refusals[:1],
    }


def _overnight(folder: Path, episode: str) -> Json:
    """Return the changes of an episode from one evening to the next morning."""
    records = [unwrap(line) for line in (folder / "reports.jsonl").read_bytes().splitlines()]
    registry = read_sources(folder / "sources.yaml")
    evening, morning = parse_time("2022-09-14T18:00:00Z"), parse_time("2022-09-15T07:00:00Z")
    found = difference(episode, records, registry, horizon_us=horizon_us(folder), from_us=evening, to_us=morning)
    return found.as_record()


def _texts(headers: list[tuple[str, bytes | None]]) -> Json:
    return {name: (value or b"").decode() for name, value in headers}


def record_corpus(folder: Path) -> None:
    """Write what the fold makes of a new version's input, and the schemas as they are, beside it."""
    if (folder / "changes.jsonl").exists():
        raise SystemExit(f"{folder} is recorded: what was published stays as it was")
    for name, records in Recording(folder).files().items():
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "schemas").mkdir()
    for name, shape in SHAPES.items():
        text = json.dumps(json_schema(shape), indent=2, ensure_ascii=False) + "\n"
        (folder / "schemas" / f"{name}.json").write_text(text, encoding="utf-8")


def record_examples() -> None:
    text = json.dumps(examples(versions()[-1]), indent=2, ensure_ascii=False) + "\n"
    EXAMPLES.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["examples"]:
            record_examples()
        case ["corpus", version]:
            record_corpus(GOLDEN / version)
        case _:
            raise SystemExit(__doc__)
