"""Casualty claims: each figure that a row found, with source, party, population and basis."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Final

from streams.reading.basis import Basis, basis_of
from streams.reading.bulletins import Entry, read_bulletin
from streams.reading.claim import Claim, Reading
from streams.reading.clauses import AGAIN, PARTS, Found, find
from streams.reading.figures import Figure
from streams.reading.frames import Frame, speaker_at
from streams.reading.party import Whose, whose
from streams.reading.refusals import is_other_event, why_not
from streams.reading.scene import Marked, Scene
from streams.reading.sharing import adjoins, is_mixed, labelled, share, take_parts
from streams.reading.sides import opponent
from streams.reading.signatures import sign

_OFFICIALLY: Final = re.compile(r"official (?:statements|figures|data|sources|numbers)")
_FORCES: Final = frozenset({"mod", "army", "staff", "saf", "forces", "military"})
_NEAR_DAYS: Final = 5


def read_casualties(scene: Scene) -> Reading:
    """Return the casualty claims of a document."""
    reading = Reading(other_event=is_other_event(scene))
    _take_bulletin(scene, reading)
    for marked in scene.marked:
        if marked.sentence.first not in scene.skipped:
            _take_sentence(scene, marked, reading)
            sign(scene, marked, reading)
    for claim in reading.claims:
        claim.source = claim.source or scene.speaker
    return reading


def _take_sentence(scene: Scene, marked: Marked, reading: Reading) -> None:
    """Add the claims of a sentence, from left to right."""
    parts = {part.order: part for part in find(marked.mentions, PARTS)}
    last: Claim | None = None
    for found in _figures(marked):
        figure = found.mention.figure
        if figure is not None and found.row in AGAIN:
            _repeat(found, figure, last or reading.previous(marked) or (reading.claims[-1] if reading.claims else None))
        if figure is None or found.outcome is None:
            continue
        part = parts.pop(found.order, None)
        why = why_not(scene, marked, found, reading, is_part=part is not None)
        if why:
            reading.why[figure.first] = why
            continue
        last = _claim(scene, marked, found, last, reading)
        reading.claims.append(last)
    take_parts(scene, marked, reading, parts)


def _figures(marked: Marked) -> list[Found]:
    """Return what the rows find in a sentence, and numbers that are said again, in the order of the text."""
    found = list(find(marked.mentions))
    seen = {each.order for each in found}
    found += [each for each in find(marked.mentions, AGAIN) if each.order not in seen]
    return sorted(found, key=lambda each: each.order)


def _repeat(found: Found, figure: Figure, model: Claim | None) -> None:
    """Let a bare number be of what the claim before it is of."""
    if model is not None and model.group is None:
        found.outcome = model.outcome
        figure.person = figure.person or model.figure.person


def _claim(scene: Scene, marked: Marked, found: Found, last: Claim | None, reading: Reading) -> Claim:
    """Return the claim of a figure."""
    figure, previous = found.mention.figure, reading.previous(marked)
    assert figure is not None  # noqa: S101 - the caller looked
    assert found.outcome is not None  # noqa: S101 - as above
    frame = speaker_at(marked.frames, found.mention.first)
    share(scene, marked, found, last, previous)
    goes_on = previous if previous is not None and labelled(marked, found) else None
    model = last if last is not None and last.frame is frame else goes_on
    owner = _owner(scene, marked, found, frame, last=last, model=model, previous=previous)
    source = frame.source if frame else None
    basis = _basis(scene, marked, found, owner, source, model=model, reading=reading)
    if (
        owner == Whose("all", "explicit")
        and basis.basis == "cumulative"
        and not scene.context.affiliation(source or "")
    ):
        basis = replace(basis, basis="derived", scope=None)
    if source is None and _OFFICIALLY.search(" ".join(scene.words(marked.sentence.first, marked.sentence.last))):
        source = f"{owner.party}-officials" if owner.party in scene.context.parties else None
    counted = figure.person or ("military" if _counts_soldiers(figure, owner, source) else "unknown")
    population = "civilian" if figure.group else counted
    return Claim(
        source=source,
        party=owner.party,
        outcome=_outcome(found, figure),
        population="mixed" if is_mixed(marked, found.order, figure) and not figure.group else population,
        group=figure.group,
        figure=figure,
        basis=goes_on.basis if goes_on is not None else basis,
        row=found.row.id,
        marked=marked,
        order=found.order,
        whose=owner.manner,
        frame=frame,
        outcome_at=(found.by.first, found.by.last) if found.by else None,
    )


def _counts_soldiers(figure: Figure, owner: Whose, source: str | None) -> bool:
    """Return whether a ministry of defence or an army counts its own, whom no noun names: "confirmed 31 deaths"."""
    own = owner.manner in {"own", "default"} and figure.noun is None
    return own and counts_forces(source)


def counts_forces(source: str | None) -> bool:
    """Return whether a source is a ministry of defence, an army or its staff."""
    return source is not None and bool(_FORCES & set(source.split("-")))


def _outcome(found: Found, figure: Figure) -> str:
    """Return the outcome: "the loss of 31 servicemen" is their death."""
    lost = found.row.id == "loss-of" and found.by is not None and found.by.word in {"loss", "losses"}
    return "killed" if lost and figure.person else found.outcome or "killed"


def _owner(
    scene: Scene,
    marked: Marked,
    found: Found,
    frame: Frame | None,
    *,
    last: Claim | None,
    model: Claim | None,
    previous: Claim | None,
) -> Whose:
    """Return whose people a figure is of, by itself or with the figure that it continues."""
    figure = found.mention.figure
    chain = model or (previous if figure is not None and figure.more and last is None else None)
    listed = (
        model is not None
        and model is last
        and model.row == found.row.id
        and figure is not None
        and figure.person != "military"
        and adjoins(marked, model.order, found.order)
    )
    return whose(
        scene,
        marked,
        found,
        frame,
        Whose(chain.party, chain.whose) if chain else None,
        listed=listed,
        earlier=Whose(previous.party, previous.whose) if previous else None,
    )


def _basis(
    scene: Scene,
    marked: Marked,
    found: Found,
    owner: Whose,
    source: str | None,
    *,
    model: Claim | None,
    reading: Reading,
) -> Basis:
    affiliation = scene.context.affiliation(source) if source else None
    previous = reading.previous(marked)
    return basis_of(
        scene,
        marked,
        found,
        own_side=None if affiliation is None else affiliation == owner.party,
        last=model.basis if model else None,
        earlier=previous.basis if previous and previous.source == source else None,
        lead=reading.lead,
    )


def _take_bulletin(scene: Scene, reading: Reading) -> None:
    """Add the claims of a bulletin's lines; its sentences are not read again as prose."""
    if scene.episode is None:
        return
    bulletin = read_bulletin(scene.tokens, scene.bulletins, scene.months, alone=scene.bulletin_alone)
    reading.why.update(bulletin.why)
    scene.sections = bulletin.sections
    reading.claims += [_entry(scene, entry) for entry in bulletin.entries]
    for marked in scene.marked:
        if any(low <= marked.sentence.first < high for low, high in bulletin.lines):
            scene.skipped.add(marked.sentence.first)


