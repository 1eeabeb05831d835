"""Basis and scope: a running total, or one incident, day or period; by ordered questions, the first answer counts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from streams.reading.clauses import Found
from streams.reading.scene import Marked, Scene
from streams.reading.since import since_of
from streams.reading.times import Moment
from streams.reading.tokens import words_of

_TOTALS: Final = words_of("total totals altogether overall cumulative cumulatively")
_WIDE: Final = words_of("war conflict overall aggression")
#: Phrases of a running total, of any speaker.
_RUNNING: Final = re.compile(
    r"\b(?:so far|until now|up to now|to date|thus far|as of|at (?:this|the) moment|until this "
    r"moment|up until now|death toll from the war|(?:bringing|brings) (?:the|those)"
    r"|from the beginning|since the start|killed in the war|in the war|for the war|during the "
    r"(?:war|conflict|clashes)|in the conflict|(?:confirmed|final|updated) list"
    r"|list of|the names of|years of (?:war|fighting|conflict)|months of (?:war|fighting))\b",
)
#: Phrases of a running total where a side speaks of its own losses.
_RUNNING_OWN: Final = re.compile(
    r"\b(?:(?:during|in) (?:the )?(?:clashes|hostilities|battles)|during (?:the )?fighting|in the "
    r"fighting|days of (?:fighting|clashes|war|battles))\b",
)
_SPAN: Final = re.compile(
    r"\bin (?:a|an|one|two|three|four|five|six|seven|ten|\d+|a few|several) (?:days?|hours?|weeks?)\b"
)
#: From here on a figure without a day is of a war rather than of an incident.
_LARGE: Final = 1000
_TOLL_ROWS: Final = frozenset({"number-rises", "toll-rises", "toll-of", "label", "number-first"})
_BEGINNING_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Basis:
    """Basis, scope and the day for which a figure is said."""

    basis: str
    scope: str | None = None
    as_of: date | None = None
    explicit: bool = True


@dataclass(frozen=True, slots=True)
class _Case:
    """The subject of the questions."""

    scene: Scene
    marked: Marked
    found: Found
    low: int
    high: int
    words: frozenset[str]
    text: str
    cues: frozenset[str]
    day: date | None
    own_side: bool | None
    last: Basis | None
    earlier: Basis | None
    lead: Basis | None

    @property
    def incremental(self) -> Basis:
        """Return the answer that it is one incident, day or period."""
        return Basis("incremental", None, self.day)


_TOTAL: Final = Basis("cumulative")


def basis_of(
    scene: Scene,
    marked: Marked,
    found: Found,
    *,
    own_side: bool | None,
    last: Basis | None,
    earlier: Basis | None = None,
    lead: Basis | None = None,
) -> Basis:
    """Return the basis of a figure: from its clause, its sentence, the figure before it, or the document's first."""
    low, high = clause_of(marked, found.order)
    words = scene.words(low, high)
    cues = frozenset(cue for cue, places in marked.cues.items() if any(low <= place < high for place in places))
    day = day_of(scene, marked, found)
    case = _Case(
        scene, marked, found, low, high, frozenset(words), " ".join(words), cues, day, own_side, last, earlier, lead
    )
    for question in QUESTIONS:
        answer = question(case)
        if answer is not None:
            return answer
    return _default(case)


def clause_of(marked: Marked, order: int) -> tuple[int, int]:
    """Return the tokens of the clause around a mention: between semicolons, and before or from "bringing"."""
    low, high = marked.sentence.first, marked.sentence.last
    here = marked.mentions[order].first if marked.mentions else low
    for position, mention in enumerate(marked.mentions):
        if mention.kind in {";", "|"}:
            if position < order:
                low = mention.last
            else:
                high = min(high, mention.first)
    for place in marked.brings:
        if here < place:
            high = min(high, place)
        else:
            low = max(low, place)
    return low, high


def day_of(scene: Scene, marked: Marked, found: Found) -> date | None:
    """Return the day nearest to a figure in its sentence, if not after the text itself."""
    days = [
        (abs(moment.first - found.mention.first), moment.day)
        for moment in marked.times
        if moment.day and moment.precise and moment.day <= scene.clock.today + timedelta(days=1)
    ]
    return min(days)[1] if days else None


def _since(case: _Case) -> Basis | None:
    scope = since_of(case.scene, case.marked, case.low, case.high)
    return None if scope is None else Basis("cumulative", scope or None)


def _section(case: _Case) -> Basis | None:
    """Answer by the heading of a bulletin's lines."""
    for first, last, basis in case.scene.sections:
        if first <= case.found.mention.first < last:
            return case.incremental if basis == "incremental" else _TOTAL
    return None


def _brought(case: _Case) -> Basis | None:
    return _TOTAL if case.low in case.marked.brings else None


