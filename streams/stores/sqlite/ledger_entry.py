"""A report or tick in hand of an embedded ledger, and what its transaction answers and writes."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, NamedTuple

import structlog

from streams.core.model import Message, Report
from streams.core.state.step import Step
from streams.core.words import ignored_fields
from streams.stores.store import Receipt

__all__ = ["REFUSED_BY_STATE", "LedgerEntry", "broken_entry", "change_rows", "log_rejected", "outcomes", "receipt_of"]

_log = structlog.get_logger(__name__)
#: Rejected reports of a transaction that are logged one by one.
LOGGED_MAX = 5
#: Rejected because of the state; other refusals are only answered, as on Kafka.
REFUSED_BY_STATE = frozenset({"revision_conflict", "too_late", "internal"})


class LedgerEntry(NamedTuple):
    """One report or tick of a transaction: its bytes, receipt, and step of the ledger."""

    value: bytes
    receipt: Receipt
    step: Step | None


def log_rejected(refused: list[Receipt]) -> None:
    """Log the first rejected reports; the table of rejected reports has all."""
    for receipt in refused[:LOGGED_MAX]:
        names = {"episode": receipt.episode, "report_id": receipt.report_id, "offset": receipt.offset}
        _log.warning("report_rejected", code=receipt.code, **names)
    if len(refused) > LOGGED_MAX:
        _log.warning("reports_rejected", more=len(refused) - LOGGED_MAX)


def outcomes(entries: Iterable[LedgerEntry]) -> Iterator[str]:
    """Yield the names of the counters that a transaction adds to."""
    for receipt, step in ((entry.receipt, entry.step) for entry in entries):
        if receipt.code is None:
            yield receipt.outcome
        elif receipt.code in REFUSED_BY_STATE:
            yield f"rejected_{receipt.code}"
        if step is not None and isinstance(step.message, Report):
            yield from repeat("unknown_fields", step.message.unknown_fields)


def broken_entry(value: bytes) -> LedgerEntry:
    """Return the entry of a report on which the fold fails."""
    return LedgerEntry(
        value,
        Receipt(
            "refused",
            code="internal",
            message="the fold fails on this report: a bug",
        ),
        None,
    )


def receipt_of(outcome: str, of: Message, **fields: Any) -> Receipt:
    """Return the receipt of a report or tick."""
    if isinstance(of, Report):
        ignored = ignored_fields(of.unknown) if of.unknown else None
        return Receipt(outcome, of.episode, of.report_id, of.revision, ignored=ignored, **fields)
    return Receipt(outcome, of.episode, **fields)


def change_rows(entries: list[LedgerEntry], last_row: int) -> Iterator[tuple[int, int | None, str, str, bytes]]:
    """Yield the rows of changes after `last_row`: row, offset, topic, episode, record."""
    row = last_row
    for entry in entries:
        if entry.step is None:
            continue
        for topic, _, record in entry.step.published():
            row += 1
            yield row, entry.receipt.offset, topic, entry.step.episode, record
