"""Times as texts say them, against the time of publication in the zone where the text is set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from streams.reading.numbers import MONTHS
from streams.reading.tokens import Token

_WEEKDAYS: Final = {
    name: number
    for number, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
}
_RELATIVE: Final = {"today": 0, "tonight": 0, "yesterday": -1, "overnight": 0, "tomorrow": 1}
_PARTS: Final = {
    "morning": 12,
    "afternoon": 18,
    "evening": 22,
    "night": 23,
    "noon": 12,
    "midnight": 24,
    "dawn": 6,
    "dusk": 20,
}
_HOURS: Final = {
    word: hour
    for hour, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of the text: a day, an hour of it, or both."""

    first: int
    last: int
    day: date | None
    clock: tuple[int, int] | None = None
    precise: bool = True  # False: a month or a year alone
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """When and where a document was published, as its words mean it."""

    published: datetime

    @classmethod
    def of(cls, published_at: str, zone: str | None) -> "Clock":
        """Return the clock of a document; an unknown zone leaves the offset of the time itself."""
        published = datetime.fromisoformat(published_at)
        return cls(published.astimezone(known_zone(zone) or published.tzinfo))

    @property
    def today(self) -> date:
        """Return the day of publication."""
        return self.published.date()

    def first_day(self, tokens: Sequence[Token], months: Mapping[str, int]) -> date | None:
        """Return the first day that a heading names: "7 October 2023", "October 11", "24.02.22"."""
        for index, token in enumerate(tokens):
            parts = token.text.split(".")
            if token.kind == "number" and len(parts) == 3 and all(part.isdecimal() for part in parts):
                return _date(int(parts[2]) + (2000 if len(parts[2]) == 2 else 0), int(parts[1]), int(parts[0]))
            month = months.get(token.low)
            if month is None:
                continue
            near = [tokens[n].text for n in (index - 1, index + 1) if 0 <= n < len(tokens)]
            day = next((int(text) for text in near if text.isdecimal() and len(text) <= 2), None)
            years = (int(t.text) for t in tokens[index + 1 : index + 4] if t.text.isdecimal() and len(t.text) == 4)
            return self.month_day(month, day, next(years, None)) if day else None
        return None

    def weekday(self, number: int) -> date:
        """Return the last such weekday, today included."""
        return self.today - timedelta(days=(self.today.weekday() - number) % 7)

    def coming(self, number: int) -> date:
        """Return the next such weekday, today included."""
        return self.today + timedelta(days=(number - self.today.weekday()) % 7)

    def month_day(self, month: int, day: int, year: int | None = None) -> date | None:
        """Return a day of the year said, else the last such day that is not more than a month ahead."""
        for candidate in (year,) if year else (self.today.year, self.today.year - 1):
            found = _date(candidate, month, day)
            if found and (year or found <= self.today + timedelta(days=31)):
                return found
        return None


