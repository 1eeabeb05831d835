import pytest

from streams.reading.numbers import Count, read_count

CELLS = {
    "36-38": Count(36, 36, 38, "about"),
    "36–38": Count(36, 36, 38, "about"),
    "19+": Count(19, qualifier="at_least"),
    ">34": Count(34, qualifier="more_than"),
    "≥34": Count(34, qualifier="at_least"),
    "<30": Count(30, qualifier="nearly"),
    "~40": Count(40, qualifier="about"),
    "ca. 40": Count(40, qualifier="about"),
    "approx. 30": Count(30, qualifier="about"),
    "dozens": Count(12, qualifier="at_least", vague=True),
    "tens of thousands": Count(10_000, qualifier="at_least", vague=True),
    "several": Count(3, qualifier="about", vague=True),
    "half a dozen": Count(6),
    "1,204": Count(1204),
    "1.204": Count(1204),
    "1 204": Count(1204),
    "1\u202f153\u202f940": Count(1_153_940),
    "12.0": Count(12),
    "12k": Count(12_000),
    "2.5 million": Count(2_500_000),
    "٤٬٠٥٣": Count(4053),
    "4،053": Count(4053),
    "۱۲": Count(12),
    "7\u200b1": Count(71),
    "forty-three": Count(43),
    "a hundred and twenty": Count(120),
    "two hundred and five": Count(205),
    "between 40 and 50": Count(40, 40, 50, "about"),
    "60 to 70": Count(60, 60, 70, "about"),
    "at least 49": Count(49, qualifier="at_least"),
    "no more than 5": Count(5, qualifier="up_to"),
    "0": Count(0),
}


@pytest.mark.parametrize(("cell", "count"), CELLS.items(), ids=map(ascii, CELLS))
def test_cell_is_read_with_its_bounds(cell: str, count: Count) -> None:
    assert read_count(cell) == count


@pytest.mark.parametrize("cell", ["", "abc", "5 dead", "3.5", "1,2", "12,34", "²", "-4", "1e9", "9" * 1_000_000, "n/a"])
def test_cell_that_is_no_count_is_none(cell: str) -> None:
    assert read_count(cell) is None


def test_count_beyond_the_contract_is_none() -> None:
    assert (read_count("1,000,000,000"), read_count("1,000,000,001")) == (Count(10**9), None)
