"""The times of a truce: when it was done, from when it holds, until when."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from streams.reading.frames import Frame
from streams.reading.numbers import count_at
from streams.reading.scene import Marked, Scene
from streams.reading.times import Moment, instant, known_zone
from streams.reading.tokens import words_of

_UNITS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_AHEAD: Final = frozenset({"announced", "agreed", "proposed", "extended", "postponed"})
_TIMED: Final = _AHEAD | {"took_effect", "resumed"}
_FUTURE: Final = words_of("from until till begin start beginning starting will effect force")
_LONGEST: Final = 366


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
    #: The tokens of its hours, by field.
    hours: dict[str, tuple[int, int]] = field(default_factory=dict)


def set_times(scene: Scene, marked: Marked, truce: Truce) -> None:
    """Set when it was done, from when it holds, until when."""
    day = _day_of(scene, marked, truce)
    for moment in marked.times:
        if moment.clock:
            _set_hour(scene, marked, truce, moment, day)
    begins, ends = truce.effective_at, truce.expires_at
    if isinstance(begins, datetime) and isinstance(ends, datetime) and ends <= begins:
        truce.expires_at = ends + timedelta(days=1)
    if day is not None and truce.effective_at is None:
        if truce.act == "took_effect" or (day > scene.clock.today and truce.act in _AHEAD):
            truce.effective_at = day
        elif day <= scene.clock.today:
            truce.at = day
    _duration(scene, marked, truce)


def _day_of(scene: Scene, marked: Marked, truce: Truce) -> date | None:
    """Return the day that is nearest to the act; one after "until" is its end."""
    best: Moment | None = None
    for moment in marked.times:
        if moment.clock or moment.day is None or not moment.precise:
            continue
        if moment.first and scene.tokens[moment.first - 1].low in {"until", "till", "through"}:
            truce.expires_at = moment.day
        elif best is None or abs(moment.first - truce.token) < abs(best.first - truce.token):
            best = moment
    if best is None or best.day is None:
        return None
    ahead = truce.act in _AHEAD and best.day < scene.clock.today and _is_ahead(scene, marked, best)
    return best.day + timedelta(days=7) if ahead else best.day


def _set_hour(scene: Scene, marked: Marked, truce: Truce, moment: Moment, day: date | None) -> None:
    """Set the beginning or the end to an hour of the day beside it."""
    before = scene.tokens[moment.first - 1].low if moment.first else ""
    beside = (m.day for m in marked.times if m.day and m.precise and 0 <= m.first - moment.last <= 2)
    on = next(beside, None) or day or scene.clock.today
    time = instant(on, moment.clock or (0, 0), _zone_of(scene, moment))
    if before in {"until", "to", "till"}:
        truce.expires_at = time
        truce.hours["expires_at"] = (moment.first, moment.last)
    elif truce.effective_at is None and truce.act in _TIMED:
        truce.effective_at = time
        truce.hours["effective_at"] = (moment.first, moment.last)


def _duration(scene: Scene, marked: Marked, truce: Truce) -> None:
    """Set the end of a truce with a length in hours or days, if its beginning is given to the hour."""
    if truce.expires_at is not None or not isinstance(truce.effective_at, datetime):
        return
    for index in range(marked.sentence.first, marked.sentence.last):
        read = count_at(scene.tokens, index) if scene.tokens[index].kind in {"number", "word"} else None
        if read is None or read[1] >= marked.sentence.last:
            continue
        place = read[1] + (1 if scene.tokens[read[1]].text == "-" and read[1] + 1 < marked.sentence.last else 0)
        unit = scene.tokens[place].low.rstrip("s")
        if unit in _UNITS and read[0].best <= _LONGEST:
            truce.expires_at = truce.effective_at + read[0].best * _UNITS[unit]
            return


def _is_ahead(scene: Scene, marked: Marked, day: Moment) -> bool:
    """Return whether a weekday is the next one: "from midnight on Sunday", "will begin on Monday"."""
    if day.last - day.first > 1 or scene.tokens[day.first].kind != "word":
        return False
    before = scene.words(max(marked.sentence.first, day.first - 9), day.first)
    return bool(set(before) & _FUTURE) and not {"took", "said"} & set(before)


def _zone_of(scene: Scene, moment: Moment) -> tzinfo | None:
    if moment.zone:
        index = moment.last - 2
        name = scene.context.names.at(scene.tokens, index, index + 1)
        zone = known_zone(scene.context.parties.get(name[1].party)) if name and name[1].party else None
        if zone:
            return zone
    return scene.clock.published.tzinfo