def _still(case: _Case) -> Basis | None:
    """Answer for prisoners and missing who still are it."""
    lasting = case.found.outcome in {"captured", "missing"} and case.words & {"still", "remain", "remains"}
    return _TOTAL if lasting and "incident" not in case.cues else None


def _whole_episode(case: _Case) -> Basis | None:
    """Answer for "between 1 and 5 April" where the episode began on that day."""
    begins = case.scene.episode.begins if case.scene.episode else None
    if "between" not in case.words or begins is None:
        return None
    tokens = case.scene.tokens
    for moment in case.marked.times:
        first = moment.first
        text = tokens[first - 2].text if first > 2 and tokens[first - 1].low == "and" else ""
        if moment.day and text.isdecimal() and len(text) <= 2 and abs(int(text) - begins.day) <= _BEGINNING_DAYS:
            return Basis("cumulative", None, moment.day) if moment.day.replace(day=1) == begins.replace(day=1) else None
    return None


def _period(case: _Case) -> Basis | None:
    running = _RUNNING.search(case.text) or case.words & _TOTALS
    return case.incremental if "period" in case.cues and not running else None


def _running(case: _Case) -> Basis | None:
    if _RUNNING.search(case.text) or (case.own_side and _RUNNING_OWN.search(case.text)):
        return _TOTAL
    wide = bool(case.words & _WIDE)
    narrow = of_incident(case.scene) or ("incident" in case.cues and not case.words & _TOTALS)
    toll = case.found.row.id in _TOLL_ROWS or case.words & _TOTALS
    return _TOTAL if toll and (wide or not narrow) else None


def _another(case: _Case) -> Basis | None:
    """Answer for "another 12": one more of the same, or of a running total where the outcome is another."""
    figure = case.found.mention.figure
    more = bool(figure and figure.more) or bool({"another", "additional"} & case.words)
    if not more or case.last is None:
        return None
    if case.found.outcome != "killed" and case.last.basis == "cumulative":
        return _TOTAL
    if case.last.basis == "incremental":
        return Basis("incremental", None, case.day or case.last.as_of)
    return None


def _large(case: _Case) -> Basis | None:
    count = case.found.mention.figure.count if case.found.mention.figure else None
    large = count is not None and count.best >= _LARGE
    return _TOTAL if large and not _on_day(case) and not _SPAN.search(case.text) else None


def _incident(case: _Case) -> Basis | None:
    """Answer for the harm of one strike or day: an incident is named, or who did it, or when."""
    if "incident" in case.cues or _SPAN.search(case.text) or (case.day is not None and _on_day(case)):
        return case.incremental
    after = case.scene.tokens[case.found.by.last].low if case.found.by and case.found.by.last < case.high else ""
    return case.incremental if after in {"by", "when"} and case.found.row.id in {"passive", "participle"} else None


def _cumulative(case: _Case) -> Basis | None:
    return _TOTAL if "cumulative" in case.cues and not of_incident(case.scene) else None


#: The questions, in order.
QUESTIONS: Final[tuple[Callable[[_Case], Basis | None], ...]] = (
    _since,
    _section,
    _brought,
    _still,
    _whole_episode,
    _period,
    _running,
    _another,
    _large,
    _incident,
    _cumulative,
)


def of_incident(scene: Scene) -> bool:
    """Return whether the title, or without one the first words, report an incident."""
    head = [each for each in scene.marked if not each.sentence.paragraph] or scene.marked[:2]
    return any(each.has("incident") for each in head) and not any(each.has("cumulative") for each in head)


def _on_day(case: _Case) -> bool:
    """Return whether a day of the clause is that of the harm, not of the saying."""
    return any(
        moment.day and case.low <= moment.first < case.high and not _is_of_saying(case.marked, moment)
        for moment in case.marked.times
    )


def _is_of_saying(marked: Marked, moment: Moment) -> bool:
    beside = any(
        m.kind == "y" and (0 <= moment.first - m.last <= 3 or 0 <= m.first - moment.last <= 1) for m in marked.mentions
    )
    opening = moment.first - marked.sentence.first <= 2
    return beside or any(f.manner == "before" and f.verb_at >= moment.last and opening for f in marked.frames)


def _default(case: _Case) -> Basis:
    """Return the basis where no word of the clause says it."""
    before = case.last or case.earlier
    if before is not None:
        return Basis(before.basis, before.scope, case.day or before.as_of, explicit=False)
    short = sum(len(each.mentions) > 1 for each in case.scene.marked) <= 3
    untitled = not case.scene.document.title
    lead = case.lead is not None and case.lead.basis == "incremental" and case.lead.explicit
    if case.own_side and not (short or untitled or lead or of_incident(case.scene)):
        return Basis("cumulative", explicit=False)
    return Basis("incremental", None, case.day, explicit=False)
