"""A cell at earlier times, over the claims dated up to each time (contract section 5, derived).

Its newest part, which ranks it within its class, and its best figure.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from streams.core.counts.cell import Cell
from streams.core.counts.entry import Entry, after

#: True if there is a base; then as_of and published_at of the part with the greatest k.
Rank = tuple[bool, int, int]


def newest_parts(cell: Cell, times: Iterable[int]) -> list[Rank | None]:
    """Return what ranks the cell at each time, None where no claim counts."""
    bases, increments = cell.bases, cell.increments
    found: list[Rank | None] = []
    for time in times:
        bound = after(time)
        index = bisect_left(bases, bound)
        base = bases[index - 1] if index else None
        index = bisect_left(increments, bound)
        top = base
        if index and (base is None or increments[index - 1].as_of > base.as_of):
            top = increments[index - 1]
        found.append(None if top is None else (base is not None, top.as_of, top.published_at))
    return found


def bests_up_to(cell: Cell, times: Iterable[int]) -> Iterator[int]:
    """Yield the cell's best figure at each time; the times are sorted, and a claim counts at the first.

    One pass over the increments serves all times.
    """
    counting = _Counting(cell.increments)
    for time in times:
        base = _last_up_to(cell.bases, time)
        counting.move(None if base is None else base.as_of, time)
        yield max(counting.best if base is None else base.claim.best + counting.best, 0)


class _Counting:
    """The sum of the increments dated after a base and up to a time, as both move on."""

    def __init__(self, increments: list[Entry]) -> None:
        self._increments = increments
        self._next = 0
        self._base_as_of: int | None = None
        self._incidents: dict[str, int] = {}
        self.best = 0

    def move(self, base_as_of: int | None, time: int) -> None:
        """Count up to another time, which is not before the last one."""
        increments, index = self._increments, self._next
        if base_as_of is not None and base_as_of != self._base_as_of:
            self._base_as_of, self._incidents, self.best = base_as_of, {}, 0
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
        self.best, self._next = best, end


def _last_up_to(entries: list[Entry], time: int) -> Entry | None:
    index = bisect_left(entries, after(time))
    return entries[index - 1] if index else None
