"""Forgetting what is settled and superseded (contract section 2 rule 4): it never changes a published figure."""

from __future__ import annotations

from typing import Any

import pytest

from streams.core.ledger import Ledger
from streams.core.source_registry import Registry, Source
from streams.core.times import DAY_US
from tests.support.build import (
    CELL,
    Json,
    Story,
    act,
    at,
    denies,
    killed,
    more,
    read_report,
    report,
    says,
    value,
    view,
    withdrawal,
)

#: Two days of horizon: what was published before the 18th is settled once this one is in.
NEW = report("new", says(), published_at=at(20))
DAYS = 2


def kept(*records: Json) -> dict[str, list[str]]:
    """The claims that a ledger still keeps after settling, by report; what is dropped is left out."""
    story = Story(*records, NEW, horizon_days=DAYS, forgetting=True)
    reports = story.ledger.episode("war").reports
    return {
        name: [type(claim).__name__ for claim in standing.claims if claim is not None]
        for name, standing in reports.items()
        if name != "new" and any(standing.claims)
    }


def told(story: Story) -> tuple[Any, Any]:
    return story.changes, story.picture()


def same_with_and_without_forgetting(*records: Json) -> Story:
    """Folds the records both ways, and once more from what was stored; returns the ledger that forgets."""
    forgets, keeps = (Story(*records, horizon_days=DAYS, forgetting=forgetting) for forgetting in (True, False))
    assert told(forgets) == told(keeps)
    assert forgets.restarted().picture("war") == keeps.picture()
    return forgets


# --- figures ----------------------------------------------------------------------------------------------------------

OLD: dict[str, Any] = {"published_at": at(10)}


def test_of_settled_cumulative_claims_only_the_greatest_is_kept() -> None:
    figures = [report(name, killed(n, as_of=at(9, n)), **OLD) for n, name in enumerate("bca")]
    assert kept(*figures) == {"a": ["Casualty"]}
    same_with_and_without_forgetting(*figures, NEW)


def test_settled_figure_that_never_counted_is_pruned() -> None:
    """A settled figure that was superseded on arrival is pruned."""
    figures = [
        report("a", killed(7, as_of=at(9)), **OLD),
        report("b", killed(5, as_of=at(8)), more(1, as_of=at(8)), published_at=at(11)),
    ]
    assert kept(*figures) == {"a": ["Casualty"]}
    same_with_and_without_forgetting(*figures, NEW)


def test_settled_increments_up_to_a_settled_base_are_dropped() -> None:
    figures = [
        report("a", more(1, as_of=at(9)), **OLD),
        report("b", killed(7, as_of=at(9, 1)), **OLD),
        report("c", more(2, as_of=at(9, 1)), published_at=at(11)),
        report("d", more(3, as_of=at(9, 2)), published_at=at(12)),
    ]
    assert kept(*figures) == {"b": ["Casualty"], "d": ["Casualty"]}
    same_with_and_without_forgetting(*figures, NEW)


def test_settled_increments_stay_without_a_settled_base() -> None:
    """Settled increments count until a settled base contains them."""
    figures = [report("a", more(1), **OLD), report("b", more(2), **OLD)]
    later = report("c", killed(7), published_at=at(19))
    assert kept(*figures) == {"a": ["Casualty"], "b": ["Casualty"]}
    story = same_with_and_without_forgetting(*figures, later, NEW, withdrawal("c", published_at=at(19)))
    assert story.counts("delta") == [1, 2, 4, -4]


def test_earlier_tellings_of_a_settled_incident_are_dropped() -> None:
    figures = [report(name, more(n, as_of=at(9, n), incident="x"), **OLD) for n, name in enumerate("abc")]
    open_ = report("d", more(9, incident="x"), published_at=at(19))
    assert kept(*figures, open_) == {"c": ["Casualty"], "d": ["Casualty"]}
    story = same_with_and_without_forgetting(*figures, open_, NEW, withdrawal("d", published_at=at(19)))
    assert story.value() == value(2, as_of=at(9, 2))


def test_open_claim_is_never_pruned() -> None:
    """It may still be revised, but what supersedes it cannot be taken away, so dropping waits until it is settled."""
    base = report("a", killed(7, as_of=at(18, 12)), published_at=at(17, 23))
    open_ = report("b", killed(6, as_of=at(18, 6)), more(1, as_of=at(18, 6)), published_at=at(18, 6))
    assert kept(base, open_) == {"a": ["Casualty"], "b": ["Casualty", "Casualty"]}
    same_with_and_without_forgetting(base, open_, NEW, withdrawal("b", published_at=at(18, 6)))


def test_of_settled_derived_claims_only_the_newest_is_kept() -> None:
    figures = [report(name, killed(n, basis="derived", as_of=at(9, n)), **OLD) for n, name in enumerate("bca")]
    assert kept(*figures) == {"a": ["Casualty"]}
    same_with_and_without_forgetting(*figures, NEW)


