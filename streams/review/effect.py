"""The effect that reports would have: the fold run dry over an episode's log. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from streams.core.ledger import Ledger
from streams.core.log_record import Located, Record
from streams.core.parse import Refusal, parse
from streams.core.phrases import Names, change_title
from streams.core.queries.as_of import messages_of
from streams.core.source_registry import Registry
from streams.core.state.step import Outcome

__all__ = ["Effect", "effects"]


class Effect(NamedTuple):
    """The effect of one report: its changes in words, none for a repeat, or a rejection."""

    report_id: str
    changes: tuple[str, ...]
    refusal: str | None = None


def effects(
    episode: str,
    records: Iterable[Record | Located],
    reports: Sequence[Mapping[str, Any]],
    registry: Registry,
    names: Names,
    *,
    horizon_us: int,
) -> list[Effect]:
    """Return the effect of each report, one after the other, on top of an episode's log."""
    ledger = Ledger(registry, horizon_us=horizon_us)
    unread: Counter[str] = Counter()
    for each in messages_of(episode, records, unread, set()):
        if each.refusal is None:
            try:
                ledger.take(each.message)
            except Refusal:
                continue
    return [_effect(ledger, report, names) for report in reports]


def _effect(ledger: Ledger, report: Mapping[str, Any], names: Names) -> Effect:
    try:
        step = ledger.take(parse(orjson.dumps(report)))
    except Refusal as refusal:
        return Effect(report["report_id"], (), str(refusal))
    if step.outcome is not Outcome.ACCEPTED:
        return Effect(report["report_id"], (), f"{step.outcome}: it is known already")
    changes = tuple(change_title(topic, record, names) for topic, record in step.changes())
    return Effect(report["report_id"], changes)
