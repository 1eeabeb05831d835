"""The fold of one view (contract section 4): the transition table, what a claim sets, timers."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from schemas.reports import CeasefireAct
from streams.core.ceasefires.transitions import (
    CLOSED,
    DECLARES,
    OPEN,
    SETS_TIMES,
    START,
    VIOLATIONS,
    CeasefireState,
    apply_claim,
    fired_timers,
    next_status,
    next_timer,
    run_timers,
)
from streams.core.model import CeasefireClaim

# As the contract has it, word for word.
OPEN_STATUSES = "agreed, announced, in_effect, suspended"
CLOSED_STATUSES = "none, called_for, proposed, rejected, ended, expired, collapsed, never_took_effect"
TABLE = """
| act | from | to |
|---|---|---|
| called_for | none | called_for |
| proposed | none, called_for, rejected | proposed |
| rejected | none, called_for, proposed; agreed and announced only when it has a `by` | rejected |
| agreed | any closed status | agreed |
| announced | any closed status, agreed | announced |
| took_effect | any closed status, agreed, announced | in_effect |
| holding | none, called_for, proposed, rejected, expired, never_took_effect, agreed, announced | in_effect |
| postponed | agreed, in_effect | announced |
| took_effect | suspended | in_effect |
| resumed | none, suspended, expired, ended, collapsed | in_effect |
| extended | none, expired | in_effect |
| suspended | none, in_effect | suspended |
| ended | none, in_effect, suspended | ended |
| collapsed | none, in_effect, suspended | collapsed |
| ended, collapsed | called_for, proposed, agreed, announced | never_took_effect |
"""
ACTS: tuple[str, ...] = get_args(CeasefireAct)
STATUSES = (*OPEN_STATUSES.split(", "), *CLOSED_STATUSES.split(", "))


def moves() -> dict[tuple[str, str, bool], str]:
    """The table: the target of (act, status, whether there is a `by`)."""
    found: dict[tuple[str, str, bool], str] = {}
    for row in TABLE.strip().splitlines()[2:]:
        acts, origins, target = (cell.strip() for cell in row.strip("|").split("|"))
        anyway, _, if_by = origins.replace("any closed status", CLOSED_STATUSES).partition("; ")
        with_by = if_by.removesuffix(" only when it has a `by`").split(" and ") if if_by else []
        for name in acts.split(", "):
            for status in anyway.split(", "):
                found[name, status, True] = found[name, status, False] = target
            for status in with_by:
                found[name, status, True] = target
    return found


MOVES = moves()


def test_statuses_are_open_or_closed_as_the_contract_says() -> None:
    assert ", ".join(OPEN) == OPEN_STATUSES
    assert ", ".join(CLOSED) == CLOSED_STATUSES


@pytest.mark.parametrize("name", ACTS)
def test_act_moves_only_the_statuses_of_its_rows(name: str) -> None:
    """All pairs of act and status, with a `by` and without."""
    moved = {
        (status, by): next_status(CeasefireState(status), name, "north" if by else None)
        for status, by in product(STATUSES, (True, False))
    }
    assert moved == {
        (status, by): MOVES.get((name, status, by), status) for status, by in product(STATUSES, (True, False))
    }


def test_the_table_has_no_pair_in_two_rows() -> None:
    rows = [row.strip("|").split("|") for row in TABLE.strip().splitlines()[2:]]
    pairs = [
        (name.strip(), status.strip())
        for acts, origins, _ in rows
        for name in acts.split(",")
        for status in origins.partition(";")[0].replace("any closed status", CLOSED_STATUSES).split(",")
    ]
    assert len(set(pairs)) == len(pairs)


def test_acts_that_set_times_or_declare() -> None:
    """The acts that set times and those that declare are the contract's."""
    assert set(SETS_TIMES) == {"agreed", "announced", "took_effect", "extended"}
    assert set(DECLARES) == {"agreed", "announced", "took_effect", "holding", "resumed", "extended"}
    assert VIOLATIONS == ("violation_alleged", "violation_denied", "violation_confirmed")


# --- one claim --------------------------------------------------------------------------------------------------------