def known_zone(name: str | None) -> tzinfo | None:
    """Return a zone by its name, or None."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None


def moments(tokens: list[Token], first: int, last: int, clock: Clock) -> Iterator[Moment]:
    """Yield the times that a sentence says, in order; a day and an hour of it that touch are one."""
    index = first
    while index < last:
        found = _day_at(tokens, index, last, clock) or _clock_at(tokens, index, last)
        if found:
            yield found
            index = found.last
        else:
            index += 1


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day_at(tokens: list[Token], index: int, last: int, clock: Clock) -> Moment | None:
    token = tokens[index]
    if token.kind == "number":
        return _number_day(tokens, index, last, clock)
    if token.low in MONTHS and token.text[0].isupper():
        return _month_day(tokens, index, last, clock)
    if token.low in _WEEKDAYS and token.text[0].isupper():
        return Moment(index, index + 1, clock.weekday(_WEEKDAYS[token.low]))
    if token.low in _RELATIVE:
        return Moment(index, index + 1, clock.today + timedelta(days=_RELATIVE[token.low]))
    after = tokens[index + 1].low if index + 1 < last else ""
    days = {"last": -1 if after == "night" else None, "this": 0 if after in _PARTS else None}.get(token.low)
    return None if days is None else Moment(index, index + 2, clock.today + timedelta(days=days))


def _number_day(tokens: list[Token], index: int, last: int, clock: Clock) -> Moment | None:
    text = tokens[index].text
    if (
        text.isdecimal()
        and len(text) <= 2
        and index + 1 < last
        and tokens[index + 1].low in MONTHS
        and tokens[index + 1].text[0].isupper()
    ):
        year, end = _year_after(tokens, index + 2, last)
        found = clock.month_day(MONTHS[tokens[index + 1].low], int(text), year)
        return Moment(index, end, found) if found else None
    parts = text.split(".") if "." in text else _slashed(tokens, index, last)
    if 2 <= len(parts) <= 3 and all(part.isdecimal() and len(part) <= 4 for part in parts):
        day, month = int(parts[0]), int(parts[1])
        year = int(parts[2]) + (2000 if len(parts[2]) == 2 else 0) if len(parts) == 3 else None
        if len(parts) == 3 or len(parts[1]) == 2:
            found = clock.month_day(month, day, year) if 1 <= month <= 12 and 1 <= day <= 31 else None
            end = index + 1 if "." in text else index + 2 * len(parts) - 1
            return (
                Moment(index, end, found)
                if found and (len(parts) == 3 or not _clock_like(tokens, index, last))
                else None
            )
    if len(text) == 4 and text.isdecimal() and 1900 <= int(text) <= 2100:
        return Moment(index, index + 1, date(int(text), 1, 1), precise=False)
    return None


def _clock_like(tokens: list[Token], index: int, last: int) -> bool:
    """Return whether "10.02" may rather be an hour: at the head of a line, or before am and pm."""
    after = tokens[index + 1].low if index + 1 < last else ""
    before = tokens[index - 1] if index else None
    return (
        after in {"am", "pm"} or before is None or before.kind == "line" or before.low in {"at", "from", "until", "by"}
    )


def _slashed(tokens: list[Token], index: int, last: int) -> list[str]:
    parts = [tokens[index].text]
    while index + 2 < last and len(parts) < 3 and tokens[index + 1].text == "/" and tokens[index + 2].kind == "number":
        parts.append(tokens[index + 2].text)
        index += 2
    return parts if len(parts) == 3 else []


def _month_day(tokens: list[Token], index: int, last: int, clock: Clock) -> Moment | None:
    month, here = MONTHS[tokens[index].low], index + 1
    if here < last and tokens[here].text == ".":
        here += 1
    text = tokens[here].text if here < last else ""
    if text.isdecimal() and len(text) <= 2:
        end = here + 1
        if end < last and tokens[end].low in {"st", "nd", "rd", "th"}:
            end += 1
        if (
            end + 1 < last
            and tokens[end].text in "-–"
            and tokens[end + 1].text.isdecimal()
            and len(tokens[end + 1].text) <= 2
        ):
            text, end = tokens[end + 1].text, end + 2
        year, end = _year_after(tokens, end, last)
        found = clock.month_day(month, int(text), year)
        return Moment(index, end, found) if found else None
    year, end = _year_after(tokens, here, last)
    if end > here or tokens[index].low != "may":
        found = clock.month_day(month, 1, year)
        return Moment(index, end, found, precise=False) if found else None
    return None


def _year_after(tokens: list[Token], index: int, last: int) -> tuple[int | None, int]:
    end = index + 1 if index < last and tokens[index].text == "," else index
    text = tokens[end].text if end < last else ""
    if len(text) == 4 and text.isdecimal() and 1900 <= int(text) <= 2100:
        return int(text), end + 1
    return None, index


def _clock_at(tokens: list[Token], index: int, last: int) -> Moment | None:
    """Return an hour: 20:00, 8:30pm, 11.15am, 9am, seven this morning, midnight, noon."""
    token = tokens[index]
    hour = minute = None
    end = index + 1
    if token.kind == "clock":
        parts = token.text.split(":")
        hour, minute = int(parts[0]), int(parts[1])
    elif token.kind == "number" and _half_of_day(tokens, index, last):
        whole, _, rest = token.text.partition(".")
        hour, minute = (
            (int(whole), int(rest or 0))
            if whole.isdecimal() and len(whole) <= 2 and (not rest or rest.isdecimal())
            else (None, None)
        )
    elif token.low in _HOURS and end < last and tokens[end].low in {"o'clock", "this"}:
        hour, minute = _HOURS[token.low], 0
        evening = any(t.low in {"evening", "afternoon"} for t in tokens[end : min(end + 3, last)])
        hour += 12 if evening and hour < 12 else 0
        return Moment(index, end, None, (hour, 0))
    elif token.low in {"midnight", "noon"}:
        return Moment(index, end, None, (24 if token.low == "midnight" else 12, 0))
    if hour is None or minute is None:
        return None
    half = _half_of_day(tokens, index, last)
    if half:
        end += 1
        hour = hour % 12 + (12 if half == "pm" else 0)
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    zone = tokens[end].low if end + 1 < last and tokens[end + 1].low == "time" else None
    return Moment(index, end + (2 if zone else 0), None, (hour, minute), zone=zone)


def _half_of_day(tokens: list[Token], index: int, last: int) -> str | None:
    low = tokens[index + 1].low.replace(".", "") if index + 1 < last else ""
    return low if low in {"am", "pm"} else None


def instant(day: date, clock: tuple[int, int], zone: tzinfo | None) -> datetime:
    """Return the instant of an hour of a day; 24:00 is the next midnight."""
    hour, minute = clock
    return datetime(day.year, day.month, day.day, hour % 24, minute, tzinfo=zone) + timedelta(days=hour // 24)
