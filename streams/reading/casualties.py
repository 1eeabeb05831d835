"""Casualty claims: each figure that a row found, with source, party, population, basis, or the reason to leave it out."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from streams.reading.attribution import Frame, speaker_at
from streams.reading.basis import Basis, basis_of, clause_of
from streams.reading.bulletins import Entry, read_bulletin
from streams.reading.clauses import AGAIN, PARTS, Found, find
from streams.reading.figures import Figure
from streams.reading.mentions import Mention
from streams.reading.party import Whose, opponent, whose
from streams.reading.scene import Marked, Scene, document_speaker
from streams.reading.tokens import words_of

_HANDED: Final = words_of(
    "handed returned repatriated exchange exchanged swap swapped freed released release repatriation rescued evacuated displaced fled deployed "
    "identified detained detainees lorries amnesty reburied"
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
    outcome_at: tuple[int, int] | None = None


@dataclass(slots=True)
class Reading:
    """All casualty claims of a document, and why other figures are none."""

    claims: list[Draft] = field(default_factory=list)
    why: dict[int, str] = field(default_factory=dict)  # first token of a figure → reason


def read_casualties(scene: Scene) -> Reading:
    """Return the casualty claims of a document."""
    reading = Reading()
    other_event = _is_other_event(scene)
    speaker = document_speaker(scene)
    _bulletin(scene, speaker, reading)
    for marked in scene.marked:
        if marked.sentence.first in scene.skipped:
            continue
        _sentence(scene, marked, reading, other_event)
        _sign(scene, marked, reading)
    for claim in reading.claims:
        if claim.source is None and speaker is not None:
            claim.source = speaker
    return reading


def _sign(scene: Scene, marked: Marked, reading: Reading) -> None:
    """Give the claims of a paragraph to whoever the sentence after them says keeps the count."""
    text = " ".join(scene.words(marked.sentence.first, marked.sentence.last))
    this = _THIS_IS.match(text)
    if this or _KEPT.search(text):
        actors = [
            m.actor for m in marked.mentions if m.kind == "A" and m.actor and m.actor.source and m.actor.kind != "place"
        ]
        frame = (
            Frame(actors[0].source, actors[0].party, marked.sentence.first, marked.sentence.last, "tally")
            if actors
            else None
        )
    elif any(mention.kind in "fnF" for mention in marked.mentions):
        return
    else:
        signed = (
            f for f in marked.frames if f.source and not f.anaphoric and (f.manner == "tally" or f.verb in _SIGNING)
        )
        frame = next(signed, None)
    if frame is None:
        return
    for claim in reversed(reading.claims):
        if claim.marked.sentence.paragraph != marked.sentence.paragraph or claim.marked is marked:
            break
        if claim.source is None and claim.frame is None:
            claim.source, claim.frame = frame.source, frame


_THIS_IS: Final = re.compile(
    r"(?:this|that|these|the (?:count|toll|figures?|numbers?|names?|list)) (?:is|was|are|were|comes?|came|rests?) "
)
_KEPT: Final = re.compile(
    r"(?:which|that|who) (?:kept|keeps|keeping|gave|compiled|published|released|issued|collected|put) (?:the|its|a|their) (?:daily )?(?:count|names|toll|list|figures?|tally|case)"
)
_SIGNING: Final = words_of(
    "informed published reported documented released registered counted recorded publishes reports confirmed"
)


def _bulletin(scene: Scene, speaker: str | None, reading: Reading) -> None:
    """Add the claims of a bulletin's lines; its sentences are not read again as prose."""
    if scene.episode is None:
        return
    bulletin = read_bulletin(scene.tokens, scene.bulletins, alone=scene.bulletin_alone)
    reading.why.update(bulletin.why)
    scene.sections = bulletin.sections
    affiliation = scene.context.affiliation(speaker or scene.document.outlet)
    for entry in bulletin.entries:
        party = opponent(scene, affiliation, None) if entry.enemy and affiliation else affiliation
        first = entry.number[0]
        marked = next(
            m for m in scene.marked if m.sentence.first <= first < m.sentence.last or m.sentence.first > first
        )
        figure = Figure(first, entry.number[1], entry.number, entry.count, bare=True)
        population = "civilian" if entry.group else "military" if entry.outcome == "killed_or_wounded" else "unknown"
        basis = Basis(entry.basis, _scope_of(scene, entry) if entry.basis == "cumulative" else None)
        reading.claims.append(
            Draft(
                speaker,
                party or "civilians",
                entry.outcome,
                population,
                entry.group,
                figure,
                basis,
                "bulletin",
                marked,
                0,
                "own",
                None,
            ),
        )
    for marked in scene.marked:
        if any(low <= marked.sentence.first < high for low, high in bulletin.lines):
            scene.skipped.add(marked.sentence.first)


