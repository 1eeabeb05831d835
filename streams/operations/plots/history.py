"""An episode's history from its changes: a line of figures for each cell, a band for each ceasefire.

Time is the time of knowledge: the publication of the report that caused a change, or the tick. Of several changes
at one time only the last counts. A status that changed by the clock (took effect, expired) is at the time at which it
was due, which was known before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from streams.core.times import parse_time

__all__ = ["Band", "LineKey", "PanelKey", "PlotMark", "PlottedHistory", "PlottedLine", "Point", "Span", "story_of"]

PlottedChange = tuple[str, dict[str, Any]]

OUTCOMES = ("killed", "killed_or_missing", "killed_or_wounded", "wounded", "missing", "captured")
VIOLATIONS = ("alleged", "denied", "confirmed")


class LineKey(NamedTuple):
    """The subject and the source of a line of figures: a cell of the contract."""

    source: str
    party: str
    outcome: str
    population: str
    group: str = ""
    scope: str = ""


class PanelKey(NamedTuple):
    """The subject of figures that may share a scale."""

    outcome: str
    population: str
    group: str
    scope: str


class Point(NamedTuple):
    """A figure from `at_us` on; `best` is None where it was withdrawn. `is_down`: less than the point before."""

    at_us: int
    best: int | None
    low: int | None
    high: int | None
    is_down: bool


@dataclass(slots=True)
class PlottedLine:
    """The figures of one cell, in the order in which they were known; `records` holds every change of it."""

    key: LineKey
    points: list[Point] = field(default_factory=list)
    records: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def add(self, at_us: int, record: dict[str, Any]) -> None:
        """Add a change; its point takes the place of one at the same time."""
        self.records.append((at_us, record))
        if self.points and self.points[-1].at_us == at_us:
            self.points.pop()
        value = record["after"] or {}
        best, before = value.get("best"), self.points[-1].best if self.points else None
        is_down = best is not None and before is not None and best < before
        self.points.append(Point(at_us, best, value.get("low"), value.get("high"), is_down))

    @property
    def greatest(self) -> int:
        """The greatest figure that it ever had."""
        return max(point.best or 0 for point in self.points)

    @property
    def last(self) -> Point:
        """Return the figure at the end."""
        return self.points[-1]


class Span(NamedTuple):
    """A status from one time to another (microseconds)."""

    start_us: int
    end_us: int
    status: str
    view: dict[str, Any]


class PlotMark(NamedTuple):
    """Something that was said of a ceasefire: a violation, or that it is not confirmed."""

    at_us: int
    what: str
    record: dict[str, Any]


@dataclass(slots=True)
class Band:
    """The joint status of one ceasefire over time, and what was said of it."""

    ceasefire: str
    spans: list[Span] = field(default_factory=list)
    marks: list[PlotMark] = field(default_factory=list)
    records: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    @property
    def first_us(self) -> int:
        """When it was first heard of."""
        return self.records[0][0]


@dataclass(slots=True)
class PlottedHistory:
    """All that a picture or a table of an episode shows; `changes` counts the changes it was made from."""

    episode: str
    lines: list[PlottedLine] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    first_us: int = 0
    last_us: int = 0
    changes: int = 0

    def panels(self) -> dict[PanelKey, list[PlottedLine]]:
        """Return the lines by subject, whole counts and killed first: figures that may share a scale."""
        found: dict[PanelKey, list[PlottedLine]] = {}
        for line in sorted(self.lines, key=_panel_order):
            found.setdefault(PanelKey(*line.key[2:]), []).append(line)
        return found

    def keep(self, part: Literal["source", "party", "outcome"], names: Sequence[str]) -> None:
        """Keep only the lines with one of the names; raise LookupError, with those there are, for an unknown one."""
        there = sorted({getattr(line.key, part) for line in self.lines})
        if unknown := [name for name in names if name not in there]:
            raise LookupError(
                f"{unknown[0]!r} has no figures here; there are figures of {', '.join(there) or 'nobody'}"
            )
        if names:
            self.lines = [line for line in self.lines if getattr(line.key, part) in names]


def _panel_order(line: PlottedLine) -> tuple[str, str, int, str]:
    key = line.key
    return key.group, key.scope, OUTCOMES.index(key.outcome), key.population


def story_of(changes: Iterable[PlottedChange], episode: str, *, until_us: int | None = None) -> PlottedHistory:
    """Return the history of one episode from changes (topic, record) in fold order; skip other episodes.

    With `until_us` it ends there, as it was known then.
    """
    story = PlottedHistory(episode)
    lines: dict[LineKey, PlottedLine] = {}
    views: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for topic, record in changes:
        if record["episode"] != episode:
            continue
        at_us = _known_at(record)
        if until_us is not None and at_us > until_us:
            continue
        _stretch(story, at_us)
        if topic == "casualties":
            key = LineKey(*(record.get(part) or "" for part in LineKey._fields))
            lines.setdefault(key, PlottedLine(key)).add(at_us, record)
        elif topic == "ceasefires" and record["view"] == "joint":
            views.setdefault(record["ceasefire"], []).append((at_us, record))
    story.lines = [lines[key] for key in sorted(lines)]
    story.bands = [_band(name, records, story.last_us) for name, records in sorted(views.items())]
    story.first_us = min([story.first_us, *(span.start_us for band in story.bands for span in band.spans)])
    return story


def _known_at(record: dict[str, Any]) -> int:
    cause = record["cause"]
    return parse_time(cause.get("published_at") or cause.get("tick"))


def _stretch(story: PlottedHistory, at_us: int) -> None:
    story.first_us = min(at_us, story.first_us) if story.changes else at_us
    story.last_us = max(at_us, story.last_us) if story.changes else at_us
    story.changes += 1


def _band(name: str, records: list[tuple[int, dict[str, Any]]], end_us: int) -> Band:
    band = Band(name, records=records, marks=[mark for at_us, record in records for mark in _marks(at_us, record)])
    starts = [(_moved_at(at_us, record), record["after"]) for at_us, record in records if _moves(record)]
    for at, (start_us, view) in enumerate(starts):
        until_us = starts[at + 1][0] if at + 1 < len(starts) else end_us
        if view is not None and (until_us > start_us or at + 1 == len(starts)):
            band.spans.append(Span(start_us, until_us, view["status"], view))
    return band


def _moves(record: dict[str, Any]) -> bool:
    before, after = record["before"], record["after"]
    return before is None or after is None or before["status"] != after["status"] or before["since"] != after["since"]


def _moved_at(at_us: int, record: dict[str, Any]) -> int:
    """Return when a status moved: by the clock when it was due, else when it was said."""
    before, after = record["before"], record["after"]
    if before is None or after is None:
        return at_us
    due = {"in_effect": before["effective_at"], "expired": before["expires_at"]}.get(after["status"])
    return parse_time(due) if due is not None and due == after["since"] and parse_time(due) < at_us else at_us


def _marks(at_us: int, record: dict[str, Any]) -> Iterator[PlotMark]:
    before, after = record["before"], record["after"]
    if after is None:
        return
    for how in VIOLATIONS:
        if after["violations"][how] > (before["violations"][how] if before else 0):
            yield PlotMark(at_us, how, record)
    if set(after["not_confirmed_by"]) - set(before["not_confirmed_by"] if before else ()):
        yield PlotMark(at_us, "not_confirmed", record)
