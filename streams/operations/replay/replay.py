"""Replay files without Kafka (contract section 7) with the same ledger, line by line; also for notebooks.

from streams import replay

story = replay("reports.jsonl.zst", sources="sources.yaml")
for change in story:
    print(change.topic, change.record["change_id"])
story.snapshot()["episodes"]

`show` returns an episode as it was known at a time, `diff` the changes between two times.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.topics import CHANGE_TOPICS
from streams.core.ledger import Ledger
from streams.core.model import Message, Report, Tick
from streams.core.parse import Refusal
from streams.core.queries.as_of import (
    EpisodeDifference,
    NoSuchEpisode,
    difference,
    due_ticks,
    known_at,
    published_us,
)
from streams.core.source_registry import Registry
from streams.core.state.step import Outcome, Step
from streams.core.times import DEFAULT_HORIZON_US, EPOCH, read_time
from streams.core.wire import read_record, unwrap
from streams.core.words import count_ignored, ignored_fields
from streams.files.jsonl import InputUnreadable, Lines, records_of
from streams.files.source_registry import SourcesError, read_sources

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from streams.operations.replay.dataframes import Frames

__all__ = [
    "Change", "EpisodeDifference", "InputUnreadable", "NoSuchEpisode", "OnRefusal", "Replay", "SourcesError", "diff",
    "replay", "show",
]  # fmt: skip

Time = str | datetime
Paths = str | Path | Sequence[str | Path]
Sources = str | Path | Registry | None


class Change(NamedTuple):
    """A published change: `topic` is casualties, ceasefires or statements; `record` as in contract section 6."""

    topic: str
    record: dict[str, Any]


class ReplayProgress(NamedTuple):
    """Progress of a replay: bytes read, all bytes (None: unknown), and the last line read."""

    bytes_done: int
    bytes_total: int | None
    path: str
    line: int


#: Called for each refused line, with file, line number, code, message and line.
OnRefusal = Callable[[str, int, str, str, bytes], object]


class Replay:
    """The replay of some files; it can be iterated once, and its result can be read at any time."""

    def __init__(
        self,
        lines: Lines,
        registry: Registry,
        *,
        horizon_us: int = DEFAULT_HORIZON_US,
        until_us: int | None = None,
        tick_us: int | None = None,
        on_refusal: OnRefusal | None = None,
        read: Callable[[bytes], Message | None] | None = None,
        timed: bool = False,
    ) -> None:
        """Prepare the fold of these lines.

        With `until_us`, everything published later is left out; with `tick_us`, every episode is ticked at the end, in
        name order. `read` makes a message of a line, or None to skip it; the default is `read_line`. With `timed`, a
        ceasefire moves at its hour even if the lines have no tick for it.
        """
        self.lines = lines
        self.counts: Counter[str] = Counter()
        #: Ignored field → number of accepted reports that have it.
        self.ignored: Counter[str] = Counter()
        #: Number of reports and ticks ignored because they were published after `until_us`.
        self.later = 0
        self.ledger = Ledger(registry, horizon_us=horizon_us)
        self._until_us = until_us
        self._tick_us = tick_us
        self._on_refusal = on_refusal
        self._read = read or read_line
        self._timed = timed

    def __iter__(self) -> Iterator[Change]:
        """Iterate the changes in fold order; raises InputUnreadable if a file is cut short."""
        for step in self.steps():
            for topic, record in step.changes():
                yield Change(topic, record)

    def steps(self) -> Iterator[Step]:
        """Iterate the step of each accepted report or tick; raises as `__iter__`."""
        yield from self.taken()
        yield from self.ticked()

    def taken(self) -> Iterator[Step]:
        """Iterate the step of each line."""
        counts, take, until_us, read = self.counts, self.ledger.take, self._until_us, self._read
        for line in self.lines:
            try:
                message = read(line)
                if message is None:
                    continue
                if until_us is not None and published_us(message) > until_us:
                    self.later += 1
                    continue
                if self._timed:
                    yield from map(take, due_ticks(self.ledger, published_us(message)))
                step = take(message)
            except Refusal as refusal:
                self._refuse(line, refusal.code, refusal.message)
                continue
            except Exception as error:  # noqa: BLE001 - the ledger is unchanged, other lines are not affected
                self._refuse(line, "internal", f"{type(error).__name__}: {error}")
                continue
            counts[step.outcome] += 1
            if isinstance(message, Report) and message.unknown:
                count_ignored(self.ignored, ignored_fields(message.unknown))
            yield step

    def ticked(self) -> Iterator[Step]:
        """Iterate the steps of the ticks at the end, if any; call it after `taken`."""
        if self._tick_us is not None:
            if self._timed:
                yield from map(self.ledger.take, due_ticks(self.ledger, self._tick_us))
            for episode in self.ledger.episodes():
                yield self.ledger.take(Tick(self._tick_us, episode))

    def run(self, write: Callable[[bytes], object] | None = None) -> None:
        """Fold all, and write the changes as lines of JSON if `write` is given; raises as `__iter__`."""
        for step in self.steps():
            if write is not None:
                write(change_lines(step))

    @property
    def refused(self) -> int:
        """Number of lines refused so far."""
        return refused(self.counts)

    def where(self) -> ReplayProgress:
        """Return the progress; may be called from another thread."""
        lines = self.lines
        return ReplayProgress(lines.bytes_done, lines.bytes_total, lines.path, lines.number)

    def episodes(self) -> list[str]:
        """Return the names of all episodes, sorted."""
        return self.ledger.episodes()

    def picture(self, episode: str) -> dict[str, Any]:
        """Return the snapshot of an episode (contract section 5). Raises KeyError if it is unknown."""
        return self.ledger.picture(episode)

    def unknown_sources(self) -> list[str]:
        """Return the sources of accepted reports that are not in the registry, sorted; none if it is empty."""
        known = self.ledger.registry.sources.keys()
        if not known:
            return []
        episodes = map(self.ledger.episode, self.ledger.episodes())
        return sorted({report.source for each in episodes for report in each.reports.values()} - known)

    def snapshot(self) -> dict[str, Any]:
        """Return `{"episodes": {episode: picture}}` for the current state (contract section 7)."""
        ledger = self.ledger
        return {"episodes": {episode: ledger.picture(episode) for episode in ledger.episodes()}}

    def to_polars(self) -> "Frames[pl.DataFrame]":
        """Fold what is left and return everything as polars DataFrames.

        They are `.casualties`, `.ceasefires`, `.cells` and so on; the columns of each are in
        `streams.operations.replay.dataframes.TABLES`. Changes that were iterated before are not in them.
        Raises InputUnreadable, and ImportError without `truceline[polars]`.
        """
        from streams.operations.replay.dataframes import polars_frames, tables  # noqa: PLC0415 - an extra

        return polars_frames(tables(self, self.snapshot))

    def to_pandas(self) -> "Frames[pd.DataFrame]":
        """Return the same as pandas DataFrames; needs `truceline[pandas]`."""
        from streams.operations.replay.dataframes import pandas_frames, tables  # noqa: PLC0415 - an extra

        return pandas_frames(tables(self, self.snapshot))

    def _refuse(self, line: bytes, code: str, message: str) -> None:
        self.counts[code] += 1
        if self._on_refusal is not None:
            self._on_refusal(self.lines.path, self.lines.number, code, message, line)


_OUTCOMES = frozenset(Outcome)
_LINE_STARTS = {name: f'{{"topic":"{name}","data":'.encode() for name in CHANGE_TOPICS}


def refused(counts: Counter[str]) -> int:
    """Return the number of refused lines in a replay's counts."""
    return sum(count for key, count in counts.items() if key not in _OUTCOMES)


