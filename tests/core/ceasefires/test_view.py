"""Ceasefire views (contract section 4): joint and per source, in the order of the acts, with what time does to them."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from streams.core.change_records import cause_of, status_change, time_of
from streams.core.folds.ceasefires import MAX_VIEW_NAMES
from streams.core.refusal import Refusal
from tests.support.build import NOON, Json, Story, act, at, cause, read, report, tick, us, view, withdrawal


def change(name: str, version: int, before: Json | None, after: Json | None, by: Json) -> tuple[str, Json]:
    """A status change of the ceasefire `main`."""
    return "ceasefires", {
        "change_id": f"war/main/{name}@{version}",
        "episode": "war",
        "ceasefire": "main",
        "view": name,
        "version": version,
        "before": before,
        "after": after,
        "cause": cause(by),
    }


def both(source: str, version: int, before: Json | None, after: Json | None, by: Json) -> list[tuple[str, Json]]:
    """The same change of the joint view and of a source's own."""
    return [change(name, version, before, after, by) for name in ("joint", f"source:{source}")]


# --- views ------------------------------------------------------------------------------------------------------------


def test_a_claim_moves_the_joint_view_and_that_of_its_source() -> None:
    said = report("a", act("agreed", effective_at=at(15), mediators=["osce"]))
    after = view("agreed", at(14, 12), effective_at=at(15), declared_by=["north"], mediators=["osce"])
    assert Story(said).changes == both("mod", 1, None, after, said)


def test_each_source_has_a_view_over_its_own_claims() -> None:
    story = Story(report("a", act("agreed")), report("b", act("collapsed"), source="watch", published_at=at(15)))
    agreed = view("agreed", at(14, 12), declared_by=["north"])
    assert story.picture()["ceasefires"] == [
        {
            "ceasefire": "main",
            "view": "joint",
            "version": 2,
            **view("never_took_effect", at(15), declared_by=["north"]),
        },
        {"ceasefire": "main", "view": "source:mod", "version": 1, **agreed},
        {"ceasefire": "main", "view": "source:watch", "version": 1, **view("collapsed", at(15))},
    ]


def test_ceasefires_are_independent_joint_view_first() -> None:
    """Each ceasefire has its own views, the joint one first."""
    story = Story(report("a", act("agreed", ceasefire="z"), act("proposed"), act("ended", ceasefire="main-2")))
    assert story.views("ceasefire", "view") == [
        (name, view) for name in ("main", "main-2", "z") for view in ("joint", "source:mod")
    ]


def test_a_report_moves_a_view_once() -> None:
    said = report("a", act("agreed", at=at(13)), act("took_effect", at=at(14)), act("suspended"))
    after = view("suspended", at(14, 12), declared_by=["north"])
    assert Story(said).changes == both("mod", 1, None, after, said)


def test_a_view_that_stays_the_same_is_not_published() -> None:
    story = Story(report("a", act("agreed")))
    assert story.take(report("b", act("agreed"), published_at=at(15))) == []


# --- who acts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "by", "declared_by"),
    [
        ("mod", None, ["north"]),
        ("mod", "osce", ["osce"]),
        ("watch", None, []),
        ("nobody", None, []),
        ("watch", "south", ["south"]),
    ],
)
def test_by_defaults_to_the_affiliation_of_the_source(source: str, by: str | None, declared_by: list[str]) -> None:
    said = Story(report("a", act("agreed", by=by), source=source)).joint()
    assert said == view("agreed", at(14, 12), declared_by=declared_by)


@pytest.mark.parametrize(("source", "status"), [("mod", "rejected"), ("watch", "agreed")])
def test_rejecting_an_agreed_ceasefire_needs_a_party(source: str, status: str) -> None:
    """The party may be the source's affiliation in the registry."""
    story = Story(report("a", act("agreed")), report("b", act("rejected"), source=source, published_at=at(15)))
    assert story.joint()["status"] == status


# --- order ------------------------------------------------------------------------------------------------------------

LIFE = [
    report("a", act("announced", at=at(14, 1), effective_at=at(14, 20)), published_at=at(14, 2)),
    report("b", act("violation_alleged", at=at(14, 21), by="south"), published_at=at(15), source="mod.south"),
    report("c", act("suspended", at=at(15, 3)), published_at=at(15, 4)),
    report("d", act("resumed", at=at(15, 9), mediators=["osce"]), published_at=at(15, 10), source="watch"),
]


