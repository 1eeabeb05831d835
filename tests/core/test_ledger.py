"""Taking messages in (contract section 2 rules 3 to 5), in stages, and taking them back."""

from __future__ import annotations

import pytest

from streams.core.ledger import Ledger
from streams.core.parse import Refusal
from streams.core.state.step import Outcome
from tests.support.build import (
    REGISTRY,
    Json,
    Story,
    act,
    at,
    killed,
    read,
    report,
    says,
    tick,
    us,
    value,
    withdrawal,
)

# --- rule 3: one report a report_id -----------------------------------------------------------------------------------


def outcomes(*records: Json) -> list[str]:
    """Return the result of each record: its outcome, or the code of its rejection."""
    ledger = Ledger(REGISTRY)
    taken = []
    for record in records:
        try:
            taken.append(str(ledger.take(read(record)).outcome))
        except Refusal as refusal:
            taken.append(refusal.code)
    return taken


FIRST = report("a", killed(7), revision=2)


@pytest.mark.parametrize(
    ("again", "outcome"),
    [
        (FIRST, "duplicate"),
        ({**FIRST, "published_at": "2022-09-14T16:00:00+04:00", "odd": 1}, "duplicate"),
        ({**FIRST, "headline": "Seven"}, "revision_conflict"),
        ({**FIRST, "claims": []} | {"withdrawn": True}, "revision_conflict"),
        ({**FIRST, "revision": 1}, "stale"),
        ({**FIRST, "revision": 1, "headline": "Seven"}, "stale"),
        ({**FIRST, "revision": 3}, "accepted"),
        ({**FIRST, "episode": "war-2", "headline": "Seven"}, "accepted"),
    ],
)
def test_known_report_id_outcomes(again: Json, outcome: str) -> None:
    """A report_id names one report within its episode."""
    assert outcomes(FIRST, again) == ["accepted", outcome]


def test_after_a_conflict_the_first_stands() -> None:
    story = Story(FIRST)
    assert story.refusal({**FIRST, "claims": [killed(9)]}) == (
        "revision_conflict",
        "a revision 2 was accepted with other content; to correct a report raise its revision",
    )
    assert story.value() == value(7)


def test_a_withdrawn_report_may_come_back_with_a_higher_revision() -> None:
    assert outcomes(FIRST, withdrawal("a", 3), withdrawal("a", 3), FIRST, {**FIRST, "revision": 4}) == [
        "accepted",
        "accepted",
        "duplicate",
        "stale",
        "accepted",
    ]


def test_withdrawal_of_an_unknown_report_is_accepted() -> None:
    """A withdrawal of an unknown report creates its episode."""
    story = Story(withdrawal("a", 1))
    assert (story.ledger.episodes(), story.changes) == (["war"], [])
    assert story.picture()["clock"] == at(14, 12)


def test_tick_without_an_accepted_report_is_ignored() -> None:
    """A tick for an episode with no accepted report is ignored."""
    assert outcomes(tick(at(14)), FIRST, tick(at(14)), tick(at(15)), tick(at(15), "war-2")) == [
        "ignored_tick",
        "accepted",
        "tick",
        "tick",
        "ignored_tick",
    ]
    assert Story(tick(at(14))).ledger.episodes() == []


# --- rule 4: the horizon ----------------------------------------------------------------------------------------------

HORIZON_DAYS = 2
NEW = report("new", killed(7), published_at=at(20))
FLOOR = at(18)
BEHIND = "2022-09-17T23:59:59.999999Z"
EXPLAINED = "is before the horizon, 2022-09-18T00:00:00Z; for a backfill set a longer horizon"
LATE = [
    ("published_at", report("a", says(), published_at=BEHIND)),
    ("claims[1].as_of", report("a", says(), killed(7, as_of=BEHIND), published_at=FLOOR)),
    ("claims[0].as_of", report("a", killed(7, as_of=BEHIND, basis="derived"), published_at=FLOOR)),
    ("claims[2].at", report("a", says(), killed(7), act("holding", at=BEHIND), published_at=FLOOR)),
]


@pytest.mark.parametrize(("field", "late"), LATE, ids=[field for field, _ in LATE])
def test_times_before_the_horizon_are_too_late(field: str, late: Json) -> None:
    """A time more than the horizon before the newest report is too_late."""
    story = Story(NEW, horizon_days=HORIZON_DAYS)
    assert story.refusal(late) == ("too_late", f"{field} {BEHIND} {EXPLAINED}")
    assert story.ledger.episode("war").reports.keys() == {"new"}


