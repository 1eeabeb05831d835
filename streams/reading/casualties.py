"""Casualty claims: each figure that a row found, with source, party, population, basis, or the reason to leave it out."""

from dataclasses import dataclass, field
from typing import Final

from streams.reading.attribution import Frame, speaker_at
from streams.reading.basis import Basis, basis_of
from streams.reading.clauses import PARTS, Found, find
from streams.reading.figures import Figure
from streams.reading.mentions import Mention
from streams.reading.party import Whose, whose
from streams.reading.scene import Marked, Scene

_HANDED: Final = frozenset(
    "handed returned repatriated exchange exchanged swap swapped freed released release repatriation rescued evacuated displaced fled deployed "
    "identified detained detainees lorries amnesty reburied".split(),
)


@dataclass(slots=True)
class Draft:
    """A casualty claim in the making."""

    source: str | None
    party: str
    outcome: str
    population: str
    group: str | None
    figure: Figure
    basis: Basis
    row: str
    marked: Marked
    order: int
    whose: str
    frame: Frame | None
    reasons: list[str] = field(default_factory=list)
    also: list[Figure] = field(default_factory=list)
    final: bool = False
    parent: "Draft | None" = None


@dataclass(slots=True)
class Reading:
    """All casualty claims of a document, and why other figures are none."""

    claims: list[Draft] = field(default_factory=list)
    why: dict[int, str] = field(default_factory=dict)  # first token of a figure → reason


def read_casualties(scene: Scene) -> Reading:
    """Return the casualty claims of a document."""
    reading = Reading()
    other_event = _is_other_event(scene)
    for marked in scene.marked:
        _sentence(scene, marked, reading, other_event)
    return reading


def _is_other_event(scene: Scene) -> bool:
    """Return whether the document is of a disaster or a crime: its head says so and no war is told of there."""
    head = scene.marked[:4]
    disaster = any(marked.has("disaster") for marked in head)
    conflict = any(_warlike(scene, marked) for marked in head)
    return disaster and not conflict


_WARLIKE: Final = frozenset("shelling strike strikes airstrike drone missile rebels militants offensive artillery troops ambush truce ceasefire raid".split())


def _warlike(scene: Scene, marked: Marked) -> bool:
    return bool(_WARLIKE & set(scene.words(marked.sentence.first, marked.sentence.last)))


def _sentence(scene: Scene, marked: Marked, reading: Reading, other_event: bool) -> None:
    parts = {part.order: part for part in find(marked.mentions, PARTS)}
    last: Draft | None = None
    previous = reading.claims[-1] if reading.claims and reading.claims[-1].marked.sentence.paragraph == marked.sentence.paragraph else None
    for found in sorted(find(marked.mentions), key=lambda item: item.order):
        figure = found.mention.figure
        if figure is None or found.outcome is None:
            continue
        part = parts.pop(found.order, None)
        why = _why_not(scene, marked, found, other_event, part is not None)
        if why:
            reading.why[figure.first] = why
            continue
        draft = _draft(scene, marked, found, last, previous)
        reading.claims.append(draft)
        last = draft
    for part in parts.values():
        _part(scene, marked, part, last or previous, reading)


def _part(scene: Scene, marked: Marked, part: Found, parent: Draft | None, reading: Reading) -> None:
    """Add a part of a figure that has a group; leave out one that has none."""
    figure = part.mention.figure
    if figure is None or figure.first in reading.why:
        return
    if parent is None or figure.group is None or figure.why:
        reading.why.setdefault(figure.first, "subset")
        return
    reading.claims.append(
        Draft(
            parent.source, parent.party, parent.outcome, "civilian", figure.group, figure, parent.basis, part.row.id, marked, part.order, parent.whose,
            parent.frame, parent=parent,
        ),
    )


def _why_not(scene: Scene, marked: Marked, found: Found, other_event: bool, is_part: bool) -> str | None:
    figure = found.mention.figure
    assert figure is not None  # noqa: S101 - each found mention is a figure
    if other_event or marked.has("disaster") and not _warlike(scene, marked):
        return "other_event"
    if (is_part or figure.part) and figure.group is None:
        return "subset"
    if _hypothetical(scene, marked, found):
        return "hypothetical"
    if scene.episode is None or _is_history(scene, marked):
        return "history"
    if _is_superseded(scene, marked, found):
        return "superseded"
    words = set(scene.words(marked.sentence.first, marked.sentence.last))
    bodies = bool({"bodies", "remains", "coffins"} & words)
    if (found.outcome == "captured" or bodies) and _HANDED & words:
        return "not_people"
    if _denied(marked, found):
        return "hypothetical"
    return None


