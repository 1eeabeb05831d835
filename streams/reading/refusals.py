"""Refusals: why a figure with an outcome is no claim; by ordered questions, the first answer counts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streams.reading.basis import clause_of
from streams.reading.claim import Claim, Reading
from streams.reading.clauses import Found
from streams.reading.figures import Figure
from streams.reading.scene import Marked, Scene
from streams.reading.tokens import words_of

_HANDED: Final = words_of(
    "handed returned repatriated exchange exchanged swap swapped freed released release repatriation rescued evacuated "
    "displaced fled deployed identified detained detainees amnesty reburied buses",
)
_BODIES: Final = words_of("bodies remains corpses coffins")
_YET: Final = words_of("far yet date now")
_WARLIKE: Final = words_of(
    "shelling strike strikes airstrike airstrikes drone drones missile missiles rockets rebels militants offensive "
    "artillery troops ambush truce ceasefire raid raids shells shell gunfire bombardment fighting clashes combat siege "
    "bombing bombs gunmen jihadists",
)
_LIE: Final = re.compile(
    r"(?:is|are|was|were) (?:an? )?(?:absolute |complete )?(?:lie|lies|nonsense|false|untrue|fake|not true)(?: |$)",
)
_AGO: Final = re.compile(r"\bhad (?:[^ ]+ ){0,4}(?:ago|earlier)\b|\b(?:withdrawn|retracted)\b")
#: An incident that long before publication is background, once the text has reported another.
_LONG_AGO_DAYS: Final = 90
_HEAD_SENTENCES: Final = 4
_ELSEWHERE: Final = words_of("another also separately addition elsewhere meanwhile")


@dataclass(frozen=True, slots=True)
class _Case:
    """The subject of the questions."""

    scene: Scene
    marked: Marked
    found: Found
    figure: Figure
    is_part: bool
    reading: Reading
    previous: Claim | None
    words: frozenset[str]
    text: str


def is_other_event(scene: Scene) -> bool:
    """Return whether the document is of a disaster or a crime: its head says so and no war is mentioned there."""
    head = scene.marked[:_HEAD_SENTENCES]
    return any(marked.has("disaster") for marked in head) and not any(_warlike(scene, marked) for marked in head)


def why_not(scene: Scene, marked: Marked, found: Found, reading: Reading, *, is_part: bool) -> str | None:
    """Return the reason to leave a figure out, or None for a claim."""
    figure = found.mention.figure
    if figure is None:
        return "not_people"
    words = scene.words(marked.sentence.first, marked.sentence.last)
    previous = reading.previous(marked)
    case = _Case(scene, marked, found, figure, is_part, reading, previous, frozenset(words), " ".join(words))
    for question, why in QUESTIONS:
        if question(case):
            return None if why is None else why
    return None


def _warlike(scene: Scene, marked: Marked) -> bool:
    return bool(_WARLIKE & set(scene.words(marked.sentence.first, marked.sentence.last)))


def _other_event(case: _Case) -> bool:
    return case.reading.other_event or (case.marked.has("disaster") and not _warlike(case.scene, case.marked))


def _died_since(case: _Case) -> bool:
    """Return whether one of the wounded has died: a claim of its own, though it is a part."""
    figure, before = case.figure, case.previous
    part = figure.part and figure.group is None and case.found.outcome == "killed"
    return part and before is not None and before.outcome == "wounded"


def _subset(case: _Case) -> bool:
    part = case.is_part or (case.figure.part and whole_before(case.marked, case.found.order))
    return part and case.figure.group is None


def _hypothetical(case: _Case) -> bool:
    """Return whether a conditional, a fear or a plan governs the figure, before the verb in the same clause."""
    mentions, found = case.marked.mentions, case.found
    by = next((n for n, m in enumerate(mentions) if m is found.by), found.order)
    start = min(by, found.order)
    for position in range(max(by, found.order), -1, -1):
        mention = mentions[position]
        if (position < start and mention.kind in ';":j') or (mention.kind == "," and position < start - 3):
            return False
        if mention.kind == "h":
            return True
        if position < start and mention.kind in "kKBI" and found.by is not mention:
            return False
    return False


def _expected(case: _Case) -> bool:
    """Return whether what follows makes a plan of a figure: "eleven more hostages are expected tonight"."""
    order = case.found.order
    after = "".join(mention.kind for mention in case.marked.mentions[order + 1 : order + 3])
    return case.found.row.id == "own" and (after[:1] == "h" or after in {"Eh", "bh"})


def _history(case: _Case) -> bool:
    """Return whether a sentence is background: another year, another war."""
    scene, marked = case.scene, case.marked
    begins = scene.episode.begins if scene.episode else None
    if begins is None or marked.has("history"):
        return scene.episode is None or marked.has("history")
    days = [moment for moment in marked.times if moment.day]
    if not days or "since" in case.words:
        return False
    latest = max(moment.day for moment in days if moment.day)
    long_ago = (scene.clock.today - latest).days > _LONG_AGO_DAYS and (latest.month, latest.day) != (1, 1)
    if long_ago and case.reading.claims and not marked.has("cumulative"):
        return True
    floor = begins.replace(day=1)
    bare_year = latest.year == begins.year and all(not moment.precise for moment in days)
    return latest < floor and not bare_year


def _superseded(case: _Case) -> bool:
    """Return whether a figure is an old one that the text itself takes back."""
    marked, figure = case.marked, case.figure
    before = case.scene.words(max(marked.sentence.first, figure.number[0] - 1), figure.number[0])
    after = case.scene.words(figure.last, min(figure.last + 3, marked.sentence.last))
    if before == ["from"] and ("to" in after or case.words & {"up", "down", "raised", "raises", "lowered", "cut"}):
        return True
    low, high = clause_of(marked, case.found.order)
    if _AGO.search(" ".join(case.scene.words(low, high))) and case.reading.claims:
        return True
    places = marked.cues.get("superseded", [])
    return any(low <= place < min(high, figure.first + 6) for place in places)


def _each(case: _Case) -> bool:
    """Return whether a number is a rate: "for every ten more hostages"."""
    before = case.scene.words(max(case.marked.sentence.first, case.figure.number[0] - 1), case.figure.number[0])
    return before in (["every"], ["each"], ["per"])


def _handed_over(case: _Case) -> bool:
    """Return whether prisoners or bodies are exchanged, not taken or found."""
    body = bool(_BODIES & set(case.scene.words(case.figure.first, case.figure.last)))
    held = case.found.outcome == "captured" and case.found.mention.outcome is not None
    title = case.scene.marked[0].sentence
    words = case.words | set(case.scene.words(title.first, title.last))
    return (held or body) and bool(_HANDED & words)


def _added(case: _Case) -> bool:
    """Return whether a figure only says by how much a total was corrected."""
    figure = case.figure
    after = case.scene.words(figure.last, min(figure.last + 3, case.marked.sentence.last))
    return "added" in after or {"added", "to", "total"} <= case.words


def _no_harm(case: _Case) -> bool:
    """Return whether "no deaths" is of one incident, and no total."""
    return case.figure.count is not None and case.figure.count.best == 0 and not _YET & case.words


def _detail(case: _Case) -> bool:
    """Return whether one unnamed person is one of those counted just before."""
    figure, previous = case.figure, case.previous
    one = figure.implied and figure.count is not None and figure.count.best == 1
    if not one or previous is None or previous.marked is case.marked or previous.outcome != case.found.outcome:
        return False
    if previous.figure.count is None or previous.figure.count.best < 2:
        return False
    placed = any(m.actor and m.actor.place for m in case.marked.mentions)
    return not placed and not any(moment.day for moment in case.marked.times) and not _ELSEWHERE & case.words


def _denied(case: _Case) -> bool:
    """Return whether the clause says that it was not so: "did not kill", "denied that 50 died", "… is a lie"."""
    if _LIE.search(case.text):
        return True
    mentions = case.marked.mentions
    for position in range(case.found.order - 1, -1, -1):
        mention = mentions[position]
        if mention.kind in ";:j":
            break
        denial = mention.kind == "g" and mention.word.startswith("den")
        if denial and any(m.kind == "v" for m in mentions[position : position + 2]):
            return True
    for mention in reversed(mentions[max(0, case.found.order - 3) : case.found.order]):
        if mention.kind in ",;:AkKBg":
            return mention.kind == "g"
    return False


#: The questions, in order; one without a reason says that the figure is a claim.
QUESTIONS: Final[tuple[tuple[Callable[[_Case], bool], str | None], ...]] = (
    (_other_event, "other_event"),
    (_died_since, None),
    (_subset, "subset"),
    (_hypothetical, "hypothetical"),
    (_history, "history"),
    (_superseded, "superseded"),
    (_each, "not_people"),
    (_handed_over, "not_people"),
    (_added, "period_detail"),
    (_no_harm, "hypothetical"),
    (_detail, "subset"),
    (_expected, "hypothetical"),
    (_denied, "hypothetical"),
)


def whole_before(marked: Marked, order: int) -> bool:
    """Return whether "three of them" is a part of a number; of people without one it is the figure itself."""
    for mention in reversed(marked.mentions[:order]):
        if mention.kind in "fnF" and mention.figure and not mention.figure.implied:
            return True
        if mention.kind == "p":
            return False
    return True
