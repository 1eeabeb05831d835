"""The ledger: the state of any number of episodes, and how one message changes it.

A message is taken in three stages, `intake`, `fold_counts` and `fold_ceasefires`, so that
a batch can go through each stage as a whole; the first two of a message come before the
first of the next. What a stage did is in its `Step`, and `undo` takes it back.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from streams.core import ledger_codec, picture
from streams.core.change_records import Origin
from streams.core.folds import ceasefires, counts, pruning, statements
from streams.core.model import Casualty, CeasefireClaim, Message, Registration, Report, StandingReport, Tick
from streams.core.parse import Refusal
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.state.step import EntryKey, Outcome, Step
from streams.core.times import DEFAULT_HORIZON_US, format_time


class Ledger:
    """All episodes of one partition, or of one file."""

    def __init__(self, registry: Registry, *, horizon_us: int = DEFAULT_HORIZON_US) -> None:
        """Start empty. `horizon_us` says how late a claim may come (section 2 rule 4)."""
        self.registry = registry
        self.horizon_us = horizon_us
        self._episodes: dict[str, Episode] = {}
        self._unfolded: Step | None = None
        #: The episodes whose horizon has moved since `forget`.
        self._grown: set[str] = set()

    def take(self, message: Message, origin: Origin | None = None) -> Step:
        """Take one message through all stages.

        `origin` says where it came from: topic, partition and offset. Raises Refusal
        (`revision_conflict`, `too_late`); on any exception the state is as before.
        """
        step = self.intake(message, origin)
        try:
            self.fold_counts(step)
            self.fold_ceasefires(step)
        except BaseException:
            self.undo(step)
            raise
        return step

    def intake(self, message: Message, origin: Origin | None = None) -> Step:
        """Hold a message against what is known (section 2 rules 3 and 4) and let it stand."""
        if self._unfolded is not None:
            raise RuntimeError("fold_counts comes before the next intake")
        step = self._report(message, origin) if isinstance(message, Report) else self._tick(message, origin)
        if step.moves:
            self._unfolded = step
        return step

    def fold_counts(self, step: Step) -> None:
        """Fill the step's changes of counts and statements."""
        self._unfolded = None
        if step.outcome is Outcome.ACCEPTED:
            episode = self._episodes[step.episode]
            counts.fold(episode, step)
            statements.fold(episode, step)

    def fold_ceasefires(self, step: Step) -> None:
        """Fill the step's changes of ceasefire views."""
        if step.moves:
            ceasefires.fold(self._episodes[step.episode], step, self.registry)

    def concerns_ceasefires(self, step: Step) -> bool:
        """Whether `fold_ceasefires` would have anything to do, now that all steps before this one are folded."""
        return step.moves and ceasefires.concerns(self._episodes[step.episode], step)

    def undo(self, step: Step) -> None:
        """Take a step back; of several the newest first."""
        self._unfolded = None
        while step.undo:
            function, arguments = step.undo.pop()
            function(*arguments)

    def register(self) -> Iterator[Step]:
        """Yield a step for each episode that says otherwise under this registry than was published.

        For a ledger that was stored under another registry, once it is loaded: who acts by
        default follows a source's affiliation, and so do the statuses.
        """
        for name in self.episodes():
            step = Step(Registration(name, self.registry.digest), Outcome.REGISTERED)
            step.clock = self._episodes[name].clock
            self.fold_ceasefires(step)
            if step.ceasefires:
                yield step

    def forget(self) -> list[EntryKey]:
        """Drop what is settled and superseded; return the entries that this changed.

        To be called between batches: it cannot be undone, and no published figure changes.
        """
        touched: list[EntryKey] = []
        for name in sorted(self._grown & self._episodes.keys()):
            touched += pruning.forget(self._episodes[name], self.horizon_us)
        self._grown.clear()
        return touched

    def picture(self, episode: str) -> dict[str, Any]:
        """Return the snapshot of an episode (section 5). Raises KeyError where it is unknown."""
        return picture.picture(self._episodes[episode], self.registry)

    def episode(self, name: str) -> Episode:
        """Return what is kept of an episode, to be read only. Raises KeyError where it is unknown."""
        return self._episodes[name]

    def episodes(self) -> list[str]:
        """Return the names of all episodes, sorted."""
        return sorted(self._episodes)

    def reports(self) -> int:
        """Return how many reports stand or are withdrawn: as many as were ever accepted."""
        return sum(len(episode.reports) for episode in self._episodes.values())

    def next_timer(self) -> tuple[int, str] | None:
        """Return the earliest time, and its episode, that a view waits for."""
        due = [(at, e.name) for e in self._episodes.values() if (at := e.waiting.first()) is not None]
        return min(due, default=None)

    def entries(self, touched: Iterable[EntryKey]) -> list[tuple[bytes, bytes | None]]:
        """Return the key and whole value to store for each entry, once; None deletes it."""
        return [
            (ledger_codec.key_bytes(key), ledger_codec.value_bytes(self._episodes, key))
            for key in dict.fromkeys(touched)
        ]

    def load(self, key: bytes, value: bytes) -> None:
        """Take an entry back in, in any order; `loaded` must follow the last one."""
        ledger_codec.load(self._episodes, self.registry, key, value)

    def loaded(self) -> None:
        """Put in order what was loaded: the ledger is then as it was."""
        for episode in self._episodes.values():
            ledger_codec.put_in_order(episode, self.horizon_us)

    def _tick(self, tick: Tick, origin: Origin | None) -> Step:
        episode = self._episodes.get(tick.episode)
        if episode is None:
            return Step(tick, Outcome.IGNORED_TICK, origin)
        step = Step(tick, Outcome.TICK, origin)
        if tick.at > episode.clock:
            step.undo.append((setattr, (episode, "clock", episode.clock)))
            episode.clock = tick.at
        step.clock = episode.clock
        step.touched.append(("e", episode.name))
        return step

    def _report(self, report: Report, origin: Origin | None) -> Step:
        episode = self._episodes.get(report.episode)
        old = settled = None
        if episode is not None:
            old = episode.reports.get(report.report_id)
            settled = episode.settled.get(report.report_id) if old is None else None
        known = settled if old is None else (old.revision, old.digest)
        if known is not None and report.revision <= known[0]:
            if report.revision < known[0]:
                return Step(report, Outcome.STALE, origin)
            if report.digest == known[1]:
                return Step(report, Outcome.DUPLICATE, origin)
            raise Refusal(
                "revision_conflict",
                f"{report.report_id} revision {report.revision} stands with other content;"
                " to correct a report raise its revision",
            )
        step = Step(report, Outcome.ACCEPTED, origin)
        if episode is None:
            episode = Episode(report.episode, report.published_at)
            self._episodes[report.episode] = episode
            step.undo.append((self._episodes.pop, (report.episode,)))
        else:
            floor = episode.newest - self.horizon_us
            _refuse_late(report, floor, settled=settled is not None or (old is not None and old.published_at < floor))
        try:
            self._stand(episode, step, report, old)
        except BaseException:
            self.undo(step)
            raise
        return step

    def _stand(self, episode: Episode, step: Step, report: Report, old: StandingReport | None) -> None:
        # Not by its type: compiled, a number that is known to be one is made anew for each that keeps it.
        given: Any = report
        report_id, published_at = given.report_id, given.published_at
        new = StandingReport(
            given.revision, given.digest, published_at, given.source, given.withdrawn, given.claims,
            None if old is None else old.statements,
        )  # fmt: skip
        step.undo.append((_go_back, (episode, report_id, old, episode.newest, episode.clock)))
        episode.reports[report_id] = new
        step.old, step.new = old, new
        # What outlives its report there is passed over when it comes up.
        episode.ages.add(published_at, report_id)
        if published_at > episode.newest:
            episode.newest = published_at
            self._grown.add(episode.name)
        step.clock = episode.clock = max(episode.clock, published_at)
        step.touched = [("r", episode.name, report_id), ("e", episode.name)]


def _refuse_late(report: Report, floor: int, *, settled: bool) -> None:
    """Raise Refusal `too_late` (section 2 rule 4); `settled`: its standing revision lies behind the horizon."""
    if report.published_at < floor:
        raise _too_late(f"published_at {format_time(report.published_at)}", floor)
    if settled:
        raise _too_late("the standing revision's published_at", floor)
    for index, claim in enumerate(report.claims):
        if isinstance(claim, Casualty):
            if claim.as_of < floor:
                raise _too_late(f"claims[{index}].as_of {format_time(claim.as_of)}", floor)
        elif isinstance(claim, CeasefireClaim) and claim.at < floor:
            raise _too_late(f"claims[{index}].at {format_time(claim.at)}", floor)


def _go_back(episode: Episode, report_id: str, old: StandingReport | None, newest: int, clock: int) -> None:
    if old is None:
        episode.reports.pop(report_id, None)
    else:
        episode.reports[report_id] = old
    episode.newest, episode.clock = newest, clock


def _too_late(what: str, floor: int) -> Refusal:
    return Refusal("too_late", f"{what} lies behind the horizon, {format_time(floor)}; a backfill sets a longer one")
