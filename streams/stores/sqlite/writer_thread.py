"""The only thread that writes: commits waiting submissions together, and due ticks when it is idle."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol, TypeVar

import structlog

from streams.observability.log_config import redacted_exc_info
from streams.observability.wall_clock import WallClock
from streams.stores.sqlite.ledger_file import LedgerFile
from streams.stores.store import Receipt, StoreUnavailable

__all__ = ["Follower", "Writer"]

#: Reports in one transaction, unless a single submission holds more.
GROUP_MAX = 2_000
WAITING_MAX = 1_000
#: Check the wall clock at least this often, however far the next tick: it can be set.
LOOK_EVERY_S = 30.0
RETRY_TICK_S = 5.0

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")


class _Submission(NamedTuple):
    values: Sequence[bytes]
    by: str | None
    answer: "Future[list[Receipt]]"


class _Question(NamedTuple):
    ask: Callable[[LedgerFile], None]


class Follower(Protocol):
    """Work that follows the commits, such as alert rules."""

    def step(self, ledger_file: LedgerFile) -> bool:
        """Do a part of it; return whether there is more."""
        ...

    def close(self, ledger_file: LedgerFile) -> None:
        """Finish."""
        ...


class Writer:
    """Owns a ledger file in its own thread; calls return futures, completed in call order."""

    def __init__(
        self,
        ledger_file: LedgerFile,
        clock: WallClock,
        *,
        on_commit: Callable[[int], None] = lambda _row: None,
        follower: Follower | None = None,
    ) -> None:
        """After each transaction the thread calls `on_commit` with the last row of changes.

        A `follower` runs a step after each transaction, and further steps while nothing else waits.
        """
        self._ledger_file = ledger_file
        self._clock = clock
        self._follower = follower
        self._behind = follower is not None
        self._on_commit = on_commit
        self._work: queue.SimpleQueue[_Submission | _Question | None] = queue.SimpleQueue()
        self._last_tick: bytes | None = None
        self._thread = threading.Thread(target=self._run, name="truceline-writer", daemon=True)
        self._thread.start()

    def submit(self, values: Sequence[bytes], by: str | None = None) -> "Future[list[Receipt]]":
        """Write reports, which are on disk when the future is done; it may fail with StoreUnavailable."""
        if self._work.qsize() >= WAITING_MAX:
            raise StoreUnavailable(f"overloaded: {WAITING_MAX:,} requests are waiting to be written; send again later")
        answer: Future[list[Receipt]] = Future()
        self._work.put(_Submission(values, by, answer))
        return answer

    def ask(self, question: Callable[[LedgerFile], _Answer]) -> "Future[_Answer]":
        """Run a function on the ledger file between two transactions, where it shows only committed state."""
        answer: Future[_Answer] = Future()

        def run(ledger_file: LedgerFile) -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(question(ledger_file))
                except BaseException as error:  # noqa: BLE001 - raised where the future is awaited
                    answer.set_exception(error)

        self._work.put(_Question(run))
        return answer

    def stop(self) -> None:
        """Write the waiting submissions, close the file, and end the thread."""
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while self._next():
                if self._behind:
                    self._follow()
            if self._follower is not None:
                self._follower.close(self._ledger_file)
            self._ledger_file.finish()
        finally:
            self._ledger_file.close()

    def _next(self) -> bool:
        """Do waiting work, else due ticks; return False after `stop`."""
        try:
            work = self._work.get(timeout=0.0 if self._behind else self._wait_s())
        except queue.Empty:
            if not self._behind:
                self._tick()
            return True
        while True:
            if work is None:
                return False
            if isinstance(work, _Question):
                work.ask(self._ledger_file)
                return True
            work = self._write_group(work)
            if work is _NOTHING:
                return True

    def _write_group(self, first: _Submission) -> "_Submission | _Question | None":
        """Write a submission and those waiting after it; return the next work of another kind."""
        group, size = [first], len(first.values)
        after: _Submission | _Question | None = _NOTHING
        while size < GROUP_MAX:
            try:
                work = self._work.get_nowait()
            except queue.Empty:
                break
            if not isinstance(work, _Submission):
                after = work
                break
            group.append(work)
            size += len(work.values)
        self._write([work for work in group if work.answer.set_running_or_notify_cancel()])
        return after

    def _write(self, group: list[_Submission]) -> None:
        if not group:
            return
        try:
            authors = [work.by for work in group for _ in work.values] if any(work.by for work in group) else []
            receipts = self._ledger_file.write([value for work in group for value in work.values], authors)
        except BaseException as error:  # noqa: BLE001 - raised in the submitters; the thread must live
            if not isinstance(error, StoreUnavailable):
                _log.error("transaction_failed", exc_info=redacted_exc_info(error))
            for work in group:
                work.answer.set_exception(error)
            return
        self._clock.saw(self._clock.now_us())
        # Before the answers: who is answered finds its changes.
        self._committed()
        start = 0
        for work in group:
            work.answer.set_result(receipts[start : start + len(work.values)])
            start += len(work.values)

    def _committed(self) -> None:
        self._on_commit(self._ledger_file.last_row)
        self._behind = self._follower is not None

    def _follow(self) -> None:
        assert self._follower is not None  # noqa: S101 - implied by `_behind`
        before = self._ledger_file.last_row
        try:
            self._behind = self._follower.step(self._ledger_file)
        except Exception as error:  # noqa: BLE001 - retried after the next transaction
            self._behind = False
            _log.warning("alerts_not_written", reason=str(error), retrying=True)
        if self._ledger_file.last_row > before:
            self._on_commit(self._ledger_file.last_row)

    def _wait_s(self) -> float | None:
        due = self._ledger_file.next_tick()
        if due is None:
            return None
        due_us, tick = due
        if tick == self._last_tick or self._clock.in_doubt():  # its write failed, or it moved nothing
            return RETRY_TICK_S
        return min(max((due_us - self._clock.now_us()) / 1e6, 0.0), LOOK_EVERY_S)

    def _tick(self) -> None:
        due = self._ledger_file.next_tick()
        if due is None or not self._clock.is_due(due[0]):
            return
        self._last_tick = due[1]
        try:
            self._ledger_file.write([due[1]])
        except Exception as error:  # noqa: BLE001 - retried later
            _log.warning("tick_not_written", reason=str(error), retry_s=RETRY_TICK_S)
            return
        self._committed()


_NOTHING = _Submission((), None, Future())