def test_a_settled_base_is_what_the_cell_falls_back_to() -> None:
    story = same_with_and_without_forgetting(
        report("a", killed(5), **OLD),
        report("b", killed(7), published_at=at(11)),
        report("c", killed(9), published_at=at(19)),
        NEW,
        withdrawal("c", published_at=at(19)),
    )
    assert story.counts("delta") == [5, 2, 2, -2]


# --- statements -------------------------------------------------------------------------------------------------------


def test_settled_statements_are_dropped_with_their_versions() -> None:
    said = report("a", says(), says("accused"), **OLD)
    assert kept(said) == {}
    story = same_with_and_without_forgetting(said, NEW)
    episode = story.ledger.episode("war")
    assert (list(episode.reports), len(episode.settled)) == (["new"], 1)


def test_a_settled_denial_is_kept_while_what_it_denies_may_stand() -> None:
    """The figure counts, or may come, or may count again."""
    denial = report("d", denies("a"), says(), source="watch", **OLD)
    assert kept(report("a", killed(7), **OLD), denial) == {"a": ["Casualty"], "d": ["Statement"]}
    assert kept(denial) == {"d": ["Statement"]}
    story = same_with_and_without_forgetting(denial, NEW, report("a", killed(7), published_at=at(19)))
    assert (story.value() or {})["disputed_by"] == ["watch"]


def test_settled_denial_of_a_pruned_claim_is_pruned() -> None:
    """For a figure superseded permanently, a claim without a figure, and a missing claim."""
    denial = report("d", denies("a"), source="watch", **OLD)
    figures = [report("a", killed(6, as_of=at(9)), **OLD), report("b", killed(7), **OLD)]
    assert kept(*figures, denial) == {"b": ["Casualty"]}
    assert kept(denial, *figures) == {"b": ["Casualty"]}
    assert kept(report("a", says(), **OLD), denial) == {}
    assert kept(withdrawal("a", 1, **OLD), denial) == {}
    same_with_and_without_forgetting(*figures, denial, NEW)


def test_open_denial_of_a_pruned_figure_is_kept() -> None:
    """An open denial of a pruned figure stays and disputes nothing."""
    figures = [report("a", killed(6, as_of=at(9)), **OLD), report("b", killed(7), **OLD)]
    denial = report("d", denies("a"), source="watch", published_at=at(19))
    assert kept(*figures, denial) == {"b": ["Casualty"], "d": ["Statement"]}
    same_with_and_without_forgetting(*figures, denial, NEW, withdrawal("d", source="watch", published_at=at(19)))


# --- ceasefires -------------------------------------------------------------------------------------------------------


def test_settled_leading_acts_become_a_state() -> None:
    """The settled acts that lead a view are replaced by the state after them."""
    acts = [
        report("a", act("agreed", at=at(8), effective_at=at(9), mediators=["osce"]), **OLD),
        report("b", act("violation_alleged", mediators=["eu"]), act("suspended"), source="watch", **OLD),
        report("c", act("resumed"), published_at=at(19)),
    ]
    assert kept(*acts) == {"c": ["CeasefireClaim"]}
    story = same_with_and_without_forgetting(*acts, NEW, withdrawal("c", published_at=at(19)))
    assert story.joint() == view(
        "suspended",
        at(10),
        effective_at=at(9),
        declared_by=["north"],
        mediators=["eu", "osce"],
        violations={"alleged": 1, "denied": 0, "confirmed": 0},
    )


def test_a_settled_claim_behind_one_that_is_open_waits_for_it() -> None:
    """A view's leading claims, all settled: the open one may be revised, and then the rest is folded again."""
    open_ = report("a", act("agreed", at=at(17, 20)), published_at=at(18))
    settled = report("b", act("suspended", at=at(17, 21)), published_at=at(17, 22))
    early = report("c", act("proposed", at=at(9)), **OLD)
    assert kept(early, open_, settled) == {"a": ["CeasefireClaim"], "b": ["CeasefireClaim"]}
    # A suspension out of nothing is one all the same.
    story = same_with_and_without_forgetting(early, open_, settled, NEW, withdrawal("a", published_at=at(18)))
    assert story.joint()["status"] == "proposed"


def test_a_view_all_of_whose_claims_are_forgotten_goes_on() -> None:
    acts = [
        report("a", act("agreed", expires_at=at(21)), act("violation_confirmed"), **OLD),
        NEW,
        report("b", act("violation_denied"), published_at=at(20, 1)),
        report("c", killed(1, party="south"), published_at=at(22)),
    ]
    story = same_with_and_without_forgetting(*acts)
    assert story.joint() == view(
        "expired",
        at(21),
        expires_at=at(21),
        declared_by=["north"],
        violations={"alleged": 0, "denied": 1, "confirmed": 1},
    )


# --- what is never forgotten ------------------------------------------------------------------------------------------


