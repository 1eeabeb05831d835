"""iCalendar (RFC 5545): the start and the end of the ceasefires of an episode."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from streams.core.phrases import Names, status_phrase
from streams.feeds.entries import FeedInfo

__all__ = ["calendar"]

#: The longest line of iCalendar in bytes (section 3.1).
LINE_BYTES = 75


def calendar(info: FeedInfo, picture: Mapping[str, Any], names: Names) -> bytes:
    """Return the joint views of an episode as events: from effective_at, else since, to expires_at where known.

    `picture` is an episode's picture with `episode` (contract section 5).
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//truceline//truceline//EN",
        f"X-WR-CALNAME:{_text(info.title)}",
    ]
    for view in picture["ceasefires"]:
        if view["view"] == "joint":
            lines += _event(picture, view, info, names)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line)).encode()


def _event(picture: Mapping[str, Any], view: Mapping[str, Any], info: FeedInfo, names: Names) -> Iterator[str]:
    start = view["effective_at"] or view["since"]
    if start is None:
        return
    episode, name = picture["episode"], view["ceasefire"]
    yield "BEGIN:VEVENT"
    yield f"UID:{episode}/{name}@truceline"
    yield f"DTSTAMP:{_time(picture['clock'])}"
    yield f"SEQUENCE:{view['version']}"
    yield f"DTSTART:{_time(start)}"
    if view["expires_at"] and view["expires_at"] > start:
        yield f"DTEND:{_time(view['expires_at'])}"
    title = names.episode(episode) if name == "main" else f"{names.episode(episode)}: {name}"
    yield f"SUMMARY:{_text(f'Ceasefire, {title}: ' + view['status'].replace('_', ' '))}"
    yield f"DESCRIPTION:{_text(status_phrase(view, names))}"
    yield f"STATUS:{'TENTATIVE' if view['status'] in _NOT_YET else 'CONFIRMED'}"
    yield f"URL:{info.page_url}"
    yield "END:VEVENT"


_NOT_YET = ("called_for", "proposed", "agreed", "announced")


def _time(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Yield a line in parts of at most `LINE_BYTES`, never within a character."""
    part, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > LINE_BYTES:
            yield part
            part, size = " ", 1
        part, size = part + character, size + width
    yield part
