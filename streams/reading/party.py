"""Whose people a figure is of."""

from dataclasses import dataclass
from typing import Final

from streams.reading.frames import Frame
from streams.reading.clauses import Found
from streams.reading.figures import Figure
from streams.reading.mentions import Mention
from streams.reading.scene import Marked, Scene
from streams.reading.tokens import words_of

#: Nobody calls his own people so: from a speaker who has a side they are of another.
_NAMES_OF_ENEMIES: Final = words_of(
    "terrorist terrorists militant militants extremist extremists saboteur saboteurs occupier occupiers invader invaders bandits mercenary mercenaries jihadist "
    "jihadists insurgent insurgents gunman gunmen attackers assailants infiltrators nationalists"
)
_TAKING: Final = words_of("taken took take takes taking captured hold holds holding seized")
_MAIN: Final = 500
_AGAINST: Final = words_of(
    "liquidated eliminated destroyed neutralised neutralized eliminating destroying liquidating eliminate destroy neutralise neutralising incapacitated"
)
_BOTH: Final = (
    "both sides",
    "all sides",
    "two sides",
    "either side",
    "both armies",
    "between them",
    "two armies",
    "two countries",
    "both countries",
)
_ATTACKING: Final = words_of(
    "forces troops violates violate violated shells attacks fires bombs bombards launches breach breaches breached"
)


@dataclass(frozen=True, slots=True)
class Whose:
    """The party of a figure and how it is known: explicit, own, enemy, place, default."""

    party: str
    manner: str


def whose(
    scene: Scene,
    marked: Marked,
    found: Found,
    frame: Frame | None,
    last: Whose | None,
    *,
    listed: bool = False,
    earlier: Whose | None = None,
) -> Whose:
    """Return the party that a figure's people are of."""
    figure = found.mention.figure
    assert figure is not None  # noqa: S101 - each found mention is a figure
    affiliation = scene.context.affiliation(frame.source) if frame and frame.source else None
    words = " ".join(scene.words(marked.sentence.first, marked.sentence.last))
    explicit = _explicit(scene, marked, found, figure, affiliation)
    if explicit:
        return Whose(explicit, "explicit")
    near = " ".join(_between_commas(scene, marked, found))
    if any(phrase in near for phrase in _BOTH) and figure.group is None:
        return Whose("all", "explicit")
    if (
        earlier is not None
        and found.row.id in {"number-rises", "toll-rises", "toll-of", "label"}
        and frame is not None
        and frame.manner == "carried"
    ):
        return earlier
    if last is not None and (listed or figure.bare or figure.more or (figure.outcome and figure.noun is None)):
        return last
    words_set = set(words.split())
    third = affiliation is None and (
        frame is None or frame.source is None or scene.context.kind(frame.source) != "official"
    )
    if third and figure.person in {None, "unknown"} and figure.group is None and _whole_war(words, words_set):
        return Whose("all", "whole-war")
    agent = _agent(scene, marked, found, affiliation)
    located = _located(scene, marked)
    if located and located != agent and not (affiliation and affiliation != located and figure.person == "military"):
        return Whose(located, "place")
    if agent and (victim := opponent(scene, agent, affiliation, marked)):
        own = figure.person == "military" or _has_land(scene, victim)
        return Whose(victim if own else "civilians", "agent")
    if affiliation and _martyrs(scene, found):
        return Whose(affiliation, "own")
    if affiliation and figure.noun in _OF_STATES and not _has_land(scene, affiliation) and figure.possessive is None:
        enemy = opponent(scene, affiliation, None, marked)
        if enemy and _has_land(scene, enemy):
            return Whose(enemy, "enemy")
    claims = (
        frame is not None
        and frame.verb.startswith("claim")
        and figure.person == "military"
        and found.outcome != "missing"
    )
    if affiliation and claims and figure.possessive is None and (enemy := opponent(scene, affiliation, None, marked)):
        return Whose(enemy, "enemy")
    if (
        affiliation
        and figure.person in {"military", None}
        and found.by is not None
        and found.by.word in _AGAINST
        and figure.possessive is None
    ):
        enemy = opponent(scene, affiliation, None)
        if enemy:
            return Whose(enemy, "enemy")
    taken = set(scene.words(max(marked.sentence.first, figure.first - 5), figure.first)) & _TAKING
    if (
        affiliation
        and found.outcome == "captured"
        and found.row.id in {"own", "active"}
        and taken
        and figure.possessive is None
    ):
        enemy = opponent(scene, affiliation, None)
        if enemy:
            return Whose(enemy, "enemy")
    if affiliation and _cares(frame):
        return Whose(affiliation, "own")
    if affiliation and _in_war(scene, affiliation) and (figure.person in {"military", None} or _has_land(scene, affiliation)):
        return Whose(affiliation, "own")
    return _of_the_place(scene, marked, figure)


