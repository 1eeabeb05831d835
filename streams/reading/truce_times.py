"""The times of a truce: when it was done, from when it holds, until when."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from streams.reading.frames import Frame
from streams.reading.numbers import count_at
from streams.reading.scene import Marked, Scene
from streams.reading.times import Moment, instant, known_zone


@dataclass(slots=True)
class Truce:
    """A claim of an act."""

    act: str
    source: str | None
    by: str | None
    against: str | None
    marked: Marked
    token: int
    row: str
    frame: Frame | None = None
    at: date | datetime | None = None
    effective_at: date | datetime | None = None
    expires_at: date | datetime | None = None
    mediators: tuple[str, ...] = ()
    span: tuple[int, int] = (0, 0)


def set_times(scene: Scene, marked: Marked, truce: Truce) -> None:
    """Set when it was done, from when it holds, until when."""
    day, hours = None, []
    for moment in marked.times:
        if moment.clock:
            hours.append(moment)
        elif moment.day and moment.precise:
            if scene.tokens[moment.first - 1].low in {"until", "till", "through"} and moment.first:
                truce.expires_at = moment.day
                continue
            day = moment if day is None or abs(moment.first - truce.token) < abs(day.first - truce.token) else day
    if (
        day is not None
        and day.day
        and truce.act in _AHEAD
        and day.day < scene.clock.today
        and _is_ahead(scene, marked, day)
    ):
        day = replace(day, day=day.day + timedelta(days=7))
    base = day.day if day and day.day else scene.clock.today
    for moment in hours:
        before = scene.tokens[moment.first - 1].low if moment.first else ""
        near = next((m.day for m in marked.times if m.day and m.precise and 0 <= m.first - moment.last <= 2), base)
        time = instant(near or base, moment.clock or (0, 0), _zone_of(scene, moment))
        if before in {"until", "to", "till"}:
            truce.expires_at = time
        elif truce.effective_at is None and truce.act in {
            "announced",
            "took_effect",
            "agreed",
            "extended",
            "resumed",
            "proposed",
        }:
            truce.effective_at = time
    if (
        isinstance(truce.effective_at, datetime)
        and isinstance(truce.expires_at, datetime)
        and truce.expires_at <= truce.effective_at
    ):
        truce.expires_at += timedelta(days=1)
    if (
        day is not None
        and day.day
        and day.day <= scene.clock.today
        and truce.effective_at is None
        and truce.act != "took_effect"
    ):
        truce.at = day.day
    if truce.act == "took_effect" and truce.effective_at is None and day is not None and day.day:
        truce.effective_at = day.day
    _duration(scene, marked, truce)
    if (
        day is not None
        and day.day
        and day.day > scene.clock.today
        and truce.act in {"announced", "agreed"}
        and truce.effective_at is None
    ):
        truce.effective_at = day.day


def _duration(scene: Scene, marked: Marked, truce: Truce) -> None:
    """Set the end of a truce of so many hours or days, where its beginning is said to the hour."""
    if truce.expires_at is not None or not isinstance(truce.effective_at, datetime):
        return
    for index in range(marked.sentence.first, marked.sentence.last):
        read = count_at(scene.tokens, index) if scene.tokens[index].kind in {"number", "word"} else None
        if read is None or read[1] >= marked.sentence.last:
            continue
        place = read[1] + (1 if scene.tokens[read[1]].text == "-" and read[1] + 1 < marked.sentence.last else 0)
        unit = scene.tokens[place].low.rstrip("s")
        if unit in _UNITS and read[0].best <= 366:
            truce.expires_at = truce.effective_at + read[0].best * _UNITS[unit]
            return


_UNITS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_AHEAD: Final = frozenset({"announced", "agreed", "proposed", "extended", "postponed"})


def _is_ahead(scene: Scene, marked: Marked, day: Moment) -> bool:
    """Return whether a weekday is the next one: "from midnight on Sunday", "will begin on Monday"."""
    if day.last - day.first > 1 or scene.tokens[day.first].kind != "word":
        return False
    before = scene.words(max(marked.sentence.first, day.first - 9), day.first)
    return (
        bool(
            set(before)
            & {"from", "until", "till", "begin", "start", "beginning", "starting", "will", "effect", "force"}
        )
        and "took" not in before
        and "said" not in before
    )


def _zone_of(scene: Scene, moment: Moment) -> object:
    if moment.zone:
        index = moment.last - 2
        name = scene.context.names.at(scene.tokens, index, index + 1)
        zone = known_zone(scene.context.parties.get(name[1].party)) if name and name[1].party else None
        if zone:
            return zone
    return scene.clock.published.tzinfo