def _entry(scene: Scene, entry: Entry) -> Claim:
    """Return the claim of a bulletin's line."""
    affiliation = scene.context.affiliation(scene.speaker or scene.document.outlet)
    party = opponent(scene, affiliation, None) if entry.enemy and affiliation else affiliation
    first = entry.number[0]
    soldiers = entry.outcome == "killed_or_wounded" or counts_forces(scene.speaker or scene.document.outlet)
    counted = entry.person or ("military" if soldiers else "unknown")
    population = "civilian" if entry.group else counted
    return Claim(
        source=scene.speaker,
        party=party or "civilians",
        outcome=entry.outcome,
        population=population,
        group=entry.group,
        figure=Figure(first, entry.number[1], entry.number, entry.count, bare=True),
        basis=Basis(entry.basis, _scope_of(scene, entry) if entry.basis == "cumulative" else None),
        row="bulletin",
        marked=next(m for m in scene.marked if first < m.sentence.last),
        order=0,
        whose="own",
        frame=None,
    )


def _scope_of(scene: Scene, entry: Entry) -> str | None:
    """Return the scope of a bulletin's section, from the day in its heading."""
    heading = scene.tokens[entry.since[0] : entry.since[1]] if entry.since else []
    day = scene.clock.first_day(heading, scene.months)
    if day is None:
        return "since-ceasefire" if entry.truce else None
    begins = scene.episode.begins if scene.episode else None
    whole = begins is None or day <= begins + timedelta(days=_NEAR_DAYS) or day >= scene.clock.today
    return None if whole and not entry.truce else f"since-{day.isoformat()}"
