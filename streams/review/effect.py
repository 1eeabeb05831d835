"""The effect that reports would have: the fold run dry over an episode's log. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from streams.core.ledger import Ledger
from streams.core.log_record import Located, Record
from streams.core.model import Report
from streams.core.parse import Refusal, parse
from streams.core.phrases import Names, change_title
from streams.core.queries.as_of import messages_of
from streams.core.source_registry import Registry
from streams.core.state.step import Outcome
from streams.review.look_alikes import LookAlike, look_alikes

__all__ = ["Effect", "effects", "read_report"]

#: The fields that say which claim a change is of.
_CLAIM_FIELDS = ("party", "outcome", "population", "group", "scope", "act")


class Effect(NamedTuple):
    """The effect of one report: its changes, none for a repeat, or a rejection with its faults.

    A change has its `topic`, the fields of the claim that it is of, and its `words`. `look_alikes` are accepted
    reports that may repeat it (`streams.review.look_alikes`); they move no figure.
    """

    report_id: str | None
    changes: tuple[dict[str, str], ...] = ()
    refusal: str | None = None
    faults: tuple[dict[str, str], ...] = ()
    look_alikes: tuple[LookAlike, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**self._asdict(), "look_alikes": [each._asdict() for each in self.look_alikes]}


def effects(
    episode: str,
    records: Iterable[Record | Located],
    reports: Sequence[Report],
    registry: Registry,
    names: Names,
    *,
    horizon_us: int,
) -> list[Effect]:
    """Return the effect of each report, one after the other, on top of an episode's log."""
    ledger = Ledger(registry, horizon_us=horizon_us)
    unread: Counter[str] = Counter()
    accepted: dict[str, Report] = {}
    for each in messages_of(episode, records, unread, set()):
        if each.refusal is None:
            try:
                ledger.take(each.message)
            except Refusal:
                continue
            if isinstance(each.message, Report):
                accepted[each.message.report_id] = each.message
    return [_effect(ledger, report, names, accepted) for report in reports]


def read_report(body: bytes) -> Report | Effect:
    """Return the report in a body, or the effect of one that is refused whatever the log holds."""
    try:
        message = parse(body)
    except Refusal as refusal:
        faults = tuple({"path": fault.path, "reason": fault.reason} for fault in refusal.faults)
        return Effect(None, refusal=str(refusal), faults=faults)
    return message if isinstance(message, Report) else Effect(None, refusal="a tick is no report")


def _effect(ledger: Ledger, report: Report, names: Names, accepted: Mapping[str, Report]) -> Effect:
    try:
        step = ledger.take(report)
    except Refusal as refusal:
        return Effect(report.report_id, refusal=str(refusal))
    if step.outcome is not Outcome.ACCEPTED:
        return Effect(report.report_id, refusal=f"{step.outcome}: it is known already")
    changes = tuple(_change(topic, record, names) for topic, record in step.changes())
    return Effect(report.report_id, changes, look_alikes=look_alikes(report, accepted.values()))


def _change(topic: str, record: Mapping[str, Any], names: Names) -> dict[str, str]:
    named = {name: record[name] for name in _CLAIM_FIELDS if record.get(name) is not None}
    return {"topic": topic, **named, "words": change_title(topic, dict(record), names)}
