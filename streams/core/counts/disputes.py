"""Who disputes a cell: whoever denies its base, or an increment that counts (contract section 1, Statement).

Denials of increments that count are added up as they come and go, so that a claim that comes
in order costs no look at them.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

from streams.core.counts.entry import Entry, Target


class Disputes:
    """The denials that hold of a cell's claims. `add` and `remove` are each other's inverse.

    What may fail comes before what changes them.
    """

    __slots__ = ("counted", "denied", "increments")

    def __init__(self) -> None:
        #: By claim, how often each source denies it.
        self.denied: dict[Target, Counter[str]] = {}
        #: The increments among them, sorted.
        self.increments: list[Entry] = []
        #: How often each source denies increments that count.
        self.counted: Counter[str] = Counter()

    def names(self, base: Entry | None) -> list[str]:
        """Return who denies the base or an increment that counts, sorted."""
        by_base = () if base is None else self.denied.get((base[2], base[3]), ())
        return sorted({*self.counted, *by_base})

    def add(self, entry: Entry, source: str, *, counts: bool) -> None:
        """Take a denial of a claim; `counts` says of an increment whether it counts."""
        target = (entry[2], entry[3])
        by = self.denied.get(target)
        at = bisect_left(self.increments, entry)
        if by is None:
            self.denied[target] = Counter((source,))
            if entry[4].basis != "cumulative":
                self.increments.insert(at, entry)
        else:
            by[source] += 1
        if counts:
            self.counted[source] += 1

    def remove(self, entry: Entry, source: str, *, counts: bool) -> None:
        """Take a denial back."""
        target = (entry[2], entry[3])
        by = self.denied[target]
        at = bisect_left(self.increments, entry)
        if by.total() == 1:
            del self.denied[target]
            if entry[4].basis != "cumulative":
                del self.increments[at]
        elif by[source] == 1:
            del by[source]
        else:
            by[source] -= 1
        if counts and self.counted[source] == 1:
            del self.counted[source]
        elif counts:
            self.counted[source] -= 1

    def with_(self, entry: Entry, sign: int) -> Counter[str] | None:
        """Return `counted` once an increment begins to count (sign 1) or ceases to (-1); None for no change."""
        by = self.denied.get((entry[2], entry[3]))
        if by is None:
            return None
        counted = self.counted.copy()
        for source, times in by.items():
            counted[source] += sign * times
        return +counted

    def behind(self, base_as_of: int | None, leads: Callable[[Entry], bool]) -> Counter[str]:
        """Return `counted` behind a base of that date; `leads` says which increments tell their incident last."""
        start = 0 if base_as_of is None else bisect_left(self.increments, (base_as_of + 1,))
        counted: Counter[str] = Counter()
        for entry in self.increments[start:]:
            if leads(entry):
                counted.update(self.denied[entry[2], entry[3]])
        return counted
