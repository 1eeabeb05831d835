"""Times and changes in words, for terminals; `streams.core.phrases` has the words of figures and statuses."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from streams.core.phrases import Names, figure, plain, status_phrase, subject

__all__ = ["IN_UTC", "NO_NAMES", "Times", "change_words", "counted"]

NO_NAMES = Names()


@dataclass(frozen=True, slots=True)
class Times:
    """Format of times: the zone, and whether the year is shown."""

    zone: tzinfo = UTC
    year: bool = True

    def __call__(self, time: str | None) -> str:
        """Return a time as `14 Sep 2022 20:00`; a dash for none."""
        if time is None:
            return "–"
        try:
            at = datetime.fromisoformat(time).astimezone(self.zone)
        except OverflowError:  # in the first or last hours of the calendar
            return time
        return f"{self._date(at)} {at:%H:%M}" + (f":{at:%S}" if at.second else "")

    def day(self, time: str) -> str:
        """Return the day of a time: `14 Sep 2022`."""
        try:
            return self._date(datetime.fromisoformat(time).astimezone(self.zone))
        except OverflowError:
            return time[:10]

    def _date(self, at: datetime) -> str:
        return f"{at.day} {at:%b} {at.year}" if self.year else f"{at.day} {at:%b}"


IN_UTC = Times()


def change_words(topic: str, record: dict[str, Any], times: Times = IN_UTC, names: Names = NO_NAMES) -> str:
    """Return a change in one line, without its cause."""
    before, after = record["before"], record["after"]
    if topic == "casualties":
        step = f"{figure(before)} → {figure(after)}" if before else figure(after)
        return f"{subject(record, names)}: {step} ({record['kind']})"
    if topic == "ceasefires":
        who = "" if record["view"] == "joint" else f" ({names.source(record['view'].removeprefix('source:'))})"
        state = status_phrase(after, names, times) if after else "withdrawn"
        return f"ceasefire {record['ceasefire']}{who}: {state}"
    said = after or before
    words = f"{said['act']}, {said['about']}"
    if said["against"]:
        words += f", against {names.party(said['against'])}"
    if said["text"]:
        words += f": “{plain(said['text'])}”"
    return words if after else f"withdrawn: {words}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one: `1 line`, `2 lines`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
