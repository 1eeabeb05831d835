"""Sharing: a noun that is said once for several figures, and parts of a figure."""

from dataclasses import replace
from typing import Final

from streams.reading.claim import Claim, Reading
from streams.reading.clauses import PARTS, Found
from streams.reading.figures import Figure
from streams.reading.frames import speaker_at
from streams.reading.refusals import whole_before
from streams.reading.scene import Marked, Scene
from streams.reading.tokens import words_of

_LABELS: Final = frozenset({"number-rises", "label", "number-first"})
_PASSED: Final = words_of("exceeds exceeded pass passes passed surpassed surpasses topped tops past")
_KILLED: Final = words_of("martyrs dead killed fallen victims")
_WOUNDED: Final = words_of("wounded injured")
_FIGHTERS: Final = frozenset({"fallen"})


def share(scene: Scene, marked: Marked, found: Found, last: Claim | None, previous: Claim | None) -> None:
    """Give a figure the noun that it shares: of its label, of the next figure, or of the one before it."""
    figure = found.mention.figure
    if figure is None:
        return
    _refine(scene, marked, found, figure)
    if _from_label(marked, found, figure) or figure.person is not None or figure.group is not None:
        return
    following = _shared_after(marked, found.order)
    if following is not None and (figure.party or following.outcome):
        figure.person, figure.group = following.person, following.group
        return
    model = _model(marked, found, figure, last, previous)
    if model is None or (model.group and figure.more):
        return
    if model.group and figure.noun is None:
        figure.group = model.group
    if figure.bare or figure.outcome:
        figure.person = model.population if model.population in {"military", "civilian"} else model.figure.person
        figure.person = None if figure.person == "unknown" and model.figure.person != "unknown" else figure.person


def _refine(scene: Scene, marked: Marked, found: Found, figure: Figure) -> None:
    """Take what words beside a figure say of it: "exceeds 38,700", "lost 95 men", "twelve fallen"."""
    before = marked.mentions[found.order - 1] if found.order else None
    count = figure.count
    if before is not None and before.kind in "Ey" and count and count.qualifier == "exact":
        if before.word in _PASSED:
            figure.count = replace(count, qualifier="more_than")
    elif count and count.qualifier == "exact" and not figure.implied and _estimated(scene, marked, found):
        figure.count = replace(count, qualifier="about")
    if found.row.id == "lose" and figure.person == "unknown" and figure.noun in {"men", "man"}:
        figure.person = "military"
    if figure.person is None and _FIGHTERS & set(scene.words(found.mention.first, found.mention.last)):
        figure.person = "military"


def _estimated(scene: Scene, marked: Marked, found: Found) -> bool:
    """Return whether a verb of estimating governs the figure: "it was estimated that 26 …"."""
    words = scene.words(max(marked.sentence.first, found.mention.first - 4), found.mention.first)
    return bool({"estimated", "estimates", "estimate", "estimating"} & set(words))


def _from_label(marked: Marked, found: Found, figure: Figure) -> bool:
    """Take the people of the label that a figure follows; return whether there were any."""
    if found.row.id in _LABELS and figure.person is None:
        people = _people_between(marked, found)
        if people is not None:
            figure.person, figure.group = people.person, people.group
            return True
    if figure.part and figure.person is None and not whole_before(marked, found.order):
        before = next((m.figure for m in reversed(marked.mentions[: found.order]) if m.kind == "p" and m.figure), None)
        if before is not None:
            figure.person, figure.group, figure.party = before.person, before.group, figure.party or before.party
    for position, mention in enumerate(marked.mentions[:3]):
        labels = mention.kind == "p" and found.row.id == "own" and marked.mentions[position + 1 : position + 2]
        if labels and labels[0].kind == ":" and mention.figure:
            figure.person, figure.group = mention.figure.person, mention.figure.group
    return False