def test_claims_fold_by_at_in_any_order_of_arrival() -> None:
    """Claims are folded by the time of the act, not of arrival."""
    pictures = []
    for order in permutations(LIFE):
        pictures.append(Story(*order).picture()["ceasefires"])
        for each in pictures[-1]:
            del each["version"]
    assert all(picture == pictures[0] for picture in pictures)
    counted: Json = {"violations": {"alleged": 1, "denied": 0, "confirmed": 0}}
    state: Json = {"effective_at": at(14, 20), "declared_by": ["north"]}
    assert pictures[0] == [
        {
            "ceasefire": "main",
            "view": "joint",
            **view("in_effect", at(15, 9), mediators=["osce"], **counted, **state),
        },
        {"ceasefire": "main", "view": "source:mod", **view("suspended", at(15, 3), **state)},
        {"ceasefire": "main", "view": "source:mod.south", **view("none", **counted)},
        {"ceasefire": "main", "view": "source:watch", **view("in_effect", at(15, 9), mediators=["osce"])},
    ]


def test_tie_on_at_uses_published_then_id_then_claim() -> None:
    """Acts of the same time are ordered by published_at, report_id, claim index."""
    acts = [
        report("z", act("agreed", at=at(14)), published_at=at(15)),
        report("a", act("ended", at=at(14)), published_at=at(16)),
        report("b", act("agreed", at=at(14)), act("took_effect", at=at(14)), published_at=at(16)),
    ]
    for order in permutations(acts):
        assert Story(*order).joint()["status"] == "in_effect"
    assert Story(*acts[:2]).joint()["status"] == "never_took_effect"


def test_revision_or_withdrawal_refolds_the_rest() -> None:
    """A revision or withdrawal folds the other claims again."""
    story = Story(
        report("a", act("agreed", at=at(13))),
        report("b", act("took_effect", at=at(14))),
        report("c", act("suspended")),
        report("b", act("called_for", at=at(14)), revision=2),
    )
    assert story.joint() == view("agreed", at(13), declared_by=["north"])
    story.take(withdrawal("b", revision=3), report("b", act("holding", at=at(14)), revision=4))
    assert story.joint() == view("suspended", at(14, 12), declared_by=["north"])


def test_a_revision_that_names_another_source_moves_both_views() -> None:
    story = Story(report("a", act("agreed", by="north")))
    moved = report("a", act("agreed", by="north"), revision=2, source="watch")
    agreed = view("agreed", at(14, 12), declared_by=["north"])
    assert story.take(moved) == [
        change("source:mod", 2, agreed, None, moved),
        change("source:watch", 1, None, agreed, moved),
    ]


# --- null -------------------------------------------------------------------------------------------------------------


def test_view_without_claims_is_null_and_continues_later() -> None:
    """A view without claims is null, not in the picture, and keeps its version."""
    story = Story(report("a", act("agreed")))
    agreed = view("agreed", at(14, 12), declared_by=["north"])
    gone, back = withdrawal("a"), report("a", act("agreed"), revision=3)
    assert story.take(gone) == both("mod", 2, agreed, None, gone)
    assert story.picture()["ceasefires"] == []
    assert story.take(tick(at(20))) == []
    assert story.take(back) == both("mod", 3, None, agreed, back)


def test_a_view_of_violations_alone_has_the_status_none() -> None:
    story = Story(report("a", act("violation_alleged", against="south")))
    assert story.joint() == view("none", violations={"alleged": 1, "denied": 0, "confirmed": 0})


# --- violations and mediators -----------------------------------------------------------------------------------------


def test_violations_are_counted_claim_by_claim_over_all_rounds() -> None:
    alleged, denied, confirmed = (act(f"violation_{name}") for name in ("alleged", "denied", "confirmed"))
    story = Story(
        report("a", act("took_effect", at=at(10)), alleged, alleged, confirmed),
        report("b", act("collapsed"), published_at=at(15)),
        report("c", act("agreed"), alleged, denied, published_at=at(16)),
    )
    counted = {"alleged": 3, "denied": 1, "confirmed": 1}
    assert story.joint() == view("agreed", at(16), declared_by=["north"], violations=counted)
    story.take(withdrawal("a"))
    counted = {"alleged": 1, "denied": 1, "confirmed": 0}
    assert story.joint() == view("agreed", at(16), declared_by=["north"], violations=counted)


def test_mediators_are_all_that_standing_claims_name_sorted() -> None:
    story = Story(
        report("a", act("proposed", mediators=["russia", "osce", "russia"])),
        report("b", act("violation_denied", mediators=["un"])),
        report("c", act("called_for", mediators=["eu", "osce"])),
    )
    assert story.joint()["mediators"] == ["eu", "osce", "russia", "un"]
    story.take(withdrawal("a"))
    assert story.joint()["mediators"] == ["eu", "osce", "un"]


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_tick_past_a_timer_is_the_cause_of_the_move() -> None:
    story = Story(report("a", act("agreed", effective_at=at(15), expires_at=at(16))))
    terms: Json = {"effective_at": at(15), "expires_at": at(16), "declared_by": ["north"]}
    agreed, held = view("agreed", at(14, 12), **terms), view("in_effect", at(15), **terms)
    early, start, end = tick(at(14, 23)), tick(at(15)), tick(at(20))
    assert story.take(early) == []
    assert story.take(start) == both("mod", 1 + 1, agreed, held, start)
    assert story.take(end) == both("mod", 3, held, view("expired", at(16), **terms), end)


