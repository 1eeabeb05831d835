"""Refuse what a limited writer may not write (contract section 10)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from streams.core.model import Report
from streams.core.parse import Refusal, parse
from streams.files.writers import Writer
from streams.stores.store import Store
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["check_right", "check_rights"]


async def check_rights(writer: Writer, reports: Sequence[bytes], store: Store) -> None:
    """Refuse reports that a writer may not write; an invalid one is refused later, with its own code.

    A revision takes the right to write the report that it replaces too: it would take back another source's claims.
    """
    if not (writer.sources or writer.outlets or writer.episodes):
        return
    revised: dict[str, set[str]] = {}
    for value in reports:
        try:
            message = parse(value)
        except Refusal:
            continue
        check_right(writer, _written(message) if isinstance(message, Report) else {"episode": message.episode})
        if isinstance(message, Report) and message.revision > 1:
            revised.setdefault(message.episode, set()).add(message.report_id)
    for episode, ids in revised.items():
        for standing in (await _newest(store, episode, ids)).values():
            check_right(writer, _written(standing), f": it wrote {standing.report_id}, which this revises")


def check_right(writer: Writer, written: Mapping[str, Any], why: str = "") -> None:
    """Refuse a report or document, given by its fields, that a writer may not write."""
    if (right := writer.beyond(written)) is not None:
        raise RequestRefused(ErrorCode.FORBIDDEN, f"{writer.name} may not write {right}{why}")


def _written(report: Report) -> dict[str, str]:
    return {"episode": report.episode, "source": report.source, "relayed_by": report.relayed_by or ""}


async def _newest(store: Store, episode: str, ids: set[str]) -> dict[str, Report]:
    """Return the newest revision on the log of each report named, the first of equal ones."""
    found: dict[str, Report] = {}
    named = [orjson.dumps(each)[1:-1] for each in ids]
    async for stored in store.episode_log(episode):
        # Only a record with an escape can have the id in other bytes.
        if b"\\" not in stored.value and not any(each in stored.value for each in named):
            continue
        try:
            message = parse(stored.value)
        except Refusal:
            continue
        if isinstance(message, Report) and message.report_id in ids:
            before = found.get(message.report_id)
            if before is None or message.revision > before.revision:
                found[message.report_id] = message
    return found
