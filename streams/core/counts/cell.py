"""One running count: the cell of a (source, party, outcome, population, group, scope), contract section 3.

A cell keeps its cumulative claims and its increments sorted by k = (as_of, published_at, report_id, claim index),
and the sums of its counted increments. A claim in order costs one binary search; a late one costs the claims after it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.core.change_records import Figure
from streams.core.counts.disputes import Disputes
from streams.core.counts.entry import Entry, after
from streams.core.model import Casualty, Change


def index_of(entries: list[Entry], entry: Entry) -> int:
    """Return the index of an entry in a sorted list. Raises LookupError if it is absent."""
    index = bisect_left(entries, entry)
    if index == len(entries) or entries[index] != entry:
        raise LookupError(f"no such claim here: {entry}")
    return index


def remove_entries(entries: list[Entry], gone: list[Entry]) -> None:
    """Remove entries from a sorted list, cutting it once. Raises LookupError if one is absent."""
    if not gone:
        return
    start, end = index_of(entries, min(gone)), index_of(entries, max(gone)) + 1
    targets = {entry.target for entry in gone}
    left = [entry for entry in entries[start:end] if entry.target not in targets]
    if end - start - len(left) != len(targets):
        raise LookupError(f"not all of these are here: {gone}")
    entries[start:end] = left


class Sums(NamedTuple):
    """The sums of the counted increments, and how many of them leave a bound unknown."""

    best: int = 0
    low: int = 0
    lows_unknown: int = 0
    high: int = 0
    highs_unknown: int = 0

    def plus(self, part: "Sums", sign: int = 1) -> "Sums":
        """Add a part, or subtract it."""
        return Sums(*[mine + sign * theirs for mine, theirs in zip(self, part, strict=True)])


NOTHING: Final = Sums()


class Cell:
    """One running count; `add` and `remove` are inverses."""

    __slots__ = ("bases", "disputes", "incidents", "increments", "published", "settled", "sums", "version")

    def __init__(self) -> None:
        self.bases: list[Entry] = []
        self.increments: list[Entry] = []
        self.incidents: dict[str, list[Entry]] = {}
        self.sums = NOTHING
        #: None if no claim of this cell is denied.
        self.disputes: Disputes | None = None
        #: The greatest base that can no longer be removed (`streams.core.folds.pruning`).
        self.settled: Entry | None = None
        self.version = 0
        #: The last published value.
        self.published: Figure | None = None

    def add(self, entry: Entry) -> None:
        """Add a claim; what may fail comes before what changes the cell."""
        counted = None
        if entry.claim.basis == "cumulative":
            sums = self.sums
            if self.increments:
                base_as_of = max([*self.bases[-1:], entry]).as_of
                sums, counted = self._sums_with_base(base_as_of), self._disputes_with_base(base_as_of)
            self.bases.insert(_insertion_index(self.bases, entry), entry)
        else:
            sums, counted = self._sums_beside(entry, 1), self._disputes_beside(entry, 1)
            index, incident = _insertion_index(self.increments, entry), entry.claim.incident
            if incident is not None:
                same_incident = self.incidents.get(incident, [])
                incident_index = _insertion_index(same_incident, entry)
                self.incidents[incident] = same_incident
                same_incident.insert(incident_index, entry)
            self.increments.insert(index, entry)
        self.sums = sums
        if counted is not None and self.disputes is not None:
            self.disputes.counted = counted

    def remove(self, entry: Entry) -> None:
        """Remove a claim. Raises LookupError if it is not in the cell."""
        if entry.claim.basis == "cumulative":
            index = index_of(self.bases, entry)
            base_as_of = max((base.as_of for base in self.bases[-2:] if base != entry), default=None)
            sums, counted = self._sums_with_base(base_as_of), self._disputes_with_base(base_as_of)
            del self.bases[index]
        else:
            index, incident = index_of(self.increments, entry), entry.claim.incident
            sums, counted = self._sums_beside(entry, -1), self._disputes_beside(entry, -1)
            if incident is not None:
                same_incident = self.incidents[incident]
                del same_incident[index_of(same_incident, entry)]
                if not same_incident:
                    del self.incidents[incident]
            del self.increments[index]
        self.sums = sums
        if counted is not None and self.disputes is not None:
            self.disputes.counted = counted

    def add_denial(self, entry: Entry, source: str) -> None:
        """Add a denial of a claim of the cell."""
        counts = entry.claim.basis != "cumulative" and self._counts(entry)
        disputes = self.disputes or Disputes()
        disputes.add(entry, source, counts=counts)
        self.disputes = disputes

    def remove_denial(self, entry: Entry, source: str) -> None:
        """Remove a denial that was added."""
        assert self.disputes is not None  # noqa: S101 - it was denied
        counts = entry.claim.basis != "cumulative" and self._counts(entry)
        self.disputes.remove(entry, source, counts=counts)
        if not self.disputes.denied:
            self.disputes = None

    def prune(self, gone: list[Entry]) -> None:
        """Drop claims that do not count and never will; no sum changes."""
        remove_entries(self.bases, [entry for entry in gone if entry.claim.basis == "cumulative"])
        remove_entries(self.increments, [entry for entry in gone if entry.claim.basis != "cumulative"])
        by_incident: dict[str, list[Entry]] = {}
        for entry in gone:
            if entry.claim.incident is not None and entry.claim.basis != "cumulative":
                by_incident.setdefault(entry.claim.incident, []).append(entry)
        for incident, entries in by_incident.items():
            remove_entries(self.incidents[incident], entries)
            if not self.incidents[incident]:
                del self.incidents[incident]
        if self.disputes is not None:
            self._prune_denials(self.disputes, gone)

    def _prune_denials(self, disputes: Disputes, gone: list[Entry]) -> None:
        denied = [entry for entry in gone if disputes.denied.pop(entry.target, None) is not None]
        remove_entries(disputes.increments, [entry for entry in denied if entry.claim.basis != "cumulative"])
        if not disputes.denied:
            self.disputes = None

    def append(self, entry: Entry) -> None:
        """Load a claim in any order; `put_in_order` must follow the last one."""
        (self.bases if entry.claim.basis == "cumulative" else self.increments).append(entry)

    def put_in_order(self, floor: int) -> None:
        """Sort and sum the loaded claims; those published before `floor` are settled."""
        self.bases.sort()
        self.increments.sort()
        for entry in self.increments:
            if entry.claim.incident is not None:
                self.incidents.setdefault(entry.claim.incident, []).append(entry)
        self.sums = self._sums_after(self._base_as_of())
        settled = (base for base in reversed(self.bases) if base.published_at < floor and base.as_of < floor)
        self.settled = next(settled, None)

    def up_to(self, as_of: int) -> list[Entry]:
        """Return the increments that a base of that date supersedes."""
        return self.increments[: bisect_left(self.increments, after(as_of))]

    def counted(self) -> Iterator[Entry]:
        """Yield the base and each counted increment, greatest k last."""
        yield from self.bases[-1:]
        for entry in self._active(self._base_as_of()):
            if self._leads(entry):
                yield entry

    def leading(self) -> Entry | None:
        """Return the part with the greatest k: the last increment after the base, or the base."""
        # The last increment of all is also the last of its incident.
        if self.increments and (not self.bases or self.increments[-1].as_of > self.bases[-1].as_of):
            return self.increments[-1]
        return self.bases[-1] if self.bases else None

    def value(self) -> Change | None:
        """Return the current value as it is published, None with no base and no increment."""
        figure = self.figure()
        return None if figure is None else figure.record()

    def figure(self) -> Figure | None:
        """Return the current value, None with no base and no increment."""
        disputed_by = [] if self.disputes is None else self.disputes.names(self._base())
        if self.bases and not self.increments:
            base = self.bases[-1]
            claim = base.claim
            return Figure(claim.best, claim.low, claim.high, base.as_of, claim.final, disputed_by)
        top = self.leading()
        if top is None:
            return None
        best, low, lows_unknown, high, highs_unknown = self.sums
        final = None
        if self.bases:
            claim = self.bases[-1].claim
            best += claim.best
            final = claim.final
            low, lows_unknown = _plus(claim.low, low, lows_unknown)
            high, highs_unknown = _plus(claim.high, high, highs_unknown)
        return Figure(
            max(best, 0),
            None if lows_unknown else max(low, 0),
            None if highs_unknown else max(high, 0),
            top.as_of,
            final,
            disputed_by,
        )

    def _counts(self, entry: Entry) -> bool:
        """Return whether an increment counts."""
        base_as_of = self._base_as_of()
        return (base_as_of is None or entry.as_of > base_as_of) and self._leads(entry)

    def _leads(self, entry: Entry) -> bool:
        """Return whether an increment is the last of its incident."""
        incident = entry.claim.incident
        return incident is None or self.incidents[incident][-1] == entry

    def _base(self) -> Entry | None:
        return self.bases[-1] if self.bases else None

    def _base_as_of(self) -> int | None:
        return self.bases[-1].as_of if self.bases else None

    def _active(self, base_as_of: int | None) -> list[Entry]:
        if base_as_of is None:
            return self.increments
        return self.increments[bisect_left(self.increments, after(base_as_of)) :]

    def _sums_with_base(self, base_as_of: int | None) -> Sums:
        """Return the sums after a base of that date."""
        if not self.increments or base_as_of == self._base_as_of():
            return self.sums
        return self._sums_after(base_as_of)

    def _disputes_with_base(self, base_as_of: int | None) -> Counter[str] | None:
        """Return the denials of increments after a base of that date; None for no change."""
        if self.disputes is None or base_as_of == self._base_as_of():
            return None
        return self.disputes.counted_after(base_as_of, self._leads)

    def _sums_after(self, base_as_of: int | None) -> Sums:
        sums = NOTHING
        for entry in self._active(base_as_of):
            if self._leads(entry):
                sums = sums.plus(part_of(entry.claim, base_as_of))
        return sums

    def _rival(self, entry: Entry) -> Entry | None:
        """Return the last other increment of the same incident."""
        if entry.claim.incident is None:
            return None
        others = [other for other in self.incidents.get(entry.claim.incident, ())[-2:] if other != entry]
        return others[-1] if others else None

    def _sums_beside(self, entry: Entry, sign: int) -> Sums:
        """Return the sums with an increment added (sign 1) or removed (-1)."""
        base_as_of, rival = self._base_as_of(), self._rival(entry)
        sums = self.sums
        if rival is not None:
            if rival > entry:
                return sums
            if base_as_of is None or rival.as_of > base_as_of:
                sums = sums.plus(part_of(rival.claim, base_as_of), -sign)
        if base_as_of is None or entry.as_of > base_as_of:
            sums = sums.plus(part_of(entry.claim, base_as_of), sign)
        return sums

    def _disputes_beside(self, entry: Entry, sign: int) -> Counter[str] | None:
        """Return the denials of counted increments when one replaces another of its incident."""
        if self.disputes is None:
            return None
        base_as_of, rival = self._base_as_of(), self._rival(entry)
        if rival is None or rival > entry or (base_as_of is not None and rival.as_of <= base_as_of):
            return None
        return self.disputes.counted_if(rival, -sign)


def _insertion_index(entries: list[Entry], entry: Entry) -> int:
    # Most claims come in order: one comparison and no search.
    return len(entries) if not entries or entry > entries[-1] else bisect_left(entries, entry)


def _plus(number: int | None, total: int, unknown: int) -> tuple[int, int]:
    return (total, unknown + 1) if number is None else (total + number, unknown)


def part_of(claim: Casualty, base_as_of: int | None) -> Sums:
    """Return the part of an increment.

    One that reaches back before the base may overlap it: it adds to high alone, one below zero to low alone.
    """
    low, lows_unknown = _plus(claim.low, 0, 0)
    high, highs_unknown = _plus(claim.high, 0, 0)
    if base_as_of is not None and claim.since is not None and claim.since < base_as_of:
        if claim.best < 0:
            return Sums(low=low, lows_unknown=lows_unknown)
        return Sums(high=high, highs_unknown=highs_unknown)
    return Sums(claim.best, low, lows_unknown, high, highs_unknown)
