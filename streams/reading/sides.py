"""Sides: which party a sentence names beside a figure, as its owner, its killer or its place."""

from typing import Final

from streams.reading.clauses import Found
from streams.reading.mentions import Mention
from streams.reading.scene import Marked, Scene
from streams.reading.tokens import words_of

#: The weight of an episode's first party, which the others fight.
_MAIN: Final = 500
_WARS: Final = words_of("operation war conflict offensive crisis")
_INSIDE: Final = words_of("in across inside throughout")
_QUARTERS: Final = words_of("east eastern south southern north northern west western the central southeastern")
_ATTACKING: Final = words_of(
    "forces troops violates violate violated shells attacks fires bombs bombards launches breach breaches breached",
)


def is_state(scene: Scene, party: str) -> bool:
    """Return whether a party has land, or an army or ministry of defence in the registry."""
    owned = scene.context.institutions
    return any((party, office) in owned for office in ("army", "mod", "general-staff")) or has_land(scene, party)


def has_land(scene: Scene, party: str) -> bool:
    """Return whether any place is within a party: of a force without land nobody but its fighters is its own."""
    lands = set(scene.context.places.values()) - {None}
    return party in lands or not lands


def side_beside(scene: Scene, marked: Marked, order: int) -> str | None:
    """Return the party of "… on the Armenian side", "… in Northern ranks" after a figure, or before it."""
    for position in range(order - 1, -1, -1):
        mention = marked.mentions[position]
        if (
            mention.kind == "A"
            and mention.actor
            and mention.actor.party
            and scene.tokens[mention.last - 1].low in {"side", "sides"}
        ) and {"on", "from"} & set(scene.words(max(mention.first - 2, 0), mention.first)):
            return mention.actor.party
        if mention.kind in ";:":
            break
    for position in range(order + 1, min(order + 6, len(marked.mentions))):
        mention = marked.mentions[position]
        if mention.kind == "A" and mention.actor and mention.actor.party:
            before = scene.tokens[mention.first - 2 : mention.first]
            last = scene.tokens[mention.last - 1].low
            after = scene.tokens[mention.last].low if mention.last < len(scene.tokens) else ""
            if any(t.low in {"on", "in", "of", "from"} for t in before) and (
                last in {"side", "sides"} or after in {"side", "soil", "territory", "ranks", "captivity"}
            ):
                return mention.actor.party
        if mention.kind in ";:" or mention.kind in "fnF":
            return None
    return None


def party_before(marked: Marked, order: int) -> str | None:
    """Return the party that is named last before a mention."""
    for position in range(order - 1, -1, -1):
        mention = marked.mentions[position]
        if mention.kind in "Ap" and (
            party := mention.actor.party if mention.actor else mention.figure.party if mention.figure else None
        ):
            return party
        if mention.kind == "f" and mention.figure and mention.figure.party:
            return mention.figure.party
    return None


def party_of_label(scene: Scene, marked: Marked, found: Found) -> str | None:
    """Return the party named beside the noun of harm: "Gaza deaths", "losses of the enemy", "dead of Armenia"."""
    start = next((n for n, m in enumerate(marked.mentions) if m is found.by), None)
    if start is None:
        return None
    for position in range(max(0, start - 4), found.order):
        mention = marked.mentions[position]
        if mention.kind in "~^" and {"its", "their"} & set(scene.words(mention.first, mention.last)):
            return party_before(marked, position)
    near = marked.mentions[start + 1 : found.order] + marked.mentions[max(0, start - 1) : start]
    return next((party for mention in near if (party := _party_of(mention))), None)


def located(scene: Scene, marked: Marked, order: int) -> str | None:
    """Return the party in whose land the words around a figure say that it happened: "in east Ukraine", "in Gaza"."""
    for mention in _around(marked, order):
        actor = mention.actor
        if mention.kind != "A" or actor is None or actor.kind not in {"party", "name", "place"}:
            continue
        before = scene.words(max(mention.first - 3, marked.sentence.first), mention.first)
        after = scene.tokens[mention.last].low if mention.last < marked.sentence.last else ""
        if not before or after in _WARS or scene.tokens[mention.last - 1].owns:
            continue
        inside = before[-1] in _INSIDE or (before[-2:-1] == ["in"] and before[-1] in _QUARTERS)
        party = actor.party or (scene.context.places.get(actor.place) if actor.place else None)
        if inside and party:
            return party
    return None