def _scope_of(scene: Scene, entry: Entry) -> str | None:
    """Return the scope of a bulletin's section, from the day in its heading."""
    if entry.since is None:
        return "since-ceasefire" if entry.truce else None
    day = scene.clock.first_day(scene.tokens[entry.since[0] : entry.since[1]], scene.months)
    if day is None:
        return "since-ceasefire" if entry.truce else None
    begins = scene.episode.begins if scene.episode else None
    if not entry.truce and (begins is None or day <= begins + timedelta(days=5) or day >= scene.clock.today):
        return None
    return f"since-{day.isoformat()}"


def _is_other_event(scene: Scene) -> bool:
    """Return whether the document is of a disaster or a crime: its head says so and no war is told of there."""
    head = scene.marked[:4]
    disaster = any(marked.has("disaster") for marked in head)
    conflict = any(_warlike(scene, marked) for marked in head)
    return disaster and not conflict


_WARLIKE: Final = words_of(
    "shelling strike strikes airstrike airstrikes drone drones missile missiles rockets rebels militants offensive artillery troops ambush truce ceasefire raid raids shells "
    "shell gunfire bombardment fighting clashes combat siege bombing bombs gunmen jihadists"
)


def _warlike(scene: Scene, marked: Marked) -> bool:
    return bool(_WARLIKE & set(scene.words(marked.sentence.first, marked.sentence.last)))


def _sentence(scene: Scene, marked: Marked, reading: Reading, other_event: bool) -> None:
    parts = {part.order: part for part in find(marked.mentions, PARTS)}
    last: Draft | None = None
    previous = (
        reading.claims[-1]
        if reading.claims and reading.claims[-1].marked.sentence.paragraph == marked.sentence.paragraph
        else None
    )
    found_here = sorted(find(marked.mentions), key=lambda item: item.order)
    seen = {found.order for found in found_here}
    found_here += [found for found in find(marked.mentions, AGAIN) if found.order not in seen]
    for found in sorted(found_here, key=lambda item: item.order):
        figure = found.mention.figure
        if (
            figure is not None
            and found.row in AGAIN
            and (model := last or previous or next(iter(reading.claims[-1:]), None)) is not None
            and model.group is None
        ):
            found.outcome = model.outcome
            figure.person = figure.person or model.figure.person
        if figure is None or found.outcome is None:
            continue
        part = parts.pop(found.order, None)
        why = _why_not(scene, marked, found, other_event, part is not None, previous)
        if why:
            reading.why[figure.first] = why
            continue
        draft = _draft(scene, marked, found, last, previous)
        reading.claims.append(draft)
        last = draft
    here = [claim for claim in reading.claims if claim.marked is marked]
    for position, mention in enumerate(marked.mentions):
        figure = mention.figure
        _of_the_dead(marked, position)
        if (
            mention.kind in "fn"
            and figure
            and figure.part
            and figure.group
            and position not in parts
            and not any(c.figure is figure for c in here)
        ):
            parts[position] = Found(PARTS[0], mention, None, None, position)
    for part in parts.values():
        parent = _parent(scene, marked, part, here, reading) or previous or next(iter(here), None)
        _part(scene, marked, part, parent, reading)


def _of_the_dead(marked: Marked, position: int) -> None:
    """Read "six of the dead are children": a part with its group."""
    kinds = "".join(mention.kind for mention in marked.mentions[position : position + 4])
    figure = marked.mentions[position].figure
    if kinds[:2] != "nw" or figure is None:
        return
    people = next(
        (
            m.figure
            for m in marked.mentions[position + 2 : position + 4]
            if m.kind == "p" and m.figure and m.figure.group
        ),
        None,
    )
    if people is not None:
        figure.part, figure.group, figure.person = True, people.group, "civilian"


