"""The effects of reports on cells, and the published changes (contract sections 3 and 6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.build import Json, Story, at, cause, denies, killed, more, read, report, says, value, withdrawal


def change(version: int, kind: str, before: Json | None, after: Json | None, by: Json, **fields: Any) -> Json:
    """A count change of the ministry's cell."""
    named = {"source": "mod", "party": "north", "outcome": "killed", "population": "military", **fields}
    delta = (after["best"] if after else 0) - (before["best"] if before else 0)
    return {
        "change_id": f"war/{'/'.join(named.values())}@{version}",
        "episode": "war",
        **named,
        "version": version,
        "kind": kind,
        "before": before,
        "after": after,
        "delta": delta,
        "cause": cause(by),
    }


def only(story: Story) -> list[Json]:
    """The count changes, which are all there are."""
    assert {topic for topic, _ in story.changes} <= {"casualties"}
    return [record for _, record in story.changes]


# --- what is published ------------------------------------------------------------------------------------------------


def test_count_change_has_all_fields() -> None:
    """A change has the cell, its version, both values and its cause."""
    first = report("a", killed(7), relayed_by="daily", url="http://a", headline="Seven", lang="en")
    second = report("b", killed(9), published_at=at(15))
    assert only(Story(first, second)) == [
        change(1, "first", None, value(7), first),
        change(2, "up", value(7), value(9, as_of=at(15)), second),
    ]


def test_cause_has_origin_for_a_report_from_a_log() -> None:
    """The cause has an origin if the report came from a log."""
    story = Story()
    step = story.ledger.take(read(report("a", killed(7))), ("truceline.reports", 3, 17))
    ((_, change_),) = step.changes()
    origin = {"topic": "truceline.reports", "partition": 3, "offset": 17}
    assert change_["cause"] == {**cause(report("a", killed(7))), "origin": origin}


def test_what_is_unchanged_is_not_published() -> None:
    """A change is published when best, low, high, final or disputed_by differ from the last published value."""
    story = Story(report("a", killed(7)), report("b", killed(7), published_at=at(15)))
    assert len(only(story)) == 1
    assert story.value() == value(7, as_of=at(15))


def test_before_is_the_last_published_value() -> None:
    """The cell's as_of may have moved since the last change."""
    again = report("b", killed(7), published_at=at(15))
    third = report("c", killed(8), published_at=at(16))
    assert only(Story(report("a", killed(7)), again, third))[1] == change(
        2, "up", value(7), value(8, as_of=at(16)), third
    )


def test_report_makes_one_change_a_cell_at_most() -> None:
    """A report is applied as a whole."""
    whole = report("a", killed(7), more(2, as_of=at(14, 13)), killed(5, as_of=at(13)))
    assert only(Story(whole)) == [change(1, "first", None, value(9, as_of=at(14, 13)), whole)]


def test_changes_of_a_report_are_sorted_by_cell() -> None:
    """By the fields that name it, not by its name: a slug may hold what sorts before a slash."""
    cells = [
        killed(1, party="north-2"),
        killed(2, outcome="wounded"),
        killed(3, population="civilian"),
        killed(4),
        killed(5, outcome="captured"),
    ]
    story = Story(report("a", *cells))
    assert story.counts("party", "outcome", "population") == [
        ("north", "captured", "military"),
        ("north", "killed", "civilian"),
        ("north", "killed", "military"),
        ("north", "wounded", "military"),
        ("north-2", "killed", "military"),
    ]


def test_each_source_has_a_cell_of_its_own() -> None:
    story = Story(report("a", killed(7)), report("b", killed(9), source="watch"), report("c", killed(8)))
    assert story.counts("source", "version", "delta") == [("mod", 1, 7), ("watch", 1, 9), ("mod", 2, 1)]


def test_relayed_by_is_never_counted() -> None:
    story = Story(report("a", killed(7), relayed_by="daily"), report("b", killed(7), relayed_by="weekly"))
    assert story.counts("source", "version") == [("mod", 1)]


def test_derived_claims_make_no_cell() -> None:
    story = Story(report("a", killed(176, basis="derived", party="all")))
    assert (story.changes, story.picture()["cells"]) == ([], [])


# --- kinds ------------------------------------------------------------------------------------------------------------

