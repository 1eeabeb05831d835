"""Ceasefire views: one joint over all sources, one per source, the same fold (contract section 4).

A view keeps its acts sorted by (at, published_at, report_id, claim index) with the state after each. An act in order
costs one step; a late one folds the later acts again. Violations and mediators are counted: order does not matter.
"""

from bisect import bisect_left
from collections import Counter
from typing import Any, Final, NamedTuple

from streams.core.ceasefires.transitions import START, VIOLATIONS, CeasefireState, apply_claim, run_timers
from streams.core.model import CeasefireClaim, Change
from streams.core.times import format_time

JOINT: Final = ""


class AppliedAct(NamedTuple):
    """A ceasefire claim in a view; the fields before `claim` are its sort key."""

    at: int
    published_at: int
    report_id: str
    claim_index: int
    claim: CeasefireClaim
    source: str
    #: The acting party.
    by: str | None
    #: True in the joint view for media and ngos that name no acting party.
    bystander: bool = False


class SettledTotals(NamedTuple):
    """The counts of settled claims that were pruned."""

    claims: int
    violations: list[int]
    mediators: set[str]


class View:
    """One view of a ceasefire; `add` and `remove` are inverses."""

    __slots__ = (
        "acts", "claims", "mediators", "published", "settled", "settled_totals", "states", "version",
        "violations",
    )  # fmt: skip

    def __init__(self) -> None:
        self.acts: list[AppliedAct] = []
        #: The state after each act.
        self.states: list[CeasefireState] = []
        #: The state after the settled leading acts (section 2 rule 4).
        self.settled = START
        self.settled_totals = SettledTotals(0, [0, 0, 0], set())
        #: The number of claims, violations included.
        self.claims = 0
        self.violations = [0, 0, 0]
        self.mediators: Counter[str] = Counter()
        self.version = 0
        self.published: Change | None = None

    def add(self, act: AppliedAct) -> None:
        """Add a claim; what may fail comes before what changes the view."""
        if act.claim.act in VIOLATIONS:
            self._count(act.claim, 1)
            return
        index = bisect_left(self.acts, act)
        states = self._states_from(index, [act, *self.acts[index:]])
        self._count(act.claim, 1)
        self.acts.insert(index, act)
        self.states[index:] = states

    def remove(self, act: AppliedAct) -> None:
        """Remove a claim that was added."""
        if act.claim.act in VIOLATIONS:
            self._count(act.claim, -1)
            return
        index = bisect_left(self.acts, act)
        states = self._states_from(index, self.acts[index + 1 :])
        self._count(act.claim, -1)
        del self.acts[index]
        self.states[index:] = states

    def append(self, act: AppliedAct) -> None:
        """Load a claim in any order; `fold_again` must follow the last one."""
        if act.claim.act not in VIOLATIONS:
            self.acts.append(act)
        self._count(act.claim, 1)

    def settle(self, acts: int) -> None:
        """Replace the first acts by the state after them."""
        self.settled = self.states[acts - 1]
        del self.states[:acts]
        del self.acts[:acts]

    def keep_count(self, claim: CeasefireClaim) -> None:
        """Keep the counts of a claim that is pruned."""
        violations, mediators = self.settled_totals.violations, self.settled_totals.mediators
        if claim.act in VIOLATIONS:
            violations[VIOLATIONS.index(claim.act)] += 1
        mediators.update(claim.mediators)
        self.settled_totals = SettledTotals(self.settled_totals.claims + 1, violations, mediators)

    def settled_row(self) -> list[Any] | None:
        """Return the settled state and totals for the ledger."""
        if not self.settled_totals.claims:
            return None
        claims, violations, mediators = self.settled_totals
        return [self.settled, claims, violations, sorted(mediators)]

    def load_settled(self, row: list[Any] | None) -> None:
        """Load a row that `settled_row` returned."""
        if row is None:
            return
        (*times, declared_by, not_confirmed_by), claims, violations, mediators = row
        self.settled = CeasefireState._make((*times, tuple(declared_by), tuple(not_confirmed_by)))
        self.settled_totals = SettledTotals(claims, violations, set(mediators))
        self.claims += claims
        self.violations = [mine + n for mine, n in zip(self.violations, violations, strict=True)]
        self.mediators.update(mediators)

    def fold_again(self) -> None:
        """Fold all acts from the settled state, as after a restore."""
        self.acts.sort()
        self.states = self._states_from(0, self.acts)

    def state(self, clock: int) -> CeasefireState:
        """Return the ceasefire's state at `clock`."""
        return run_timers(self.states[-1] if self.states else self.settled, clock)

    def value(self, clock: int) -> Change | None:
        """Return the published value at `clock`, None if no claim is left."""
        if not self.claims:
            return None
        state = self.state(clock)
        alleged, denied, confirmed = self.violations
        return {
            "status": state.status,
            "since": _time(state.since),
            "effective_at": _time(state.effective_at),
            "expires_at": _time(state.expires_at),
            "declared_by": list(state.declared_by),
            "not_confirmed_by": list(state.not_confirmed_by),
            "violations": {"alleged": alleged, "denied": denied, "confirmed": confirmed},
            "mediators": sorted(+self.mediators),
        }

    def _states_from(self, index: int, acts: list[AppliedAct]) -> list[CeasefireState]:
        """Return the states after acts that follow the first `index` acts of the view."""
        state = self.states[index - 1] if index else self.settled
        states = []
        for act in acts:
            state = apply_claim(state, act.claim, act.source, act.by, bystander=act.bystander)
            states.append(state)
        return states

    def _count(self, claim: CeasefireClaim, sign: int) -> None:
        self.claims += sign
        if claim.act in VIOLATIONS:
            self.violations[VIOLATIONS.index(claim.act)] += sign
        for mediator in set(claim.mediators):
            self.mediators[mediator] += sign


def view_name(source: str) -> str:
    """Return the view's published name: `joint`, or `source:SLUG`."""
    return f"source:{source}" if source else "joint"


def _time(us: int | None) -> str | None:
    return None if us is None else format_time(us)
