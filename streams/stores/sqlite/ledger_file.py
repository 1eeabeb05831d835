"""The ledger and its file, kept in step: what one transaction takes is in both, or in neither.

Not for several threads: `streams.stores.sqlite.writer_thread` owns a ledger_file.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import structlog

from streams.core.ledger import Ledger
from streams.core.model import Message, Report
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.source_registry import Registry
from streams.core.state.step import EntryKey, Step
from streams.core.times import format_time
from streams.observability import metrics
from streams.observability.log_config import record_ids, redacted_exc_info
from streams.observability.unknown_sources import UnknownSourceLog
from streams.settings import too_long_a_horizon
from streams.stores.sqlite.database import open_database
from streams.stores.store import Receipt, StoreUnavailable

__all__ = ["PARTITION", "LedgerFile", "LedgerFileOptions"]

PARTITION = 0
#: After so many reports what is settled is forgotten.
FORGET_EVERY = 1_000
#: Refused reports of a transaction that are logged one by one.
LOGGED_MAX = 5

_log = structlog.get_logger(__name__)


class LedgerFileOptions(NamedTuple):
    """What a ledger_file is kept by; `topic` names the log in the causes of changes."""

    registry: Registry
    horizon_us: int
    topic: str
    now_us: Callable[[], int]


class _Entry(NamedTuple):
    """What a transaction writes of one report or tick."""

    value: bytes
    receipt: Receipt
    step: Step | None


class LedgerFile:
    """A ledger restored from its file, and how reports are written to both."""

    def __init__(self, path: Path, options: LedgerFileOptions) -> None:
        """Open the file and restore; raises StoreUnavailable."""
        self.path = path
        self.options = options
        self.next_offset = 0
        self.last_row = 0
        #: Reports that the fold could not take since the ledger_file was opened: bugs.
        self.internal_errors = 0
        self._pictures: dict[str, bytes] = {}
        self._owed: list[EntryKey] = []
        self._since_forgetting = 0
        self._unknown_sources = UnknownSourceLog(options.registry)
        file = open_database(path, create=True)
        self._file: sqlite3.Connection | None = file
        try:
            self._refuse_longer_horizon(file)
            self.ledger = self._restored(file)
            self._register()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file, its log folded back into it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, values: Sequence[bytes]) -> list[Receipt]:
        """Take reports in one transaction; when this returns it is on disk.

        Raises StoreUnavailable where the file cannot take it; then nothing is taken.
        """
        try:
            return self._transaction(values)
        except (StoreUnavailable, sqlite3.Error) as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error
        except Exception as error:  # noqa: BLE001 - one report's fault is not the others'
            if len(values) == 1:
                _log.error(
                    "a report that the fold cannot take", exc_info=redacted_exc_info(error), **record_ids(values[0])
                )
                _log.debug("what it says", exc_info=error)
                self.internal_errors += 1
                return self._transaction(values, broken=True)
            # One of them breaks what all share: each alone, so that the others do not suffer for it.
            return [receipt for value in values for receipt in self.write([value])]

    def next_tick(self) -> tuple[int, bytes] | None:
        """Return when (µs) the fold next waits for the wall clock, and the tick to write then."""
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

    def episodes(self) -> list[str]:
        """Return the names of all episodes, sorted."""
        return self.ledger.episodes()

    def ask(self, query: str, *values: Any) -> Any:
        """Return the first row that a query finds in the file, None where it finds none; raises StoreUnavailable."""
        try:
            return self._opened().execute(query, values).fetchone()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error

    def append(self, write: Callable[[sqlite3.Connection], int]) -> None:
        """Let others write in a transaction of their own, and return how many rows of changes they have added.

        Raises StoreUnavailable; then nothing is written.
        """
        try:
            file = self._opened()
            file.execute("BEGIN IMMEDIATE")
            added = write(file)
            file.execute("COMMIT")
        except sqlite3.Error as error:
            # As in `_undo`: what is true stands in the file.
            self.close()
            raise StoreUnavailable(f"{self.path}: {error}") from error
        self.last_row += added

    def _transaction(self, values: Sequence[bytes], *, broken: bool = False) -> list[Receipt]:
        file = self._opened()
        entries: list[_Entry] = []
        offset = self.next_offset
        try:
            with metrics.FOLD_SECONDS.time():
                for value in values:
                    entry = _broken(value) if broken else self._take(value, offset)
                    entries.append(entry)
                    offset += entry.receipt.offset is not None
            with metrics.COMMIT_SECONDS.time():
                self._commit(file, entries)
        except BaseException as error:
            self._undo(entries, unsure=isinstance(error, sqlite3.Error))
            raise
        self.next_offset = offset
        self._settle(file, entries)
        return [entry.receipt for entry in entries]

    def _take(self, value: bytes, offset: int) -> _Entry:
        try:
            message = parse(value)
            check_timestamp(message, self.options.now_us())
        except Refusal as refusal:
            # As on Kafka: what needs no state to be refused does not come as far as the log.
            return _Entry(value, Receipt("refused", code=refusal.code, message=refusal.message), None)
        at = {"partition": PARTITION, "offset": offset}
        try:
            step = self.ledger.take(message, (self.options.topic, PARTITION, offset))
        except Refusal as refusal:
            code, text = refusal.code, refusal.message
            return _Entry(value, _receipt("refused", message, code=code, message=text, **at), None)
        # A repeat is answered and forgotten.
        return _Entry(value, _receipt(str(step.outcome), message, **(at if step.moves else {})), step)

    def _commit(self, file: sqlite3.Connection, entries: list[_Entry]) -> None:
        touched = [*self._owed, *(key for entry in entries if entry.step for key in entry.step.touched)]
        changes = list(_changes(entries, self.last_row))
        file.execute("BEGIN IMMEDIATE")
        self._insert(file, entries, changes)
        self._insert_state(file, self.ledger.entries(touched))
        kept_by = [("registry", self.options.registry.digest), ("horizon_us", str(self.options.horizon_us))]
        file.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", kept_by)
        file.execute("COMMIT")
        self._owed.clear()
        self.last_row += len(changes)
        metrics.LAST_COMMIT.set_to_current_time()
        for topic, number in Counter(topic for _, _, topic, _, _ in changes).items():
            metrics.PUBLISHED.labels(topic).inc(number)

    def _insert(self, file: sqlite3.Connection, entries: list[_Entry], changes: list[tuple[Any, ...]]) -> None:
        now = self.options.now_us()
        receipts = [(entry.receipt, entry.value) for entry in entries]
        logged = [(r.offset, now, r.episode, value) for r, value in receipts if r.offset is not None]
        refused = [(now, r.code, r.message, value) for r, value in receipts if r.code in _REFUSED_BY_STATE]
        file.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", logged)
        file.executemany("INSERT INTO changes VALUES (?, ?, ?, ?, ?)", changes)
        file.executemany("INSERT INTO rejected (time_us, code, message, value) VALUES (?, ?, ?, ?)", refused)

    @staticmethod
    def _insert_state(file: sqlite3.Connection, entries: Iterable[tuple[bytes, bytes | None]]) -> None:
        kept = list(entries)
        file.executemany('DELETE FROM state WHERE "key" = ?', [(key,) for key, value in kept if value is None])
        file.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", [pair for pair in kept if pair[1] is not None])

    def _undo(self, entries: list[_Entry], *, unsure: bool) -> None:
        for entry in reversed(entries):
            if entry.step is not None:
                self.ledger.undo(entry.step)
        if unsure:
            # A COMMIT that failed may have reached the disk: what is true stands in the file.
            self.close()
        elif self._file is not None and self._file.in_transaction:
            self._file.execute("ROLLBACK")

    def _opened(self) -> sqlite3.Connection:
        """Return the open file; opens it again after a failure, and reads back what it holds if that differs."""
        if self._file is not None:
            return self._file
        file = open_database(self.path, create=False)
        if (self.next_offset, self.last_row) != self._ends(file):
            _log.warning("a transaction that failed is on disk after all: restoring", path=str(self.path))
            self._pictures.clear()
            self.ledger = self._restored(file)
        self._file = file
        return file

    def _restored(self, file: sqlite3.Connection) -> Ledger:
        ledger = Ledger(self.options.registry, horizon_us=self.options.horizon_us)
        for key, value in file.execute('SELECT "key", value FROM state'):
            ledger.load(key, value)
        ledger.loaded()
        self.next_offset, self.last_row = self._ends(file)
        return ledger

    @staticmethod
    def _ends(file: sqlite3.Connection) -> tuple[int, int]:
        query = (
            'SELECT (SELECT coalesce(max("offset"), -1) + 1 FROM log), (SELECT coalesce(max("row"), 0) FROM changes)'
        )
        next_offset, last_row = file.execute(query).fetchone()
        return next_offset, last_row

    def _refuse_longer_horizon(self, file: sqlite3.Connection) -> None:
        row = file.execute("SELECT value FROM meta WHERE name = 'horizon_us'").fetchone()
        if conflict := too_long_a_horizon(row and int(row[0]), self.options.horizon_us):
            raise StoreUnavailable(
                f"{self.path} {conflict}; to fold its reports anew under the longer one, write them out with `truceline"
                " export --embedded` and send them to a server on a new folder"
            )

    def _register(self) -> None:
        """Publish what another source registry than the last one changes."""
        file = self._opened()
        row = file.execute("SELECT value FROM meta WHERE name = 'registry'").fetchone()
        if row is None or row[0] == self.options.registry.digest:
            return
        steps = self.ledger.register()
        entries = [_Entry(b"", Receipt(str(step.outcome), step.episode), step) for step in steps]
        try:
            self._commit(file, entries)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error
        _log.info("another source registry", before=row[0], now=self.options.registry.digest, episodes=len(entries))

    def _settle(self, file: sqlite3.Connection, entries: list[_Entry]) -> None:
        """After a commit: what became of each, pictures to be made anew, sources to tell of, what may be forgotten."""
        metrics.count_outcomes(Counter(_outcomes(entries)))
        _log_rejected([entry.receipt for entry in entries if entry.receipt.code in _REFUSED_BY_STATE])
        self._unknown_sources.observe(
            e.step.new.source for e in entries if e.step is not None and e.step.new is not None
        )
        for entry in entries:
            if entry.step is not None and entry.step.moves:
                self._pictures.pop(entry.step.episode, None)
        self._since_forgetting += len(entries)
        if self._since_forgetting < FORGET_EVERY:
            return
        self._since_forgetting = 0
        try:
            # No published figure changes by it: written with the next transaction is soon enough.
            self._owed += self.ledger.forget()
        except Exception:  # noqa: BLE001 - whatever it is, it must not fail what is committed
            # What is committed stays so: the file has it all.
            _log.exception("forgetting failed: restoring")
            self._owed.clear()
            self.ledger = self._restored(file)


#: Refused for what is already known; other refusals go back to the sender alone, as on Kafka.
_REFUSED_BY_STATE = frozenset({"revision_conflict", "too_late", "internal"})


def _log_rejected(refused: list[Receipt]) -> None:
    """Log the first of them by what they are called; the table of the rejected has them all."""
    for receipt in refused[:LOGGED_MAX]:
        names = {"episode": receipt.episode, "report_id": receipt.report_id, "offset": receipt.offset}
        _log.warning("a report is rejected", code=receipt.code, **names)
    if len(refused) > LOGGED_MAX:
        _log.warning("more reports are rejected", count=len(refused) - LOGGED_MAX)


def _outcomes(entries: Iterable[_Entry]) -> Iterator[str]:
    for receipt, step in ((entry.receipt, entry.step) for entry in entries):
        if receipt.code is None:
            yield receipt.outcome
        elif receipt.code in _REFUSED_BY_STATE:
            yield f"rejected_{receipt.code}"
        if step is not None and isinstance(step.message, Report):
            yield from repeat("unknown_fields", step.message.unknown_fields)


def _broken(value: bytes) -> _Entry:
    return _Entry(value, Receipt("refused", code="internal", message="the fold fails on this report: a bug"), None)


def _receipt(outcome: str, of: Message, **fields: Any) -> Receipt:
    if isinstance(of, Report):
        return Receipt(outcome, of.episode, of.report_id, of.revision, **fields)
    return Receipt(outcome, of.episode, **fields)


def _changes(entries: list[_Entry], last_row: int) -> Iterator[tuple[int, int | None, str, str, bytes]]:
    row = last_row
    for entry in entries:
        if entry.step is None:
            continue
        for topic, _, record in entry.step.published():
            row += 1
            yield row, entry.receipt.offset, topic, entry.step.episode, record