def _model(marked: Marked, found: Found, figure: Figure, last: Claim | None, previous: Claim | None) -> Claim | None:
    """Return the claim whose noun a figure continues: of its sentence, or elliptically of the one before."""
    if last is not None:
        other_voice = speaker_at(marked.frames, found.mention.first) is not last.frame
        return None if marked.frames and other_voice and not adjoins(marked, last.order, found.order) else last
    carried = bool(marked.frames) and marked.frames[0].manner == "carried"
    return previous if figure.more or (figure.bare and carried) else None


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


def adjoins(marked: Marked, before: int, order: int) -> bool:
    """Return whether two figures are neighbours of one list: "42 Armenian soldiers and 5 civilians"."""
    return all(mention.kind in ",c~(" for mention in marked.mentions[before + 1 : order])


def labelled(marked: Marked, found: Found) -> bool:
    """Return whether a line's label begins it: its figures continue the lines before."""
    kinds = "".join(mention.kind for mention in marked.mentions[:3])
    return found.row.id == "own" and ("p:" in kinds or "A:" in kinds)


def is_mixed(marked: Marked, order: int, figure: Figure) -> bool:
    """Return whether one figure counts soldiers and civilians: "50 dead, soldiers and civilians"."""
    seen = {figure.person} & {"military", "civilian"}
    for mention in marked.mentions[order + 1 : order + 5]:
        if mention.kind == "p" and mention.figure and mention.figure.person in {"military", "civilian"}:
            seen.add(mention.figure.person)
        elif mention.kind not in ",c~":
            break
    return len(seen) == 2


def take_parts(scene: Scene, marked: Marked, reading: Reading, parts: dict[int, Found]) -> None:
    """Add the parts of figures that have a group ("six children among them"); leave out the others."""
    previous = reading.previous(marked)
    here = [claim for claim in reading.claims if claim.marked is marked]
    for position, mention in enumerate(marked.mentions):
        _of_the_dead(marked, position)
        figure = mention.figure
        if mention.kind not in "fn" or figure is None or not (figure.part and figure.group):
            continue
        if position not in parts and not any(claim.figure is figure for claim in here):
            parts[position] = Found(PARTS[0], mention, None, None, position)
    for part in parts.values():
        parent = _parent(scene, marked, part, here, reading) or previous or next(iter(here), None)
        _take_part(marked, part, parent, reading)


def _of_the_dead(marked: Marked, position: int) -> None:
    """Read "six of the dead are children": a part with its group."""
    figure = marked.mentions[position].figure
    following = marked.mentions[position + 1 : position + 4]
    if marked.mentions[position].kind != "n" or figure is None or not following or following[0].kind != "w":
        return
    people = next((m.figure for m in following[1:] if m.kind == "p" and m.figure and m.figure.group), None)
    if people is not None:
        figure.part, figure.group, figure.person = True, people.group, "civilian"


def _parent(scene: Scene, marked: Marked, part: Found, here: list[Claim], reading: Reading) -> Claim | None:
    """Return the figure that a part is of: the one before it; "among the dead" says which."""
    if here:
        return next((claim for claim in reversed(here) if claim.order < part.order), None)
    words = set(scene.words(marked.sentence.first, part.mention.first + 1))
    harm = "killed" if words & _KILLED else "wounded" if words & _WOUNDED else None
    near = (c for c in reversed(reading.claims[-6:]) if c.group is None and (harm is None or c.outcome == harm))
    return next(near, None)


def _take_part(marked: Marked, part: Found, parent: Claim | None, reading: Reading) -> None:
    figure = part.mention.figure
    if figure is None or figure.first in reading.why:
        return
    if parent is None or figure.group is None or figure.why:
        reading.why.setdefault(figure.first, "subset")
        return
    claim = replace(parent, population="civilian", group=figure.group, figure=figure, row=part.row.id)
    claim.marked, claim.order, claim.parent, claim.also, claim.outcome_at = marked, part.order, parent, [], None
    reading.claims.append(claim)
