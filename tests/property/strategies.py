"""Histories: lists of input lines in which every field of the contract is in play and things collide.

There are few episodes, sources, parties, ids and moments, so most lines touch what an earlier one said. Each history
draws a `Mood` first, so that rare things come in numbers somewhere rather than thinly everywhere.

Hypothesis draws one number a line, and the line is thrown with dice of that number: so it drops and reorders lines when
it shrinks, and two examples have nothing in common but what they should.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.property.claims import HOUR, INSTANT, Mood, chance, claim, mood
from tests.property.spelling import INVALID, REPLACED, spell, wrap

BEGIN = datetime(2022, 9, 13)

SOURCES: dict[str, dict[str, str | bool | None]] = {
    "mod": {"name": "Ministry of the north", "kind": "official", "affiliation": "north"},
    "mod-2": {"name": "Another voice of the north", "kind": "official", "affiliation": "north"},
    "mod.south": {"name": "Ministry of the south", "kind": "official", "affiliation": "south"},
    "watch": {"name": "A monitor", "kind": "monitor", "affiliation": None},
    "border": {"name": "Border service of the north", "kind": "official", "affiliation": "north", "partial": True},
    "daily": {"name": "A newspaper", "kind": "media", "affiliation": None},
    "tv.south": {"name": "A broadcaster of the south", "kind": "media", "affiliation": "south"},
}
"""A registry; `nobody` claims things too and is not in it. The names sort otherwise with a slash behind them."""

OTHER_SOURCES: dict[str, dict[str, str | bool | None]] = {
    "mod": {"name": "Ministry of the north", "kind": "official", "affiliation": "south"},
    "mod.south": {"name": "Ministry of the south", "kind": "official", "affiliation": None},
    "nobody": {"name": "Somebody", "kind": "ngo", "affiliation": "north"},
    "watch": {"name": "A monitor", "kind": "ngo", "affiliation": None},
    "border": {"name": "Border service of the north", "kind": "official", "affiliation": "north"},
    "mod-2": {"name": "Another voice of the north", "kind": "official", "affiliation": "north", "partial": True},
}
"""Another registry, in which they speak for others."""

_SOURCE = ["mod", "mod", "mod", "mod-2", "mod.south", "mod.south", "watch", "nobody", "border", "daily", "tv.south"]
_FEW_SOURCES = ["mod"] * 8 + ["mod-2", "mod.south", "watch", "border", "daily"]
_EPISODE = ["war"] * 9 + ["war-2"]
_ID = ["a", "b", "c", "d", "e", "a/1", "\xe4", "\U0001f54a", "\uffff"]
_WALK = {
    "onward": [timedelta(0), HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, INSTANT],
    "to and fro": [timedelta(0), -12 * HOUR, -6 * HOUR, HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR],
    "leaping": [timedelta(0), 6 * HOUR, 12 * HOUR, 30 * HOUR, 60 * HOUR, -48 * HOUR, -120 * HOUR],
}
_TICK = [timedelta(0), HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR, -6 * HOUR, INSTANT]
_STAMP = [timedelta(0), HOUR, -HOUR, -HOUR, -HOUR - INSTANT, -6 * HOUR]
_SHA256 = ["0123456789abcdef" * 4, "f" * 64, None]
_ARCHIVED = ["https://archive.example/1", None]
_STEP = ["report"] * 22 + ["tick"] * 3 + ["repeat"] * 2
_REVISION = [1] * 16 + [2, 2, 0, -1]
_CLAIMS = [1, 1, 1, 2, 2, 3, 4]


@dataclass(frozen=True)
class History:
    """Input lines, and what to fold them with. `horizon_us` in microseconds."""

    lines: tuple[str, ...]
    horizon_us: int
    sources: dict[str, Any]


class Author:
    """Writes line after line, knowing what was written before."""

    def __init__(self, mood: Mood) -> None:
        self.mood = mood
        self.now = BEGIN
        self.reports: list[dict[str, Any]] = []

    def line(self, dice: Random) -> str:
        """The next line, thrown with these dice."""
        step = dice.choice(_STEP)
        if step == "repeat" and self.reports:
            return spell(dice, dice.choice(self.reports), freely=True)
        if self.mood.wild and chance(dice, 5):
            return self.invalid(dice)
        if step == "tick":
            moment = self.now + dice.choice(_TICK)
            return self.finished(dice, {"tick": moment, "episode": dice.choice(_EPISODE)}, moment)
        report = self.report(dice)
        self.reports.append(report)
        return self.finished(dice, report, report["published_at"])

    def finished(self, dice: Random, record: dict[str, Any], moment: datetime) -> str:
        text = spell(dice, record, freely=self.mood.wild)
        if self.mood.wild and chance(dice, 15):
            return wrap(dice, text, moment + dice.choice(_STAMP))
        return text

    def report(self, dice: Random) -> dict[str, Any]:
        self.now += dice.choice(_WALK[self.mood.walk])
        episode, name = dice.choice(_EPISODE), dice.choice(_ID)
        if chance(dice, self.mood.fresh):
            name += str(len(self.reports))
        before = [each for each in self.reports if (each["episode"], each["report_id"]) == (episode, name)]
        latest = max((each["revision"] for each in before), default=0)
        withdrawn = chance(dice, 15 if before else 2)
        source = dice.choice(_FEW_SOURCES if self.mood.crowded else _SOURCE)
        report: dict[str, Any] = {
            "report_id": name,
            "revision": max(1, latest + dice.choice(_REVISION)) if before else dice.choice([1, 1, 1, 2]),
            "withdrawn": withdrawn,
            "episode": episode,
            "source": before[-1]["source"] if before and chance(dice, 70) else source,
            "published_at": self.now,
            "claims": [],
        }
        if chance(dice, 20):
            report["relayed_by"] = dice.choice(["daily", None])
            report["url"] = dice.choice(["https://example.org/\xe4?b=c#d", "http://[::1]:80", None])
            report["headline"] = dice.choice(["", "Voices \u2028 of\n\U0001f54a", None])
            report["lang"] = dice.choice(["hy-AM", "en", None])
        if chance(dice, 10):
            report["document"] = {"id": dice.choice(["daily-1", "daily-2"])}
            if chance(dice, 50):
                report["document"] |= {"sha256": dice.choice(_SHA256), "archived_url": dice.choice(_ARCHIVED)}
        if not withdrawn or chance(dice, 30):
            ids = [each["report_id"] for each in self.reports]
            report["claims"] = [claim(dice, self.mood, self.now, ids) for _ in range(dice.choice(_CLAIMS))]
        return report

    def invalid(self, dice: Random) -> str:
        if chance(dice, 30):
            return dice.choice(INVALID)
        broken = dict(self.report(dice))
        name, value = dice.choice(REPLACED)
        broken[name] = value
        return spell(dice, broken, freely=False)


_DICE = st.integers(0, 2**24 - 1)  # uniform, as numbers of more bits are not
# Several short lists in a row: one long one would mostly be short as well.
_LINES = st.lists(st.lists(_DICE, max_size=12), min_size=4, max_size=4)


def history(number: int, lines: int, **fixed: str | float | bool) -> History:
    """The history of that number, always the same one."""
    dice = Random(number)
    feeling = replace(mood(dice), **fixed)  # type: ignore[arg-type]  # named by the caller
    author = Author(feeling)
    return History(tuple(author.line(dice) for _ in range(lines)), feeling.horizon_us, SOURCES)


@st.composite
def histories(draw: st.DrawFn, /, **fixed: str | float | bool) -> History:
    """A history of up to 48 lines; `fixed` are fields of its `Mood`."""
    feeling = replace(mood(Random(draw(_DICE))), **fixed)  # type: ignore[arg-type]  # named by the caller
    author = Author(feeling)
    lines = [author.line(Random(seed)) for seeds in draw(_LINES) for seed in seeds]
    return History(tuple(lines), feeling.horizon_us, SOURCES)