def test_settled_state_keeps_the_affiliations_of_its_time() -> None:
    """A state cannot be folded again: another registry applies only to the claims after it."""
    agreed, held = report("a", act("agreed"), **OLD), report("b", act("holding"), published_at=at(19))
    story = Story(agreed, held, NEW, horizon_days=DAYS, forgetting=True)
    assert story.joint()["declared_by"] == ["north"]
    south = Registry({"mod": Source("Ministry", "official", "south")})
    ledger = Ledger(south, horizon_us=DAYS * DAY_US)
    for key, entry in story.stored.items():
        ledger.load(key, entry)
    ledger.loaded()
    (step,) = ledger.register()
    assert [change["after"]["declared_by"] for _, change in step.changes()] == [["north", "south"]] * 2


def test_id_revision_digest_and_published_at_are_never_forgotten() -> None:
    first = report("a", killed(6, as_of=at(9)), **OLD)
    story = Story(first, report("b", killed(7), **OLD), NEW, horizon_days=DAYS, forgetting=True)
    episode = story.ledger.episode("war")
    assert (list(episode.reports), episode.settled.get("a")) == (["b", "new"], (1, read_report(first).digest))
    assert str(story.step(first).outcome) == "duplicate"
    assert story.refusal({**first, "headline": "!"})[0] == "revision_conflict"
    assert story.refusal(withdrawal("a", published_at=at(20)))[0] == "too_late"


def test_forget_prunes_after_the_horizon_moved() -> None:
    """forget() does nothing until a report moves the horizon, and returns the changed entries."""
    story = Story(report("a", killed(6, as_of=at(9)), **OLD), report("b", killed(7), **OLD), horizon_days=DAYS)
    assert story.ledger.forget() == []
    story.take(NEW)
    touched = story.ledger.forget()
    assert set(touched) == {("r", "war", "a"), ("r", "war", "b")}
    assert story.ledger.forget() == []


def test_settling_follows_the_standing_revision() -> None:
    """A report that was revised or undone settles by its standing revision."""
    story = Story(
        report("a", killed(6), **OLD),
        report("a", killed(7), revision=2, published_at=at(19)),
        horizon_days=DAYS,
        forgetting=True,
    )
    step = story.step(report("u", killed(9), published_at=at(17, 12)))
    story.ledger.undo(step)
    story.take(NEW)
    assert [name for name, standing in story.ledger.episode("war").reports.items() if any(standing.claims)] == [
        "a",
        "new",
    ]


def test_what_is_kept_does_not_grow_with_what_is_settled() -> None:
    """Reports leave their id, revision and digest; cells and views their last word."""
    story = Story(horizon_days=DAYS, forgetting=True)
    for day in range(1, 29):
        claims = [killed(day), more(1, incident=f"i{day}"), act("holding"), act("violation_alleged"), says()]
        story.take(report(f"r{day}", *claims, published_at=at(day)))
    episode = story.ledger.episode("war")
    cell, joint = episode.cells[CELL], episode.views["main", ""]
    assert (len(cell.bases), len(cell.increments), len(joint.acts)) == (4, 3, 3)
    assert sum(any(standing.claims) for standing in episode.reports.values()) == 4


# --- two claims of one report -----------------------------------------------------------------------------------------

SAME_REPORT: list[tuple[str, list[Json]]] = [
    ("a base and an increment that it contains", [killed(10, as_of=at(9)), more(1, as_of=at(8))]),
    ("an increment and the base that contains it", [more(1, as_of=at(8)), killed(10, as_of=at(9))]),
    ("two bases", [killed(10, as_of=at(9)), killed(11, as_of=at(8))]),
    ("an incident told twice", [more(2, as_of=at(9), incident="x"), more(1, as_of=at(8), incident="x")]),
    (
        "an incident told twice and a base that contains it",
        [killed(5, as_of=at(10)), more(2, as_of=at(9), incident="x"), more(1, as_of=at(8), incident="x")],
    ),
    ("two derived figures", [killed(5, basis="derived", as_of=at(9)), killed(4, basis="derived", as_of=at(8))]),
    ("a denial of what its own report supersedes", [killed(8), denies("a")]),
]


@pytest.mark.parametrize("claims", [claims for _, claims in SAME_REPORT], ids=[name for name, _ in SAME_REPORT])
def test_claims_of_one_report_settle_together(claims: list[Json]) -> None:
    same_with_and_without_forgetting(
        report("a", killed(3, as_of=at(7)), **OLD),
        report("b", *claims, published_at=at(10, 1)),
        report("c", more(5), published_at=at(19)),
        NEW,
        report("d", more(6), published_at=at(20)),
        report("e", killed(20, as_of=at(19, 12)), published_at=at(20)),
    )


def test_an_incident_that_is_forgotten_leaves_nothing() -> None:
    figures = [report("a", more(1, incident="x"), **OLD), report("b", killed(7), published_at=at(11))]
    story = Story(*figures, NEW, horizon_days=DAYS, forgetting=True)
    assert story.ledger.episode("war").cells[CELL].incidents == {}
