"""Alerts with no broker: the rules follow the table of changes, and what they raise is appended to it.

As on Kafka what the rules remember is not stored, but made again from the changes when a file is opened. How far they
have come is stored with the alerts, in one transaction: none is lost, and none comes twice.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import orjson
import structlog

from schemas.alerts import Alert
from streams.alerts import AlertEngine, Rules
from streams.core.source_registry import Registry
from streams.observability import metrics
from streams.observability.log_config import redacted_exc_info
from streams.stores.sqlite.ledger_file import LedgerFile
from streams.stores.sqlite.reader import PublishedChange, Reader
from streams.stores.store import StoreUnavailable

__all__ = ["SqliteAlerts", "mark", "set_mark"]

#: Changes looked at in a step; reports that wait come between two turns.
STEP_MAX = 500
#: The mark of how far the rules have come, and how far it may lie behind where nothing was raised.
ALERTED_ROW = "alerted_row"
MARK_EVERY = 1_000

_log = structlog.get_logger(__name__)


class SqliteAlerts:
    """The rules at work on a file; `step` is for the thread that owns the ledger_file."""

    def __init__(self, path: Path, rules: Rules, registry: Registry) -> None:
        """Take the ledger_file's file, which is read beside the ledger_file."""
        self._reader = Reader(path)
        self._rules = rules
        self._registry = registry
        self._watch: AlertEngine | None = None
        self._row = 0
        self._marked = 0

    def step(self, ledger_file: LedgerFile) -> bool:
        """Look at the next changes, and tell whether there are more; raises StoreUnavailable."""
        if self._watch is None:
            self._marked = mark(ledger_file, ALERTED_ROW)
            self._row, self._watch = 0, AlertEngine(self._rules, self._registry)
        try:
            self._evaluate(ledger_file, self._watch)
        except BaseException:
            # What the rules remember is ahead of the file.
            self._watch = None
            raise
        return self._row < ledger_file.last_row

    def close(self, ledger_file: LedgerFile) -> None:
        """Keep how far the rules have come."""
        try:
            if self._watch is not None and self._row > self._marked:
                self._write(ledger_file, [])
        except StoreUnavailable as error:
            _log.warning("how far alerts have come is not kept: some rows are looked at again", reason=str(error))
        finally:
            self._reader.close()

    def _evaluate(self, ledger_file: LedgerFile, watch: AlertEngine) -> None:
        changes = self._reader.changes(self._row, limit=STEP_MAX)
        raised = [alert for change in changes for alert in _taken(watch, change) if change.row > self._marked]
        if changes:
            self._row = changes[-1].row
        if raised or self._row - self._marked >= MARK_EVERY:
            self._write(ledger_file, raised)

    def _write(self, ledger_file: LedgerFile, alerts: Sequence[Alert]) -> None:
        first = ledger_file.last_row + 1

        def write(file: sqlite3.Connection) -> int:
            rows = [
                (row, _offset(alert), "alerts", alert["episode"], orjson.dumps(alert))
                for row, alert in enumerate(alerts, first)
            ]
            file.executemany("INSERT INTO changes VALUES (?, ?, ?, ?, ?)", rows)
            set_mark(file, ALERTED_ROW, self._row)
            return len(rows)

        ledger_file.append(write)
        self._marked = self._row
        for alert in alerts:
            metrics.ALERTS.labels(alert["severity"], alert["state"]).inc()


def mark(ledger_file: LedgerFile, name: str) -> int:
    """Return the row of changes that stands under a name in the file, 0 where none does."""
    row = ledger_file.ask("SELECT value FROM meta WHERE name = ?", name)
    return 0 if row is None else int(row[0])


def set_mark(file: sqlite3.Connection, name: str, row: int) -> None:
    """Keep a row of changes under a name, in the transaction that is open."""
    file.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, str(row)))


def _taken(watch: AlertEngine, change: PublishedChange) -> list[Alert]:
    try:
        return watch.take(change.topic, orjson.loads(change.record))
    except Exception as error:  # noqa: BLE001 - whatever it is, the changes behind it are looked at
        _log.error(
            "a change that the rules cannot be held against",
            row=change.row,
            topic=change.topic,
            episode=change.episode,
            exc_info=redacted_exc_info(error),
        )
        return []


def _offset(alert: Alert) -> int | None:
    offset: int | None = alert["cause"].get("origin", {}).get("offset")
    return offset