def _hypothetical(scene: Scene, marked: Marked, found: Found) -> bool:
    """Return whether a conditional, a fear or a plan governs the figure: it comes before the verb in the same clause."""
    mentions = marked.mentions
    by = next((n for n, m in enumerate(mentions) if m is found.by), found.order)
    start = min(by, found.order)
    for position in range(max(by, found.order), -1, -1):
        mention = mentions[position]
        if position < start and mention.kind in ';":' or (mention.kind == "," and position < start - 3):
            return False
        if mention.kind == "h":
            return True
        if position < start and mention.kind in "kKBI" and found.by is not mention:
            return False
    return False


def _is_history(scene: Scene, marked: Marked) -> bool:
    """Return whether a sentence is background: another year, another war."""
    if marked.has("history"):
        return True
    begins = scene.episode.begins if scene.episode else None
    days = [moment for moment in marked.times if moment.day]
    words = scene.words(marked.sentence.first, marked.sentence.last)
    if not days or begins is None or "since" in words:
        return False
    floor = begins.replace(day=1)
    latest = max(moment.day for moment in days if moment.day)
    if latest < floor and not (latest.year == begins.year and all(not m.precise for m in days)):
        return not any(moment.day and moment.day >= floor for moment in days)
    return False


def _is_superseded(scene: Scene, marked: Marked, found: Found) -> bool:
    """Return whether a figure is an old one that the text itself takes back."""
    words = scene.words(marked.sentence.first, marked.sentence.last)
    figure = found.mention.figure
    assert figure is not None  # noqa: S101 - each found mention is a figure
    start = figure.number[0]
    before = scene.words(max(marked.sentence.first, start - 2), start)
    if before[-1:] == ["from"] and ("to" in scene.words(figure.last, min(figure.last + 3, marked.sentence.last)) or {"up", "down", "raised", "raises", "lowered", "cut"} & set(words)):
        return True
    return marked.has("superseded") and any(place < figure.first + 6 for place in marked.cues["superseded"]) and "updated" not in words


def _denied(marked: Marked, found: Found) -> bool:
    """Return whether the clause says that it was not so: "did not kill", "denied that 50 died"."""
    mentions = marked.mentions
    for position in range(found.order - 1, max(-1, found.order - 4), -1):
        mention = mentions[position]
        if mention.kind == "g":
            return mention.word not in {"no"} or True
        if mention.kind in ",;:AkKB":
            return False
    return False


def _draft(scene: Scene, marked: Marked, found: Found, last: Draft | None, previous: Draft | None) -> Draft:
    figure = found.mention.figure
    assert figure is not None and found.outcome is not None  # noqa: S101, PT018 - checked by the caller
    frame = speaker_at(marked.frames, found.mention.first)
    _inherit(marked, found, figure, last, previous)
    same = last is not None and last.frame is frame
    owner = whose(scene, marked, found, frame, Whose(last.party, last.whose) if last and same else None)
    source = frame.source if frame else None
    affiliation = scene.context.affiliation(source) if source else None
    own = None if affiliation is None else affiliation == owner.party
    basis = basis_of(scene, marked, found, own, last.basis if last and same else None)
    outcome = found.outcome
    if found.row.id == "loss-of" and found.by is not None and found.by.word in {"loss", "losses"} and figure.person:
        outcome = "killed"
    population = "civilian" if figure.group else "mixed" if figure.mixed else figure.person or "unknown"
    return Draft(source, owner.party, outcome, population, figure.group, figure, basis, found.row.id, marked, found.order, owner.manner, frame)


def _inherit(marked: Marked, found: Found, figure: Figure, last: Draft | None, previous: Draft | None) -> None:
    """Share a noun that is said once: "two soldiers killed, more than 20 wounded"; a label's own noun comes first."""
    if found.row.id in {"number-rises", "label", "number-first"} and figure.person is None:
        people = _people_between(marked, found)
        if people is not None:
            figure.person, figure.group = people.person, people.group
            return
    if figure.person is not None or figure.group is not None:
        return
    if last is not None and (figure.bare or figure.outcome):
        figure.person = last.population if last.population in {"military", "civilian"} else None
        if last.figure.person == "unknown":
            figure.person = "unknown"


def _people_between(marked: Marked, found: Found) -> Figure | None:
    start = next((n for n, m in enumerate(marked.mentions) if m is found.by), found.order)
    for mention in marked.mentions[max(0, start - 2) : max(found.order, start) + 1]:
        if mention.kind == "p" and mention.figure:
            return mention.figure
    return None


def mention_of(marked: Marked, order: int) -> Mention:
    """Return a mention of a sentence."""
    return marked.mentions[order]
