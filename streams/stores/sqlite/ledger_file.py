"""The ledger and its SQLite file: a transaction changes both or neither.

Not thread-safe: `streams.stores.sqlite.writer_thread` owns it.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import structlog

from streams.core.ledger import Ledger
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.source_registry import Registry
from streams.core.state.step import EntryKey
from streams.core.times import format_time
from streams.observability import metrics
from streams.observability.log_config import record_ids, redacted_exc_info
from streams.observability.unknown_sources import UnknownSourceLog
from streams.settings import duration_text, horizon_in_force
from streams.stores.sqlite.checksum import damage_text, load_checked, require_ends, store_checksum
from streams.stores.sqlite.database import AUTHORS, WAY_OUT, open_database
from streams.stores.sqlite.file_guard import FileGuard, Marker, MarkerFile, require_marked, require_present
from streams.stores.sqlite.ledger_entry import (
    REFUSED_BY_STATE,
    LedgerEntry,
    broken_entry,
    change_rows,
    log_rejected,
    outcomes,
    receipt_of,
)
from streams.stores.store import Receipt, StoreUnavailable, Summary, summarize

__all__ = ["PARTITION", "LedgerFile", "LedgerFileOptions"]

PARTITION = 0
#: Reports between two prunings of settled claims.
PRUNE_EVERY = 1_000

_log = structlog.get_logger(__name__)


class LedgerFileOptions(NamedTuple):
    """The options of a fold; `topic` names the log in the causes of changes."""

    registry: Registry
    horizon_us: int
    topic: str
    now_us: Callable[[], int]


class LedgerFile:
    """A ledger restored from its file; `write` adds reports to both."""

    def __init__(self, path: Path, options: LedgerFileOptions) -> None:
        """Open the file and restore the ledger; raises StoreUnavailable."""
        self.path = path
        self.options = options
        self.next_offset = 0
        self.last_row = 0
        #: Reports that failed in the fold since the file was opened: bugs.
        self.internal_errors = 0
        self._pictures: dict[str, bytes] = {}
        self._owed: list[EntryKey] = []
        self._since_pruning = 0
        self._unknown_sources = UnknownSourceLog(options.registry)
        #: Episodes whose summary has changed since `fresh_summaries` returned it.
        self._stale: dict[str, None] = {}
        #: Why nothing can be written until a restart.
        self._lost: str | None = None
        self._wal_lost = False
        require_present(path)
        self._marker = MarkerFile(path)
        file = open_database(path, create=True)
        self._file: sqlite3.Connection | None = file
        self._guard = FileGuard(path)
        try:
            file.execute(AUTHORS)
            self._keep_horizon(file)
            self._identity = self._meta(file, "identity") or ""
            require_marked(path, Marker(self._identity, self._ends(file)[0]))
            self.ledger = self._restored(file)
            self._marked = 0
            self._register()
        except (sqlite3.Error, ValueError) as error:
            self.close()
            raise StoreUnavailable(f"{path} is damaged: {error}. {WAY_OUT}") from error
        except BaseException:
            self.close()
            raise

    def lost(self) -> str | None:
        """Return why the file can no longer be trusted, None if it can; for any thread."""
        return self._lost if self._wal_lost else self._guard.missing()

    def finish(self) -> None:
        """Store a checksum of the state, which the next start compares, and close the file."""
        try:
            if self._file is not None and self.lost() is None:
                store_checksum(self._file)
                self._marker.close()
                self._mark()
        except (OSError, sqlite3.Error) as error:
            _log.warning("checksum_not_stored", path=str(self.path), reason=str(error))
        self.close()

    def close(self) -> None:
        """Close the file; the last connection checkpoints its WAL."""
        self._marker.close()
        if self._file is not None:
            # SQLite itself deletes the write-ahead log when the last connection closes.
            self._guard.forget_wal()
            self._file.close()
            self._file = None

    def write(self, values: Sequence[bytes], authors: Sequence[str | None] = ()) -> list[Receipt]:
        """Write reports in one transaction, which is on disk when this returns.

        `authors` names who put each report in; empty: unknown for all.
        Raises StoreUnavailable where the file cannot be written; then no report is accepted.
        """
        try:
            return self._transaction(values, authors)
        except (StoreUnavailable, sqlite3.Error) as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error
        except Exception as error:  # noqa: BLE001 - one bad report must not fail the others
            if len(values) == 1:
                _log.error("fold_failed", exc_info=redacted_exc_info(error), **record_ids(values[0]))
                _log.debug("fold_failed_detail", exc_info=error)
                self.internal_errors += 1
                return self._transaction(values, authors, broken=True)
            # One of them fails the shared transaction: write each in its own.
            each = zip(values, authors or [None] * len(values), strict=True)
            return [receipt for value, author in each for receipt in self.write([value], [author])]

    def next_tick(self) -> tuple[int, bytes] | None:
        """Return the time (µs) of the next timer, and the tick to write then."""
        timer = self.ledger.next_timer()
        if timer is None:
            return None
        at_us, episode = timer
        return at_us, orjson.dumps({"tick": format_time(at_us), "episode": episode})

    def picture(self, episode: str) -> bytes | None:
        """Return an episode's picture, with `episode` and `through`, or None."""
        known = self._pictures.get(episode)
        if known is None:
            try:
                picture = self.ledger.picture(episode)
            except KeyError:
                return None
            through = {"partition": PARTITION, "offset": self.next_offset - 1}
            known = orjson.dumps({"episode": episode, **picture, "through": through})
            self._pictures[episode] = known
        return known

    def fresh_summaries(self, limit: int) -> list[Summary]:
        """Return up to `limit` summaries that changed since they were last returned."""
        names = list(islice(self._stale, limit))
        for name in names:
            del self._stale[name]
        pictures = (self.picture(name) for name in names)
        return [summarize(orjson.loads(picture)) for picture in pictures if picture is not None]

    def ask(self, query: str, *values: Any) -> Any:
        """Return the first row of a query, None without one; raises StoreUnavailable."""
        try:
            return self._opened().execute(query, values).fetchone()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error

    def append(self, write: Callable[[sqlite3.Connection], int]) -> None:
        """Run `write` in a transaction; it returns the number of changes that it added.

        Raises StoreUnavailable; then nothing is written.
        """
        try:
            file = self._opened()
            file.execute("BEGIN IMMEDIATE")
            added = write(file)
            file.execute(_SET_META, ("last_row", str(self.last_row + added)))
            file.execute("COMMIT")
        except sqlite3.Error as error:
            # As in `_undo`: the file has the truth.
            self.close()
            raise StoreUnavailable(f"{self.path}: {error}") from error
        self.last_row += added
        self._require_files()

    def _transaction(
        self, values: Sequence[bytes], authors: Sequence[str | None], *, broken: bool = False
    ) -> list[Receipt]:
        file = self._opened()
        entries: list[LedgerEntry] = []
        offset = self.next_offset
        try:
            with metrics.FOLD_SECONDS.time():
                for value in values:
                    entry = broken_entry(value) if broken else self._take(value, offset)
                    entries.append(entry)
                    offset += entry.receipt.offset is not None
            with metrics.COMMIT_SECONDS.time():
                self._commit(file, entries, authors)
        except BaseException as error:
            self._undo(entries, unsure=isinstance(error, sqlite3.Error))
            raise
        self.next_offset = offset
        self._settle(file, entries)
        return [entry.receipt for entry in entries]

    def _take(self, value: bytes, offset: int) -> LedgerEntry:
        try:
            message = parse(value)
            check_timestamp(message, self.options.now_us())
        except Refusal as refusal:
            # As on Kafka: a report that is invalid without any state never reaches the log.
            return LedgerEntry(value, Receipt("refused", code=refusal.code, message=refusal.message), None)
        at = {"partition": PARTITION, "offset": offset}
        try:
            step = self.ledger.take(message, (self.options.topic, PARTITION, offset))
        except Refusal as refusal:
            code, text = refusal.code, refusal.message
            return LedgerEntry(value, receipt_of("refused", message, code=code, message=text, **at), None)
        # A repeat is answered, but not stored.
        return LedgerEntry(value, receipt_of(str(step.outcome), message, **(at if step.moves else {})), step)

    def _commit(self, file: sqlite3.Connection, entries: list[LedgerEntry], authors: Sequence[str | None]) -> None:
        touched = [*self._owed, *(key for entry in entries if entry.step for key in entry.step.touched)]
        changes = list(change_rows(entries, self.last_row))
        file.execute("BEGIN IMMEDIATE")
        self._insert(file, entries, changes)
        by = [(entry.receipt.offset, author) for entry, author in zip(entries, authors, strict=False)]
        file.executemany("INSERT INTO authors VALUES (?, ?)", [row for row in by if None not in row])
        self._insert_state(file, self.ledger.entries(touched))
        logged = sum(entry.receipt.offset is not None for entry in entries)
        meta = {
            "registry": self.options.registry.digest,
            "horizon_us": str(self.options.horizon_us),
            "next_offset": str(self.next_offset + logged),
            "last_row": str(self.last_row + len(changes)),
        }
        file.executemany(_SET_META, meta.items())
        file.execute("DELETE FROM meta WHERE name = 'state_crc'")
        file.execute("COMMIT")
        self._require_files()
        self._owed.clear()
        self.last_row += len(changes)
        metrics.LAST_COMMIT.set_to_current_time()
        for topic, number in Counter(topic for _, _, topic, _, _ in changes).items():
            metrics.PUBLISHED.labels(topic).inc(number)

    def _insert(self, file: sqlite3.Connection, entries: list[LedgerEntry], changes: list[tuple[Any, ...]]) -> None:
        now = self.options.now_us()
        receipts = [(entry.receipt, entry.value) for entry in entries]
        logged = [(r.offset, now, r.episode, value) for r, value in receipts if r.offset is not None]
        refused = [(now, r.code, r.message, value) for r, value in receipts if r.code in REFUSED_BY_STATE]
        file.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", logged)
        file.executemany("INSERT INTO changes VALUES (?, ?, ?, ?, ?)", changes)
        file.executemany("INSERT INTO rejected (time_us, code, message, value) VALUES (?, ?, ?, ?)", refused)

    @staticmethod
    def _insert_state(file: sqlite3.Connection, entries: Iterable[tuple[bytes, bytes | None]]) -> None:
        kept = list(entries)
        file.executemany('DELETE FROM state WHERE "key" = ?', [(key,) for key, value in kept if value is None])
        file.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", [pair for pair in kept if pair[1] is not None])

    def _undo(self, entries: list[LedgerEntry], *, unsure: bool) -> None:
        for entry in reversed(entries):
            if entry.step is not None:
                self.ledger.undo(entry.step)
        if unsure:
            # A failed COMMIT may have reached the disk: the file has the truth.
            self.close()
        elif self._file is not None and self._file.in_transaction:
            self._file.execute("ROLLBACK")

    def _require_files(self) -> None:
        """Raise StoreUnavailable if what was committed went to a file that is deleted: then it must not be accepted."""
        missing = self._guard.missing()
        if missing is None:
            return
        self._lost = f"{missing}: nothing can be stored; stop the server, see what the folder holds, and start it again"
        # Readers hold the deleted write-ahead log open, and would read the new one wrongly: only a restart helps.
        self._wal_lost = not self._guard.file_missing()
        if self._file is not None:
            # If only the write-ahead log is gone, its content is still open here: save it in the file.
            with suppress(sqlite3.Error):
                self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raise StoreUnavailable(self._lost)

    def _mark(self) -> None:
        if self.next_offset > self._marked:
            self._marker.write(Marker(self._identity, self.next_offset))
            self._marked = self.next_offset

    def _opened(self) -> sqlite3.Connection:
        """Return the open file; after a failure reopen it, and restore the ledger if the file differs."""
        if self._lost is not None:
            if self._wal_lost or self._guard.missing() is not None:
                raise StoreUnavailable(self._lost)
            self._lost = None  # the file was moved back
        if self._file is not None:
            return self._file
        file = open_database(self.path, create=False)
        if (self.next_offset, self.last_row) != self._ends(file):
            _log.warning("failed_commit_was_durable", path=str(self.path), action="restore from the file")
            self._pictures.clear()
            self.ledger = self._restored(file)
        self._file = file
        return file

    def _restored(self, file: sqlite3.Connection) -> Ledger:
        ledger = Ledger(self.options.registry, horizon_us=self.options.horizon_us)
        try:
            load_checked(file, ledger)
            self.next_offset, self.last_row = self._ends(file)
            require_ends(file, self.next_offset, self.last_row)
        except Exception as error:
            raise StoreUnavailable(f"{self.path} is damaged: {damage_text(error)}. {WAY_OUT}") from error
        self._stale = dict.fromkeys(ledger.episodes())
        return ledger

    @staticmethod
    def _ends(file: sqlite3.Connection) -> tuple[int, int]:
        query = (
            'SELECT (SELECT coalesce(max("offset"), -1) + 1 FROM log), (SELECT coalesce(max("row"), 0) FROM changes)'
        )
        next_offset, last_row = file.execute(query).fetchone()
        return next_offset, last_row

    @staticmethod
    def _meta(file: sqlite3.Connection, name: str) -> str | None:
        row = file.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _keep_horizon(self, file: sqlite3.Connection) -> None:
        """Continue under the horizon that the file was kept with where that is shorter."""
        kept = self._meta(file, "horizon_us")
        in_force_us = horizon_in_force(None if kept is None else int(kept), self.options.horizon_us)
        if in_force_us < self.options.horizon_us:
            _log.warning(
                "stored_horizon_kept",
                path=str(self.path),
                horizon=duration_text(in_force_us),
                configured=duration_text(self.options.horizon_us),
                action="truceline rebuild --embedded folds the log under the longer one",
            )
            self.options = self.options._replace(horizon_us=in_force_us)

    def _register(self) -> None:
        """Publish the changes of a new source registry."""
        file = self._opened()
        kept = self._meta(file, "registry")
        if kept is None or kept == self.options.registry.digest:
            return
        steps = self.ledger.register()
        entries = [LedgerEntry(b"", Receipt(str(step.outcome), step.episode), step) for step in steps]
        try:
            self._commit(file, entries, ())
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error
        _log.info("source_registry_changed", before=kept, now=self.options.registry.digest, episodes=len(entries))

    def _settle(self, file: sqlite3.Connection, entries: list[LedgerEntry]) -> None:
        """After a commit: count and log outcomes, drop old pictures, prune settled claims."""
        metrics.count_outcomes(Counter(outcomes(entries)))
        log_rejected([entry.receipt for entry in entries if entry.receipt.code in REFUSED_BY_STATE])
        self._unknown_sources.observe(
            e.step.new.source for e in entries if e.step is not None and e.step.new is not None
        )
        for entry in entries:
            if entry.step is not None and entry.step.moves:
                self._pictures.pop(entry.step.episode, None)
                self._stale[entry.step.episode] = None
        try:
            self._mark()
        except OSError as error:
            _log.warning("marker_not_written", path=str(self.path), reason=str(error))
        self._since_pruning += len(entries)
        if self._since_pruning < PRUNE_EVERY:
            return
        self._since_pruning = 0
        try:
            # Pruning changes no published figure: the next transaction writes it.
            self._owed += self.ledger.forget()
        except Exception:  # noqa: BLE001 - the transaction is committed already
            _log.exception("pruning_failed", action="restore from the file")
            self._owed.clear()
            self.ledger = self._restored(file)


_SET_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
