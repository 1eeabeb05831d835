"""A ledger file with a clock that does not move, and the contents of the file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from streams.core.source_registry import Registry
from streams.core.times import DEFAULT_HORIZON_US, read_time
from streams.observability.wall_clock import WallClock
from streams.stores.sqlite.ledger_file import LedgerFile, LedgerFileOptions
from streams.stores.store import Receipt
from tests.support.build import REGISTRY, Json

NOW = "2022-10-01T00:00:00Z"


class Clock:
    """A wall clock that is set by hand."""

    def __init__(self, time: str = NOW) -> None:
        self.us = read_time(time)

    def __call__(self) -> int:
        return self.us

    def set(self, time: str) -> None:
        self.us = read_time(time)

    def wall_clock(self) -> WallClock:
        """Return the clock of a store, on which time passes and never leaps."""
        return WallClock(lambda: self.us / 1e6, lambda: self.us / 1e6)


def opened(
    path: Path, clock: Clock | None = None, registry: Registry = REGISTRY, horizon_us: int = DEFAULT_HORIZON_US
) -> LedgerFile:
    return LedgerFile(path, LedgerFileOptions(registry, horizon_us, "truceline.reports", clock or Clock()))


def value(record: Json) -> bytes:
    return json.dumps(record).encode()


def taken(book: LedgerFile, *records: Json) -> list[str]:
    """Return the outcome of each record, or the code it was rejected with."""
    return [outcome(receipt) for receipt in book.write([value(record) for record in records])]


def outcome(receipt: Receipt) -> str:
    return receipt.code or receipt.outcome


def stored(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the tables that hold the story."""
    with sqlite3.connect(path) as file:
        return {
            "log": file.execute('SELECT "offset", episode, value FROM log ORDER BY "offset"').fetchall(),
            "changes": file.execute('SELECT "row", "offset", topic, record FROM changes ORDER BY "row"').fetchall(),
            "rejected": file.execute('SELECT code, value FROM rejected ORDER BY "row"').fetchall(),
        }


def folded_again(log: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], Json]:
    """Return the changes of a log that is folded in memory, as rows of `changes`, and its snapshot."""
    from streams.core.ledger import Ledger  # noqa: PLC0415
    from streams.core.parse import Refusal, parse  # noqa: PLC0415

    ledger = Ledger(REGISTRY)
    rows: list[tuple[Any, ...]] = []
    for offset, _, value_ in log:
        origin = ("truceline.reports", 0, offset)
        try:
            step = ledger.take(parse(value_), origin)
        except Refusal:
            continue
        for topic, record in step.changes():
            rows.append((len(rows) + 1, offset, topic, record))
    return rows, {episode: ledger.picture(episode) for episode in ledger.episodes()}
