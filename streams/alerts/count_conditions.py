"""Conditions on counts."""

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
from streams.alerts.rise_window import lower_as_of, lower_before
from streams.core.times import format_time

__all__ = ["Crosses", "Disagree", "Falls", "Rises"]


@dataclass(frozen=True, slots=True)
class Crosses(Condition):
    """The best figure reaches `figure` persons, from below or from nothing."""

    figure: int

    name = "crosses"
    facts = (*FIGURES, "figure")
    message = "{party} {outcome} ({population}) according to {source}: {after}, {figure} reached"
    resolved_message = "{party} {outcome} ({population}) according to {source}: back to {after}, below {figure}"

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Compare both sides of the change with the figure."""
        del state
        was, now = (best is not None and best >= self.figure for best in bests(seen))
        if was != now:
            yield self.match(seen, figures(seen) | {"figure": self.figure}, raised=now)


@dataclass(frozen=True, slots=True)
class Rises(Condition):
    """The best figure rose by `by` persons, or per cent, within the window.

    The window is one of publication, or (`as_of`) of the times for which the figures are.
    """

    by: int
    percent: bool
    within_us: int
    as_of: bool = False

    name = "rises"
    facts = (*FIGURES, "risen", "risen_from")
    message = "{party} {outcome} ({population}) according to {source}: {risen} more, {risen_from} → {after}"

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Measure from the lowest figure of the window, which starts again after a match."""
        before, after = bests(seen)
        key = "/".join(seen.record[name] for name in self.named_by)
        if not self.as_of:
            past = lower_before(state, key, before, seen.clock, self.within_us)
        elif after is not None:
            past = lower_as_of(state, key, seen.record["before"], seen.record["after"], self.within_us)
        if after is None or (before is not None and after <= before):
            return
        for figure in past:
            # A percentage of zero is undefined; the next higher figure may give one.
            if self.percent and figure == 0:
                continue
            if (after - figure) * (100 if self.percent else 1) >= self.by * (figure if self.percent else 1):
                state.pop(key, None)
                yield self.match(seen, figures(seen) | {"risen": after - figure, "risen_from": figure})
            return


@dataclass(frozen=True, slots=True)
class Falls(Condition):
    """The best figure falls by `by` persons or more: a correction, or a withdrawal."""

    by: int

    name = "falls"
    facts = FIGURES
    message = "{party} {outcome} ({population}) according to {source}: corrected from {before} to {after}"

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Compare with the figure before; a withdrawn figure counts as zero."""
        del state
        before, after = bests(seen)
        if before is not None and before - (after or 0) >= self.by:
            yield self.match(seen, figures(seen))


@dataclass(frozen=True, slots=True)
class Disagree(Condition):
    """The highest figure of all sources is `factor` times the lowest, or more."""

    factor: float

    name = "disagree"
    named_by = ("party", "outcome", "population")
    facts = ("highest", "highest_source", "lowest", "lowest_source", "factor")
    message = (
        "{party} {outcome} ({population}): {highest} according to {highest_source},"
        " {lowest} according to {lowest_source}"
    )
    resolved_message = (
        "{party} {outcome} ({population}): sources agree again, {lowest} ({lowest_source})"
        " to {highest} ({highest_source})"
    )

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterable[Match]:
        """Keep the figure of each source, and compare the highest with the lowest."""
        names = cell_names(seen)
        key = "/".join(names[name] for name in self.named_by)
        by_source: dict[str, int] = state.setdefault(key, {})
        was = self._apart(by_source)
        _, after = bests(seen)
        if after is None:
            by_source.pop(names["source"], None)
        else:
            by_source[names["source"]] = after
        now = self._apart(by_source)
        if not by_source:
            del state[key]
        return () if was == now else [self.match(seen, self._facts(by_source), raised=now)]

    def _apart(self, by_source: dict[str, int]) -> bool:
        # Zero counts as one: the first few reported casualties do not contradict a zero.
        return bool(by_source) and max(by_source.values()) >= self.factor * max(1, min(by_source.values()))

    def _facts(self, by_source: dict[str, int]) -> dict[str, int | float | str | None]:
        by_figure = sorted((figure, source) for source, figure in by_source.items())
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
    """A source has moved no count for `for_us` of the episode's time."""

    for_us: int

    name = "quiet"
    filters = ("episode", "source")
    named_by = ("source",)
    facts = ("last_heard",)
    message = "{source} has changed no figure since {last_heard}"
    resolved_message = "{source} speaks again, after {last_heard}"

    def names(self, seen: ObservedChange) -> dict[str, str]:
        """Return the source of the report, which need not be that of the moved cell."""
        names = {"episode": str(seen.record["episode"])}
        return names if seen.speaker is None else names | {"source": seen.speaker}

    def on_time(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Match the sources that have been silent for too long, except the one reporting now."""
        for source, (last, change_id, raised_before) in sorted(state.items()):
            if not raised_before and source != seen.speaker and seen.clock - last > self.for_us:
                state[source] = [last, change_id, True]
                yield self._match(source, last, f"{change_id}/quiet")

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Note that a source has reported; an old report that comes late does not count."""
        source = seen.speaker
        if source is None or seen.moment is None:
            return
        last, change_id, raised_before = state.get(source, (seen.moment, "", False))
        if seen.moment >= last:
            change_id = seen.record["change_id"]
        over = raised_before and seen.clock - max(last, seen.moment) <= self.for_us
        state[source] = [max(last, seen.moment), change_id, raised_before and not over]
        if over:
            yield self._match(source, last, seen.record["change_id"], raised=False)

    def _match(self, source: str, last: int, origin: str, *, raised: bool = True) -> Match:
        return Match(raised, {"source": source}, origin, {"last_heard": format_time(last)})
