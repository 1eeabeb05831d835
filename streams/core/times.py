"""Times on the wire and inside (contract section 1, RFC 3339).

Inside, a time is an integer: microseconds since 1970-01-01T00:00:00Z, negative before.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from schemas.reports import PATTERN_MEANS, TIME
from streams.core.memo import Memo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 3600 * SECOND_US
DAY_US: Final = 24 * HOUR_US
DEFAULT_HORIZON_US: Final = 3_660 * DAY_US
#: Matches the text of a time.
is_time: Final = re.compile(TIME).fullmatch
_TWO_DIGITS: Final = tuple(f"{number:02}" for number in range(60))
_MINUTES: Final = tuple(f"T{hour}:{minute}:" for hour in _TWO_DIGITS[:24] for minute in _TWO_DIGITS)
_SECONDS_Z: Final = tuple(f"{text}Z" for text in _TWO_DIGITS)
_MINUTES_US: Final = {text: minute * MINUTE_US for minute, text in enumerate(_MINUTES)}
_SECONDS_US: Final = {text: second * SECOND_US for second, text in enumerate(_TWO_DIGITS)}
#: Indexes in YYYY-MM-DDTHH:MM:SS: time of day, seconds, rest.
_OF_DAY: Final = len("YYYY-MM-DD")
_SECONDS: Final = len("YYYY-MM-DDTHH:MM:")
_REST: Final = len("YYYY-MM-DDTHH:MM:SS")


def parse_time(text: str) -> int:
    """Return the microseconds of a time.

    Raises ValueError if the text does not match `schemas.reports.TIME`, the date does not exist, or the time in UTC
    is outside the years 0001 to 9999.
    """
    seconds_us, rest = _SECONDS_US.get(text[_SECONDS:_REST]), text[_REST:]
    if seconds_us is None or rest.startswith("."):
        return _TIMES.get(text)
    if rest == "Z" and (minutes_us := _MINUTES_US.get(text[_OF_DAY:_SECONDS])) is not None:
        return _DAYS_US.get(text[:_OF_DAY]) + minutes_us + seconds_us
    # Times of a stream are close together: the same minutes recur.
    return _TIMES.get(f"{text[:_SECONDS]}00{rest}") + seconds_us


def read_time(text: str) -> int:
    """Return the microseconds of a time as contract section 1 writes it; raises ValueError."""
    if not is_time(text):
        raise ValueError(f"{text!r} is not YYYY-MM-DDTHH:MM:SS with Z or an offset (RFC 3339)")
    return parse_time(text)


def _parse(text: str) -> int:
    if not is_time(text):
        raise ValueError(PATTERN_MEANS[TIME])
    # The subtraction converts to UTC; astimezone() is four times slower.
    since = datetime.fromisoformat(text) - EPOCH
    us = (since.days * 86400 + since.seconds) * SECOND_US + since.microseconds
    if not FIRST_US <= us <= LAST_US:
        msg = "not in the years 0001 to 9999 in UTC"
        raise ValueError(msg)
    return us


def format_time(us: int) -> str:
    """Return a time in UTC as `YYYY-MM-DDTHH:MM:SS[.f]Z`, without trailing zeros."""
    # Compiled, divmod() allocates numbers and a tuple of them.
    day, minute, second, fraction = us // DAY_US, us % DAY_US // MINUTE_US, us % MINUTE_US // SECOND_US, us % SECOND_US
    if not fraction:
        return f"{_DAYS.get(day)}{_MINUTES[minute]}{_SECONDS_Z[second]}"
    return f"{_DAYS.get(day)}{_MINUTES[minute]}{_TWO_DIGITS[second]}.{fraction:06}".rstrip("0") + "Z"


def _day(day: int) -> str:
    return (EPOCH + timedelta(days=day)).date().isoformat()


def _midnight(day: str) -> int:
    return _parse(f"{day}T00:00:00Z")


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


FIRST_US: Final = _us(datetime.min.replace(tzinfo=UTC))
LAST_US: Final = _us(datetime.max.replace(tzinfo=UTC))
_TIMES: Final[Memo[str, int]] = Memo(_parse, max_entries=4096)
_DAYS_US: Final[Memo[str, int]] = Memo(_midnight, max_entries=4096)
_DAYS: Final[Memo[int, str]] = Memo(_day, max_entries=4096)
