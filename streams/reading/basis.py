"""Basis and scope: a running total, or one incident, day or period."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from streams.reading.clauses import Found
from streams.reading.scene import Marked, Scene
from streams.reading.times import Moment
from streams.reading.tokens import words_of

_WAR: Final = words_of(
    "war invasion conflict aggression start beginning offensive campaign fighting uprising genocide began operation"
)
_TRUCE: Final = words_of("ceasefire truce armistice")
_NEAR_DAYS: Final = 5
#: From here on a figure without a day is of a war rather than of an incident.
_LARGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Basis:
    """Basis, scope and the day for which a figure is said."""

    basis: str
    scope: str | None = None
    as_of: date | None = None
    explicit: bool = True


def basis_of(
    scene: Scene,
    marked: Marked,
    found: Found,
    own_side: bool | None,
    last: "Basis | None",
    earlier: "Basis | None" = None,
) -> Basis:
    """Return the basis of a figure, from the words of its clause, its sentence, or the figure before it."""
    low, high = clause_of(marked, found.order)
    words = scene.words(low, high)
    since = _since(scene, marked, low, high)
    day = day_of(scene, marked, found)
    if since is not None:
        return Basis("cumulative", since or None, None)
    cues = _cues_in(marked, low, high)
    figure = found.mention.figure
    more = bool(figure and figure.more) or "another" in words or "additional" in words
    toll = found.row.id in {"number-rises", "toll-rises", "toll-of", "label", "number-first"}
    for first, last_token, basis in scene.sections:
        if first <= found.mention.first < last_token:
            return Basis(basis, None, day if basis == "incremental" else None)
    if marked.brings and _after_bringing(marked, low, found):
        return Basis("cumulative", None, None)
    if (
        found.outcome in {"captured", "missing"}
        and {"still", "remain", "remains"} & set(words)
        and "incident" not in cues
    ):
        return Basis("cumulative", None, None)
    if "period" in cues and not _totals(words):
        return Basis("incremental", None, day)
    if (_totals(words) and not (_of_incident(scene, marked) and not _wide(words) and set(words) & _TOTALS)) or (
        toll and not ("incident" in cues and not _wide(words)) and not _of_incident(scene, marked)
    ):
        return Basis("cumulative", None, None)
    if more and last is not None and found.outcome != "killed" and last.basis == "cumulative":
        return Basis("cumulative", None, None)
    if more and last is not None and last.basis == "incremental":
        return Basis("incremental", last.scope, day or last.as_of)
    large = bool(figure and figure.count and figure.count.best >= _LARGE and not figure.implied)
    on_day = day is not None and _on_day(scene, marked, low, high)
    if large and not on_day:
        return Basis("cumulative", None, None)
    if "incident" in cues or on_day:
        return Basis("incremental", None, day)
    if "cumulative" in cues and not (_of_incident(scene, marked) and set(words) & _TOTALS):
        return Basis("cumulative", None, None)
    return _default(scene, marked, found, own_side, last, day, earlier)


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


def _after_bringing(marked: Marked, low: int, found: Found) -> bool:
    return low in marked.brings and found.mention.first > low


def _cues_in(marked: Marked, low: int, high: int) -> set[str]:
    return {cue for cue, places in marked.cues.items() if any(low <= place < high for place in places)}


_TOTALS: Final = words_of("total totals altogether overall cumulative cumulatively")


def _totals(words: list[str]) -> bool:
    text = " ".join(words)
    return bool(_TOTALS & set(words)) or any(
        phrase in text
        for phrase in (
            "so far",
            "until now",
            "up to now",
            "to date",
            "thus far",
            "death toll from the war",
            "bringing the",
            "brings the",
            "brings those",
            "until this moment",
            "during the clashes",
            "from the beginning",
            "since the start",
            "in the war",
            "of the war",
            "for the war",
            "during the war",
            "during the conflict",
            "in the conflict",
            "confirmed list",
            "final list",
            "during clashes",
            "during fighting",
            "in the clashes",
            "in the fighting",
            "in the hostilities",
            "during the hostilities",
            "in the battles",
            "during the battles",
            "during hostilities",
            "days of fighting",
            "days of clashes",
            "days of war",
            "list of",
            "at this moment",
            "at the moment",
            "updated list",
            "the names of",
        )
    )


def _wide(words: list[str]) -> bool:
    return bool({"war", "conflict", "overall", "aggression"} & set(words))


def _of_incident(scene: Scene, marked: Marked) -> bool:
    """Return whether the toll is of an incident that the title tells of."""
    title = scene.marked[0] if scene.marked else marked
    return title.has("incident") and not title.has("cumulative")


def _on_day(scene: Scene, marked: Marked, low: int, high: int) -> bool:
    """Return whether a day of the clause is that of the harm, not of the saying."""
    for moment in marked.times:
        if not moment.day or not low <= moment.first < high:
            continue
        beside = any(
            m.kind == "y" and (0 <= moment.first - m.last <= 3 or 0 <= m.first - moment.last <= 1)
            for m in marked.mentions
        )
        opening = any(
            f.manner == "before" and f.verb_at >= moment.last and moment.first - marked.sentence.first <= 2
            for f in marked.frames
        )
        if not beside and not opening:
            return True
    return False


def day_of(scene: Scene, marked: Marked, found: Found) -> date | None:
    """Return the day nearest to a figure in its sentence, if not after the text itself."""
    best: tuple[int, date] | None = None
    for moment in marked.times:
        if moment.day is None or not moment.precise or moment.day > scene.clock.today + timedelta(days=1):
            continue
        distance = abs(moment.first - found.mention.first)
        if best is None or distance < best[0]:
            best = distance, moment.day
    return best[1] if best else None


def _since(scene: Scene, marked: Marked, low: int, high: int) -> str | None:
    """Return the scope that "since …" says: "" for the whole fighting, None where there is no such word."""
    tokens = scene.tokens
    for index in range(low, high):
        word = tokens[index].low
        if word != "since" and not (word == "year" and index + 1 < high and tokens[index + 1].low == "beginning"):
            continue
        if (
            word == "since"
            and index > 0
            and tokens[index - 1].low in {"ever", "has", "have"}
            and not _moment_after(marked, index, high)
        ):
            continue
        tail = {token.low for token in tokens[index : min(index + 8, high)]}
        moment = _moment_after(marked, index, high)
        if moment and tail & _WAR and tokens[moment.first - 1].low in {"until", "till", "to", "by"}:
            moment = None
        if (
            moment is None
            and index + 1 < high
            and tokens[index + 1].text in ",."
            and (back := _back_reference(scene, marked))
        ):
            return back
        if "year" in tail and not moment:
            return f"since-{scene.clock.today.year}-01-01"
        if moment and moment.day and moment.day >= scene.clock.today - timedelta(days=1) and not tail & (_WAR | _TRUCE):
            return None
        if tail & {"dawn", "morning", "yesterday", "midnight"} and not moment:
            return None
        if moment and moment.day:
            return _scope(scene, moment, truce=bool(tail & _TRUCE))
        if tail & _TRUCE:
            return "since-ceasefire"
        if tail & _WAR or {"it", "then"} & tail or word == "since":
            return "" if tail & _WAR or True else None
    return None


def _back_reference(scene: Scene, marked: Marked) -> str | None:
    """Return the scope of "in the fighting since", whose day the sentence before says."""
    before = [
        each
        for each in scene.marked
        if each.sentence.last <= marked.sentence.first and each.sentence.paragraph == marked.sentence.paragraph
    ]
    moment = next((m for m in reversed(before[-1].times) if m.day and m.precise), None) if before else None
    return _scope(scene, moment, truce=False) or None if moment else None


def _moment_after(marked: Marked, index: int, high: int) -> Moment | None:
    return next(
        (
            moment
            for moment in marked.times
            if index < moment.first <= index + 9 and moment.last <= high + 1 and moment.day
        ),
        None,
    )


def _scope(scene: Scene, moment: Moment, *, truce: bool) -> str:
    begins = scene.episode.begins if scene.episode else None
    day = moment.day
    if day is None:
        return ""
    if not truce and begins:
        if not moment.precise and (
            day.year,
            day.month if moment.last - moment.first > 1 or day.month > 1 else begins.month,
        ) == (begins.year, begins.month):
            return ""
        if abs((day - begins).days) <= _NEAR_DAYS:
            return ""
        if day < begins:
            return ""
    return f"since-{day.isoformat()}"


def _default(
    scene: Scene,
    marked: Marked,
    found: Found,
    own_side: bool | None,
    last: Basis | None,
    day: date | None,
    earlier: Basis | None,
) -> Basis:
    """Return the basis where no word of the clause says it."""
    before = last or earlier
    if before is not None:
        return Basis(before.basis, before.scope, day or before.as_of, explicit=False)
    title = scene.marked[0]
    if sum(len(each.mentions) > 1 for each in scene.marked) <= 3:
        return Basis("incremental", None, day, explicit=False)
    if title.has("incident") and not title.has("cumulative"):
        return Basis("incremental", None, day, explicit=False)
    if own_side:
        return Basis("cumulative", None, None, explicit=False)
    return Basis("incremental", None, day, explicit=False)
