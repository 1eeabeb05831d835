"""One running count: the cell of a (source, party, outcome, population), contract section 3.

It keeps its cumulative claims and its increments sorted by k = (as_of, published_at,
report_id, claim index), and the sums of the increments that count. A claim in order costs
the search of its place; a late one costs what lies behind it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.core.change_records import Figure
from streams.core.counts.disputes import Disputes
from streams.core.counts.entry import Entry
from streams.core.model import Casualty, Change


def place_of(entries: list[Entry], entry: Entry) -> int:
    """Return where an entry stands in a sorted list. Raises LookupError where it does not."""
    at = bisect_left(entries, entry)
    if at == len(entries) or entries[at] != entry:
        raise LookupError(f"no such claim here: {entry}")
    return at


def take_out(entries: list[Entry], gone: list[Entry]) -> None:
    """Take some entries out of a sorted list, which is cut once. Raises LookupError where one does not stand there."""
    if not gone:
        return
    start, end = place_of(entries, min(gone)), place_of(entries, max(gone)) + 1
    names = {entry[2:4] for entry in gone}
    left = [entry for entry in entries[start:end] if entry[2:4] not in names]
    if end - start - len(left) != len(names):
        raise LookupError(f"not all of these stand here: {gone}")
    entries[start:end] = left


class Sums(NamedTuple):
    """The increments that count, added up, and how many of them leave a bound unknown."""

    best: int = 0
    low: int = 0
    lows_unknown: int = 0
    high: int = 0
    highs_unknown: int = 0

    def plus(self, part: "Sums", sign: int = 1) -> "Sums":
        """Add a part, or take it away."""
        return Sums(*[mine + sign * theirs for mine, theirs in zip(self, part, strict=True)])


NOTHING: Final = Sums()


class Cell:
    """One running count. `add` and `remove` are each other's inverse."""

    __slots__ = ("bases", "disputes", "incidents", "increments", "published", "settled", "sums", "version")

    def __init__(self) -> None:
        self.bases: list[Entry] = []
        self.increments: list[Entry] = []
        self.incidents: dict[str, list[Entry]] = {}
        self.sums = NOTHING
        #: None where nobody denies a claim of this cell.
        self.disputes: Disputes | None = None
        #: The greatest base that nothing can take away any more (`streams.core.folds.pruning`).
        self.settled: Entry | None = None
        self.version = 0
        #: What was last published.
        self.published: Figure | None = None

    def add(self, entry: Entry) -> None:
        """Let a claim stand. What may fail comes before what changes the cell."""
        counted = None
        if entry[4].basis == "cumulative":
            sums = self.sums
            if self.increments:
                base_as_of = max([*self.bases[-1:], entry])[0]
                sums, counted = self._sums_with_base(base_as_of), self._disputes_with_base(base_as_of)
            at = _place_for(self.bases, entry)
            self.bases.insert(at, entry)
        else:
            sums, counted = self._sums_beside(entry, 1), self._disputes_beside(entry, 1)
            at, incident = _place_for(self.increments, entry), entry[4].incident
            if incident is not None:
                told = self.incidents.get(incident, [])
                told_at = _place_for(told, entry)
                self.incidents[incident] = told
                told.insert(told_at, entry)
            self.increments.insert(at, entry)
        self.sums = sums
        if counted is not None and self.disputes is not None:
            self.disputes.counted = counted

    def remove(self, entry: Entry) -> None:
        """Let a claim fall. Raises LookupError where it does not stand."""
        if entry[4].basis == "cumulative":
            at = place_of(self.bases, entry)
            base_as_of = max((b[0] for b in self.bases[-2:] if b != entry), default=None)
            sums, counted = self._sums_with_base(base_as_of), self._disputes_with_base(base_as_of)
            del self.bases[at]
        else:
            at, incident = place_of(self.increments, entry), entry[4].incident
            sums, counted = self._sums_beside(entry, -1), self._disputes_beside(entry, -1)
            if incident is not None:
                told = self.incidents[incident]
                told_at = place_of(told, entry)
                del told[told_at]
                if not told:
                    del self.incidents[incident]
            del self.increments[at]
        self.sums = sums
        if counted is not None and self.disputes is not None:
            self.disputes.counted = counted

    def deny(self, entry: Entry, source: str) -> None:
        """Let a denial hold of a claim that stands."""
        counts = entry[4].basis != "cumulative" and self._counts(entry)
        disputes = self.disputes or Disputes()
        disputes.add(entry, source, counts=counts)
        self.disputes = disputes

    def allow(self, entry: Entry, source: str) -> None:
        """Let a denial hold no more."""
        assert self.disputes is not None  # noqa: S101 - it was denied
        counts = entry[4].basis != "cumulative" and self._counts(entry)
        self.disputes.remove(entry, source, counts=counts)
        if not self.disputes.denied:
            self.disputes = None

    def forget(self, gone: list[Entry]) -> None:
        """Drop claims that do not count and never will: no sum changes."""
        take_out(self.bases, [entry for entry in gone if entry[4].basis == "cumulative"])
        take_out(self.increments, [entry for entry in gone if entry[4].basis != "cumulative"])
        told: dict[str, list[Entry]] = {}
        for entry in gone:
            if entry[4].incident is not None and entry[4].basis != "cumulative":
                told.setdefault(entry[4].incident, []).append(entry)
        for incident, entries in told.items():
            take_out(self.incidents[incident], entries)
            if not self.incidents[incident]:
                del self.incidents[incident]
        if self.disputes is not None:
            self._forget_denials(self.disputes, gone)

    def _forget_denials(self, disputes: Disputes, gone: list[Entry]) -> None:
        denied = [entry for entry in gone if disputes.denied.pop((entry[2], entry[3]), None) is not None]
        take_out(disputes.increments, [entry for entry in denied if entry[4].basis != "cumulative"])
        if not disputes.denied:
            self.disputes = None

    def append(self, entry: Entry) -> None:
        """Take a claim back in, out of order; `put_in_order` must follow the last one."""
        (self.bases if entry[4].basis == "cumulative" else self.increments).append(entry)

    def put_in_order(self, floor: int) -> None:
        """Sort and sum what was appended; claims published before `floor` are settled."""
        self.bases.sort()
        self.increments.sort()
        for entry in self.increments:
            if entry[4].incident is not None:
                self.incidents.setdefault(entry[4].incident, []).append(entry)
        self.sums = self._sums_behind(self._base_as_of())
        self.settled = next((e for e in reversed(self.bases) if e[1] < floor), None)

    def up_to(self, as_of: int) -> list[Entry]:
        """Return the increments that a base of that date supersedes."""
        return self.increments[: bisect_left(self.increments, (as_of + 1,))]

    def counted(self) -> Iterator[Entry]:
        """Yield the base and each increment that counts, greatest k last."""
        yield from self.bases[-1:]
        for entry in self._active(self._base_as_of()):
            if self._leads(entry):
                yield entry

    def leading(self) -> Entry | None:
        """Return the part with the greatest k: the last increment behind the base, or the base."""
        if self.increments and (
            not self.bases or self.increments[-1][0] > self.bases[-1][0]
        ):  # the last of all is also the last of its incident
            return self.increments[-1]
        return self.bases[-1] if self.bases else None

    def value(self) -> Change | None:
        """Return what the cell says now as it is published, or None where no base and no increment is left."""
        figure = self.figure()
        return None if figure is None else figure.record()

    def figure(self) -> Figure | None:
        """Return what the cell says now, or None where no base and no increment is left."""
        disputed_by = [] if self.disputes is None else self.disputes.names(self._base())
        if self.bases and not self.increments:
            as_of, _, _, _, base = self.bases[-1]
            return Figure(base.best, base.low, base.high, as_of, base.final, disputed_by)
        top = self.leading()
        if top is None:
            return None
        best, low, lows_unknown, high, highs_unknown = self.sums
        final = None
        if self.bases:
            base = self.bases[-1][4]
            best += base.best
            final = base.final
            low, lows_unknown = _plus(base.low, low, lows_unknown)
            high, highs_unknown = _plus(base.high, high, highs_unknown)
        return Figure(best, None if lows_unknown else low, None if highs_unknown else high, top[0], final, disputed_by)

    def _counts(self, entry: Entry) -> bool:
        """Whether an increment counts."""
        base_as_of = self._base_as_of()
        return (base_as_of is None or entry[0] > base_as_of) and self._leads(entry)

    def _leads(self, entry: Entry) -> bool:
        """Whether no later increment tells the same incident."""
        incident = entry[4].incident
        return incident is None or self.incidents[incident][-1] == entry

    def _base(self) -> Entry | None:
        return self.bases[-1] if self.bases else None

    def _base_as_of(self) -> int | None:
        return self.bases[-1][0] if self.bases else None

    def _active(self, base_as_of: int | None) -> list[Entry]:
        if base_as_of is None:
            return self.increments
        # (t + 1,) sorts before every entry with as_of > t.
        return self.increments[bisect_left(self.increments, (base_as_of + 1,)) :]

    def _sums_with_base(self, base_as_of: int | None) -> Sums:
        """Return the sums behind a base of that date."""
        if not self.increments or base_as_of == self._base_as_of():
            return self.sums
        return self._sums_behind(base_as_of)

    def _disputes_with_base(self, base_as_of: int | None) -> Counter[str] | None:
        """Return who denies the increments behind a base of that date; None for no change."""
        if self.disputes is None or base_as_of == self._base_as_of():
            return None
        return self.disputes.behind(base_as_of, self._leads)

    def _sums_behind(self, base_as_of: int | None) -> Sums:
        sums = NOTHING
        for entry in self._active(base_as_of):
            if self._leads(entry):
                sums = sums.plus(_part(entry[4], base_as_of))
        return sums

    def _rival(self, entry: Entry) -> Entry | None:
        """Return the last of the other increments that tell of the same incident."""
        if entry[4].incident is None:
            return None
        siblings = [e for e in self.incidents.get(entry[4].incident, ())[-2:] if e != entry]
        return siblings[-1] if siblings else None

    def _sums_beside(self, entry: Entry, sign: int) -> Sums:
        """Return the sums once an increment has come (sign 1) or gone (-1)."""
        base_as_of, rival = self._base_as_of(), self._rival(entry)
        sums = self.sums
        if rival is not None:
            if rival > entry:
                return sums
            if base_as_of is None or rival[0] > base_as_of:
                sums = sums.plus(_part(rival[4], base_as_of), -sign)
        if base_as_of is None or entry[0] > base_as_of:
            sums = sums.plus(_part(entry[4], base_as_of), sign)
        return sums

    def _disputes_beside(self, entry: Entry, sign: int) -> Counter[str] | None:
        """Return who denies increments that count, once one has come or gone that takes another's place."""
        if self.disputes is None:
            return None
        base_as_of, rival = self._base_as_of(), self._rival(entry)
        if rival is None or rival > entry or (base_as_of is not None and rival[0] <= base_as_of):
            return None
        return self.disputes.with_(rival, -sign)


def _place_for(entries: list[Entry], entry: Entry) -> int:
    # Most claims come in order: one comparison, and no search.
    return len(entries) if not entries or entry > entries[-1] else bisect_left(entries, entry)


def _plus(mine: int | None, sum_: int, unknown: int) -> tuple[int, int]:
    return (sum_, unknown + 1) if mine is None else (sum_ + mine, unknown)


def _part(claim: Casualty, base_as_of: int | None) -> Sums:
    """Return what an increment adds; one that reaches back behind the base adds to high alone."""
    high, highs_unknown = _plus(claim.high, 0, 0)
    if base_as_of is not None and claim.since is not None and claim.since < base_as_of:
        return Sums(high=high, highs_unknown=highs_unknown)
    low, lows_unknown = _plus(claim.low, 0, 0)
    return Sums(claim.best, low, lows_unknown, high, highs_unknown)