def _between_commas(scene: Scene, marked: Marked, found: Found) -> list[str]:
    """Return the words around a figure up to the nearest commas."""
    low, high = marked.sentence.first, marked.sentence.last
    for mention in marked.mentions:
        if mention.kind in ",;" and mention.first < found.mention.first:
            low = mention.last
        elif mention.kind in ",;" and mention.first > found.mention.first:
            high = mention.first
            break
    return scene.words(low, high)


def _martyrs(scene: Scene, found: Found) -> bool:
    """Return whether the dead are called martyrs, as everybody calls his own."""
    return any(word.startswith("martyr") for word in scene.words(found.mention.first, found.mention.last))


_OF_STATES: Final = frozenset({"soldier", "soldiers", "troops", "servicemen", "serviceman"})


def _martyrs(scene: Scene, found: Found) -> bool:
    """Return whether the dead are called martyrs, as everybody calls his own."""
    by = found.by.word if found.by else ""
    return any(word.startswith("martyr") for word in (by, *scene.words(found.mention.first, found.mention.last)))


def _whole_war(words: str, found: set[str]) -> bool:
    """Return whether a figure is of a whole war: "since the conflict began", "the war has killed"."""
    if not found & {"war", "conflict", "uprising", "fighting", "broke"}:
        return False
    return bool(found & {"since", "began"}) or any(
        phrase in words
        for phrase in (
            "killed in the war",
            "years of war",
            "war has killed",
            "conflict has killed",
            "years of conflict",
            "years of fighting",
            "died in the war",
            "war has claimed",
            "killed in the conflict",
        )
    )


def _cares(frame: Frame | None) -> bool:
    """Return whether a source is of those who count their own people alone: ministries of health, rescuers, mayors."""
    return frame is not None and frame.source is not None and bool(_CARERS & set(frame.source.split("-")))


_CARERS: Final = words_of(
    "health moh hospital civil emergency governor mayor prosecutors police ombudsman paramedics medical crescent"
)


def _has_land(scene: Scene, party: str) -> bool:
    """Return whether any place is within a party: of a force without land nobody but its fighters is its own."""
    lands = set(scene.context.places.values()) - {None}
    return party in lands or not lands


def _in_war(scene: Scene, party: str) -> bool:
    return scene.episode is None or not scene.episode.parties or party in scene.episode.parties


def _explicit(scene: Scene, marked: Marked, found: Found, figure: Figure, affiliation: str | None) -> str | None:
    if figure.party:
        return figure.party
    said_at = max((f.verb_at for f in marked.frames if f.verb_at < figure.first), default=-1)
    words = scene.words(figure.first, figure.last)
    low = marked.sentence.first
    if figure.possessive or set(words) & {"its", "their", "his", "our", "own"}:
        word = figure.possessive or next(w for w in words if w in {"its", "their", "his", "our", "own"})
        if word == "our":
            return affiliation or scene.context.affiliation(scene.document.outlet)
        before = _party_before(marked, found.order, inclusive=True)
        return before or affiliation
    clause = scene.words(max(low, figure.first - 12), figure.first)
    if affiliation and {"our", "we", "ours"} & set(clause) and "enemy" not in clause:
        return affiliation
    if affiliation and figure.noun in _NAMES_OF_ENEMIES and (enemy := opponent(scene, affiliation, None, marked)):
        return enemy
    if figure.army and affiliation and (enemy := opponent(scene, affiliation, None)):
        return enemy
    if set(words) & {"enemy", "hostile", "adversary", "occupation", "occupiers"} or {"enemy", "adversary"} & set(
        scene.words(max(low, said_at + 1, figure.first - 4), figure.first)
    ):
        return opponent(scene, affiliation, None) if affiliation else None
    side = _side_after(scene, marked, found.order)
    if side:
        return side
    if found.row.id == "lose" or _suffers(scene, marked, found):
        return _party_before(marked, found.order, inclusive=True) or affiliation
    if found.row.id in {"number-rises", "toll-rises", "loss-of", "label", "toll-of", "number-first"}:
        return _party_of_label(scene, marked, found)
    return None


