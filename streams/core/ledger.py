"""The ledger: the state of any number of episodes, and how one message changes it.

A message is taken in three stages, `intake`, `fold_counts` and `fold_ceasefires`, so that a batch can go through each
stage as a whole; the first two stages of a message come before the first of the next. `Step` records the effect of the
stages, and `undo` reverts it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from streams.core import ledger_codec, picture
from streams.core.change_records import Origin
from streams.core.folds import ceasefires, counts, pruning, statements
from streams.core.model import Boxed, Casualty, CeasefireClaim, Message, Registration, Report, StandingReport, Tick
from streams.core.parse import Refusal
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.state.step import EntryKey, Outcome, Step
from streams.core.times import DEFAULT_HORIZON_US, format_time


class Ledger:
    """All episodes of one partition, or of one file."""

    def __init__(self, registry: Registry, *, horizon_us: int = DEFAULT_HORIZON_US) -> None:
        """Start empty; a claim may be `horizon_us` late (section 2 rule 4)."""
        self.registry = registry
        self.horizon_us = horizon_us
        self._episodes: dict[str, Episode] = {}
        self._unfolded: Step | None = None
        #: The episodes whose horizon has moved since the last `forget`.
        self._grown: set[str] = set()

    def keep_horizon(self, horizon_us: int) -> None:
        """Use the horizon that the loaded state was kept with."""
        self.horizon_us = horizon_us

    def take(self, message: Message, origin: Origin | None = None) -> Step:
        """Take one message through all stages.

        `origin` is its position: topic, partition and offset. Raises Refusal
        (`revision_conflict`, `too_late`); on any exception the state is unchanged.
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
        """Check a message for duplicates, conflicts and lateness, and record it.

        Contract section 2 rules 3 and 4. Raises Refusal as `take`.
        """
        if self._unfolded is not None:
            raise RuntimeError("call fold_counts before the next intake")
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
        """Return whether `fold_ceasefires` has anything to do; all earlier steps must be folded."""
        return step.moves and ceasefires.concerns(self._episodes[step.episode], step)

    def undo(self, step: Step) -> None:
        """Undo a step; of several the newest first."""
        self._unfolded = None
        while step.undo:
            function, arguments = step.undo.pop()
            function(*arguments)

    def register(self) -> Iterator[Step]:
        """Yield a step for each episode whose published views differ under this registry.

        For a ledger that was stored under another registry, after loading: the acting party of a claim defaults to
        its source's affiliation.
        """
        for name in self.episodes():
            step = Step(Registration(name, self.registry.digest), Outcome.REGISTERED)
            step.clock = self._episodes[name].clock
            self.fold_ceasefires(step)
            if step.ceasefires:
                yield step

    def forget(self, *, everywhere: bool = False) -> list[EntryKey]:
        """Prune settled, superseded claims; return the changed entries.

        Call it between batches: it cannot be undone. No published figure changes. Only episodes that grew since the
        last call are looked at, unless `everywhere`.
        """
        touched: list[EntryKey] = []
        for name in sorted(self._episodes if everywhere else self._grown & self._episodes.keys()):
            touched += pruning.forget(self._episodes[name], self.horizon_us)
        self._grown.clear()
        return touched

    def picture(self, episode: str) -> dict[str, Any]:
        """Return the snapshot of an episode (section 5). Raises KeyError if it is unknown."""
        return picture.picture(self._episodes[episode], self.registry)

    def episode(self, name: str) -> Episode:
        """Return the state of an episode, read-only. Raises KeyError if it is unknown."""
        return self._episodes[name]

    def episodes(self) -> list[str]:
        """Return the names of all episodes, sorted."""
        return sorted(self._episodes)

    def reports(self) -> int:
        """Return the number of accepted report ids, withdrawn and pruned ones included."""
        return sum(len(episode.reports) + len(episode.settled) for episode in self._episodes.values())

    def next_timer(self) -> tuple[int, str] | None:
        """Return the time and episode of the earliest timer."""
        due = [(time, e.name) for e in self._episodes.values() if (time := e.timers.first()) is not None]
        return min(due, default=None)

    def entries(self, touched: Iterable[EntryKey]) -> list[tuple[bytes, bytes | None]]:
        """Return the key and whole value of each entry, once; None deletes it."""
        return [
            (ledger_codec.key_bytes(key), ledger_codec.value_bytes(self._episodes, key))
            for key in dict.fromkeys(touched)
        ]

    def load(self, key: bytes, value: bytes) -> None:
        """Load an entry, in any order; `loaded` must follow the last one."""
        ledger_codec.load(self._episodes, self.registry, key, value)

    def loaded(self) -> None:
        """Finish loading: the ledger is then as it was."""
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
                f"{report.report_id} revision {report.revision} was accepted with other content;"
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
            self._accept(episode, step, report, old)
        except BaseException:
            self.undo(step)
            raise
        return step

    def _accept(self, episode: Episode, step: Step, report: Report, old: StandingReport | None) -> None:
        boxed: Boxed = report
        report_id, published_at = boxed.report_id, boxed.published_at
        new = StandingReport(
            boxed.revision, boxed.digest, published_at, boxed.source, boxed.withdrawn, boxed.claims,
            None if old is None else old.statements,
        )  # fmt: skip
        step.undo.append((_restore_report, (episode, report_id, old, episode.newest, episode.clock)))
        episode.reports[report_id] = new
        step.old, step.new = old, new
        prunable = pruning.prunable_from(published_at, boxed.claims)
        # Not undone: `forget` skips entries without a report. A revision of the same time has its entry already.
        if old is None or pruning.prunable_from(old.published_at, old.claims) != prunable:
            episode.horizon_queue.add(prunable, report_id)
        if published_at > episode.newest:
            episode.newest = published_at
            self._grown.add(episode.name)
        step.clock = episode.clock = max(episode.clock, published_at)
        step.touched = [("r", episode.name, report_id), ("e", episode.name)]


def _refuse_late(report: Report, floor: int, *, settled: bool) -> None:
    """Raise Refusal `too_late` (section 2 rule 4); `settled`: its standing revision is before the horizon."""
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


def _restore_report(episode: Episode, report_id: str, old: StandingReport | None, newest: int, clock: int) -> None:
    if old is None:
        episode.reports.pop(report_id, None)
    else:
        episode.reports[report_id] = old
    episode.newest, episode.clock = newest, clock


def _too_late(field: str, floor: int) -> Refusal:
    return Refusal(
        "too_late", f"{field} is before the horizon, {format_time(floor)}; for a backfill set a longer horizon"
    )
