"""One running count (contract section 3): base, increments, bounds, and that order does not matter.

Figures are added to a cell and taken away again by hand here; `test_counts` has the effects of reports.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from streams.core.counts.cell import Cell
from streams.core.counts.entry import Entry
from streams.core.model import Casualty
from streams.core.times import parse_time
from tests.support.build import Json, at, killed, more, read_report, report, value
from tests.support.class_fields import fields_of


def entry(claim: Json, report_id: str = "r", published_at: str = at(20)) -> Entry:
    """Return a figure as a cell stores it, of a report published after all others in these tests."""
    (figure,) = read_report(report(report_id, claim, published_at=published_at)).claims
    assert isinstance(figure, Casualty)
    return Entry(figure.as_of, parse_time(published_at), report_id, 0, figure)


def cell(*claims: Json) -> Cell:
    """A cell with these claims, of one report each: a, b, c …"""
    made = Cell()
    for number, claim in enumerate(claims):
        made.add(entry(claim, chr(ord("a") + number)))
    return made


def said(*claims: Json) -> Json | None:
    return cell(*claims).value()


# --- the base ---------------------------------------------------------------------------------------------------------


def test_no_base_and_no_increment_is_no_value() -> None:
    assert said() is None
    assert Cell().leading() is None


def test_base_is_the_cumulative_claim_with_greatest_as_of() -> None:
    """The base is the cumulative claim with the greatest as_of."""
    assert said(killed(7, as_of=at(15)), killed(9, as_of=at(14))) == value(7, as_of=at(15))


def test_a_smaller_later_cumulative_figure_is_a_legal_correction() -> None:
    assert said(killed(9, as_of=at(14)), killed(7, as_of=at(15))) == value(7, as_of=at(15))


def test_tie_on_as_of_uses_published_then_id_then_claim() -> None:
    """k = (as_of, published_at, report_id, claim index), each greater than the one before."""
    moment = {"as_of": at(14)}
    ordered = [
        entry(killed(1, **moment), "z", at(15)),
        entry(killed(2, **moment), "a", at(16)),
        entry(killed(3, **moment), "b", at(16)),
        entry(killed(4, **moment), "b", at(16))._replace(claim_index=1),
    ]
    made = Cell()
    told = []
    for each in ordered:
        made.add(each)
        told.append(made.value())
    assert told == [value(best, as_of=at(14)) for best in (1, 2, 3, 4)]
    assert made.leading() == ordered[-1]


def test_report_ids_are_ordered_by_code_point() -> None:
    """U+FFFF comes before U+10000, other than in UTF-16."""
    moment = {"as_of": at(14)}
    made = Cell()
    for number, name in enumerate(["\U00010000", "\uffff", "ä", "z"]):
        made.add(entry(killed(number, **moment), name))
    assert made.value() == value(0, as_of=at(14))


# --- increments -------------------------------------------------------------------------------------------------------


def test_increments_after_the_base_are_added_to_it() -> None:
    claims = [killed(50, as_of=at(14)), more(3, as_of=at(15)), more(4, as_of=at(16))]
    assert said(*claims) == value(57, as_of=at(16))


def test_base_contains_increments_up_to_its_date() -> None:
    """Strictly after base.as_of."""
    claims = [killed(50, as_of=at(14, 12)), more(3, as_of=at(14, 12)), more(4, as_of=at(14, 11))]
    assert said(*claims) == value(50, as_of=at(14, 12))
    assert said(*claims, more(1, as_of="2022-09-14T12:00:00.000001Z")) == value(51, as_of="2022-09-14T12:00:00.000001Z")


def test_increments_alone_add_up() -> None:
    assert said(more(3, as_of=at(13)), more(4, as_of=at(12))) == value(7, as_of=at(13))


def test_bounds_add_up_beside_the_best_figure() -> None:
    base = killed(50, low=40, high=60, as_of=at(14))
    parts = [more(5, low=1, high=9, as_of=at(15)), more(6, qualifier="exact", as_of=at(16))]
    assert said(base, *parts) == value(61, low=47, high=75, as_of=at(16))


@pytest.mark.parametrize(
    ("base", "part", "low", "high"),
    [
        ("exact", "about", None, None),
        ("about", "exact", None, None),
        ("at_least", "exact", 57, None),
        ("exact", "at_least", 57, None),
        ("up_to", "nearly", None, 57),
        ("exact", "up_to", None, 57),
    ],
)
def test_a_bound_is_null_if_that_of_any_part_is(base: str, part: str, low: int | None, high: int | None) -> None:
    claims = [killed(50, qualifier=base, as_of=at(14)), more(7, qualifier=part, as_of=at(15))]
    assert said(*claims) == value(57, low=low, high=high, as_of=at(15))


def test_a_bound_is_known_again_when_the_part_without_it_falls() -> None:
    vague = entry(more(7, qualifier="about", as_of=at(15)), "b")
    made = cell(killed(50, as_of=at(14)))
    made.add(vague)
    assert made.value() == value(57, low=None, high=None, as_of=at(15))
    made.remove(vague)
    assert made.value() == value(50, as_of=at(14))


def test_final_is_that_of_the_base() -> None:
    assert said(killed(50, as_of=at(14), final=True), more(1, as_of=at(15), final=False)) == value(
        51, as_of=at(15), final=True
    )
    assert said(more(1, as_of=at(15), final=True)) == value(1, as_of=at(15))


# --- incidents --------------------------------------------------------------------------------------------------------


def test_one_increment_of_an_incident_counts() -> None:
    """Of increments with the same incident only the greatest k counts."""
    claims = [more(3, as_of=at(14), incident="x"), more(5, as_of=at(15), incident="x"), more(4, as_of=at(13))]
    assert said(*claims) == value(9, as_of=at(15))


def test_different_incidents_each_count() -> None:
    assert said(more(3, as_of=at(14), incident="x"), more(5, as_of=at(15), incident="y")) == value(8, as_of=at(15))


def test_an_incident_falls_back_to_its_earlier_telling() -> None:
    later = entry(more(5, as_of=at(15), incident="x"), "z")
    made = cell(more(3, as_of=at(14), incident="x"))
    made.add(later)
    made.remove(later)
    assert made.value() == value(3, as_of=at(14))


def test_a_telling_that_the_base_contains_is_no_rival() -> None:
    """Only increments after the base count, so only they are reported twice."""
    later = entry(more(5, as_of=at(16), incident="x"), "z")
    made = cell(killed(50, as_of=at(15)), more(3, as_of=at(14), incident="x"))
    made.add(later)
    assert made.value() == value(55, as_of=at(16))
    made.remove(later)
    assert made.value() == value(50, as_of=at(15))


# --- overlap ----------------------------------------------------------------------------------------------------------


def test_overlapping_increment_adds_to_high_alone() -> None:
    """An increment with since before the base's as_of adds to high alone."""
    claims = [killed(50, as_of=at(14)), more(7, low=5, high=9, as_of=at(15), since=at(13, 23))]
    assert said(*claims) == value(50, high=59, as_of=at(15))


