"""Days of a data set as times of reports: a date without a time is 00:00:00Z of that day."""

from datetime import UTC, date, datetime, timedelta

from streams.core.times import EPOCH, format_time, parse_time


def day(text: str) -> date:
    """Return the day at the start of `2014-01-22` or `2014-01-22 00:00:00.000`; raises ValueError."""
    return date.fromisoformat(text.strip()[:10])


def midnight(moment: date) -> str:
    """Return 00:00:00Z of a day, as in a report."""
    return f"{moment.isoformat()}T00:00:00Z"


def utc(moment: datetime) -> str:
    """Return a moment as in a report; one without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return format_time((aware - EPOCH) // timedelta(microseconds=1))


def latest(*times: str) -> str:
    """Return the latest of some times of the wire, as it was given."""
    return max(times, key=parse_time)
