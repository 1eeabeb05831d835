"""Times (contract section 1): RFC 3339 in, UTC out with `Z` and no trailing zeros, the years 0001 to 9999."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from streams.core.times import EPOCH, format_time, parse_time

SPELLINGS = [
    ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
    ("1970-01-01T04:00:00+04:00", 0, "1970-01-01T00:00:00Z"),
    ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"),
    ("2022-09-15T10:30:00+04:00", 1663223400000000, "2022-09-15T06:30:00Z"),
    ("2022-09-15T10:30:00.5Z", 1663237800500000, "2022-09-15T10:30:00.5Z"),
    ("2022-09-15T10:30:00.500000Z", 1663237800500000, "2022-09-15T10:30:00.5Z"),
    ("2022-09-15T10:30:00.000001-23:59", 1663324140000001, "2022-09-16T10:29:00.000001Z"),
    ("2022-09-15T10:30:00.000000Z", 1663237800000000, "2022-09-15T10:30:00Z"),
    ("2024-02-29T00:00:00Z", 1709164800000000, "2024-02-29T00:00:00Z"),
    ("0001-01-01T00:00:00Z", -62135596800000000, "0001-01-01T00:00:00Z"),
    ("9999-12-31T23:59:59.999999Z", 253402300799999999, "9999-12-31T23:59:59.999999Z"),
    ("9999-12-31T23:59:59+00:01", 253402300739000000, "9999-12-31T23:58:59Z"),
]


@pytest.mark.parametrize(("text", "microseconds", "in_utc"), SPELLINGS)
def test_a_time_is_read_with_its_offset_and_written_in_utc(text: str, microseconds: int, in_utc: str) -> None:
    assert parse_time(text) == microseconds
    assert format_time(microseconds) == in_utc


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29T00:00:00Z",  # no such day
        "2022-13-01T00:00:00Z",
        "2022-00-10T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",  # the year 0 in UTC
        "9999-12-31T23:59:59-00:01",  # the year 10000 in UTC
    ],
)
def test_impossible_dates_are_refused(text: str) -> None:
    """A date that does not exist, or leaves the calendar in UTC, is refused."""
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text)


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_any_time_is_written_as_the_standard_library_would(moment: datetime) -> None:
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        reject()
    us = (in_utc - EPOCH) // timedelta(microseconds=1)
    text = in_utc.replace(tzinfo=None).isoformat()
    assert format_time(us) == (text.rstrip("0") if "." in text else text) + "Z"
    assert parse_time(format_time(us)) == us
