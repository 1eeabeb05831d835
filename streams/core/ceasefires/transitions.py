"""Ceasefire status: the transition of each act (contract section 4).

The table below is the rule. `apply_claim` applies one claim, `run_timers` the timers up to a time.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.core.model import CeasefireClaim

OPEN: Final = ("agreed", "announced", "in_effect", "suspended")
CLOSED: Final = (
    "none", "called_for", "proposed", "rejected", "ended", "expired", "collapsed",
    "never_took_effect",
)  # fmt: skip
#: The closed statuses from which `holding` opens a ceasefire: one that was ended does not hold.
BEFORE_AN_END: Final = tuple(status for status in CLOSED if status not in {"ended", "collapsed"})
#: Acts by which a bystander (media or ngo, with no acting party) ends nothing in the joint view.
ENDS: Final = frozenset({"ended", "collapsed"})


class Transition(NamedTuple):
    """Any of the acts moves the status from any of `sources` to `target`."""

    acts: tuple[str, ...]
    sources: tuple[str, ...]
    target: str
    #: True if the act needs an acting party: an agreed ceasefire is rejected by a named one only.
    needs_by: bool = False


TRANSITIONS: Final = (
    Transition(("called_for",), ("none",), "called_for"),
    Transition(("proposed",), ("none", "called_for", "rejected"), "proposed"),
    Transition(("rejected",), ("none", "called_for", "proposed"), "rejected"),
    Transition(("rejected",), ("agreed", "announced"), "rejected", needs_by=True),
    Transition(("agreed",), CLOSED, "agreed"),
    Transition(("announced",), (*CLOSED, "agreed"), "announced"),
    Transition(("took_effect",), (*CLOSED, "agreed", "announced"), "in_effect"),
    Transition(("holding",), (*BEFORE_AN_END, "agreed", "announced"), "in_effect"),
    Transition(("postponed",), ("agreed", "in_effect"), "announced"),
    Transition(("took_effect",), ("suspended",), "in_effect"),
    Transition(("resumed",), ("none", "suspended", "expired", "ended", "collapsed"), "in_effect"),
    Transition(("extended",), ("none", "expired"), "in_effect"),
    Transition(("suspended",), ("none", "in_effect"), "suspended"),
    Transition(("ended",), ("none", "in_effect", "suspended"), "ended"),
    Transition(("collapsed",), ("none", "in_effect", "suspended"), "collapsed"),
    Transition(
        ("ended", "collapsed"),
        ("called_for", "proposed", "agreed", "announced"),
        "never_took_effect",
    ),
)
#: Acts that set expires_at where they give it, and effective_at before it is in effect.
SETS_TIMES: Final = frozenset({"agreed", "announced", "took_effect", "extended"})
#: Acts that add the acting party to declared_by, and confirm the ceasefire for the source.
DECLARES: Final = SETS_TIMES | {"holding", "resumed"}
#: Acts that are only counted, in the order of `violations`.
VIOLATIONS: Final = ("violation_alleged", "violation_denied", "violation_confirmed")

_MOVES: Final = {
    (act, source): transition for transition in TRANSITIONS for act in transition.acts for source in transition.sources
}


class CeasefireState(NamedTuple):
    """The state of a ceasefire after some of its claims; lists are sorted."""

    status: str = "none"
    since: int | None = None
    effective_at: int | None = None
    expires_at: int | None = None
    declared_by: tuple[str, ...] = ()
    not_confirmed_by: tuple[str, ...] = ()


START: Final = CeasefireState()


def run_timers(state: CeasefireState, until: int) -> CeasefireState:
    """Return the state after the timers up to `until`, inclusive."""
    for _, after in fired_timers(state, until):
        state = after
    return state


def fired_timers(state: CeasefireState, until: int) -> Iterator[tuple[str, CeasefireState]]:
    """Yield each timer that fires up to `until`, inclusive, with the state after it."""
    start, end = state.effective_at, state.expires_at
    if start is not None and start <= until and state.status in {"agreed", "announced"}:
        state = state._replace(status="in_effect", since=start)
        yield "effective_at", state
    if end is not None and end <= until and state.status in OPEN:
        yield "expires_at", state._replace(status="expired", since=end)


def next_timer(state: CeasefireState) -> int | None:
    """Return the time of the next timer, None without one."""
    if state.status not in OPEN:
        return None
    due = [] if state.expires_at is None else [state.expires_at]
    if state.status in {"agreed", "announced"} and state.effective_at is not None:
        due.append(state.effective_at)
    return min(due, default=None)


def next_status(state: CeasefireState, act: str, by: str | None) -> str:
    """Return the status after an act; the same one if the act has no transition from it."""
    transition = _MOVES.get((act, state.status))
    if transition is None or (transition.needs_by and by is None):
        return state.status
    return transition.target


def apply_claim(
    state: CeasefireState, claim: CeasefireClaim, source: str, by: str | None, *, bystander: bool = False
) -> CeasefireState:
    """Return the state after a claim; `by` is the acting party, the source's affiliation by default.

    `bystander`: the claim is a media's or ngo's in the joint view, and names no acting party.
    """
    before = run_timers(state, claim.at)
    status = before.status if bystander and claim.act in ENDS else next_status(before, claim.act, by)
    after = _with_status(before, claim, status)
    if before.status in OPEN or after.status in OPEN:
        after = _with_declaration(before, after, claim, by)
    return _with_confirmation(after, claim.act, source)


def _with_status(state: CeasefireState, claim: CeasefireClaim, status: str) -> CeasefireState:
    if status == state.status:
        return state
    since = claim.at
    if claim.act == "took_effect" and claim.effective_at is not None:
        since = min(claim.effective_at, claim.at)
    if state.status not in OPEN and status in OPEN:
        return CeasefireState(status, since)
    return state._replace(status=status, since=since)


def _with_declaration(
    before: CeasefireState, state: CeasefireState, claim: CeasefireClaim, by: str | None
) -> CeasefireState:
    if claim.act in SETS_TIMES:
        if claim.expires_at is not None:
            state = state._replace(expires_at=claim.expires_at)
        if claim.effective_at is not None and before.status != "in_effect":
            state = state._replace(effective_at=claim.effective_at)
    if claim.act == "postponed" and before.status != "suspended":
        state = state._replace(effective_at=claim.effective_at, expires_at=claim.expires_at)
    if claim.act in DECLARES and by is not None:
        declared = _with_name(state.declared_by, by)
        if declared is not state.declared_by:
            state = state._replace(declared_by=declared)
    return state


def _with_name(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return sorted names with one more; themselves if it is one of them. A view may have 2,000."""
    place = bisect_left(names, name)
    return names if place < len(names) and names[place] == name else (*names[:place], name, *names[place:])


def _with_confirmation(state: CeasefireState, act: str, source: str) -> CeasefireState:
    others = state.not_confirmed_by
    if act == "not_confirmed":
        named = _with_name(others, source)
        return state if named is others else state._replace(not_confirmed_by=named)
    if act in DECLARES and source in others:
        return state._replace(not_confirmed_by=tuple(s for s in others if s != source))
    return state
