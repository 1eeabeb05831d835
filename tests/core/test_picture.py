"""The picture of an episode (contract section 5): cells, classes, totals, derived figures, ceasefires."""

from __future__ import annotations

import pytest

from tests.support.build import NOON, Json, Story, act, at, killed, more, report, tick, value, view, withdrawal

OWN, OTHER, THIRD = "self_reported", "other_party_claimed", "third_party"


def leading(best: int, source: str = "mod", as_of: str = NOON, **others: int | None) -> Json:
    bounds = {"best": best, "low": best, "high": best}
    return {**bounds, "source": source, "as_of": as_of, "sources": 1, "least": best, "greatest": best, **others}


def classes(story: Story, party: str = "north") -> Json:
    """Return the figures for a party's killed soldiers, by class."""
    (row,) = [
        row
        for row in story.picture()["parties"]
        if (row["party"], row["outcome"], row["population"]) == (party, "killed", "military")
    ]
    return {name: row[name] for name in (OWN, OTHER, THIRD)}


def test_the_whole_picture_of_two_sides() -> None:
    """The figures of the war's first days: 71 + 105 = 176."""
    story = Story(
        report("a", killed(71)),
        report("b", killed(105, party="south"), act("announced"), source="mod.south"),
        report("c", killed(176, party="all", basis="derived"), source="watch"),
    )
    cells = [("mod", "north", 71, "a"), ("mod.south", "south", 105, "b")]
    announced = view("announced", NOON, declared_by=["south"])
    assert story.picture() == {
        "clock": NOON,
        "cells": [
            {
                "source": source,
                "party": party,
                "outcome": "killed",
                "population": "military",
                "value": value(best),
                "version": 1,
                "report_id": report_id,
                "revision": 1,
            }
            for source, party, best, report_id in cells
        ],
        "parties": [
            {
                "party": party,
                "outcome": "killed",
                "population": "military",
                OWN: leading(best, source),
                OTHER: None,
                THIRD: None,
            }
            for source, party, best, _ in cells
        ],
        "totals": [
            {
                "outcome": "killed",
                "population": "military",
                "best": 176,
                "parts": {"north": 71, "south": 105},
                "missing": [],
            }
        ],
        "derived": [
            {
                "source": "watch",
                "party": "all",
                "outcome": "killed",
                "population": "military",
                "best": 176,
                "low": 176,
                "high": 176,
                "as_of": NOON,
                "report_id": "c",
                "computed": 176,
                "agrees": True,
            }
        ],
        "ceasefires": [
            {"ceasefire": "main", "view": name, "version": 1, **announced} for name in ("joint", "source:mod.south")
        ],
    }


# --- cells ------------------------------------------------------------------------------------------------------------


def cell_report(*records: Json) -> tuple[str | None, int | None]:
    (cell,) = Story(*records).picture()["cells"]
    return cell["report_id"], cell["revision"]


def test_a_cell_names_the_report_whose_part_has_the_greatest_k() -> None:
    base, increment = report("a", killed(7)), report("b", more(1), published_at=at(15))
    overlapping = report("c", more(1, since=at(13)), published_at=at(16))
    contained = report("d", more(1, as_of=at(13)), published_at=at(17))
    assert cell_report(base) == ("a", 1)
    assert cell_report(base, increment) == ("b", 1)
    assert cell_report(base, increment, overlapping, contained) == ("c", 1)
    assert cell_report(base, report("a", killed(8), revision=5)) == ("a", 5)


def test_a_cell_whose_value_is_null_is_kept_and_names_no_report() -> None:
    (cell,) = Story(report("a", killed(7)), withdrawal("a")).picture()["cells"]
    assert (cell["value"], cell["version"], cell["report_id"], cell["revision"]) == (None, 2, None, None)


# --- parties ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "class_"),
    [("mod", OWN), ("mod-2", OWN), ("mod.south", OTHER), ("watch", THIRD), ("nobody", THIRD)],
)
def test_a_sources_class_follows_from_its_affiliation(source: str, class_: str) -> None:
    said = classes(Story(report("a", killed(7), source=source)))
    assert said == {**dict.fromkeys((OWN, OTHER, THIRD)), class_: leading(7, source)}


def test_latest_figure_leads_its_class() -> None:
    """Greatest by as_of, with its own bounds; the extremes of the others beside it."""
    story = Story(
        report("a", killed(7, low=1, high=9)),
        report("b", killed(5, low=4, high=12), source="mod-2", published_at=at(15)),
    )
    assert classes(story)[OWN] == leading(5, "mod-2", at(15), low=4, high=12, sources=2, greatest=7)


