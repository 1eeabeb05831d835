"""The life of a ceasefire: what each act does to its status (contract section 4).

The table below is the rule. `claim_done` applies one claim to it, `timers` lets time pass.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.core.model import CeasefireClaim

OPEN: Final = ("agreed", "announced", "in_effect", "suspended")
CLOSED: Final = (
    "none", "called_for", "proposed", "rejected", "ended", "expired", "collapsed",
    "never_took_effect",
)  # fmt: skip


class Transition(NamedTuple):
    """Any of the acts moves the status from any of `sources` to `target`."""

    acts: tuple[str, ...]
    sources: tuple[str, ...]
    target: str
    #: Nobody rejects what is agreed but one who is named.
    needs_by: bool = False


TRANSITIONS: Final = (
    Transition(("called_for",), ("none",), "called_for"),
    Transition(("proposed",), ("none", "called_for", "rejected"), "proposed"),
    Transition(("rejected",), ("none", "called_for", "proposed"), "rejected"),
    Transition(("rejected",), ("agreed", "announced"), "rejected", needs_by=True),
    Transition(("agreed",), CLOSED, "agreed"),
    Transition(("announced",), (*CLOSED, "agreed"), "announced"),
    Transition(("took_effect", "holding"), (*CLOSED, "agreed", "announced"), "in_effect"),
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
#: Acts by which a party declares itself bound, and a source confirms.
DECLARES: Final = SETS_TIMES | {"holding", "resumed"}
#: Acts that are counted and move nothing, in the order of `violations`.
VIOLATIONS: Final = ("violation_alleged", "violation_denied", "violation_confirmed")

_MOVES: Final = {
    (act, source): transition for transition in TRANSITIONS for act in transition.acts for source in transition.sources
}


class CeasefireState(NamedTuple):
    """Where a ceasefire stands after some of its claims. Lists are sorted."""

    status: str = "none"
    since: int | None = None
    effective_at: int | None = None
    expires_at: int | None = None
    declared_by: tuple[str, ...] = ()
    not_confirmed_by: tuple[str, ...] = ()


START: Final = CeasefireState()


def timers(course: CeasefireState, until: int) -> CeasefireState:
    """Let time pass up to and with `until`: a declared start comes, a term runs out."""
    for _, after in fired(course, until):
        course = after
    return course


def fired(course: CeasefireState, until: int) -> Iterator[tuple[str, CeasefireState]]:
    """Yield each timer that fires up to and with `until`, with the course it leads to."""
    start, end = course.effective_at, course.expires_at
    if start is not None and start <= until and course.status in {"agreed", "announced"}:
        course = course._replace(status="in_effect", since=start)
        yield "effective_at", course
    if end is not None and end <= until and course.status in OPEN:
        yield "expires_at", course._replace(status="expired", since=end)


def next_timer(course: CeasefireState) -> int | None:
    """Return when the next timer of a course fires, or None where it waits for none."""
    if course.status not in OPEN:
        return None
    due = [] if course.expires_at is None else [course.expires_at]
    if course.status in {"agreed", "announced"} and course.effective_at is not None:
        due.append(course.effective_at)
    return min(due, default=None)


def target_of(course: CeasefireState, act: str, by: str | None) -> str:
    """Return the status that an act leads to from a course; its own where the act moves nothing."""
    transition = _MOVES.get((act, course.status))
    if transition is None or (transition.needs_by and by is None):
        return course.status
    return transition.target


def claim_done(course: CeasefireState, claim: CeasefireClaim, source: str, by: str | None) -> CeasefireState:
    """Apply a claim; `by` is the acting party, with the source's affiliation as its default."""
    before = timers(course, claim.at)
    after = _moved(before, claim, target_of(before, claim.act, by))
    if before.status in OPEN or after.status in OPEN:
        after = _declared(before, after, claim, by)
    return _confirmed(after, claim.act, source)


def _moved(course: CeasefireState, claim: CeasefireClaim, status: str) -> CeasefireState:
    if status == course.status:
        return course
    since = claim.at
    if claim.act == "took_effect" and claim.effective_at is not None:
        since = min(claim.effective_at, claim.at)
    if course.status not in OPEN and status in OPEN:
        return CeasefireState(status, since)
    return course._replace(status=status, since=since)


def _declared(before: CeasefireState, course: CeasefireState, claim: CeasefireClaim, by: str | None) -> CeasefireState:
    if claim.act in SETS_TIMES:
        if claim.expires_at is not None:
            course = course._replace(expires_at=claim.expires_at)
        if claim.effective_at is not None and before.status != "in_effect":
            course = course._replace(effective_at=claim.effective_at)
    if claim.act in DECLARES and by is not None and by not in course.declared_by:
        course = course._replace(declared_by=tuple(sorted((*course.declared_by, by))))
    return course


def _confirmed(course: CeasefireState, act: str, source: str) -> CeasefireState:
    others = course.not_confirmed_by
    if act == "not_confirmed" and source not in others:
        return course._replace(not_confirmed_by=tuple(sorted((*others, source))))
    if act in DECLARES and source in others:
        return course._replace(not_confirmed_by=tuple(s for s in others if s != source))
    return course