def test_any_report_of_the_episode_moves_its_clock() -> None:
    story = Story(report("a", act("agreed", effective_at=at(15))))
    other = report("b", act("called_for", ceasefire="other"), published_at=at(16))
    assert [record["view"] for _, record in story.take(other) if record["ceasefire"] == "main"] == [
        "joint",
        "source:mod",
    ]
    assert story.joint()["status"] == "in_effect"


def test_two_timers_that_fire_at_once_are_one_change() -> None:
    story = Story(report("a", act("agreed", effective_at=at(15), expires_at=at(16))))
    passed = tick(at(17))
    terms: Json = {"effective_at": at(15), "expires_at": at(16), "declared_by": ["north"]}
    agreed, expired = view("agreed", at(14, 12), **terms), view("expired", at(16), **terms)
    assert story.take(passed) == both("mod", 2, agreed, expired, passed)


def test_a_withdrawn_report_moves_the_clock_too() -> None:
    story = Story(report("a", act("agreed", effective_at=at(15))))
    story.take(withdrawal("b", published_at=at(16)))
    assert story.joint()["status"] == "in_effect"


def test_the_clock_never_goes_back() -> None:
    story = Story(report("a", act("agreed", effective_at=at(15))), tick(at(16)))
    story.take(tick(at(14)), report("b", act("called_for"), published_at=at(13)))
    assert (story.picture()["clock"], story.joint()["status"]) == (at(16), "in_effect")


def test_duplicate_and_stale_reports_do_not_move_the_clock() -> None:
    """Duplicate and stale reports change nothing, not even the clock."""
    story = Story(report("a", act("agreed", effective_at=at(15)), revision=2))
    assert story.take(report("a", act("agreed"), published_at=at(20))) == []
    assert story.take(report("a", act("agreed", effective_at=at(15)), revision=2)) == []
    assert story.picture()["clock"] == at(14, 12)


def test_a_late_claim_may_put_off_a_start_that_had_come() -> None:
    """The fold starts again from the claim, in its place among the others."""
    story = Story(report("a", act("agreed", at=at(13), effective_at=at(14))), tick(at(16)))
    late = report("b", act("announced", at=at(13, 1), effective_at=at(17)), published_at=at(15))
    story.take(late)
    assert story.joint() == view("announced", at(13, 1), effective_at=at(17), declared_by=["north"])


def waits(*records: Json) -> Any:
    return Story(*records).ledger.next_timer()


def test_next_timer_is_the_earliest_of_all_episodes() -> None:
    """The ledger's next timer is the earliest of all its episodes."""
    war = report("a", act("agreed", effective_at=at(16), expires_at=at(18)))
    other = report("a", act("agreed", expires_at=at(17)), episode="war-2")
    assert waits() is None
    assert waits(report("a", act("agreed"))) is None
    assert waits(war, other) == (us(16), "war")
    assert waits(war, other, tick(at(16))) == (us(17), "war-2")
    assert waits(war, other, tick(at(16)), tick(at(17), "war-2")) == (us(18), "war")
    assert waits(war, withdrawal("a")) is None


def test_report_that_makes_a_list_too_long_is_refused() -> None:
    """The next reports are accepted, and one that names nobody new."""
    story = Story()
    for number in range(40):
        story.take(report(f"r{number}", act("agreed", mediators=[f"m{number}-{n}" for n in range(50)])))
    with pytest.raises(Refusal, match="too_large: mediators of ceasefire main/joint: 2001 names; the limit is 2000"):
        story.step(report("one-more", act("agreed", mediators=["another"])))
    assert story.step(report("honest", act("took_effect", mediators=["m0-0"]), published_at=at(15))).ceasefires
    longest = max(len(change) for _, change in story.step(report("b", act("ended"), published_at=at(16))).ceasefires)
    assert longest < 1 << 20


def test_longest_change_of_a_view_fits_its_topic() -> None:
    """Three lists of 2,000 slugs of 80 characters, before and after, and the longest cause, are below 1 MiB."""
    slugs = [f"{number:080}" for number in range(MAX_VIEW_NAMES)]
    value = view("in_effect", NOON, declared_by=slugs, not_confirmed_by=slugs, mediators=slugs)
    longest = {"headline": "\U0001f54a" * 500, "url": "https://a/" + "\U0001f54a" * 1990, "relayed_by": "r" * 80}
    cause = read(report("\U0001f54a" * 200, act("ended"), source="s" * 80, **longest))
    written = cause_of(cause, time_of(cause), ("t" * 249, 1 << 30, 1 << 62))
    _, change = status_change("e" * 80, "c" * 80, "source:" + "s" * 80, 1 << 40, value, value, written)
    assert len(change) < (1 << 20) - 4096
