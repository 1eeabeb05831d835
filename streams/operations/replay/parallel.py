"""A replay by several processes: each folds its own episodes, and the outputs are merged in order.

Every process reads all of the files and takes only the lines of its episodes. Episodes have nothing
to do with each other (contract sections 3 to 5), so the outputs are the same bytes as those of one process.
"""

import gc
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from streams.core.model import Message
from streams.core.source_registry import Registry
from streams.core.state.step import Step
from streams.files.jsonl import InputUnreadable, Lines
from streams.operations.replay.replay import OnRefusal, Replay, ReplayProgress, change_lines, refused
from streams.operations.replay.sharding import Shard

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["ParallelReplay", "ReplayOptions"]

#: Lines of a block, whose outputs are sent and merged at once.
BLOCK_LINES = 2_000
#: With the default pipe of 64 KiB a process that sends a block waits thirty times for the reader.
PIPE_BYTES = 1 << 20
#: Collections of the growing state cost a tenth of the time, so they are rare.
COLLECT_EVERY = 500_000


@dataclass(frozen=True)
class ReplayOptions:
    """Options of a replay, the same for each process."""

    paths: Sequence[str | Path]
    registry: Registry
    horizon_us: int
    until_us: int | None = None
    tick_us: int | None = None
    #: The outputs: changes are written, pictures are made.
    changes: bool = True
    pictures: bool = True

    def replay(
        self, lines: Lines, on_refusal: OnRefusal, read_line: Callable[[bytes], Message | None] | None = None
    ) -> Replay:
        """Return the replay of some lines, all of them or those that `read_line` reads."""
        return Replay(
            lines, self.registry, horizon_us=self.horizon_us, until_us=self.until_us, tick_us=self.tick_us,
            on_refusal=on_refusal, read=read_line,
        )  # fmt: skip


class ParallelReplay:
    """The replay of some files by several processes, with the interface of `Replay`."""

    def __init__(self, orders: ReplayOptions, jobs: int, *, on_refusal: OnRefusal | None = None) -> None:
        """Prepare `jobs` processes; the files must be readable more than once.

        Raises InputUnreadable at once for a missing file.
        """
        self.counts: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self.later = 0
        self._orders = orders
        self._jobs = jobs
        self._on_refusal = on_refusal
        self._where = ReplayProgress(0, Lines(orders.paths).bytes_total, str(orders.paths[0]), 0)
        self._ends: list[_End] = []

    @property
    def refused(self) -> int:
        """Number of refused lines."""
        return refused(self.counts)

    def run(self, write: Callable[[bytes], object] | None = None) -> None:
        """Fold all, and write the changes as lines of JSON in the order of the input. Raises InputUnreadable."""
        write = write or _drop
        with ExitStack() as processes:
            pipes = [processes.enter_context(_started(self._orders, n, self._jobs)) for n in range(self._jobs)]
            blocks = [self._next(pipe) for pipe in pipes]
            while ready := [block for block in blocks if block is not None]:
                number = min(block.number for block in ready)
                parts = [block for block in ready if block.number == number]
                self._put_in_order(parts, write)
                blocks = [
                    self._next(pipe) if block in parts else block for pipe, block in zip(pipes, blocks, strict=True)
                ]
        if broken := next((end.unreadable for end in self._ends if end.unreadable), None):
            raise InputUnreadable(broken)
        for _, changes in sorted(chain.from_iterable(end.ticked for end in self._ends)):
            write(changes)

    def where(self) -> ReplayProgress:
        """Return the progress."""
        return self._where

    def episodes(self) -> list[str]:
        """Return the names of all episodes, sorted."""
        return [episode for episode, _ in self._pictures()]

    def picture(self, episode: str) -> dict[str, Any]:
        """Return the snapshot of an episode (contract section 5)."""
        picture: dict[str, Any] = orjson.loads(dict(self._pictures())[episode])
        return picture

    def snapshot(self) -> dict[str, Any]:
        """Return `{"episodes": {episode: picture}}`, to be written by orjson."""
        return {"episodes": {episode: orjson.Fragment(picture) for episode, picture in self._pictures()}}

    def unknown_sources(self) -> list[str]:
        """Return the sources of accepted reports that are not in the registry, sorted; none if it is empty."""
        return sorted({source for end in self._ends for source in end.unknown})

    def _pictures(self) -> list[tuple[str, bytes]]:
        return sorted(chain.from_iterable(end.pictures for end in self._ends))

    def _next(self, pipe: "Connection[None, _Block | _End]") -> "_Block | None":
        try:
            made = pipe.recv()
        except EOFError:
            raise RuntimeError("a process of the replay ended early") from None
        if isinstance(made, _Block):
            return made
        self._ends.append(made)
        self.counts.update(made.counts)
        self.ignored.update(made.ignored)
        self.later += made.later
        return None

    def _put_in_order(self, parts: "list[_Block]", write: Callable[[bytes], object]) -> None:
        self._where = max(block.where for block in parts)
        if self._on_refusal is not None:
            for _, refused_line in sorted(chain.from_iterable(block.refused for block in parts)):
                self._on_refusal(*refused_line)
        made = [b""] * BLOCK_LINES
        for block in parts:
            for at, changes in zip(block.lines, block.changes, strict=True):
                made[at] = changes
        write(b"".join(made))


