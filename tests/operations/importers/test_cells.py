"""Cells of a table: counts, ranges, qualifiers, dates and times."""

from zoneinfo import ZoneInfo

import pytest

from streams.operations.importers.cells import CellCount, CellTime, date_order, is_ambiguous, read_count, read_time

UTC, BAKU = ZoneInfo("UTC"), ZoneInfo("Asia/Baku")


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        ("12", CellCount(12)),
        ("12.0", CellCount(12)),
        ("1,204", CellCount(1204)),
        ("1.204", CellCount(1204)),
        ("1 204", CellCount(1204)),
        ("1\u00a0204\u00a0000", CellCount(1_204_000)),
        ("٣٤", CellCount(34)),
        ("-3", CellCount(-3)),
        ("36-38", CellCount(36, 36, 38, "about")),
        ("3 – 7", CellCount(3, 3, 7, "about")),
        ("10 to 12", CellCount(10, 10, 12, "about")),
        ("19+", CellCount(19, qualifier="at_least")),
        ("5 or more", CellCount(5, qualifier="at_least")),
        (">34", CellCount(34, qualifier="more_than")),
        ("at least 8", CellCount(8, qualifier="at_least")),
        ("ca. 40", CellCount(40, qualifier="about")),
        ("nearly 90", CellCount(90, qualifier="nearly")),
        ("up to 7", CellCount(7, qualifier="up_to")),
        ("dozens", CellCount(12, qualifier="at_least")),
    ],
)
def test_a_count_is_read_with_its_bounds(cell: str, count: CellCount) -> None:
    assert read_count(cell) == count


@pytest.mark.parametrize("cell", ["", "none", "1.5", "12,04", "7-3", "1,20,4", "12 (5 civilians)", "9" * 50, "3-5+"])
def test_what_is_not_a_count_is_not_read(cell: str) -> None:
    """A number is taken only if the whole cell is understood."""
    assert read_count(cell) is None


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2024-03-01", CellTime("2024-02-29T20:00:00Z", True)),
        ("2024-03-01 14:30", CellTime("2024-03-01T10:30:00Z", False)),
        ("2024-03-01T14:30:00Z", CellTime("2024-03-01T14:30:00Z", False)),
        ("1709251200", CellTime("2024-03-01T00:00:00Z", False)),
        ("1709251200000", CellTime("2024-03-01T00:00:00Z", False)),
        ("1/3/2024", CellTime("2024-02-29T20:00:00Z", True)),
        ("1.3.24 9:05", CellTime("2024-03-01T05:05:00Z", False)),
        ("2024/03/01", CellTime("2024-02-29T20:00:00Z", True)),
        ("1 March 2024", CellTime("2024-02-29T20:00:00Z", True)),
        ("Mar 1, 2024", CellTime("2024-02-29T20:00:00Z", True)),
    ],
)
def test_a_time_is_read_in_its_zone(cell: str, time: CellTime) -> None:
    assert read_time(cell, BAKU) == time


def test_a_date_may_stand_for_the_end_of_its_day() -> None:
    assert read_time("2024-03-01", UTC, end=True).text == "2024-03-01T23:59:59Z"
    assert read_time("2024-03-01 08:00", UTC, end=True).text == "2024-03-01T08:00:00Z"


def test_given_formats_are_tried_in_order_and_then_iso() -> None:
    formats = ["%d.%m.%Y", "%m/%d/%Y"]
    assert [read_time(cell, UTC, formats=formats).text[:10] for cell in ("2.3.2024", "3/2/2024", "2024-03-02")] == [
        "2024-03-02"
    ] * 3
    with pytest.raises(ValueError, match=r"'soon' is not a date of the form %d\.%m\.%Y or %m/%d/%Y"):
        read_time("soon", UTC, formats=formats)


@pytest.mark.parametrize("cell", ["soon", "32/1/2024", "2024-13-01", "12"])
def test_what_is_not_a_time_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"date|day|month|range"):
        read_time(cell, UTC)


def test_the_order_of_day_and_month_is_found_by_a_column() -> None:
    assert date_order(["1/2/2024", "13/2/2024", "x"]) == "dmy"
    assert date_order(["1/2/2024", "2/13/2024"]) == "mdy"
    assert date_order(["1/2/2024", "2024-02-01"]) is None
    with pytest.raises(ValueError, match="say the form with format"):
        date_order(["13/2/2024", "2/13/2024"])


def test_a_date_is_ambiguous_if_day_and_month_can_be_exchanged() -> None:
    assert [is_ambiguous(cell) for cell in ("3/4/2024", "4/4/2024", "13/4/2024", "2024-04-03")] == [
        True, False, False, False,
    ]  # fmt: skip