KINDS: list[tuple[str, list[Json], str]] = [
    ("a smaller figure", [report("b", killed(6), published_at=at(15))], "down"),
    ("a greater figure", [report("b", killed(8), published_at=at(15))], "up"),
    ("the same, less exact", [report("b", killed(7, qualifier="at_least"), published_at=at(15))], "bounds"),
    ("a denial", [report("b", denies("a"), source="mod.south")], "disputed"),
    (
        "a denial that is withdrawn",
        [report("b", denies("a"), source="mod.south"), withdrawal("b", source="mod.south")],
        "undisputed",
    ),
    ("a figure that is final", [report("b", killed(7, final=True), published_at=at(15))], "final"),
    ("a figure that is not final", [report("b", killed(7, final=False), published_at=at(15))], "final"),
    ("a withdrawal", [withdrawal("a")], "withdrawn"),
    ("a withdrawal and a return", [withdrawal("a"), report("a", killed(7), revision=3)], "restored"),
    (
        "greater, less exact, final and disputed at once",
        [report("b", denies("c")), report("c", killed(8, qualifier="about", final=True), published_at=at(15))],
        "up",
    ),
    (
        "less exact, final and disputed at once",
        [report("b", denies("c")), report("c", killed(7, qualifier="about", final=True), published_at=at(15))],
        "bounds",
    ),
    (
        "final and disputed at once",
        [report("b", denies("c")), report("c", killed(7, final=True), published_at=at(15))],
        "disputed",
    ),
    (
        "one denial for another",
        [
            report("b", denies("a"), source="mod.south"),
            report("b", denies("a"), source="watch", revision=2),
        ],
        "disputed",
    ),
    (
        "one denial less, and final",
        [
            report("b", denies("a"), source="mod.south"),
            report("c", killed(7, final=True), published_at=at(15)),
        ],
        "undisputed",
    ),
]


@pytest.mark.parametrize(("records", "kind"), [(r, k) for _, r, k in KINDS], ids=[name for name, *_ in KINDS])
def test_kind_is_the_first_that_applies(records: list[Json], kind: str) -> None:
    """First, restored, withdrawn, up or down, bounds, disputed, undisputed, final."""
    assert Story(report("a", killed(7)), *records).counts("kind")[-1] == kind


def test_versions_count_up_with_no_gap_and_delta_adds_up() -> None:
    """Before(n+1) = after(n); a null side counts 0."""
    records = [
        report("a", killed(7)),
        report("b", more(3), published_at=at(15)),
        withdrawal("a"),
        withdrawal("b", published_at=at(15)),
        report("a", killed(5), revision=3),
    ]
    assert Story(*records).counts("version", "kind", "before", "after", "delta") == [
        (1, "first", None, value(7), 7),
        (2, "up", value(7), value(10, as_of=at(15)), 3),
        (3, "down", value(10, as_of=at(15)), value(3, as_of=at(15)), -7),
        (4, "withdrawn", value(3, as_of=at(15)), None, -3),
        (5, "restored", None, value(5), 5),
    ]


# --- revisions --------------------------------------------------------------------------------------------------------


def test_a_higher_revision_replaces_the_earlier_claims_entirely() -> None:
    story = Story(
        report("a", killed(7), killed(70, outcome="wounded")),
        report("a", killed(8), revision=4),
    )
    assert story.counts("outcome", "kind", "delta") == [
        ("killed", "first", 7),
        ("wounded", "first", 70),
        ("killed", "up", 1),
        ("wounded", "withdrawn", -70),
    ]


def test_revision_with_another_source_retracts_the_old_cells() -> None:
    """A revision may name another source: the old source's cells fall back."""
    story = Story(
        report("a", killed(5), published_at=at(13)),
        report("b", killed(7)),
        report("b", killed(7), revision=2, source="watch"),
    )
    assert story.counts("source", "kind", "delta") == [
        ("mod", "first", 5),
        ("mod", "up", 2),
        ("mod", "down", -2),
        ("watch", "first", 7),
    ]


def test_a_withdrawal_lets_what_it_superseded_stand_again() -> None:
    story = Story(report("a", killed(5), published_at=at(13)), report("b", killed(7)), withdrawal("b"))
    assert story.value() == value(5, as_of=at(13))


# --- disputes ---------------------------------------------------------------------------------------------------------


def disputed_by(*records: Json) -> list[str]:
    said = Story(report("a", killed(7)), *records).value()
    assert said is not None
    names: list[str] = said["disputed_by"]
    return names


def test_denial_of_a_counted_claim_disputes_the_cell() -> None:
    """A denial of the base or of a counted increment disputes the cell."""
    increment = report("b", says(), more(1), published_at=at(15))
    assert disputed_by(report("c", denies("a"), source="watch")) == ["watch"]
    assert disputed_by(increment, report("c", denies("b", 1), source="watch")) == ["watch"]