@dataclass
class _Block:
    """The outputs of one process for a block of lines."""

    number: int
    where: ReplayProgress
    #: Index in the block of each line that changed something, and its changes.
    lines: list[int] = field(default_factory=list)
    changes: list[bytes] = field(default_factory=list)
    #: Index among all lines of each refused line, and the arguments of `OnRefusal`.
    refused: list[tuple[int, tuple[str, int, str, str, bytes]]] = field(default_factory=list)


@dataclass
class _End:
    """The end result of one process."""

    counts: Counter[str]
    ignored: Counter[str]
    later: int
    unknown: list[str]
    #: Episode and the changes of its tick; episode and its picture.
    ticked: list[tuple[str, bytes]]
    pictures: list[tuple[str, bytes]]
    unreadable: str | None = None


class _Folding:
    """One process: folds its episodes and sends the outputs, block by block."""

    def __init__(self, orders: ReplayOptions, number: int, of: int, pipe: "Connection[_Block | _End, None]") -> None:
        self._orders = orders
        self._pipe = pipe
        self._lines = Lines(orders.paths)
        self._block = _Block(0, ReplayProgress(0, None, "", 0))
        self._story = orders.replay(self._lines, self._refuse, Shard(number, of).read)

    def run(self) -> None:
        story, lines, unreadable = self._story, self._lines, None
        encode = change_lines if self._orders.changes else _no_lines
        try:
            for step in story.taken():
                number, at = divmod(lines.taken, BLOCK_LINES)
                if number != self._block.number:
                    self._turn()
                if changes := encode(step):
                    self._block.lines.append(at)
                    self._block.changes.append(changes)
        except InputUnreadable as error:
            unreadable = str(error)
        self._turn()
        ticked = [] if unreadable else [(step.episode, encode(step)) for step in story.ticked()]
        wanted = story.episodes() if self._orders.pictures else []
        pictures = [(episode, orjson.dumps(story.picture(episode))) for episode in wanted]
        unknown = story.unknown_sources()
        self._pipe.send(_End(story.counts, story.ignored, story.later, unknown, ticked, pictures, unreadable))

    def _turn(self) -> None:
        """Send the block, and begin the one of the current line."""
        self._block.where = self._story.where()
        self._pipe.send(self._block)
        self._block = _Block(self._lines.taken // BLOCK_LINES, self._block.where)

    def _refuse(self, path: str, line: int, code: str, message: str, value: bytes) -> None:
        if self._lines.taken // BLOCK_LINES != self._block.number:
            self._turn()
        self._block.refused.append((self._lines.taken, (path, line, code, message, value)))


@contextmanager
def _started(orders: ReplayOptions, number: int, of: int) -> "Iterator[Connection[None, _Block | _End]]":
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    _widen(ours)
    process = context.Process(target=_fold_share, args=(orders, number, of, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.terminate()
        process.join()


def _widen(pipe: "Connection[None, _Block | _End]") -> None:
    """Enlarge a pipe to take a whole block, where the system allows it."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - not everywhere

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _fold_share(orders: ReplayOptions, number: int, of: int, pipe: "Connection[_Block | _End, None]") -> None:
    # Ctrl-C reaches every process of a terminal; the one that owns the outputs ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(COLLECT_EVERY, 20, 100)
    with suppress(BrokenPipeError):
        _Folding(orders, number, of, pipe).run()


def _no_lines(_: Step) -> bytes:
    return b""


def _drop(_: bytes) -> None:
    """Write nothing."""
