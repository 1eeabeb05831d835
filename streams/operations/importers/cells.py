"""Values in the cells of a table: whole numbers, ranges with qualifiers, dates and times."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from streams.operations.importers.dates import utc
from streams.reading import numbers

__all__ = [
    "CellCount",
    "CellTime",
    "DateOrder",
    "date_order",
    "is_ambiguous",
    "is_future",
    "read_count",
    "read_time",
]

DateOrder = Literal["dmy", "mdy"]


class CellCount(NamedTuple):
    """A count as a cell gives it."""

    best: int
    low: int | None = None
    high: int | None = None
    qualifier: str = "exact"


class CellTime(NamedTuple):
    """A time of the wire, and whether the cell held a date without a time of day."""

    text: str
    is_date: bool


# --- counts -----------------------------------------------------------------------------------------------------------


def read_count(text: str) -> CellCount | None:
    """Return the count in a cell (`12`, `1,204`, `36-38`, `19+`, `>34`, `ca. 40`, `dozens`), None for anything else.

    The grammar is the reader's; a whole number below zero, as in a correction, is read here alone.
    """
    words = text.strip()
    is_negative = words[:1] in {"-", "\u2212"}
    found = numbers.read_count(words[1:] if is_negative else words)
    if found is None:
        return None
    count = CellCount(found.best, found.low, found.high, found.qualifier)
    if not is_negative:
        return count
    return CellCount(-found.best) if count == CellCount(found.best) else None


# --- times ------------------------------------------------------------------------------------------------------------

_NUMERIC_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_YEAR_FIRST = re.compile(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_EPOCH = re.compile(r"\d{9,10}(?:\.0+)?|\d{12,13}")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}")
#: With the name of a month; English, as in most exports.
_WORDED = ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y", "%d-%B-%Y")
_MILLISECONDS = 100_000_000_000


def read_time(
    text: str, zone: ZoneInfo, *, formats: Sequence[str] = (), order: DateOrder = "dmy", end: bool = False
) -> CellTime:
    """Return the time in a cell, in UTC; a date without a time is the first second of the day, or its last at `end`.

    The given formats (strptime) are tried first, then ISO 8601, and without formats epoch seconds or milliseconds,
    day, month and year in `order`, and dates with the name of a month. Raises ValueError.
    """
    moment, is_date = _moment(text.strip(), formats, order)
    if is_date and end:
        moment = datetime.combine(moment.date(), time(23, 59, 59), moment.tzinfo)
    return CellTime(utc(moment if moment.tzinfo else moment.replace(tzinfo=zone)), is_date)


def _moment(text: str, formats: Sequence[str], order: DateOrder) -> tuple[datetime, bool]:
    for pattern in formats:
        try:
            found = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
        return found, not re.search(r"%[HIMScTXs]", pattern)
    try:
        return datetime.fromisoformat(text), _ISO_DATE.fullmatch(text) is not None
    except ValueError:
        pass
    if formats:
        raise ValueError(f"{text!r} is not a date of the form {' or '.join(formats)}")
    if (guessed := _guessed(text, order)) is None:
        raise ValueError(f"{text!r} is not a date; say its form with format")
    return guessed


def _guessed(text: str, order: DateOrder) -> tuple[datetime, bool] | None:
    if _EPOCH.fullmatch(text):
        number = float(text)
        seconds = number / 1_000 if number >= _MILLISECONDS else number
        return datetime.fromtimestamp(seconds, UTC), False
    if found := _NUMERIC_DATE.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        day, month = (first, second) if order == "dmy" else (second, first)
        return _composed(year + 2000 if year < 100 else year, month, day, found[5])
    if found := _YEAR_FIRST.fullmatch(text):
        return _composed(int(found[1]), int(found[3]), int(found[4]), found[5])
    for pattern in _WORDED:
        try:
            return datetime.strptime(text, pattern), True  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
    return None


def _composed(year: int, month: int, day: int, clock: str | None) -> tuple[datetime, bool]:
    at = time.fromisoformat(clock.zfill(5) if len(clock) < 6 else clock.zfill(8)) if clock else time()
    return datetime.combine(date(year, month, day), at), clock is None


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """Return the order of day and month in dates such as 12/03/2024, by those with a part above 12; None for none.

    Raises ValueError where some are one way and some the other.
    """
    seen: set[DateOrder] = set()
    for text in texts:
        if found := _NUMERIC_DATE.fullmatch(text.strip()):
            if int(found[1]) > 12:
                seen.add("dmy")
            elif int(found[3]) > 12:
                seen.add("mdy")
    if len(seen) > 1:
        raise ValueError("some dates have the day first and some the month: say the form with format")
    return next(iter(seen), None)


def is_ambiguous(text: str) -> bool:
    """Return whether day and month of a date could be exchanged for another date."""
    found = _NUMERIC_DATE.fullmatch(text.strip())
    return found is not None and int(found[1]) <= 12 and int(found[3]) <= 12 and found[1] != found[3]


def is_future(text: str, now: datetime, *, days: int = 2) -> bool:
    """Return whether a time of the wire is more than some days after now."""
    return datetime.fromisoformat(text) > now + timedelta(days=days)