def _suffers(scene: Scene, marked: Marked, found: Found) -> bool:
    """Return whether somebody is said to suffer or admit the figure: "the South has owned up to 40 dead"."""
    verbs = {
        "lose",
        "loses",
        "losing",
        "suffered",
        "sustained",
        "suffering",
        "had",
        "admitted",
        "acknowledged",
        "confessed",
        "owned",
        "lost",
        "recognised",
        "conceded",
    }
    return found.row.id in {"own", "participle", "label"} and bool(
        verbs & set(scene.words(max(found.mention.first - 3, marked.sentence.first), found.mention.first))
    )


def _side_after(scene: Scene, marked: Marked, order: int) -> str | None:
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


def _party_before(marked: Marked, order: int, *, inclusive: bool) -> str | None:
    for position in range(order - 1, -1, -1):
        mention = marked.mentions[position]
        if mention.kind in "Ap" and (
            party := mention.actor.party if mention.actor else mention.figure.party if mention.figure else None
        ):
            return party
        if mention.kind == "f" and mention.figure and mention.figure.party and inclusive:
            return mention.figure.party
    return None


def _party_of_label(scene: Scene, marked: Marked, found: Found) -> str | None:
    """Return the party named beside the noun of harm: "Gaza deaths", "losses of the enemy", "dead of Armenia"."""
    start = next((n for n, m in enumerate(marked.mentions) if m is found.by), None)
    if start is None:
        return None
    for position in range(max(0, start - 4), found.order):
        mention = marked.mentions[position]
        if mention.kind in "~^" and {"its", "their"} & set(scene.words(mention.first, mention.last)):
            return _party_before(marked, position, inclusive=True)
    for position in range(start + 1, found.order):
        mention = marked.mentions[position]
        if mention.kind == "A" and mention.actor and mention.actor.party:
            return mention.actor.party
        if mention.kind == "p" and mention.figure and mention.figure.party:
            return mention.figure.party
    before = marked.mentions[start - 1] if start else None
    if before is not None and before.kind == "A" and before.actor and before.actor.kind in {"party", "place", "name"}:
        return before.actor.party
    return None


def _located(scene: Scene, marked: Marked) -> str | None:
    """Return the party in whose land the sentence says that it happened: "in east Ukraine", "in Gaza"."""
    for mention in marked.mentions:
        if mention.kind != "A" or mention.actor is None or mention.actor.kind not in {"party", "name", "place"}:
            continue
        before = scene.words(max(mention.first - 3, marked.sentence.first), mention.first)
        after = scene.tokens[mention.last].low if mention.last < marked.sentence.last else ""
        if after in {"operation", "war", "conflict", "offensive", "crisis"}:
            continue
        if scene.tokens[mention.last - 1].owns or not before:
            continue
        if before[-1] in {"in", "across", "inside", "throughout"} or (
            before[-2:-1] == ["in"]
            and before[-1]
            in {
                "east",
                "eastern",
                "south",
                "southern",
                "north",
                "northern",
                "west",
                "western",
                "the",
                "central",
                "southeastern",
            }
        ):
            party = mention.actor.party or (
                scene.context.places.get(mention.actor.place) if mention.actor.place else None
            )
            if party:
                return party
    return None


def _agent(scene: Scene, marked: Marked, found: Found, affiliation: str | None) -> str | None:
    """Return the party that did it: the subject of an active verb, or "by …" after a passive one, or "Israeli strikes"."""
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
    return next((p for m in mentions[:by] if m.kind == "A" and (p := _party_of(m)) and _harmful(scene, m)), None)


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


def _of_the_place(scene: Scene, marked: Marked, figure: Figure) -> Whose:
    """Return the party by the nearest place, else whose people the document is about."""
    if figure.person == "military" and figure.noun not in _OF_STATES:
        for mention in marked.mentions:
            actor = mention.actor
            doer = mention.first > marked.sentence.first and scene.tokens[mention.first - 1].low == "by"
            if actor and actor.party and actor.kind in {"party", "name"} and not doer:
                return Whose(actor.party, "default")
    for mention in marked.mentions:
        if mention.actor and mention.actor.place and (within := scene.context.places.get(mention.actor.place)):
            return Whose(within, "place")
    sides = scene.cast._sides()  # noqa: SLF001
    for side in sides:
        if scene.episode is None or side in scene.episode.parties or side in scene.context.parties:
            return Whose(side, "place")
    for mention in marked.mentions:
        if mention.actor and mention.actor.party and mention.actor.kind in {"party", "name"}:
            return Whose(mention.actor.party, "default")
    if figure.person == "military" and scene.episode:
        return Whose(scene.episode.parties[0] if scene.episode.parties else "civilians", "default")
    return Whose("civilians", "default")
