"""One running count: the cell of a (source, party, outcome, population), contract section 3.

It keeps its cumulative claims and its increments sorted by k = (as_of, published_at,
report_id, claim index), and the sums of the increments that count. A claim in order costs
the search of its place; a late one costs what lies behind it.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from streams.core.claims import Casualty
from streams.core.episode import Change, Denial, Target
from streams.core.times import format_time

#: source, party, outcome, population
CellKey = tuple[str, str, str, str]
#: as_of, published_at, report_id, claim index (these four are k), and the claim
Entry = tuple[int, int, str, int, Casualty]
Denials = dict[Target, dict[Target, Denial]]


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


NOTHING = Sums()


class Cell:
    """One running count. `add` and `remove` are each other's inverse."""

    __slots__ = ("bases", "denied", "incidents", "increments", "published", "settled", "sums", "version")

    def __init__(self) -> None:
        self.bases: list[Entry] = []
        self.increments: list[Entry] = []
        self.incidents: dict[str, list[Entry]] = {}
        self.sums = NOTHING
        #: The claims of this cell that somebody has denied, with their report's revision.
        self.denied: dict[Target, tuple[Entry, int]] = {}
        #: The greatest base that nothing can take away any more (`streams.core.settle`).
        self.settled: Entry | None = None
        self.version = 0
        self.published: Change | None = None

    def add(self, entry: Entry) -> None:
        """Let a claim stand. What may fail comes before what changes the cell."""
        if entry[4].basis == "cumulative":
            sums = self._sums_with_base([*self.bases[-1:], entry]) if self.increments else self.sums
            at = _place_for(self.bases, entry)
            self.bases.insert(at, entry)
        else:
            sums = self._sums_beside(entry, 1)
            at, incident = _place_for(self.increments, entry), entry[4].incident
            if incident is not None:
                told = self.incidents.get(incident, [])
                told_at = _place_for(told, entry)
                self.incidents[incident] = told
                told.insert(told_at, entry)
            self.increments.insert(at, entry)
        self.sums = sums

    def remove(self, entry: Entry) -> None:
        """Let a claim fall. Raises LookupError where it does not stand."""
        if entry[4].basis == "cumulative":
            at = place_of(self.bases, entry)
            sums = self._sums_with_base([b for b in self.bases[-2:] if b != entry])
            del self.bases[at]
        else:
            at, incident = place_of(self.increments, entry), entry[4].incident
            sums = self._sums_beside(entry, -1)
            if incident is not None:
                told = self.incidents[incident]
                told_at = place_of(told, entry)
                del told[told_at]
                if not told:
                    del self.incidents[incident]
            del self.increments[at]
        self.sums = sums

    def forget(self, gone: list[Entry]) -> None:
        """Drop claims that do not count and never will: no sum changes."""
        take_out(self.bases, [entry for entry in gone if entry[4].basis == "cumulative"])
        take_out(self.increments, [entry for entry in gone if entry[4].basis != "cumulative"])
        told: dict[str, list[Entry]] = {}
        for entry in gone:
            self.denied.pop((entry[2], entry[3]), None)
            if entry[4].incident is not None and entry[4].basis != "cumulative":
                told.setdefault(entry[4].incident, []).append(entry)
        for incident, entries in told.items():
            take_out(self.incidents[incident], entries)
            if not self.incidents[incident]:
                del self.incidents[incident]

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

    def value(self, denials: Denials) -> Change | None:
        """Return what the cell says now, or None where no base and no increment is left."""
        if self.bases and not self.increments:
            as_of, _, _, _, base = self.bases[-1]
            return {
                "best": base.best,
                "low": base.low,
                "high": base.high,
                "as_of": format_time(as_of),
                "final": base.final,
                "disputed_by": self._disputed_by(denials) if self.denied else [],
            }
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
        return {
            "best": best,
            "low": None if lows_unknown else low,
            "high": None if highs_unknown else high,
            "as_of": format_time(top[0]),
            "final": final,
            "disputed_by": self._disputed_by(denials) if self.denied else [],
        }

    def _disputed_by(self, denials: Denials) -> list[str]:
        return sorted(
            {
                source
                for target, (entry, stands) in self.denied.items()
                if self._counts(entry)
                for source, revision in denials.get(target, {}).values()
                if revision is None or revision == stands
            }
        )

    def _counts(self, entry: Entry) -> bool:
        if entry[4].basis == "cumulative":
            return self.bases[-1] == entry
        base_as_of = self._base_as_of()
        return (base_as_of is None or entry[0] > base_as_of) and self._leads(entry)

    def _leads(self, entry: Entry) -> bool:
        """Whether no later increment tells the same incident."""
        incident = entry[4].incident
        return incident is None or self.incidents[incident][-1] == entry

    def _base_as_of(self) -> int | None:
        return self.bases[-1][0] if self.bases else None

    def _active(self, base_as_of: int | None) -> list[Entry]:
        if base_as_of is None:
            return self.increments
        # (t + 1,) sorts before every entry with as_of > t.
        return self.increments[bisect_left(self.increments, (base_as_of + 1,)) :]

    def _sums_with_base(self, candidates: list[Entry]) -> Sums:
        """Return the sums behind the greatest of the candidates for a base."""
        base_as_of = max(candidates)[0] if candidates else None
        if not self.increments or base_as_of == self._base_as_of():
            return self.sums
        return self._sums_behind(base_as_of)

    def _sums_behind(self, base_as_of: int | None) -> Sums:
        sums = NOTHING
        for entry in self._active(base_as_of):
            if self._leads(entry):
                sums = sums.plus(_part(entry[4], base_as_of))
        return sums

    def _sums_beside(self, entry: Entry, sign: int) -> Sums:
        """Return the sums once an increment has come (sign 1) or gone (-1)."""
        base_as_of, incident = self._base_as_of(), entry[4].incident
        sums = self.sums
        if incident is not None:
            siblings = [e for e in self.incidents.get(incident, ())[-2:] if e != entry]
            rival = siblings[-1] if siblings else None
            if rival is not None and rival > entry:
                return sums
            if rival is not None and (base_as_of is None or rival[0] > base_as_of):
                sums = sums.plus(_part(rival[4], base_as_of), -sign)
        if base_as_of is None or entry[0] > base_as_of:
            sums = sums.plus(_part(entry[4], base_as_of), sign)
        return sums


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