def _parent(scene: Scene, marked: Marked, part: Found, here: list[Draft], reading: Reading) -> Draft | None:
    """Return the figure that a part is of: the one before it; "among the dead" says which."""
    words = set(scene.words(marked.sentence.first, part.mention.first + 1))
    harm = (
        "killed"
        if words & {"martyrs", "dead", "killed", "fallen", "victims"}
        else "wounded"
        if words & {"wounded", "injured"}
        else None
    )
    if here:
        return next((claim for claim in reversed(here) if claim.order < part.order), None)
    near = [c for c in reversed(reading.claims[-6:]) if c.group is None and (harm is None or c.outcome == harm)]
    return next(iter(near), None)


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
            parent.source,
            parent.party,
            parent.outcome,
            "civilian",
            figure.group,
            figure,
            parent.basis,
            part.row.id,
            marked,
            part.order,
            parent.whose,
            parent.frame,
            parent=parent,
        ),
    )


def _why_not(
    scene: Scene, marked: Marked, found: Found, other_event: bool, is_part: bool, previous: "Draft | None"
) -> str | None:
    figure = found.mention.figure
    assert figure is not None  # noqa: S101 - each found mention is a figure
    if other_event or (marked.has("disaster") and not _warlike(scene, marked)):
        return "other_event"
    if (
        figure.part
        and figure.group is None
        and found.outcome == "killed"
        and previous is not None
        and previous.outcome == "wounded"
    ):
        return None
    if (is_part or (figure.part and _whole_before(marked, found.order))) and figure.group is None:
        return "subset"
    if _hypothetical(scene, marked, found):
        return "hypothetical"
    if scene.episode is None or _is_history(scene, marked):
        return "history"
    if _is_superseded(scene, marked, found):
        return "superseded"
    words = set(scene.words(marked.sentence.first, marked.sentence.last))
    body = bool({"bodies", "remains", "corpses"} & set(scene.words(figure.first, figure.last)))
    title = (
        set(scene.words(scene.marked[0].sentence.first, scene.marked[0].sentence.last))
        if body or scene.marked
        else set()
    )
    held = found.outcome == "captured" and found.mention.outcome is not None
    if (held or body) and _HANDED & (words | title):
        return "not_people"
    after = scene.words(figure.last, min(figure.last + 3, marked.sentence.last))
    if "added" in after or ("added" in words and "to" in words and "total" in words):
        return "period_detail"
    if figure.count and figure.count.best == 0 and not {"far", "yet", "date", "now"} & words:
        return "hypothetical"
    if (
        figure.implied
        and figure.count
        and figure.count.best == 1
        and previous is not None
        and _is_detail(scene, marked, found, previous)
    ):
        return "subset"
    if _LIE.search(" ".join(scene.words(marked.sentence.first, marked.sentence.last))):
        return "hypothetical"
    if _denied(marked, found):
        return "hypothetical"
    return None


def _is_detail(scene: Scene, marked: Marked, found: Found, previous: Draft) -> bool:
    """Return whether one unnamed person is one of those counted just before: no other place, day or "another" is said."""
    count = previous.figure.count
    if previous.outcome != found.outcome or count is None or count.best < 2 or previous.marked is marked:
        return False
    if any(moment.day for moment in marked.times) or any(m.actor and m.actor.place for m in marked.mentions):
        return False
    return not {"another", "also", "separately", "addition", "elsewhere", "meanwhile"} & set(
        scene.words(marked.sentence.first, marked.sentence.last)
    )


def _whole_before(marked: Marked, order: int) -> bool:
    """Return whether "three of them" is a part of a number; of people without one it is the figure itself."""
    for mention in reversed(marked.mentions[:order]):
        if mention.kind in "fnF" and mention.figure and not mention.figure.implied:
            return True
        if mention.kind == "p":
            return False
    return True


_LIE: Final = re.compile(
    r"(?:is|are|was|were) (?:an? )?(?:absolute |complete )?(?:lie|lies|nonsense|false|untrue|fake|not true)(?: |$)"
)


