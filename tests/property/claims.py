"""Claims for `strategies`: dicts as they go into a report, times as `datetime` in UTC, what is not given left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.property.reading import BASES, CEASEFIRE_ACTS, GROUPS, QUALIFIERS, STATEMENT_ACTS, SUBJECTS

HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Mood:
    """The character of a history.

    `about`: which claims are frequent; `walk`: how its reports move through time; `crowded`: nearly all claims meet in
    one cell and one ceasefire; `fresh`: the percentage of new reports; `timed`: the percentage of ceasefire
    claims with a time to begin or to end; `acts`: what they do; `wild`: lines are oddly spelled, wrapped or invalid;
    `parted`: the percentage of figures that may be of a group or a scope.
    """

    about: str
    walk: str
    horizon_us: int
    crowded: bool
    fresh: int
    timed: int
    acts: tuple[str, ...]
    wild: bool
    parted: int = 0


_ABOUT = ["all", "all", "counts", "counts", "derived", "derived", "disputes", "ceasefires", "ceasefires"]


def mood(dice: Random) -> Mood:
    """Any mood."""
    acts = [*CEASEFIRE_ACTS, *CEASEFIRE_ACTS[:13], "postponed", "holding"]
    return Mood(
        about=dice.choice(
            ["all", "all", "counts", "counts", "derived", "derived", "disputes", "ceasefires", "ceasefires"]
        ),
        walk=dice.choice(["onward", "onward", "to and fro", "leaping"]),
        horizon_us=dice.choice([400, 400, 400, 5, 3, 2, 1]) * DAY_US,
        crowded=dice.choice([True, True, False]),
        fresh=dice.choice([10, 40, 80]),
        timed=dice.choice([10, 40]),
        acts=tuple(dice.choices(acts, k=dice.randint(3, 12))),
        wild=dice.choice([True, False]),
        parted=dice.choice([0, 0, 20, 60]),
    )


def chance(dice: Random, percent: int) -> bool:
    """Return True in this percentage of calls."""
    return dice.randrange(100) < percent


_KINDS = {
    "all": ["casualties"] * 4 + ["ceasefire"] * 4 + ["statement"] * 2,
    "counts": ["casualties"] * 12 + ["statement"] * 2 + ["ceasefire"],
    "derived": ["casualties"] * 12 + ["statement"],
    "disputes": ["casualties"] * 3 + ["statement"] * 3,
    "ceasefires": ["ceasefire"] * 12 + ["casualties"],
}


def claim(dice: Random, mood: Mood, published_at: datetime, ids: list[str]) -> dict[str, Any]:
    """One claim of a report published then; `ids` are the reports it may refer to."""
    kind = dice.choice(_KINDS[mood.about])
    if kind == "casualties":
        return _casualties(dice, mood, published_at)
    if kind == "ceasefire":
        return _ceasefire(dice, mood, published_at)
    return _statement(dice, ids)


def _given(dice: Random, claim: dict[str, Any], percent: int, **fields: Sequence[Any]) -> None:
    """Each of the optional fields with that chance."""
    for name, options in fields.items():
        if chance(dice, percent):
            claim[name] = dice.choice(options)


# --- casualties -------------------------------------------------------------------------------------------------------

_PARTY = ["north"] * 5 + ["south"] * 3 + ["north-2", "all"]
_OUTCOME = ["killed"] * 8 + ["wounded", "wounded", "missing", "captured", "killed_or_missing", "killed_or_wounded"]
_POPULATION = ["unknown", "military", "civilian", "mixed", None]
_QUALIFIER = ["exact", *QUALIFIERS]
_BASIS = ["cumulative"] * 3 + ["incremental"] * 6 + ["derived", *BASES, None]
_DERIVED = ["derived"] * 3 + ["incremental"] * 3 + ["cumulative"] * 3
_BEST = [5, 0, 1, 2, 3, 4, 5, 7, 10, 12]
_BELOW = [0, 1, 2, 5, 12]
_AS_OF = [timedelta(0), *(HOUR * n for n in (-1, -6, -6, -12, -24, -48, -72, 1, 6, 24)), INSTANT]
_SINCE = [timedelta(0), INSTANT, HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 72 * HOUR]
_INCIDENT = ["post-12", "post-12", "bridge", None]
_BELOW_ZERO = [-1, -2, -5, -12]
_GROUP = [*GROUPS, "children", "women", None]
_SCOPE = ["since-2022-09-15", "in-jermuk", None]
_PLACE = ["jermuk", "sotk", None]
_QUOTE = ["", "said \u201csoldiers\u201d were killed", None]
_FINAL = [True, True, False, None]


def _casualties(dice: Random, mood: Mood, published_at: datetime) -> dict[str, Any]:
    best = 10**9 if chance(dice, 2) else dice.choice(_BEST)
    count: dict[str, Any] = {"best": best}
    if chance(dice, 20):
        count["low"] = dice.choice([max(0, best - dice.choice(_BELOW)), None])
    if chance(dice, 20):
        count["high"] = dice.choice([min(10**9, best + 1 + dice.choice(_BELOW)), None])
    claim: dict[str, Any] = {
        "type": "casualties",
        "party": "north" if mood.crowded else dice.choice(_PARTY),
        "outcome": "killed" if mood.crowded else dice.choice(_OUTCOME),
        "count": count,
    }
    if not mood.crowded:
        _given(dice, claim, 40, population=_POPULATION)
    if chance(dice, mood.parted):
        _given(dice, claim, 60, group=_GROUP, scope=_SCOPE)
    _given(dice, claim, 75, basis=_DERIVED if mood.about == "derived" else _BASIS)
    _given(dice, claim, 40, qualifier=_QUALIFIER)
    if claim.get("basis") == "incremental":
        if chance(dice, 20) and "high" not in count and "low" not in count:
            count["best"] = dice.choice(_BELOW_ZERO)
            if claim.get("qualifier") == "about":
                count |= {"low": count["best"] - 3, "high": count["best"] + dice.choice([0, 20])}
        _given(dice, claim, 25, place=_PLACE)
    _given(dice, claim, 5, quote=_QUOTE)
    if chance(dice, 50):
        claim["as_of"] = published_at + dice.choice(_AS_OF)
    if chance(dice, 70 if mood.about == "disputes" else 40):
        claim["since"] = claim.get("as_of", published_at) - dice.choice(_SINCE)
    _given(dice, claim, 35, incident=_INCIDENT, final=_FINAL)
    return claim


# --- ceasefires -------------------------------------------------------------------------------------------------------

_NAME = ["main"] * 4 + ["main-2", None]
_AT = [HOUR * n for n in (0, -1, -6, -6, -12, -24, -48)] + [-INSTANT]
_EFFECTIVE = [HOUR * n for n in (0, -6, -12, 1, 6, 6, 12, 24, 48)] + [INSTANT]
_LASTING = [HOUR * n for n in (1, 6, 12, 24, 48)] + [INSTANT]
_SIDE = ["north", "south", "north-2", None]
_PEOPLE = [["russia"], ["osce", "russia"], ["russia", "osce"], [], None]


def _ceasefire(dice: Random, mood: Mood, published_at: datetime) -> dict[str, Any]:
    claim: dict[str, Any] = {"type": "ceasefire", "act": dice.choice(mood.acts)}
    if not mood.crowded:
        _given(dice, claim, 50, ceasefire=_NAME)
    if chance(dice, 40):
        claim["at"] = published_at + dice.choice(_AT)
    done_at = claim.get("at", published_at)
    if chance(dice, mood.timed):
        claim["effective_at"] = done_at + dice.choice(_EFFECTIVE)
    if chance(dice, mood.timed):
        claim["expires_at"] = claim.get("effective_at", done_at + dice.choice(_AT)) + dice.choice(_LASTING)
    _given(dice, claim, 35, by=_SIDE)
    _given(dice, claim, 10, against=_SIDE, parties=_PEOPLE, mediators=_PEOPLE, text=["", "\u2026", None])
    _given(dice, claim, 10, place=_PLACE, quote=_QUOTE)
    return claim


# --- statements -------------------------------------------------------------------------------------------------------

_STATEMENT_ACT = ["denied"] * 6 + list(STATEMENT_ACTS)
_SUBJECT = ["casualties", *SUBJECTS]
_INDEX = [0, 0, 0, 0, 1, 1, 2, 63]
_STANDING_REVISION = [1, 1, 2, 3, None, 2**31 - 1]


def _statement(dice: Random, ids: list[str]) -> dict[str, Any]:
    claim: dict[str, Any] = {"type": "statement", "act": dice.choice(_STATEMENT_ACT), "about": dice.choice(_SUBJECT)}
    if chance(dice, 85):
        named: dict[str, Any] = {"report_id": dice.choice([*ids, "a"]), "claim": dice.choice(_INDEX)}
        _given(dice, named, 35, revision=_STANDING_REVISION)
        claim["refers_to"] = named
    _given(dice, claim, 10, against=_SIDE, text=["", "We never said so.", None], quote=_QUOTE)
    return claim
