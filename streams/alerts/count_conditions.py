"""Conditions on figures: what a rule can wait for in the changes of counts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streams.alerts.condition import (
    FIGURES,
    Condition,
    ConditionState,
    Match,
    ObservedChange,
    bests,
    cell_names,
    figures,
)
from streams.alerts.rise_window import lower_before
from streams.core.times import format_time

__all__ = ["Crosses", "Disagree", "Falls", "Rises"]


@dataclass(frozen=True, slots=True)
class Crosses(Condition):
    """The best figure reaches `figure` persons, from below or from nothing."""

    figure: int

    name = "crosses"
    says = (*FIGURES, "figure")
    message = "{party} {outcome} ({population}) according to {source}: {after}, {figure} reached"
    over = "{party} {outcome} ({population}) according to {source}: back to {after}, below {figure}"

    def on_change(self, memory: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Compare both sides of the change with the figure."""
        del memory
        was, now = (best is not None and best >= self.figure for best in bests(seen))
        if was != now:
            yield self.finding(seen, figures(seen) | {"figure": self.figure}, raised=now)


@dataclass(frozen=True, slots=True)
class Rises(Condition):
    """The best figure has risen by `by` persons, or per cent, above one that stood within a time before."""

    by: int
    percent: bool
    within_us: int

    name = "rises"
    says = (*FIGURES, "risen", "risen_from")
    message = "{party} {outcome} ({population}) according to {source}: {risen} more, {risen_from} → {after}"

    def on_change(self, memory: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Measure from the lowest figure of the window; what was told is not measured from again."""
        before, after = bests(seen)
        key = "/".join(seen.record[name] for name in self.named_by)
        past = lower_before(memory, key, before, seen.clock, self.within_us)
        if after is None or (before is not None and after <= before):
            return
        for figure in past:
            # A share of nothing is no measure; the next higher figure may be one.
            if self.percent and figure == 0:
                continue
            if (after - figure) * (100 if self.percent else 1) >= self.by * (figure if self.percent else 1):
                del memory[key]
                yield self.finding(seen, figures(seen) | {"risen": after - figure, "risen_from": figure})
            return


@dataclass(frozen=True, slots=True)
class Falls(Condition):
    """The best figure falls by `by` persons or more: a correction, or a withdrawal."""

    by: int

    name = "falls"
    says = FIGURES
    message = "{party} {outcome} ({population}) according to {source}: corrected from {before} to {after}"

    def on_change(self, memory: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Look at how much is gone; what was withdrawn is gone altogether."""
        del memory
        before, after = bests(seen)
        if before is not None and before - (after or 0) >= self.by:
            yield self.finding(seen, figures(seen))


@dataclass(frozen=True, slots=True)
class Disagree(Condition):
    """The highest figure of all sources is `factor` times the lowest, or more."""

    factor: float

    name = "disagree"
    named_by = ("party", "outcome", "population")
    says = ("highest", "highest_source", "lowest", "lowest_source", "factor")
    message = (
        "{party} {outcome} ({population}): {highest} according to {highest_source},"
        " {lowest} according to {lowest_source}"
    )
    over = (
        "{party} {outcome} ({population}): sources agree again, {lowest} ({lowest_source})"
        " to {highest} ({highest_source})"
    )

    def on_change(self, memory: ConditionState, seen: ObservedChange) -> Iterable[Match]:
        """Keep what each source says, and compare the two furthest apart."""
        names = cell_names(seen)
        key = "/".join(names[name] for name in self.named_by)
        said: dict[str, int] = memory.setdefault(key, {})
        was = self._apart(said)
        _, after = bests(seen)
        if after is None:
            said.pop(names["source"], None)
        else:
            said[names["source"]] = after
        now = self._apart(said)
        if not said:
            del memory[key]
        return () if was == now else [self.finding(seen, self._facts(said), raised=now)]

    def _apart(self, said: dict[str, int]) -> bool:
        # Against none at all, the first few are no contradiction: none counts as one.
        return bool(said) and max(said.values()) >= self.factor * max(1, min(said.values()))

    def _facts(self, said: dict[str, int]) -> dict[str, int | float | str | None]:
        by_figure = sorted((figure, source) for source, figure in said.items())
        (lowest, lowest_source), (highest, highest_source) = (
            (by_figure[0], by_figure[-1]) if by_figure else ((None, None), (None, None))
        )
        return {
            "highest": highest,
            "highest_source": highest_source,
            "lowest": lowest,
            "lowest_source": lowest_source,
            "factor": self.factor,
        }


@dataclass(frozen=True, slots=True)
class Quiet(Condition):
    """A source that has moved a count has moved none for `for_us`, while others moved the episode's clock."""

    for_us: int

    name = "quiet"
    filters = ("episode", "source")
    named_by = ("source",)
    says = ("last_heard",)
    message = "{source} has changed no figure since {last_heard}"
    over = "{source} speaks again, after {last_heard}"

    def names(self, seen: ObservedChange) -> dict[str, str]:
        """Return who speaks: the source of the report, which need not be that of the cell that it moves."""
        names = {"episode": str(seen.record["episode"])}
        return names if seen.speaker is None else names | {"source": seen.speaker}

    def on_time(self, memory: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Find who has been silent for too long; who speaks just now has not."""
        for source, (last, change_id, told) in sorted(memory.items()):
            if not told and source != seen.speaker and seen.clock - last > self.for_us:
                memory[source] = [last, change_id, True]
                yield self._finding(source, last, f"{change_id}/quiet")

    def on_change(self, memory: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Note that a source has spoken. An old report that comes late is no news of it."""
        source = seen.speaker
        if source is None or seen.moment is None:
            return
        last, change_id, told = memory.get(source, (seen.moment, "", False))
        if seen.moment >= last:
            change_id = seen.record["change_id"]
        over = told and seen.clock - max(last, seen.moment) <= self.for_us
        memory[source] = [max(last, seen.moment), change_id, told and not over]
        if over:
            yield self._finding(source, last, seen.record["change_id"], raised=False)

    def _finding(self, source: str, last: int, origin: str, *, raised: bool = True) -> Match:
        return Match(raised, {"source": source}, origin, {"last_heard": format_time(last)})
