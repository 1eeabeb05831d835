"""Builders for tests of plots: changes as the fold publishes them."""

from typing import Any

import orjson

from streams.core.ledger import Ledger
from streams.core.parse import parse
from streams.core.source_registry import Registry
from streams.operations.plots.history import PlottedHistory, story_of

EPISODE = "northland"


def report(at: str, *claims: dict[str, Any], report_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """A report of a source `mod` about `north`, on a day of March 2024 (`05` or `05T12:00:00`)."""
    published_at = f"2024-03-{at}" + ("" if "T" in at else "T00:00:00") + "Z"
    return {
        "report_id": report_id or f"r-{at}",
        "episode": EPISODE,
        "source": "mod",
        "published_at": published_at,
        "claims": list(claims),
        **fields,
    }


def killed(best: int, **fields: Any) -> dict[str, Any]:
    count = {"best": best} | {name: fields.pop(name) for name in ("low", "high") if name in fields}
    claim = {"type": "casualties", "party": "north", "outcome": "killed", "population": "military", "count": count}
    return claim | fields


def ceasefire(act: str, **fields: Any) -> dict[str, Any]:
    return {"type": "ceasefire", "act": act, **fields}


def changes_of(*reports: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The changes that reports, in this order, publish."""
    ledger = Ledger(Registry())
    return [change for each in reports for change in ledger.take(parse(orjson.dumps(each))).changes()]


def story(*reports: dict[str, Any], until_us: int | None = None) -> PlottedHistory:
    return story_of(changes_of(*reports), EPISODE, until_us=until_us)