def done(
    state: CeasefireState, name: str, at: int = 100, *, by: str | None = None, source: str = "mod", **times: Any
) -> CeasefireState:
    """A state after a claim; times are small numbers."""
    given = {"effective_at": None, "expires_at": None, **times}
    claim = CeasefireClaim("main", name, at, None, None, **given, parties=(), mediators=(), text=None)
    return apply_claim(state, claim, source, by)


OLD: dict[str, Any] = {"effective_at": 10, "expires_at": 900, "declared_by": ("south",), "not_confirmed_by": ("watch",)}


def test_since_is_the_at_of_the_claim_that_moved_the_status() -> None:
    """A claim that moves no status leaves since as it is."""
    agreed = done(START, "agreed")
    assert agreed == CeasefireState("agreed", 100)
    assert done(agreed, "agreed", 200) == agreed
    assert done(agreed, "called_for", 200) == agreed


@pytest.mark.parametrize(("effective_at", "since"), [(50, 50), (100, 100), (150, 100)])
def test_since_of_took_effect_is_effective_at_if_not_later(effective_at: int, since: int) -> None:
    """For took_effect, since is effective_at if that is not after at."""
    assert done(START, "took_effect", effective_at=effective_at) == CeasefireState("in_effect", since, effective_at)


def test_since_of_any_other_act_is_its_at() -> None:
    assert done(START, "extended", effective_at=50) == CeasefireState("in_effect", 100, 50)


@pytest.mark.parametrize("status", CLOSED)
def test_opening_a_closed_ceasefire_clears_the_last_round(status: str) -> None:
    """It first clears effective_at, expires_at, declared_by and not_confirmed_by."""
    assert done(CeasefireState(status, 1, **OLD), "agreed", by="north") == CeasefireState(
        "agreed", 100, declared_by=("north",)
    )


def test_a_move_between_open_statuses_clears_nothing() -> None:
    assert done(CeasefireState("in_effect", 1, **OLD), "suspended") == CeasefireState("suspended", 100, **OLD)


def test_a_move_to_a_closed_status_clears_nothing() -> None:
    assert done(CeasefireState("in_effect", 1, **OLD), "collapsed") == CeasefireState("collapsed", 100, **OLD)
    assert done(CeasefireState("agreed", 1, None, 900), "ended") == CeasefireState("never_took_effect", 100, None, 900)


@pytest.mark.parametrize("name", sorted(SETS_TIMES))
def test_declarations_set_the_times_they_give(name: str) -> None:
    """agreed, announced, took_effect and extended set the times they give."""
    before = CeasefireState("suspended", 1, 10, 900)
    after = done(before, name, effective_at=90, expires_at=800)
    assert (after.effective_at, after.expires_at) == (90, 800)
    kept = done(before, name)
    assert (kept.effective_at, kept.expires_at) == (10, 900)


@pytest.mark.parametrize("name", sorted(SETS_TIMES))
def test_in_effect_effective_at_stands_and_expires_at_moves(name: str) -> None:
    assert done(CeasefireState("in_effect", 1, 10, 900), name, effective_at=90, expires_at=800) == CeasefireState(
        "in_effect", 1, 10, 800
    )


@pytest.mark.parametrize("name", sorted(set(ACTS) - set(SETS_TIMES)))
def test_no_other_act_sets_a_time(name: str) -> None:
    after = done(CeasefireState("suspended", 1, 10, 900), name, effective_at=90, expires_at=800)
    assert (after.effective_at, after.expires_at) == (10, 900)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", ACTS)
def test_declared_by_grows_only_while_open(name: str, status: str) -> None:
    """If the status is open before or after the claim."""
    after = done(CeasefireState(status, 1, declared_by=("north", "south")), name, by="osce")
    opened = status not in OPEN and after.status in OPEN
    kept = () if opened else ("north", "south")
    declares = name in DECLARES and (status in OPEN or after.status in OPEN)
    assert after.declared_by == tuple(sorted({*kept, "osce"} if declares else kept))


def test_declared_by_has_each_party_once() -> None:
    """A party is listed once; an act without a party adds none."""
    first = done(START, "agreed", by="north")
    assert done(first, "holding", by="north").declared_by == ("north",)
    assert done(first, "holding").declared_by == ("north",)