def read_line(line: bytes) -> Message:
    """Return the report or tick in a line; raises Refusal."""
    return read_record(unwrap(line))


def change_lines(step: Step) -> bytes:
    """Return the changes of a step as lines of JSON, as `truceline replay --changes` writes them."""
    return b"".join([_LINE_STARTS[topic] + json + b"}\n" for topic, _, json in step.published()])


def replay(
    paths: Paths,
    *,
    sources: Sources = None,
    horizon: timedelta | None = None,
    until: Time | None = None,
    tick: Time | None = None,
    on_refusal: OnRefusal | None = None,
) -> Replay:
    """Fold files: iterate the result for its changes, then ask it for its `snapshot()`.

    `sources` is a registry or its YAML file, `horizon` how far behind an episode's newest report another may
    lie (default 3,660 days). With `until`, what was published later is left out; `tick` is the time of a tick
    for every episode at the end. A refused line is counted in `counts` and given to `on_refusal`.
    Raises InputUnreadable, SourcesError, or ValueError for a time with no offset.
    """
    return Replay(
        Lines(_several(paths)),
        _registry(sources),
        horizon_us=_horizon_us(horizon),
        until_us=None if until is None else _moment(until),
        tick_us=None if tick is None else _moment(tick),
        on_refusal=on_refusal,
    )


def show(
    paths: Paths, episode: str, *, at: Time | None = None, sources: Sources = None, horizon: timedelta | None = None
) -> dict[str, Any]:
    """Return an episode's picture (contract section 5) as known at a time, or at the end of the files.

    Raises NoSuchEpisode if no report of it was accepted by then, and as `replay`.
    """
    records = records_of(Lines(_several(paths)))
    at_us = None if at is None else _moment(at)
    return known_at(episode, records, _registry(sources), horizon_us=_horizon_us(horizon), at_us=at_us)


def diff(
    paths: Paths, episode: str, from_: Time, to: Time, *, sources: Sources = None, horizon: timedelta | None = None
) -> EpisodeDifference:
    """Return the changes of an episode between two times, with their causes.

    Raises as `show`, and ValueError where `to` is before `from_`.
    """
    return difference(
        episode,
        records_of(Lines(_several(paths))),
        _registry(sources),
        horizon_us=_horizon_us(horizon),
        from_us=_moment(from_),
        to_us=_moment(to),
    )


def _several(paths: Paths) -> Sequence[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)


def _registry(sources: Sources) -> Registry:
    return sources if isinstance(sources, Registry) else Registry() if sources is None else read_sources(sources)


def _horizon_us(horizon: timedelta | None) -> int:
    return DEFAULT_HORIZON_US if horizon is None else horizon // timedelta(microseconds=1)


def _moment(time: Time) -> int:
    if isinstance(time, str):
        return read_time(time)
    if time.tzinfo is None:
        raise ValueError(f"{time} has no offset from UTC")
    return (time - EPOCH) // timedelta(microseconds=1)