def _hypothetical(scene: Scene, marked: Marked, found: Found) -> bool:
    """Return whether a conditional, a fear or a plan governs the figure: it comes before the verb in the same clause."""
    mentions = marked.mentions
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


#: An incident that long before publication is background.
_LONG_AGO_DAYS: Final = 90


def _is_history(scene: Scene, marked: Marked) -> bool:
    """Return whether a sentence is background: another year, another war."""
    if marked.has("history"):
        return True
    begins = scene.episode.begins if scene.episode else None
    days = [moment for moment in marked.times if moment.day]
    if (
        days
        and "since" not in scene.words(marked.sentence.first, marked.sentence.last)
        and not marked.has("cumulative")
    ):
        latest = max(moment.day for moment in days if moment.day)
        if (scene.clock.today - latest).days > _LONG_AGO_DAYS and (latest.month, latest.day) != (1, 1):
            return True
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
    if before[-1:] == ["from"] and (
        "to" in scene.words(figure.last, min(figure.last + 3, marked.sentence.last))
        or {"up", "down", "raised", "raises", "lowered", "cut"} & set(words)
    ):
        return True
    low, high = clause_of(marked, found.order)
    return marked.has("superseded") and any(
        low <= place < min(high, figure.first + 6) for place in marked.cues["superseded"]
    )


def _denied(marked: Marked, found: Found) -> bool:
    """Return whether the clause says that it was not so: "did not kill", "denied that 50 died"."""
    mentions = marked.mentions
    for position in range(found.order - 1, -1, -1):
        if mentions[position].kind in ";:j":
            break
        if (
            mentions[position].kind == "g"
            and mentions[position].word.startswith("den")
            and any(m.kind == "v" for m in mentions[position : position + 2])
        ):
            return True
    for position in range(found.order - 1, max(-1, found.order - 4), -1):
        mention = mentions[position]
        if mention.kind == "g":
            return True
        if mention.kind in ",;:AkKB":
            return False
    return False


def _draft(scene: Scene, marked: Marked, found: Found, last: Draft | None, previous: Draft | None) -> Draft:
    figure = found.mention.figure
    assert figure is not None and found.outcome is not None  # noqa: S101, PT018 - checked by the caller
    frame = speaker_at(marked.frames, found.mention.first)
    _inherit(marked, found, figure, last, previous)
    same = last is not None and last.frame is frame
    if previous is not None and not (last and same) and _labelled(marked, found):
        last, same = previous, True
    chain = last if last and same else previous if previous and figure.more and not last else None
    listed = (
        chain is not None
        and last is not None
        and chain.row == found.row.id
        and figure.person != "military"
        and _adjoins(marked, last.order, found.order)
    )
    owner = whose(
        scene,
        marked,
        found,
        frame,
        Whose(chain.party, chain.whose) if chain else None,
        listed=listed,
        earlier=Whose(previous.party, previous.whose) if previous else None,
    )
    source = frame.source if frame else None
    affiliation = scene.context.affiliation(source) if source else None
    own = None if affiliation is None else affiliation == owner.party
    basis = basis_of(
        scene,
        marked,
        found,
        own,
        last.basis if last and same else None,
        previous.basis if previous and previous.source == source else None,
    )
    before = marked.mentions[found.order - 1] if found.order else None
    if (
        before is not None
        and before.kind in "Ey"
        and before.word in _PASSED
        and figure.count
        and figure.count.qualifier == "exact"
    ):
        figure.count = replace(figure.count, qualifier="more_than")
    outcome = found.outcome
    if found.row.id == "lose" and figure.person == "unknown" and figure.noun in {"men", "man"}:
        figure.person = "military"
    if found.row.id == "loss-of" and found.by is not None and found.by.word in {"loss", "losses"} and figure.person:
        outcome = "killed"
    if _is_mixed(marked, found.order, figure):
        figure.mixed = True
    population = "civilian" if figure.group else "mixed" if figure.mixed else figure.person or "unknown"
    draft = Draft(
        source,
        owner.party,
        outcome,
        population,
        figure.group,
        figure,
        basis,
        found.row.id,
        marked,
        found.order,
        owner.manner,
        frame,
    )
    draft.outcome_at = (found.by.first, found.by.last) if found.by else None
    return draft


