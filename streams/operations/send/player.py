"""Send lines of reports to a log at a pace, with pauses."""

import asyncio
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from streams.core.log_record import Record
from streams.core.parse import Refusal
from streams.core.times import read_time
from streams.core.wire import unwrap
from streams.core.words import count_ignored
from streams.files.jsonl import Lines
from streams.operations.send.pacing import AsFast, Clock, SendPace
from streams.operations.send.targets import BATCH_BYTES, BATCH_MAX, SendTarget

__all__ = ["OnRefused", "PlayedLine", "Player"]

#: Interval of looking at the clock while nothing is due; the minimum makes due reports go out in batches.
NAP_MIN_S, NAP_MAX_S = 0.02, 0.1


class PlayedLine(NamedTuple):
    """A record and its line."""

    path: str
    number: int
    line: bytes
    record: Record


#: Called for each refused line, with code and message.
OnRefused = Callable[[PlayedLine, str, str], object]


class Player:
    """Sends the lines of some files, each when it is due; counts and progress can be read meanwhile."""

    def __init__(self, lines: Lines, pace: SendPace, on_refused: OnRefused, *, clock: Clock | None = None) -> None:
        self.lines = lines
        self.clock = clock or Clock()
        #: Outcome of `streams.stores.store.Receipt` → number of lines.
        self.counts: Counter[str] = Counter()
        #: Ignored field → number of reports that have it.
        self.ignored: Counter[str] = Counter()
        #: Seconds of play until the next report is due.
        self.next_in_s = 0.0
        #: True if a batch is being sent; between two batches `between` is called.
        self.delivering = False
        self.between: Callable[[], object] = lambda: None
        self._pace = pace
        self._on_refused = on_refused
        self._reading: _Reading | None = None
        self._sent_bytes = 0

    @property
    def bytes_done(self) -> int:
        """Bytes of the files on disk that are sent, without those read ahead."""
        read_bytes = self._reading.bytes if self._reading is not None else 0
        return self.lines.bytes_done * self._sent_bytes // max(1, read_bytes)

    async def play(self, target: SendTarget) -> None:
        """Send everything; raises InputUnreadable if a file is cut short, and SendingFailed as the target does."""
        self._reading = reading = _Reading(self.lines, self._refuse)
        while lines := await reading.batch():
            waiting = deque((self._due_s(line), line) for line in lines)
            while waiting:
                await self._wait_for(waiting[0][0])
                played_s = self.clock.played_s()
                due: list[PlayedLine] = []
                while waiting and waiting[0][0] <= played_s:
                    due.append(waiting.popleft()[1])
                await self._deliver(target, due)
                self.between()

    def _due_s(self, line: PlayedLine) -> float:
        return self._pace.due_s(None if isinstance(self._pace, AsFast) else _published_us(line.record.value))

    async def _wait_for(self, due_s: float) -> None:
        while self.clock.paused or (left_s := due_s - self.clock.played_s()) > 0:
            if self.clock.paused:
                self.clock.played_s()  # so that the pause is not counted
                await asyncio.sleep(NAP_MAX_S)
            else:
                self.next_in_s = left_s
                await asyncio.sleep(min(max(left_s, NAP_MIN_S), NAP_MAX_S))
        self.next_in_s = 0.0

    async def _deliver(self, target: SendTarget, lines: list[PlayedLine]) -> None:
        self.delivering = True
        receipts = await target.deliver([line.record for line in lines])
        self.delivering = False
        self._sent_bytes += sum(len(line.line) for line in lines)
        for line, receipt in zip(lines, receipts, strict=True):
            self.counts[receipt.outcome] += 1
            count_ignored(self.ignored, receipt.ignored or ())
            if receipt.code is not None:
                self._on_refused(line, receipt.code, receipt.message or "")

    def _refuse(self, line: PlayedLine, code: str, message: str) -> None:
        self.counts["refused"] += 1
        self._on_refused(line, code, message)


class _Reading:
    """Reads lines in a thread, so that a slow pipe is sent at once and a file in full batches."""

    def __init__(self, lines: Lines, on_refused: OnRefused) -> None:
        #: Bytes of the lines so far, without refused ones.
        self.bytes = 0
        self._lines = lines
        self._on_refused = on_refused
        self._read: queue.Queue[PlayedLine | BaseException | None] = queue.Queue(2 * BATCH_MAX)
        threading.Thread(target=self._run, daemon=True).start()

    async def batch(self) -> list[PlayedLine]:
        """Return the lines read so far, at least one; empty at the end. Raises InputUnreadable."""
        batch: list[PlayedLine] = []
        size = 0
        read: PlayedLine | BaseException | None = await asyncio.to_thread(self._read.get)
        while isinstance(read, PlayedLine):
            batch.append(read)
            size += len(read.record.value)
            if len(batch) >= BATCH_MAX or size > BATCH_BYTES:
                return batch
            try:
                read = self._read.get_nowait()
            except queue.Empty:
                return batch
        if not batch and isinstance(read, BaseException):
            raise read
        self._read.put(read)  # the end is returned again by the next call
        return batch

    def _run(self) -> None:
        lines = self._lines
        try:
            for line in lines:
                try:
                    record = unwrap(line)
                except Refusal as refusal:
                    found = PlayedLine(lines.path, lines.number, line, Record(line))
                    self._on_refused(found, refusal.code, refusal.message)
                else:
                    self.bytes += len(line)
                    self._read.put(PlayedLine(lines.path, lines.number, line, record))
        except BaseException as error:  # noqa: BLE001 - raised where the lines are taken
            self._read.put(error)
        else:
            self._read.put(None)


class _Timed(msgspec.Struct):
    published_at: str | None = None
    tick: str | None = None


_TIMED = msgspec.json.Decoder(_Timed)


def _published_us(value: bytes) -> int | None:
    """Return the time of publication or of a tick; None if there is none (it will be refused)."""
    try:
        timed = _TIMED.decode(value)
        return read_time(timed.tick or timed.published_at or "")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
