"""The sources that dispute a cell: they deny its base or a counted increment (contract section 1).

Denials of counted increments are summed as they come and go, so that a claim in order costs no scan of them.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

from streams.core.counts.entry import Entry, Target, after


class Disputes:
    """The denials of a cell's claims; `add` and `remove` are inverses.

    Each method does what may fail before it changes state.
    """

    __slots__ = ("counted", "denied", "increments")

    def __init__(self) -> None:
        #: By claim: the number of denials by each source.
        self.denied: dict[Target, Counter[str]] = {}
        #: The denied increments, sorted.
        self.increments: list[Entry] = []
        #: The number of denials of counted increments, by source.
        self.counted: Counter[str] = Counter()

    def names(self, base: Entry | None) -> list[str]:
        """Return the sources that deny the base or a counted increment, sorted."""
        by_base = () if base is None else self.denied.get(base.target, ())
        return sorted({*self.counted, *by_base})

    def add(self, entry: Entry, source: str, *, counts: bool) -> None:
        """Add a denial of a claim; `counts`: the claim is a counted increment."""
        target = entry.target
        by = self.denied.get(target)
        index = bisect_left(self.increments, entry)
        if by is None:
            self.denied[target] = Counter((source,))
            if entry.claim.basis != "cumulative":
                self.increments.insert(index, entry)
        else:
            by[source] += 1
        if counts:
            self.counted[source] += 1

    def remove(self, entry: Entry, source: str, *, counts: bool) -> None:
        """Remove a denial that was added."""
        target = entry.target
        by = self.denied[target]
        index = bisect_left(self.increments, entry)
        if by.total() == 1:
            del self.denied[target]
            if entry.claim.basis != "cumulative":
                del self.increments[index]
        elif by[source] == 1:
            del by[source]
        else:
            by[source] -= 1
        if counts and self.counted[source] == 1:
            del self.counted[source]
        elif counts:
            self.counted[source] -= 1

    def counted_if(self, entry: Entry, sign: int) -> Counter[str] | None:
        """Return `counted` if an increment starts (1) or stops (-1) counting; None for no change."""
        by = self.denied.get(entry.target)
        if by is None:
            return None
        counted = self.counted.copy()
        for source, times in by.items():
            counted[source] += sign * times
        return +counted

    def counted_after(self, base_as_of: int | None, leads: Callable[[Entry], bool]) -> Counter[str]:
        """Return `counted` for a base of that date; `leads` is true for the last of an incident."""
        start = 0 if base_as_of is None else bisect_left(self.increments, after(base_as_of))
        counted: Counter[str] = Counter()
        for entry in self.increments[start:]:
            if leads(entry):
                counted.update(self.denied[entry.target])
        return counted