_OFFICIALLY: Final = re.compile(r"official (?:statements|figures|data|sources|numbers)")
_PASSED: Final = words_of("exceeds exceeded pass passes passed surpassed surpasses topped tops past")


def _adjoins(marked: Marked, before: int, order: int) -> bool:
    """Return whether two figures are neighbours of one list: "42 Armenian soldiers and 5 civilians"."""
    return all(mention.kind in ",c~(" for mention in marked.mentions[before + 1 : order])


def _labelled(marked: Marked, found: Found) -> bool:
    """Return whether a line's label begins it: its figures go on with the lines before."""
    kinds = "".join(mention.kind for mention in marked.mentions[:3])
    return found.row.id == "own" and ("p:" in kinds or "A:" in kinds)


def _is_mixed(marked: Marked, order: int, figure: Figure) -> bool:
    """Return whether one figure counts soldiers and civilians: "34 soldiers, civilians", "50 dead, soldiers and civilians"."""
    seen = {figure.person} & {"military", "civilian"}
    for mention in marked.mentions[order + 1 : order + 5]:
        if mention.kind == "p" and mention.figure and mention.figure.person in {"military", "civilian"}:
            seen.add(mention.figure.person)
        elif mention.kind not in ",c~":
            break
    return len(seen) == 2


def _inherit(marked: Marked, found: Found, figure: Figure, last: Draft | None, previous: Draft | None) -> None:
    """Share a noun that is said once: "two soldiers killed, more than 20 wounded"; a label's own noun comes first."""
    if found.row.id in {"number-rises", "label", "number-first"} and figure.person is None:
        people = _people_between(marked, found)
        if people is not None:
            figure.person, figure.group = people.person, people.group
            return
    if figure.part and figure.person is None:
        people = next((m.figure for m in reversed(marked.mentions[: found.order]) if m.kind == "p" and m.figure), None)
        if people is not None and not _whole_before(marked, found.order):
            figure.person, figure.group, figure.party = people.person, people.group, figure.party or people.party
    heads = [m for m in marked.mentions[:3] if m.kind == "p" and m.figure]
    if heads and found.row.id == "own" and marked.mentions[marked.mentions.index(heads[0]) + 1].kind == ":":
        figure.person, figure.group = (
            (heads[0].figure.person, heads[0].figure.group) if heads[0].figure else (None, None)
        )
    if figure.person is not None or figure.group is not None:
        return
    following = _shared_after(marked, found.order)
    if following is not None and (figure.party or following.outcome):
        figure.person, figure.group = following.person, following.group
        return
    if (
        last is not None
        and marked.frames
        and not _adjoins(marked, last.order, found.order)
        and speaker_at(marked.frames, found.mention.first) is not last.frame
    ):
        last = None
    elif (
        last is None
        and previous is not None
        and (figure.bare or figure.more)
        and (figure.more or (marked.frames and marked.frames[0].manner == "carried"))
    ):
        last = previous
    if last is not None and last.group and figure.bare and not figure.more:
        figure.group = last.group
    if last is not None and last.group and figure.more:
        return
    if last is not None and (figure.bare or figure.outcome):
        figure.person = last.population if last.population in {"military", "civilian"} else None
        if last.figure.person == "unknown":
            figure.person = "unknown"


def _shared_after(marked: Marked, order: int) -> Figure | None:
    """Return the figure whose noun a figure before it shares: "91 Armenian and 31 Azerbaijani soldiers"."""
    for mention in marked.mentions[order + 1 : order + 5]:
        if mention.kind == "f" or (mention.kind == "F" and mention.figure and mention.figure.person):
            return mention.figure
        if mention.kind not in "c,nk":
            return None
    return None


def _people_between(marked: Marked, found: Found) -> Figure | None:
    start = next((n for n, m in enumerate(marked.mentions) if m is found.by), found.order)
    for mention in marked.mentions[max(0, start - 5) : max(found.order, start) + 1]:
        if mention.kind == "p" and mention.figure:
            return mention.figure
    return None


def mention_of(marked: Marked, order: int) -> Mention:
    """Return a mention of a sentence."""
    return marked.mentions[order]
