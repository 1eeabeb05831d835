"""A cell at earlier times: its best figure over the claims dated up to each time (contract section 5, derived)."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from streams.core.counts.cell import Cell
from streams.core.counts.entry import Entry, after


class Slice(NamedTuple):
    """A cell's value at a time, and what ranks it within its class."""

    has_base: bool
    as_of: int
    #: Of the report of the part with the greatest k.
    published_at: int
    best: int


def slices(cell: Cell, times: Iterable[int]) -> list[Slice | None]:
    """Return the cell's slice at each time, None where no claim counts; the times are sorted.

    One pass over the increments serves all times.
    """
    counting = _Counting(cell.increments)
    found: list[Slice | None] = []
    for time in times:
        base = _last_up_to(cell.bases, time)
        counting.move(None if base is None else base.as_of, time)
        top = counting.last or base
        if top is None:
            found.append(None)
            continue
        best = counting.best if base is None else base.claim.best + counting.best
        found.append(Slice(base is not None, top.as_of, top.published_at, max(best, 0)))
    return found


class _Counting:
    """The sum of the increments dated after a base and up to a time, as both move on."""

    def __init__(self, increments: list[Entry]) -> None:
        self._increments = increments
        self._next = 0
        self._base_as_of: int | None = None
        self._incidents: dict[str, int] = {}
        self.best = 0
        self.last: Entry | None = None

    def move(self, base_as_of: int | None, time: int) -> None:
        """Count up to another time, which is not before the last one."""
        increments, index = self._increments, self._next
        if base_as_of is not None and base_as_of != self._base_as_of:
            self._base_as_of, self._incidents, self.best, self.last = base_as_of, {}, 0, None
            index = bisect_left(increments, after(base_as_of), index)
        end = bisect_left(increments, after(time), index)
        best, incidents = self.best, self._incidents
        for entry in increments[index:end]:
            claim = entry.claim
            added = claim.best
            if base_as_of is not None and claim.since is not None and claim.since < base_as_of:
                added = 0  # it may overlap the base
            best += added
            if claim.incident is not None:
                best -= incidents.get(claim.incident, 0)
                incidents[claim.incident] = added
        if end > index:
            self.last = increments[end - 1]
        self.best, self._next = best, end


def _last_up_to(entries: list[Entry], time: int) -> Entry | None:
    index = bisect_left(entries, after(time))
    return entries[index - 1] if index else None
