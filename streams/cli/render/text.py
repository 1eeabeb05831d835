"""Counts, times and statuses in words, for terminals; text from reports cannot act on the terminal."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

__all__ = ["IN_UTC", "Times", "ceasefire_words", "change_words", "counted", "figure", "kind_words", "plain"]

# C0 and C1 controls, and bidirectional controls.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return a text with control characters replaced by U+FFFD."""
    return _STEERING.sub("\ufffd", text)


class Times(NamedTuple):
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
        day = f"{at.day} {at:%b} {at.year}" if self.year else f"{at.day} {at:%b}"
        return f"{day} {at:%H:%M}" + (f":{at:%S}" if at.second else "")


IN_UTC = Times()


def figure(value: dict[str, Any] | None) -> str:
    """Return a count as people write it: `71`, `≥ 50`, `60 (55–80)`; `withdrawn` for None."""
    if value is None:
        return "withdrawn"
    best, low, high = value["best"], value["low"], value["high"]
    if low == best == high:
        return f"{best:,}"
    if low == best and high is None:
        return f"≥ {best:,}"
    if high == best and low is None:
        return f"≤ {best:,}"
    if low is None and high is None:
        return f"about {best:,}"
    return f"{best:,} ({'?' if low is None else f'{low:,}'}–{'?' if high is None else f'{high:,}'})"


def ceasefire_words(view: dict[str, Any], times: Times = IN_UTC) -> str:
    """Return a ceasefire view in one line: status, since, declared by, violations."""
    parts = [view["status"].replace("_", " ")]
    if view["since"]:
        parts[0] += f" since {times(view['since'])}"
    if view["effective_at"] and view["effective_at"] != view["since"]:
        parts.append(f"to take effect {times(view['effective_at'])}")
    if view["expires_at"]:
        parts.append(f"until {times(view['expires_at'])}")
    if view["declared_by"]:
        parts.append(f"declared by {', '.join(view['declared_by'])}")
    if view["not_confirmed_by"]:
        parts.append(f"not confirmed by {', '.join(view['not_confirmed_by'])}")
    if view["mediators"]:
        parts.append(f"mediated by {', '.join(view['mediators'])}")
    parts += [f"{counted(count, 'violation')} {how}" for how, count in view["violations"].items() if count]
    return "; ".join(parts)


def kind_words(record: dict[str, Any]) -> str:
    """Return outcome and population of a cell, total or change, and its group and scope if it has them."""
    parts = (record["outcome"].replace("_", " "), record["population"], record.get("group"), record.get("scope"))
    return ", ".join(part for part in parts if part)


def change_words(topic: str, record: dict[str, Any], times: Times = IN_UTC) -> str:
    """Return a change in one line, without its cause."""
    before, after = record["before"], record["after"]
    if topic == "casualties":
        what = f"{record['party']} {kind_words(record)}"
        step = f"{figure(before)} → {figure(after)}" if before else figure(after)
        return f"{what}: {step} ({record['kind']})"
    if topic == "ceasefires":
        who = "" if record["view"] == "joint" else f" ({record['view'].removeprefix('source:')})"
        return f"ceasefire {record['ceasefire']}{who}: " + (ceasefire_words(after, times) if after else "withdrawn")
    said = after or before
    words = f"{said['act']}, {said['about']}"
    if said["against"]:
        words += f", against {said['against']}"
    if said["text"]:
        words += f": “{plain(said['text'])}”"
    return words if after else f"withdrawn: {words}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one: `1 line`, `2 lines`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
