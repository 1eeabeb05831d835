"""Fold the log of a ledger file again, beside the file: another horizon, another source registry from the start.

The copy keeps the log byte for byte, with everything else that a server has stored, and gets new changes and state.
Alerts are history: they are neither raised nor sent again.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from streams.core.ledger import Ledger
from streams.core.parse import Refusal, parse
from streams.core.state.step import EntryKey, Step
from streams.stores.sqlite.backup import back_up
from streams.stores.sqlite.database import DATABASE, open_database
from streams.stores.sqlite.file_guard import marker_of
from streams.stores.sqlite.ledger_file import PARTITION, PRUNE_EVERY
from streams.stores.store import StoreUnavailable

__all__ = ["KEPT", "Refold", "switch"]

#: Folder of the ledger that a switch has replaced; a later one has a number.
KEPT = "before-rebuild"

_BEGIN = (
    """CREATE TEMP TABLE alerts AS SELECT * FROM changes WHERE topic = 'alerts'""",
    # The last record whose changes the alert rules have seen.
    """CREATE TEMP TABLE evaluated AS SELECT max("offset") AS "offset" FROM changes
    WHERE "row" <= (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'alerted_row')""",
    "DELETE FROM changes",
    "DELETE FROM state",
    "DELETE FROM rejected WHERE code <> 'internal'",
)
_END = (
    "DELETE FROM meta WHERE name = 'state_crc'",
    # A position in the changes of the old file means nothing in this one.
    "INSERT OR REPLACE INTO meta VALUES ('identity', lower(hex(randomblob(4))))",
    """UPDATE meta SET value = CAST((
        SELECT coalesce(max("row"), 0) FROM changes WHERE "offset" <= (SELECT "offset" FROM evaluated)
    ) AS TEXT) WHERE name = 'alerted_row'""",
)


class Refold:
    """The ledger of one folder, folded again into another folder; `done` of `total` reports and ticks."""

    def __init__(self, folder: Path, target: Path, ledger: Ledger, topic: str) -> None:
        """Fold the log of `folder` into `target`, from an empty ledger; `topic` names the log in causes."""
        self.done = self.total = 0
        self._folder, self._target = folder, target
        self._ledger = ledger
        self._topic = topic
        self._row = 0
        self._touched: dict[EntryKey, None] = {}
        #: Row of an alert in the old file → its row in the new one.
        self._alert_rows: dict[int, int] = {}

    def run(self) -> None:
        """Fold all of it; `target` has no ledger until it is complete and on disk. Raises StoreUnavailable."""
        part = self._target / f"{DATABASE}.part"
        try:
            for stale in self._target.glob(f"{DATABASE}*"):
                stale.unlink(missing_ok=True)
            back_up(self._folder, part)
            with closing(open_database(part, create=False)) as file:
                file.execute("PRAGMA synchronous=OFF")  # it is nobody's ledger yet
                self._fold(file)
                file.execute("PRAGMA synchronous=FULL")
                # As one file, since it is renamed: reading it then leaves no write-ahead log beside it.
                file.execute("PRAGMA journal_mode=DELETE")
            part.rename(self._target / DATABASE)
            _sync(self._target)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"cannot write {part}: {error}") from error

    def _fold(self, file: sqlite3.Connection) -> None:
        (self.total,) = file.execute("SELECT count(*) FROM log").fetchone()
        file.execute("BEGIN IMMEDIATE")
        for statement in _BEGIN:
            file.execute(statement)
        alerts = _Alerts(file)
        for offset, time_us, value in file.execute('SELECT "offset", time_us, value FROM log ORDER BY "offset"'):
            self._take(file, offset, time_us, value)
            self._alerts(file, alerts.caused_up_to(offset))
            self.done += 1
            if self.done % PRUNE_EVERY == 0:
                self._touched.update(dict.fromkeys(self._ledger.forget()))
                self._store(file)
        self._alerts(file, alerts.rest())
        self._store(file)
        self._finish(file)
        file.execute("COMMIT")

    def _take(self, file: sqlite3.Connection, offset: int, time_us: int, value: bytes) -> None:
        try:
            step = self._ledger.take(parse(value), (self._topic, PARTITION, offset))
        except Refusal as refusal:
            file.execute(
                "INSERT INTO rejected (time_us, code, message, value) VALUES (?, ?, ?, ?)",
                (time_us, refusal.code, refusal.message, value),
            )
            return
        self._touched.update(dict.fromkeys(step.touched))
        file.executemany("INSERT INTO changes VALUES (?, ?, ?, ?, ?)", self._rows(step, offset))

    def _rows(self, step: Step, offset: int) -> Iterator[tuple[int, int, str, str, bytes]]:
        for topic, _, record in step.published():
            self._row += 1
            yield self._row, offset, topic, step.episode, record

    def _alerts(self, file: sqlite3.Connection, alerts: "list[_Alert]") -> None:
        for old_row, offset, episode, record in alerts:
            self._row += 1
            self._alert_rows[old_row] = self._row
            file.execute("INSERT INTO changes VALUES (?, ?, 'alerts', ?, ?)", (self._row, offset, episode, record))

    def _store(self, file: sqlite3.Connection) -> None:
        entries = self._ledger.entries(self._touched)
        self._touched.clear()
        file.executemany('DELETE FROM state WHERE "key" = ?', [(key,) for key, value in entries if value is None])
        kept = [entry for entry in entries if entry[1] is not None]
        file.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", kept)

    def _finish(self, file: sqlite3.Connection) -> None:
        """Describe the file, and move what names rows of changes."""
        meta = {
            "registry": self._ledger.registry.digest,
            "horizon_us": str(self._ledger.horizon_us),
            "last_row": str(self._row),
        }
        file.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
        for statement in _END:
            file.execute(statement)
        if delivered := file.execute("SELECT value FROM meta WHERE name = 'delivered_row'").fetchone():
            # An alert that was not sent yet will be.
            sent = [new for old, new in self._alert_rows.items() if old <= int(delivered[0])]
            file.execute("UPDATE meta SET value = ? WHERE name = 'delivered_row'", (str(max(sent, default=0)),))
        if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'undelivered'").fetchone():
            rows = file.execute('SELECT "row", target, record FROM undelivered').fetchall()
            file.execute("DELETE FROM undelivered")
            moved = [(self._alert_rows[row], target, record) for row, target, record in rows]
            file.executemany("INSERT INTO undelivered VALUES (?, ?, ?)", moved)


#: Row, offset of its cause, episode and record.
_Alert = tuple[int, int | None, str, bytes]


class _Alerts:
    """The alerts of the old file, in order, to be put behind the changes of their cause."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._rows = file.execute('SELECT "row", "offset", episode, record FROM temp.alerts ORDER BY "row"')
        self._next: _Alert | None = self._rows.fetchone()

    def caused_up_to(self, offset: int) -> "list[_Alert]":
        """Return the next alerts whose cause is a record up to an offset, or the source registry."""
        found = []
        while self._next is not None and (self._next[1] is None or self._next[1] <= offset):
            found.append(self._next)
            self._next = self._rows.fetchone()
        return found

    def rest(self) -> "list[_Alert]":
        """Return all that are left."""
        return [] if self._next is None else [self._next, *self._rows]


def switch(folder: Path, rebuilt: Path) -> Path:
    """Replace the ledger of a folder by a rebuilt one; return the folder that keeps the old one.

    The caller holds the locks of both folders. There is a whole ledger in `folder` at any moment: the old one, or the
    rebuilt one. Raises StoreUnavailable.
    """
    path = folder / DATABASE
    try:
        with closing(open_database(path, create=False)) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        kept = _new_folder(folder)
        os.link(path, kept / DATABASE)
        try:
            # The marker describes the old file: beside the rebuilt one it would stop the server.
            marker_of(path).unlink(missing_ok=True)
            (rebuilt / DATABASE).replace(path)
        except BaseException:
            # Two names of one file that is in use would each get a write-ahead log.
            (kept / DATABASE).unlink()
            raise
        _sync(folder)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"cannot replace {path}: {error}") from error
    return kept


def _new_folder(folder: Path) -> Path:
    number = 1
    while True:
        kept = folder / (KEPT if number == 1 else f"{KEPT}-{number}")
        try:
            kept.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return kept


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