def test_denial_of_an_overlapping_increment_disputes() -> None:
    """An increment that adds to high alone can be denied too."""
    increment = report("b", more(1, since=at(13)), published_at=at(15))
    assert disputed_by(increment, report("c", denies("b"), source="watch")) == ["watch"]


def test_those_who_dispute_are_named_once_each_and_sorted() -> None:
    denials = [report(f"d{n}", denies("a"), source=source) for n, source in enumerate(("watch", "mod.south", "watch"))]
    assert disputed_by(*denials) == ["mod.south", "watch"]


def test_denial_of_a_claim_that_does_not_count_is_inert() -> None:
    """A denial of a superseded or unknown claim disputes nothing."""
    later = report("b", killed(9), published_at=at(15))
    contained = report("c", more(1, as_of=at(13)), published_at=at(15))
    retold = [report(f"i{n}", more(1, as_of=at(16, n), incident="x"), published_at=at(17)) for n in range(2)]
    assert disputed_by(later, report("d", denies("a"), source="watch")) == []
    assert disputed_by(contained, report("d", denies("c"), source="watch")) == []
    assert disputed_by(*retold, report("d", denies("i0"), source="watch")) == []
    assert disputed_by(*retold, report("d", denies("i1"), source="watch")) == ["watch"]
    for nothing in (denies("nobody"), denies("a", 1), denies("a", 63)):
        assert disputed_by(report("d", nothing, source="watch")) == []


def test_only_a_denial_with_a_reference_disputes() -> None:
    target = {"report_id": "a", "claim": 0}
    claims = [says("asserted", refers_to=target), says("accused", refers_to=target), says("denied", "casualties")]
    assert disputed_by(report("d", *claims, source="watch")) == []


def test_denial_of_a_derived_figure_or_statement_is_inert() -> None:
    """A denial of a derived figure or a statement disputes no cell."""
    other = report("b", killed(7, basis="derived"), says(), published_at=at(15))
    assert disputed_by(other, report("d", denies("b", 0), denies("b", 1), source="watch")) == []


def test_a_denial_may_come_before_what_it_denies() -> None:
    assert disputed_by(report("d", denies("b"), source="watch"), report("b", killed(8), published_at=at(15))) == [
        "watch"
    ]


def test_a_report_may_deny_a_figure_of_its_own() -> None:
    assert disputed_by(report("b", denies("b", 1), killed(8), published_at=at(15))) == ["mod"]


def test_denial_applies_to_all_or_to_the_named_revision() -> None:
    """A denial with a revision applies to that revision alone."""
    denial = report("d", denies("a"), denies("a", revision=1), source="watch")
    only_first = report("d", denies("a", revision=1), source="watch")
    second = report("a", killed(8), revision=2)
    assert disputed_by(denial, second) == ["watch"]
    assert disputed_by(only_first) == ["watch"]
    assert disputed_by(only_first, second) == []
    assert disputed_by(report("d", denies("a", revision=2), source="watch"), second) == ["watch"]


def test_a_denial_comes_back_with_what_it_denies() -> None:
    story = Story(
        report("a", killed(7)),
        report("d", denies("a"), source="watch"),
        report("b", killed(9), published_at=at(15)),
        withdrawal("b", published_at=at(15)),
        withdrawal("a"),
        report("a", killed(7), revision=3),
    )
    dispute = value(7, disputed_by=["watch"])
    assert story.counts("kind", "after") == [
        ("first", value(7)),
        ("disputed", dispute),
        ("up", value(9, as_of=at(15))),
        ("down", dispute),
        ("withdrawn", None),
        ("restored", dispute),
    ]


def test_a_denial_that_is_revised_moves_its_dispute() -> None:
    story = Story(
        report("a", killed(7), killed(70, outcome="wounded")),
        report("d", denies("a"), source="watch"),
        report("d", denies("a", 1), source="watch", revision=2),
    )
    assert story.counts("outcome", "kind") == [
        ("killed", "first"),
        ("wounded", "first"),
        ("killed", "disputed"),
        ("killed", "undisputed"),
        ("wounded", "disputed"),
    ]


def test_a_revision_that_denies_its_own_new_figure() -> None:
    """The cell of the figure is yet to be made when the old revision's denial falls."""
    story = Story(
        report("a", denies("a", 1), killed(7)),
        report("a", denies("a", 1), killed(8, outcome="wounded"), revision=2),
    )
    assert story.counts("outcome", "kind", "after") == [
        ("killed", "first", value(7, disputed_by=["mod"])),
        ("killed", "withdrawn", None),
        ("wounded", "first", value(8, disputed_by=["mod"])),
    ]