@pytest.mark.parametrize("qualifier", ["about", "at_least", "up_to"])
def test_class_has_the_bounds_of_its_leading_value(qualifier: str) -> None:
    """An unknown bound of another source does not hide the leading one's."""
    others = [report("a", killed(7, qualifier=qualifier), source="mod-2", published_at=at(13))]
    assert classes(Story(*others, report("b", killed(8))))[OWN] == leading(8, sources=2, least=7)


def test_partial_source_leads_only_alone() -> None:
    """A later figure of one service of a side does not represent the whole side."""
    whole, part = report("a", killed(71)), report("b", killed(8), source="border", published_at=at(16))
    assert classes(Story(whole, part))[OWN] == leading(71, sources=2, least=8)
    assert classes(Story(part))[OWN] == leading(8, "border", at(16))
    increment = report("a", more(3))
    assert classes(Story(increment, part))[OWN]["source"] == "mod"


def test_a_figure_with_a_base_leads_before_a_later_one_without() -> None:
    story = Story(report("a", killed(7)), report("b", more(1), source="mod-2", published_at=at(15)))
    assert classes(story)[OWN] == leading(7, sources=2, least=1)


def test_leading_tie_uses_published_then_source() -> None:
    """Of equal as_of the later published leads, then the greater source."""
    moment = {"as_of": at(14)}
    early = report("a", killed(7, **moment), published_at=at(15))
    late = report("b", killed(8, **moment), source="mod-2", published_at=at(14))
    assert classes(Story(early, late))[OWN]["source"] == "mod"
    same = {**late, "published_at": at(15)}
    assert classes(Story(early, same))[OWN]["source"] == "mod-2"


def test_sources_are_ordered_by_code_point() -> None:
    moment = {"as_of": at(14)}
    story = Story(*[report(source, killed(7, **moment), source=source) for source in ("mod", "mod-2")])
    assert classes(story)[OWN]["source"] == "mod-2"


def test_a_class_and_a_party_go_with_the_last_value_that_stands() -> None:
    story = Story(report("a", killed(7)), report("b", killed(8), source="watch"), withdrawal("a"))
    assert classes(story) == {OWN: None, OTHER: None, THIRD: leading(8, "watch")}
    story.take(withdrawal("b", source="watch"))
    assert story.picture()["parties"] == []


def test_parties_are_sorted_by_their_names() -> None:
    figures = [killed(1, party="south"), killed(2, outcome="wounded"), killed(3, population="civilian"), killed(4)]
    rows = Story(report("a", *figures)).picture()["parties"]
    assert [(row["party"], row["outcome"], row["population"]) for row in rows] == [
        ("north", "killed", "civilian"),
        ("north", "killed", "military"),
        ("north", "wounded", "military"),
        ("south", "killed", "military"),
    ]


def test_party_all_is_not_in_parties_or_totals() -> None:
    """The party `all` has cells and derived claims only."""
    picture = Story(report("a", killed(7, party="all"), killed(8, party="all", basis="derived"))).picture()
    assert [cell["party"] for cell in picture["cells"]] == ["all"]
    assert [row["party"] for row in picture["derived"]] == ["all"]
    assert (picture["parties"], picture["totals"]) == ([], [])


# --- totals -----------------------------------------------------------------------------------------------------------


def test_total_names_parties_without_own_figure() -> None:
    """A total's missing parties have a figure, but none of their own."""
    story = Story(report("a", killed(71)), report("b", killed(30, party="south"), killed(5, party="east")))
    assert story.picture()["totals"] == [
        {
            "outcome": "killed",
            "population": "military",
            "best": 71,
            "parts": {"north": 71},
            "missing": ["east", "south"],
        }
    ]


def test_without_a_self_reported_value_there_is_no_total() -> None:
    assert Story(report("a", killed(71), source="watch")).picture()["totals"] == []


def test_nothing_is_summed_across_outcomes_or_populations() -> None:
    kinds = [{"outcome": "wounded"}, {"population": "civilian"}, {"outcome": "killed_or_missing"}, {}]
    totals = Story(report("a", *[killed(n, **kind) for n, kind in enumerate(kinds)])).picture()["totals"]
    assert [(total["outcome"], total["population"], total["best"]) for total in totals] == [
        ("killed", "civilian", 1),
        ("killed", "military", 3),
        ("killed_or_missing", "military", 2),
        ("wounded", "military", 0),
    ]


# --- derived ----------------------------------------------------------------------------------------------------------


def derived(*records: Json) -> list[tuple[int, str, int | None, bool | None]]:
    rows = Story(*records).picture()["derived"]
    return [(row["best"], row["report_id"], row["computed"], row["agrees"]) for row in rows]


def test_of_derived_claims_the_newest_stands() -> None:
    claims = [report(name, killed(n, basis="derived", as_of=at(n))) for name, n in (("a", 13), ("b", 14), ("c", 12))]
    assert derived(*claims) == [(14, "b", None, None)]
    assert derived(*claims, withdrawal("b")) == [(13, "a", None, None)]
    assert derived(*claims, *map(withdrawal, "abc")) == []