def test_what_lies_at_the_horizon_is_taken() -> None:
    claims = [killed(7, as_of=FLOOR, since=BEHIND), act("agreed", at=FLOOR, effective_at=BEHIND, expires_at=FLOOR)]
    story = Story(NEW, horizon_days=HORIZON_DAYS)
    assert story.step(report("a", *claims, published_at=FLOOR)).outcome is Outcome.ACCEPTED


def test_settled_report_cannot_be_revised_or_withdrawn() -> None:
    """A report whose standing revision is settled is final."""
    old = report("a", killed(7), published_at=at(17))
    story = Story(old, NEW, horizon_days=HORIZON_DAYS)
    late = ("too_late", f"the standing revision's published_at {EXPLAINED}")
    assert story.refusal(report("a", killed(8), revision=2, published_at=at(20))) == late
    assert story.refusal(withdrawal("a", published_at=at(20))) == late
    assert [str(story.step(again).outcome) for again in (old, {**old, "revision": 1})] == ["duplicate"] * 2
    assert story.refusal({**old, "headline": "!"})[0] == "revision_conflict"


def test_a_withdrawn_revision_settles_too() -> None:
    story = Story(withdrawal("a", 1, published_at=at(17)), NEW, horizon_days=HORIZON_DAYS)
    assert story.refusal(report("a", killed(8), revision=2, published_at=at(20)))[0] == "too_late"


def test_horizon_is_measured_from_earlier_reports() -> None:
    """The horizon is measured from reports accepted before, not from ticks."""
    early = report("a", killed(7), published_at=at(10))
    story = Story(early, tick(at(30)), horizon_days=HORIZON_DAYS)
    assert story.step(report("b", killed(8), published_at=at(9))).outcome is Outcome.ACCEPTED
    # A report is not compared with itself.
    assert story.step(report("c", killed(8, as_of=at(9)), published_at=at(20))).outcome is Outcome.ACCEPTED


def test_claims_of_a_withdrawn_report_are_never_too_late() -> None:
    story = Story(NEW, horizon_days=HORIZON_DAYS)
    late = {**withdrawal("a", 1, published_at=at(20)), "claims": [killed(7, as_of=at(1))]}
    assert story.step(late).outcome is Outcome.ACCEPTED


def test_each_episode_has_a_horizon_of_its_own() -> None:
    other = report("a", killed(7), published_at=at(1), episode="war-2")
    assert Story(NEW, horizon_days=HORIZON_DAYS).step(other).outcome is Outcome.ACCEPTED


# --- steps ------------------------------------------------------------------------------------------------------------


def test_changes_are_ordered_by_topic() -> None:
    """Changes are ordered: casualties, ceasefires, statements."""
    step = Story().step(report("a", says(), act("agreed"), killed(7)))
    assert [topic for topic, _ in step.changes()] == ["casualties", "ceasefires", "ceasefires", "statements"]


def test_a_step_says_which_entries_to_write() -> None:
    step = Story().step(report("a", act("agreed"), killed(7)))
    assert sorted(step.touched) == [
        ("c", "war", "mod", "north", "killed", "military"),
        ("e", "war"),
        ("r", "war", "a"),
        ("v", "war", "main", ""),
        ("v", "war", "main", "mod"),
    ]


def test_what_moves_nothing_touches_nothing() -> None:
    story = Story(FIRST)
    for record in (FIRST, {**FIRST, "revision": 1}, tick(at(15), "war-2")):
        step = story.step(record)
        assert (step.moves, step.touched, [*step.changes()]) == (False, [], [])


def test_intake_needs_the_last_counts_folded() -> None:
    """The counts of a message must be folded before the next intake."""
    ledger = Ledger(REGISTRY)
    step = ledger.intake(read(report("a", killed(7))))
    with pytest.raises(RuntimeError, match="call fold_counts before the next intake"):
        ledger.intake(read(report("b", killed(8))))
    ledger.fold_counts(step)
    ledger.intake(read(report("b", killed(8))))


# --- questions --------------------------------------------------------------------------------------------------------


def test_episodes_are_sorted_unknown_is_a_key_error() -> None:
    """Episodes are sorted; an unknown one raises KeyError."""
    ledger = Story(*[report("a", killed(7), episode=name) for name in ("b", "a", "c")]).ledger
    assert ledger.episodes() == ["a", "b", "c"]
    assert ledger.episode("b").clock == us(14, 12)
    for ask in (ledger.picture, ledger.episode):
        with pytest.raises(KeyError):
            ask("d")
