"""Ceasefire views: one joint over all sources, one per source, the same fold (contract section 4).

A view keeps its claims sorted by (at, published_at, report_id, claim index) with the course
after each, so a claim in order costs one step and a late one folds again what lies behind
it. Violations and mediators do not depend on order: they are counted, not folded.
"""

from bisect import bisect_left
from collections import Counter
from typing import Any, Final, NamedTuple

from streams.core.ceasefires.transitions import START, VIOLATIONS, CeasefireState, claim_done, timers
from streams.core.model import CeasefireClaim, Change
from streams.core.times import format_time

JOINT: Final = ""
#: at, published_at, report_id, claim index, the claim, its source, the acting party
AppliedAct = tuple[int, int, str, int, CeasefireClaim, str, str | None]


class SettledTotals(NamedTuple):
    """What settled claims that are left out still count for."""

    claims: int
    violations: list[int]
    mediators: set[str]


class View:
    """One view of a ceasefire. `add` and `remove` are each other's inverse."""

    __slots__ = (
        "claims", "courses", "done", "kept", "mediators", "published", "settled", "version",
        "violations",
    )  # fmt: skip

    def __init__(self) -> None:
        self.done: list[AppliedAct] = []
        self.courses: list[CeasefireState] = []
        #: The course that the settled leading claims came to (section 2 rule 4).
        self.settled = START
        #: The settled claims that are left out: how many, the violations, the mediators.
        self.kept = SettledTotals(0, [0, 0, 0], set())
        #: How many claims stand, those that only count among them.
        self.claims = 0
        self.violations = [0, 0, 0]
        self.mediators: Counter[str] = Counter()
        self.version = 0
        self.published: Change | None = None

    def add(self, done: AppliedAct) -> None:
        """Let a claim stand. What may fail comes before what changes the view."""
        if done[4].act in VIOLATIONS:
            self._count(done[4], 1)
            return
        at = bisect_left(self.done, done)
        courses = self._courses(at, [done, *self.done[at:]])
        self._count(done[4], 1)
        self.done.insert(at, done)
        self.courses[at:] = courses

    def remove(self, done: AppliedAct) -> None:
        """Let a claim fall."""
        if done[4].act in VIOLATIONS:
            self._count(done[4], -1)
            return
        at = bisect_left(self.done, done)
        courses = self._courses(at, self.done[at + 1 :])
        self._count(done[4], -1)
        del self.done[at]
        self.courses[at:] = courses

    def append(self, done: AppliedAct) -> None:
        """Take a claim back in, out of order; `fold_again` must follow the last one."""
        if done[4].act not in VIOLATIONS:
            self.done.append(done)
        self._count(done[4], 1)

    def settle(self, acts: int) -> None:
        """Let the first claims go: the course they came to stands for them."""
        self.settled = self.courses[acts - 1]
        del self.courses[:acts]
        del self.done[:acts]

    def keep_count(self, claim: CeasefireClaim) -> None:
        """Note that a claim is left out, but goes on counting."""
        violations, mediators = self.kept.violations, self.kept.mediators
        if claim.act in VIOLATIONS:
            violations[VIOLATIONS.index(claim.act)] += 1
        mediators.update(claim.mediators)
        self.kept = SettledTotals(self.kept.claims + 1, violations, mediators)

    def settled_row(self) -> list[Any] | None:
        """Return what is settled, for the ledger."""
        if not self.kept.claims:
            return None
        claims, violations, mediators = self.kept
        return [self.settled, claims, violations, sorted(mediators)]

    def load_settled(self, row: list[Any] | None) -> None:
        """Take back what `settled_row` gave."""
        if row is None:
            return
        (*times, declared_by, not_confirmed_by), claims, violations, mediators = row
        self.settled = CeasefireState._make((*times, tuple(declared_by), tuple(not_confirmed_by)))
        self.kept = SettledTotals(claims, violations, set(mediators))
        self.claims += claims
        self.violations = [mine + n for mine, n in zip(self.violations, violations, strict=True)]
        self.mediators.update(mediators)

    def fold_again(self) -> None:
        """Fold all claims from the settled course on, as after a restore."""
        self.done.sort()
        self.courses = self._courses(0, self.done)

    def course(self, clock: int) -> CeasefireState:
        """Return where the ceasefire stands at `clock`."""
        return timers(self.courses[-1] if self.courses else self.settled, clock)

    def value(self, clock: int) -> Change | None:
        """Return what the view says at `clock`, or None where no claim is left."""
        if not self.claims:
            return None
        course = self.course(clock)
        alleged, denied, confirmed = self.violations
        return {
            "status": course.status,
            "since": _time(course.since),
            "effective_at": _time(course.effective_at),
            "expires_at": _time(course.expires_at),
            "declared_by": list(course.declared_by),
            "not_confirmed_by": list(course.not_confirmed_by),
            "violations": {"alleged": alleged, "denied": denied, "confirmed": confirmed},
            "mediators": sorted(+self.mediators),
        }

    def _courses(self, at: int, claims: list[AppliedAct]) -> list[CeasefireState]:
        course = self.courses[at - 1] if at else self.settled
        courses = []
        for done in claims:
            course = claim_done(course, *done[4:])
            courses.append(course)
        return courses

    def _count(self, claim: CeasefireClaim, sign: int) -> None:
        self.claims += sign
        if claim.act in VIOLATIONS:
            self.violations[VIOLATIONS.index(claim.act)] += sign
        for mediator in set(claim.mediators):
            self.mediators[mediator] += sign


def view_name(source: str) -> str:
    """Return how a view is named outside: `joint`, or `source:SLUG`."""
    return f"source:{source}" if source else "joint"


def _time(us: int | None) -> str | None:
    return None if us is None else format_time(us)