def _around(marked: Marked, order: int) -> list[Mention]:
    """Return the mentions from the figure before to the figure after; all before the first, all after the last."""
    figures = [n for n, mention in enumerate(marked.mentions) if mention.kind in "fnF" and n != order]
    first = max((n for n in figures if n < order), default=-1)
    last = min((n for n in figures if n > order), default=len(marked.mentions))
    near = marked.mentions[first + 1 : last]
    return near if any(mention.kind in "BkKIa" for mention in near[order - first :]) else marked.mentions[first + 1 :]


def agent_of(scene: Scene, marked: Marked, found: Found, affiliation: str | None) -> str | None:
    """Return the party that did it: the subject of an active verb, "by …" after a passive one, "Israeli strikes"."""
    mentions = marked.mentions
    by = next((n for n, m in enumerate(mentions) if m is found.by), None)
    if by is None:
        return None
    if found.row.id == "active":
        for position in range(by - 1, -1, -1):
            mention = mentions[position]
            party = _party_of(mention)
            if mention.kind == "A" and mention.actor and mention.actor.kind == "pronoun":
                return affiliation
            if party and not _is_object(scene, mention):
                return party
            if mention.kind == ";" or (mention.kind in "fF" and position < by - 1):
                break
        return None
    for position in range(by + 1, min(by + 7, len(mentions))):
        mention = mentions[position]
        party = _party_of(mention)
        before = scene.words(max(mention.first - 4, marked.sentence.first), mention.first)
        if party and (
            ("by" in before and not {"in", "near", "at"} & set(before[before.index("by") :]))
            or ("in" in before[-2:] and _harmful(scene, mention))
        ):
            return party
        if mention.kind == ";":
            break
    said_at = max((f.verb_at for f in marked.frames if f.verb_at < found.mention.first), default=-1)
    harmful = (_party_of(m) for m in mentions if m.kind == "A" and m.first > said_at and _harmful(scene, m))
    return next((party for party in harmful if party), None)


def _is_object(scene: Scene, mention: Mention) -> bool:
    before = scene.tokens[mention.first - 1].low if mention.first else ""
    return before in {"in", "at", "on", "near", "of", "from", "against", "to", "across", "inside"}


def _harmful(scene: Scene, mention: Mention) -> bool:
    """Return whether an attack follows a party's name ("Israeli strikes", "Ukrainian army's shelling")."""
    for token in scene.tokens[mention.last : mention.last + 3]:
        roles = scene.phrases.roles.get((token.low,)) or {}
        if "incident" in roles or token.low in _ATTACKING:
            return True
        if (
            token.kind != "word"
            or "saying" in roles
            or token.low in {"in", "on", "at", "with", "by", "of", "to", "and"}
        ):
            return False
    return False


def _party_of(mention: Mention) -> str | None:
    if mention.kind == "A" and mention.actor and mention.actor.kind != "place":
        return mention.actor.party
    return mention.figure.party if mention.kind == "p" and mention.figure else None


def opponent(scene: Scene, party: str, hint: str | None, marked: Marked | None = None) -> str | None:
    """Return whom a party fights: the other one of two, else the other one that is named most."""
    if hint and hint != party:
        return hint
    others = [other for other in (scene.episode.parties if scene.episode else ()) if other != party]
    if len(others) <= 1:
        return others[0] if others else None
    named = dict.fromkeys(others, 0)
    # The first party of an episode is the one that the others fight.
    named[others[0]] += _MAIN if scene.episode and others[0] == scene.episode.parties[0] else 0
    for each in scene.marked:
        for mention in each.mentions:
            found = mention.actor.party if mention.actor else mention.figure.party if mention.figure else None
            if mention.actor and mention.actor.place and not found:
                found = scene.context.places.get(mention.actor.place)
            if found in named:
                named[found] += 1000 if each is marked else 1
    for place, times in scene.cast.places.items():
        within = scene.context.places.get(place)
        if within in named:
            named[within] += times
    return max(others, key=lambda other: named[other])
