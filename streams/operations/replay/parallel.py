"""A replay shared out among processes: each folds the episodes that are its own, and what they make is put in order.

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

#: What is made of so many lines is sent and put in order at once.
BLOCK_LINES = 2_000
#: Of 64 KiB, as a pipe comes, a process that sends a block stops for the other to make room, thirty times.
PIPE_BYTES = 1 << 20
#: What is folded stays: to have the collector walk it again and again costs a tenth of the time.
COLLECT_EVERY = 500_000


@dataclass(frozen=True)
class ReplayOptions:
    """What every process is told."""

    paths: Sequence[str | Path]
    registry: Registry
    horizon_us: int
    until_us: int | None = None
    tick_us: int | None = None
    #: Whether the changes and the pictures are wanted.
    changes: bool = True
    pictures: bool = True

    def replay(
        self, lines: Lines, on_refusal: OnRefusal, read_line: Callable[[bytes], Message | None] | None = None
    ) -> Replay:
        """Return the fold of some lines as ordered, all of them or those that `read_line` reads."""
        return Replay(
            lines, self.registry, horizon_us=self.horizon_us, until_us=self.until_us, tick_us=self.tick_us,
            on_refusal=on_refusal, read=read_line,
        )  # fmt: skip


class ParallelReplay:
    """The fold of some files by several processes; asked as a `Replay` is."""

    def __init__(self, orders: ReplayOptions, jobs: int, *, on_refusal: OnRefusal | None = None) -> None:
        """Take files that can be read more than once, and the number of processes.

        Raises InputUnreadable at once for a file that is not there.
        """
        self.counts: Counter[str] = Counter()
        self.later = 0
        self._orders = orders
        self._jobs = jobs
        self._on_refusal = on_refusal
        self._where = ReplayProgress(0, Lines(orders.paths).bytes_total, str(orders.paths[0]), 0)
        self._ends: list[_End] = []

    @property
    def refused(self) -> int:
        """How many lines were refused."""
        return refused(self.counts)

    def run(self, write: Callable[[bytes], object] | None = None) -> None:
        """Fold all, and hand on the changes as lines of JSON in the order of the lines. Raises InputUnreadable."""
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
        """Return how far it is."""
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
        """Return the sources of accepted reports that the registry does not know, sorted; none where it is empty."""
        return sorted({source for end in self._ends for source in end.unknown})

    def _pictures(self) -> list[tuple[str, bytes]]:
        return sorted(chain.from_iterable(end.pictures for end in self._ends))

    def _next(self, pipe: "Connection[None, _Block | _End]") -> "_Block | None":
        try:
            made = pipe.recv()
        except EOFError:
            raise RuntimeError("a process of the replay has ended before its time") from None
        if isinstance(made, _Block):
            return made
        self._ends.append(made)
        self.counts.update(made.counts)
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
    """What one process made of a block of lines."""

    number: int
    where: ReplayProgress
    #: Each line that changed something, by its place in the block, and the changes that it made.
    lines: list[int] = field(default_factory=list)
    changes: list[bytes] = field(default_factory=list)
    #: Each line that was refused, by its place among all lines, and what `OnRefusal` is told of it.
    refused: list[tuple[int, tuple[str, int, str, str, bytes]]] = field(default_factory=list)


@dataclass
class _End:
    """What one process came to."""

    counts: Counter[str]
    later: int
    unknown: list[str]
    #: By episode: the changes of its tick, and its picture.
    ticked: list[tuple[str, bytes]]
    pictures: list[tuple[str, bytes]]
    unreadable: str | None = None


class _Folding:
    """One process: folds its share and sends what it makes, block by block."""

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
        self._pipe.send(_End(story.counts, story.later, story.unknown_sources(), ticked, pictures, unreadable))

    def _turn(self) -> None:
        """Send the block, and begin that of the present line."""
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
    """Let a pipe take a block at once, where the system can do that and has the room."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - not everywhere

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _fold_share(orders: ReplayOptions, number: int, of: int, pipe: "Connection[_Block | _End, None]") -> None:
    # Ctrl-C reaches every process of a terminal; the one that has the outputs decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(COLLECT_EVERY, 20, 100)
    with suppress(BrokenPipeError):
        _Folding(orders, number, of, pipe).run()


def _no_lines(_: Step) -> bytes:
    return b""


def _drop(_: bytes) -> None:
    """Nobody wants them."""
