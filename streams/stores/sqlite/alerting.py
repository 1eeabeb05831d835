"""Evaluate the alert rules on the table of changes, and append the alerts to it.

As on Kafka, the state of the rules is not stored but rebuilt from the changes when a file is opened. Their position is
stored in the same transaction as the alerts: none is lost, and none is written twice.
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
from streams.stores.alert_evaluation import evaluate
from streams.stores.sqlite.ledger_file import LedgerFile
from streams.stores.sqlite.reader import PublishedChange, Reader
from streams.stores.store import StoreUnavailable

__all__ = ["SqliteAlerts", "mark", "set_mark"]

#: Changes looked at in a step; reports that wait come between two turns.
STEP_MAX = 500
#: Name in `meta` of the last evaluated row, and how many rows without an alert it may be behind.
ALERTED_ROW = "alerted_row"
MARK_EVERY = 1_000

_log = structlog.get_logger(__name__)


class SqliteAlerts:
    """The rules over one file; `step` runs in the thread that owns the ledger file."""

    def __init__(self, path: Path, rules: Rules, registry: Registry) -> None:
        """Read the file at `path` on a connection of its own."""
        self._reader = Reader(path)
        self._rules = rules
        self._registry = registry
        self._engine: AlertEngine | None = None
        self._row = 0
        self._marked = 0

    def step(self, ledger_file: LedgerFile) -> bool:
        """Evaluate the next changes; return whether there are more. Raises StoreUnavailable."""
        if self._engine is None:
            self._marked = mark(ledger_file, ALERTED_ROW)
            self._row, self._engine = 0, AlertEngine(self._rules, self._registry)
        try:
            self._evaluate(ledger_file, self._engine)
        except BaseException:
            # The state of the rules is ahead of the file: rebuild it.
            self._engine = None
            raise
        return self._row < ledger_file.last_row

    def close(self, ledger_file: LedgerFile) -> None:
        """Store the position of the rules."""
        try:
            if self._engine is not None and self._row > self._marked:
                self._write(ledger_file, [])
        except StoreUnavailable as error:
            _log.warning("alert_position_not_stored", reason=str(error), effect="rows are evaluated again")
        finally:
            self._reader.close()

    def _evaluate(self, ledger_file: LedgerFile, engine: AlertEngine) -> None:
        changes = self._reader.changes(self._row, limit=STEP_MAX)
        raised = [alert for change in changes for alert in _evaluated(engine, change) if change.row > self._marked]
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
    """Return the row stored under a name in `meta`, 0 without one."""
    row = ledger_file.ask("SELECT value FROM meta WHERE name = ?", name)
    return 0 if row is None else int(row[0])


def set_mark(file: sqlite3.Connection, name: str, row: int) -> None:
    """Store a row under a name in `meta`, within the open transaction."""
    file.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, str(row)))


def _evaluated(engine: AlertEngine, change: PublishedChange) -> list[Alert]:
    return evaluate(engine, change.topic, change.record, row=change.row, episode=change.episode)


def _offset(alert: Alert) -> int | None:
    offset: int | None = alert["cause"].get("origin", {}).get("offset")
    return offset
