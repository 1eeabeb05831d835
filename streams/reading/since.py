"""Scope: what "since …" counts from, where that is not the whole fighting."""

from datetime import timedelta
from typing import Final

from streams.reading.scene import Marked, Scene
from streams.reading.times import Moment
from streams.reading.tokens import words_of

_WAR: Final = words_of(
    "war invasion conflict aggression start beginning offensive campaign fighting uprising genocide began operation "
    "hostilities clashes escalation",
)
#: "the first death since …" counts nothing from then on.
_RECORDS: Final = words_of("first worst deadliest highest biggest largest bloodiest heaviest most")
_TRUCE: Final = words_of("ceasefire truce armistice")
_PARTS_OF_DAY: Final = words_of("dawn morning yesterday midnight noon")
_NEAR_DAYS: Final = 5
_REACH: Final = 9


def since_of(scene: Scene, marked: Marked, low: int, high: int) -> str | None:
    """Return the scope that "since …" says: "" for the whole fighting, None where no such word is a scope."""
    tokens = scene.tokens
    for index in range(low, high):
        word = tokens[index].low
        year = word == "year" and index + 1 < high and tokens[index + 1].low == "beginning"
        if word != "since" and not year:
            continue
        moment = _moment_after(scene, marked, index, high)
        before = tokens[index - 1].low if index else ""
        recent = {token.low for token in tokens[max(low, index - 6) : index]}
        if word == "since" and recent & _RECORDS:
            continue
        if word == "since" and before in {"ever", "has", "have"} and moment is None:
            continue
        return _scope_at(scene, marked, index, high, moment)
    return None


def _scope_at(scene: Scene, marked: Marked, index: int, high: int, moment: Moment | None) -> str | None:
    tail = {token.low for token in scene.tokens[index : min(index + 8, high)]}
    if moment is not None and moment.day is not None:
        recent = moment.day >= scene.clock.today - timedelta(days=1)
        return None if recent and not tail & (_WAR | _TRUCE) else _scope(scene, moment, truce=bool(tail & _TRUCE))
    alone = index + 1 >= high or scene.tokens[index + 1].text in ",."
    if alone and (back := _back_reference(scene, marked)):
        return back
    if "year" in tail:
        return f"since-{scene.clock.today.year}-01-01"
    if tail & _PARTS_OF_DAY:
        return None
    return "since-ceasefire" if tail & _TRUCE else ""


def _back_reference(scene: Scene, marked: Marked) -> str | None:
    """Return the scope of "in the fighting since", whose day the sentence before says."""
    before = [
        each
        for each in scene.marked
        if each.sentence.last <= marked.sentence.first and each.sentence.paragraph == marked.sentence.paragraph
    ]
    moment = next((m for m in reversed(before[-1].times) if m.day and m.precise), None) if before else None
    return (_scope(scene, moment, truce=False) or None) if moment else None


def _moment_after(scene: Scene, marked: Marked, index: int, high: int) -> Moment | None:
    """Return the day that follows "since", but not one that an "until" of the war ends with."""
    tokens = scene.tokens
    for moment in marked.times:
        if index < moment.first <= index + _REACH and moment.last <= high + 1 and moment.day:
            tail = {token.low for token in tokens[index : moment.first]}
            ends = tokens[moment.first - 1].low in {"until", "till", "to", "by"} and tail & _WAR
            return None if ends else moment
    return None


def _scope(scene: Scene, moment: Moment, *, truce: bool) -> str:
    """Return "" for a day on which the episode began, or before it; else the scope of the day."""
    begins = scene.episode.begins if scene.episode else None
    day = moment.day
    if day is None:
        return ""
    if begins and not truce:
        same_year = day.year == begins.year
        bare_year = moment.last - moment.first == 1 and day.month == 1
        if not moment.precise and same_year and (bare_year or day.month == begins.month):
            return ""
        if day <= begins + timedelta(days=_NEAR_DAYS):
            return ""
    return f"since-{day.isoformat()}"