def test_not_confirmed_by_follows_the_source() -> None:
    """not_confirmed adds its source; a later declaration of that source removes it."""
    doubted = done(done(START, "agreed"), "not_confirmed", source="watch")
    assert doubted == CeasefireState("agreed", 100, not_confirmed_by=("watch",))
    assert done(doubted, "not_confirmed", source="watch") == doubted
    assert done(doubted, "not_confirmed", source="mod").not_confirmed_by == ("mod", "watch")
    assert done(doubted, "holding", source="mod").not_confirmed_by == ("watch",)
    for name in DECLARES:
        assert done(doubted, name, source="watch").not_confirmed_by == ()


def test_not_confirmed_counts_at_any_status() -> None:
    assert done(START, "not_confirmed") == CeasefireState(not_confirmed_by=("mod",))


@pytest.mark.parametrize("name", VIOLATIONS)
@pytest.mark.parametrize("status", STATUSES)
def test_an_allegation_alone_never_ends_a_ceasefire(name: str, status: str) -> None:
    state = CeasefireState(status, 1, declared_by=("north",))
    assert done(state, name, by="south") == state


# --- timers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["agreed", "announced"])
def test_a_declared_start_comes_at_its_time(status: str) -> None:
    state = CeasefireState(status, 1, effective_at=50)
    assert run_timers(state, 49) == state
    assert run_timers(state, 50) == run_timers(state, 900) == CeasefireState("in_effect", 50, 50)


@pytest.mark.parametrize("status", STATUSES)
def test_a_term_runs_out_at_its_time_where_the_status_is_open(status: str) -> None:
    state = CeasefireState(status, 1, expires_at=50)
    assert run_timers(state, 49) == state
    assert run_timers(state, 50) == (CeasefireState("expired", 50, None, 50) if status in OPEN else state)


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in {"agreed", "announced"}])
def test_a_start_moves_nothing_but_what_is_agreed_or_announced(status: str) -> None:
    state = CeasefireState(status, 1, effective_at=50)
    assert run_timers(state, 900) == state


def test_a_start_and_an_end_may_both_have_passed() -> None:
    state = CeasefireState("agreed", 1, 50, 70)
    assert [*fired_timers(state, 100)] == [
        ("effective_at", CeasefireState("in_effect", 50, 50, 70)),
        ("expires_at", CeasefireState("expired", 70, 50, 70)),
    ]
    assert run_timers(state, 100) == CeasefireState("expired", 70, 50, 70)


def test_timers_fire_in_order_in_one_step_or_two() -> None:
    """The times may come from two claims, so nothing keeps them in order."""
    state = CeasefireState("agreed", 1, 70, 50)
    assert run_timers(run_timers(state, 60), 100) == run_timers(state, 100) == CeasefireState("expired", 50, 70, 50)


def test_time_passes_before_a_claim_is_applied() -> None:
    """For each claim: run_timers(at), then the claim."""
    agreed = CeasefireState("agreed", 1, 50, 70)
    assert done(agreed, "suspended", 60) == CeasefireState("suspended", 60, 50, 70)
    assert done(agreed, "suspended", 80) == CeasefireState("expired", 70, 50, 70)
    assert done(agreed, "resumed", 80) == CeasefireState("in_effect", 80)


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (CeasefireState("agreed", 1), None),
        (CeasefireState("agreed", 1, 50), 50),
        (CeasefireState("announced", 1, 50, 70), 50),
        (CeasefireState("agreed", 1, 70, 50), 50),
        (CeasefireState("in_effect", 50, 50), None),
        (CeasefireState("in_effect", 50, 50, 70), 70),
        (CeasefireState("suspended", 50, 50, 70), 70),
        (CeasefireState("expired", 70, 50, 70), None),
        (CeasefireState("called_for", 1, 50, 70), None),
    ],
)
def test_the_next_timer_is_what_the_course_still_waits_for(state: CeasefireState, due: int | None) -> None:
    assert next_timer(state) == due
    if due is not None:
        assert run_timers(state, due - 1) == state
        assert run_timers(state, due) != state