def test_increment_from_the_base_on_does_not_overlap() -> None:
    """An increment with since equal to the base's as_of counts in full."""
    assert said(killed(50, as_of=at(14)), more(7, as_of=at(15), since=at(14))) == value(57, as_of=at(15))


def test_overlapping_increment_without_high_leaves_low_known() -> None:
    """Low looks only at the parts that add to it."""
    claims = [killed(50, as_of=at(14)), more(7, qualifier="about", as_of=at(15), since=at(13))]
    assert said(*claims) == value(50, high=None, as_of=at(15))


def test_without_a_base_nothing_is_overlapped() -> None:
    assert said(more(7, as_of=at(15), since=at(13))) == value(7, as_of=at(15))


def test_an_overlap_ends_when_the_base_falls_back() -> None:
    later = entry(killed(60, as_of=at(14)), "z")
    made = cell(killed(50, as_of=at(12)), more(7, as_of=at(15), since=at(13)))
    made.add(later)
    assert made.value() == value(60, high=67, as_of=at(15))
    made.remove(later)
    assert made.value() == value(57, as_of=at(15))


# --- any order --------------------------------------------------------------------------------------------------------

MIXED = [
    entry(killed(50, as_of=at(14)), "a"),
    entry(killed(40, as_of=at(12), qualifier="at_least"), "b"),
    entry(more(3, as_of=at(13), incident="x"), "c"),
    entry(more(4, as_of=at(15), incident="x"), "d"),
    entry(more(5, as_of=at(15, 1), since=at(13)), "e"),
    entry(more(6, as_of=at(13), qualifier="up_to"), "f"),
]


def test_the_value_depends_on_the_set_alone_never_on_the_order() -> None:
    values = []
    for order in permutations(MIXED):
        made = Cell()
        for each in order:
            made.add(each)
        values.append((made.value(), made.leading(), [*made.counted()]))
    assert all(each == values[0] for each in values)
    counted = [MIXED[0], MIXED[3], MIXED[4]]
    assert values[0] == (value(54, high=59, as_of=at(15, 1)), MIXED[4], counted)


def test_removing_is_the_inverse_of_adding_in_any_order() -> None:
    """After each removal the cell is as if the claim had never been there."""
    for order in permutations(MIXED):
        made = Cell()
        for each in MIXED:
            made.add(each)
        for number, each in enumerate(order, 1):
            made.remove(each)
            rest = Cell()
            for other in order[number:]:
                rest.add(other)
            assert (made.value(), made.sums) == (rest.value(), rest.sums)


def test_a_claim_that_does_not_stand_cannot_be_removed() -> None:
    """Better an error than another claim gone in its place."""
    for made in (cell(), cell(killed(7, as_of=at(14)), more(3, as_of=at(15)))):
        for claim in (killed(8, as_of=at(13)), more(8, as_of=at(16))):
            before = made.value()
            with pytest.raises(LookupError):
                made.remove(entry(claim, "z"))
            assert made.value() == before


def test_what_was_stored_in_any_order_is_put_in_order() -> None:
    made = Cell()
    for each in MIXED:
        made.append(each)
    made.put_in_order(floor=0)
    added = Cell()
    for each in MIXED:
        added.add(each)
    assert {name: getattr(made, name) for name in fields_of(Cell)} == {
        name: getattr(added, name) for name in fields_of(Cell)
    }
    # All were published before that floor: the greatest base can never be taken away.
    made.put_in_order(floor=parse_time(at(21)))
    assert made.settled == MIXED[0]