def test_it_is_held_against_the_partys_own_figure_or_our_total() -> None:
    own = report("a", killed(71))
    south = report("b", killed(105, party="south"), source="mod.south")
    assert derived(own, south, report("c", killed(71, basis="derived"), source="watch")) == [(71, "c", 71, True)]
    assert derived(own, south, report("c", killed(70, basis="derived", party="all"))) == [(70, "c", 176, False)]


def test_without_such_a_figure_it_neither_agrees_nor_disagrees() -> None:
    foreign = report("a", killed(71), source="watch")
    assert derived(foreign, report("c", killed(71, basis="derived"))) == [(71, "c", None, None)]
    assert derived(foreign, report("c", killed(71, basis="derived", party="all"))) == [(71, "c", None, None)]
    assert derived(report("c", killed(71, basis="derived", party="east"))) == [(71, "c", None, None)]


@pytest.mark.parametrize(
    ("fields", "agrees"),
    [
        ({"qualifier": "exact"}, {70}),
        ({"qualifier": "about"}, {70}),
        ({"qualifier": "about", "low": 69}, {69, 70}),
        ({"qualifier": "about", "high": 71}, {70, 71}),
        ({"qualifier": "at_least"}, {70, 71, 900}),
        ({"qualifier": "at_least", "high": 71}, {70, 71}),
        ({"qualifier": "more_than"}, {71, 900}),
        ({"qualifier": "up_to"}, {0, 69, 70}),
        ({"qualifier": "nearly"}, {0, 69, 70}),
        ({"qualifier": "nearly", "low": 69}, {69, 70}),
        ({"qualifier": "exact", "low": 69, "high": 71}, {69, 70, 71}),
    ],
)
def test_agrees_is_within_the_claims_bounds(fields: Json, agrees: set[int]) -> None:
    """A null high is no limit for at_least and more_than, a null low is 0 for up_to and nearly; else best."""
    claim = report("c", killed(70, basis="derived", **fields), source="watch")
    tried = [0, 69, 70, 71, 900]
    assert {ours for ours in tried if derived(report("a", killed(ours)), claim)[0][3]} == agrees


def test_derived_rows_are_by_cell() -> None:
    """Derived rows are per source, party, outcome and population."""
    figures = [killed(n, basis="derived", party=party) for n, party in enumerate(["south", "all", "north"])]
    rows = Story(report("a", *figures), report("b", figures[0], source="aa")).picture()["derived"]
    assert [(row["source"], row["party"]) for row in rows] == [
        ("aa", "south"),
        ("mod", "all"),
        ("mod", "north"),
        ("mod", "south"),
    ]


def test_derived_is_compared_at_its_own_time() -> None:
    """Figures dated later change nothing; a late one for that time does."""
    own = report("a", killed(71), published_at=at(13))
    south = report("b", killed(105, party="south"), source="mod.south", published_at=at(13))
    total = report("c", killed(176, party="all", basis="derived"), source="watch", published_at=at(14))
    later = [report("d", killed(80), published_at=at(15)), report("e", more(4), published_at=at(16))]
    assert derived(own, south, total, *later) == [(176, "c", 176, True)]
    late = report("f", killed(75, as_of=at(13, 12)), source="mod-2", published_at=at(17))
    assert derived(own, south, total, *later, late) == [(176, "c", 180, False)]


def test_derived_slice_has_the_increments_of_its_time() -> None:
    """The base and increments dated up to the derived claim count, an incident once."""
    parts = [
        report("a", killed(10), published_at=at(10)),
        report("b", more(1, incident="x"), published_at=at(11)),
        report("c", more(2, incident="x"), published_at=at(12)),
        report("d", more(4, since=at(9)), published_at=at(12)),
        report("e", more(-3), published_at=at(13)),
        report("f", more(7), published_at=at(15)),
        report("g", more(100, incident="x"), published_at=at(16)),
    ]
    assert derived(*parts, report("z", killed(9, basis="derived"), published_at=at(14))) == [(9, "z", 9, True)]
    assert derived(*parts, report("z", killed(11, basis="derived"), published_at=at(11))) == [(11, "z", 11, True)]
    assert derived(*parts, report("z", killed(1, basis="derived"), published_at=at(9))) == [(1, "z", None, None)]


# --- clock ------------------------------------------------------------------------------------------------------------


def test_the_clock_is_the_greatest_time_of_reports_and_ticks() -> None:
    story = Story(report("a", killed(7)), report("b", killed(7), published_at=at(13)))
    assert story.picture()["clock"] == NOON
    story.take(tick(at(20)))
    assert story.picture()["clock"] == at(20)
