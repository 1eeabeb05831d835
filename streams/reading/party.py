"""Whose people a figure is of; by ordered questions, the first answer counts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streams.reading.clauses import Found
from streams.reading.figures import Figure
from streams.reading.frames import Frame
from streams.reading.scene import Marked, Scene
from streams.reading.sides import (
    agent_of,
    has_land,
    is_state,
    located,
    opponent,
    party_before,
    party_of_label,
    side_beside,
)
from streams.reading.tokens import words_of

#: Nobody calls his own people so: from a speaker who has a side they are of another.
_NAMES_OF_ENEMIES: Final = words_of(
    "terrorist terrorists militant militants extremist extremists saboteur saboteurs occupier "
    "occupiers invader invaders "
    "bandits mercenary mercenaries jihadist jihadists insurgent insurgents gunman gunmen "
    "attackers assailants infiltrators "
    "nationalists",
)
_OF_STATES: Final = words_of("soldier soldiers troops servicemen serviceman")
_TAKING: Final = words_of("taken took take takes taking captured hold holds holding seized")
#: Acts against enemies only.
_AGAINST: Final = words_of(
    "liquidated eliminated destroyed neutralised neutralized eliminating destroying liquidating eliminate destroy "
    "neutralise neutralising incapacitated",
)
_BOTH: Final = re.compile(r"\b(?:both|all|two|either) (?:sides?|armies|countries)\b|\bbetween them\b")
_SUFFERING: Final = words_of(
    "lose loses losing suffered sustained suffering had admitted acknowledged confessed owned lost recognised conceded",
)
#: Those who count their own people alone: ministries of health, rescuers, mayors.
_CARERS: Final = words_of(
    "health moh hospital civil emergency governor mayor prosecutors police ombudsman paramedics medical crescent",
)
_WAR: Final = words_of("war conflict uprising fighting broke")
_WAR_KILLED: Final = re.compile(
    r"\b(?:(?:killed|died) in the (?:war|conflict)|years of (?:war|conflict|fighting)|(?:war|"
    r"conflict) has (?:killed|claimed))\b",
)
_OWNERS: Final = words_of("its their his our own")
_LABELS: Final = frozenset({"number-rises", "toll-rises", "loss-of", "label", "toll-of", "number-first"})
_REACH: Final = 12


@dataclass(frozen=True, slots=True)
class Whose:
    """The party of a figure and how it is known: explicit, own, enemy, agent, place, default."""

    party: str
    manner: str


@dataclass(frozen=True, slots=True)
class _Case:
    """The subject of the questions."""

    scene: Scene
    marked: Marked
    found: Found
    figure: Figure
    frame: Frame | None
    affiliation: str | None
    chain: Whose | None
    listed: bool
    earlier: Whose | None

    def enemy(self) -> Whose | None:
        """Return the party that the speaker's side fights."""
        other = opponent(self.scene, self.affiliation, None, self.marked) if self.affiliation else None
        return Whose(other, "enemy") if other else None

    def before(self, words: int) -> set[str]:
        """Return the words right before the figure, in its sentence."""
        first = max(self.marked.sentence.first, self.figure.first - words)
        return set(self.scene.words(first, self.figure.first))


def whose(
    scene: Scene,
    marked: Marked,
    found: Found,
    frame: Frame | None,
    chain: Whose | None,
    *,
    listed: bool = False,
    earlier: Whose | None = None,
) -> Whose:
    """Return the party that a figure's people are of."""
    figure = found.mention.figure
    assert figure is not None  # noqa: S101 - each found mention is a figure
    affiliation = scene.context.affiliation(frame.source) if frame and frame.source else None
    case = _Case(scene, marked, found, figure, frame, affiliation, chain, listed, earlier)
    for question in QUESTIONS:
        answer = question(case)
        if answer is not None:
            return answer
    return _of_the_place(case)


def _explicit(party: str | None) -> Whose | None:
    return Whose(party, "explicit") if party else None


def _named(case: _Case) -> Whose | None:
    return _explicit(case.figure.party)


def _possessed(case: _Case) -> Whose | None:
    """Answer for "18 of its soldiers", "our army has lost 23"."""
    words = case.scene.words(case.figure.first, case.figure.last)
    word = case.figure.possessive or next((word for word in words if word in _OWNERS), None)
    if word == "our":
        return _explicit(case.affiliation or case.scene.context.affiliation(case.scene.document.outlet))
    if word is not None:
        return _explicit(party_before(case.marked, case.found.order) or case.affiliation)
    ours = case.before(_REACH) & {"our", "we", "ours"} and "enemy" not in case.before(_REACH)
    return _explicit(case.affiliation) if ours else None


def _called_enemies(case: _Case) -> Whose | None:
    """Answer for "19 terrorists", "elements of the army", "the enemy lost 40"."""
    if case.affiliation is None:
        return None
    if case.figure.noun in _NAMES_OF_ENEMIES or case.figure.army:
        return case.enemy()
    said_at = max((f.verb_at for f in case.marked.frames if f.verb_at < case.figure.first), default=-1)
    first = max(case.marked.sentence.first, said_at + 1, case.figure.first - 4)
    before = case.scene.words(first, case.figure.first)
    inside = set(case.scene.words(case.figure.first, case.figure.last))
    hostile = inside & {"enemy", "hostile", "adversary", "occupation", "occupiers"}
    return case.enemy() if hostile or {"enemy", "adversary"} & set(before) else None


def _beside(case: _Case) -> Whose | None:
    return _explicit(side_beside(case.scene, case.marked, case.found.order))


def _suffered(case: _Case) -> Whose | None:
    """Answer for who is said to suffer or admit the figure: "the South has owned up to 40 dead"."""
    row = case.found.row.id
    first = max(case.found.mention.first - 3, case.marked.sentence.first)
    verbs = set(case.scene.words(first, case.found.mention.first)) & _SUFFERING
    if row == "lose" or (row in {"own", "participle", "label"} and verbs):
        return _explicit(party_before(case.marked, case.found.order) or case.affiliation)
    return _explicit(party_of_label(case.scene, case.marked, case.found)) if row in _LABELS else None


def _both(case: _Case) -> Whose | None:
    near = " ".join(_between_commas(case))
    return Whose("all", "explicit") if _BOTH.search(near) and case.figure.group is None else None


def _goes_on(case: _Case) -> Whose | None:
    """Answer with the figure before: of the same list, elliptical, or of the sentence that this one carries on."""
    carried = case.frame is not None and case.frame.manner == "carried"
    if case.earlier is not None and carried and case.found.row.id in _LABELS - {"loss-of", "number-first"}:
        return case.earlier
    figure = case.figure
    chained = case.listed or figure.bare or figure.more or (figure.outcome and figure.noun is None)
    return case.chain if case.chain is not None and chained else None


def _whole_war(case: _Case) -> Whose | None:
    """Answer for a third party's figure of a whole war: "8,000 killed since the conflict began"."""
    frame = case.frame
    official = frame is not None and frame.source and case.scene.context.kind(frame.source) == "official"
    if case.affiliation is not None or official or case.figure.group is not None:
        return None
    if case.figure.person not in {None, "unknown"}:
        return None
    words = case.scene.words(case.marked.sentence.first, case.marked.sentence.last)
    since = _WAR & set(words) and {"since", "began"} & set(words)
    return Whose("all", "whole-war") if since or _WAR_KILLED.search(" ".join(words)) else None


def _victim(case: _Case) -> Whose | None:
    """Answer by the place that the sentence names, else by who did it."""
    agent = agent_of(case.scene, case.marked, case.found, case.affiliation)
    place = located(case.scene, case.marked, case.found.order)
    foreign = case.affiliation and case.affiliation != place and case.figure.person == "military"
    if place and place != agent and not foreign:
        return Whose(place, "place")
    victim = opponent(case.scene, agent, case.affiliation, case.marked) if agent else None
    if victim is None:
        return None
    known = case.figure.person == "military" or has_land(case.scene, victim)
    return Whose(victim if known else "civilians", "agent")


def _martyrs(case: _Case) -> Whose | None:
    """Answer for martyrs, as everybody calls his own."""
    by = case.found.by.word if case.found.by else ""
    words = (by, *case.scene.words(case.found.mention.first, case.found.mention.last))
    called = any(word.startswith("martyr") for word in words)
    return Whose(case.affiliation, "own") if case.affiliation and called else None


def _harmed_enemies(case: _Case) -> Whose | None:
    """Answer for what a side says of its enemies: soldiers of a state, kills that it claims, prisoners that it took."""
    figure, found = case.figure, case.found
    if case.affiliation is None or figure.possessive is not None:
        return None
    enemy = case.enemy()
    if enemy is None:
        return None
    stateless = figure.noun in _OF_STATES and not is_state(case.scene, case.affiliation)
    claimed = case.frame is not None and case.frame.verb.startswith("claim") and figure.person == "military"
    against = figure.person in {"military", None} and found.by is not None and found.by.word in _AGAINST
    taken = found.outcome == "captured" and found.row.id in {"own", "active"} and case.before(5) & _TAKING
    told = (stateless and is_state(case.scene, enemy.party)) or (claimed and found.outcome != "missing")
    return enemy if told or against or taken else None


def _own(case: _Case) -> Whose | None:
    """Answer with the speaker's own side, where it speaks of its own people."""
    if case.affiliation is None:
        return None
    if case.frame is not None and case.frame.source and _CARERS & set(case.frame.source.split("-")):
        return Whose(case.affiliation, "own")
    episode = case.scene.episode
    in_war = episode is None or not episode.parties or case.affiliation in episode.parties
    if not in_war:
        return None
    if case.figure.person == "military" or has_land(case.scene, case.affiliation):
        return Whose(case.affiliation, "own")
    return Whose(case.affiliation, "default") if case.figure.person is None else None


#: The questions, in order.
QUESTIONS: Final[tuple[Callable[[_Case], Whose | None], ...]] = (
    _named,
    _possessed,
    _called_enemies,
    _beside,
    _suffered,
    _both,
    _goes_on,
    _whole_war,
    _victim,
    _martyrs,
    _harmed_enemies,
    _own,
)


def _between_commas(case: _Case) -> list[str]:
    """Return the words around a figure up to the nearest commas."""
    low, high = case.marked.sentence.first, case.marked.sentence.last
    for mention in case.marked.mentions:
        if mention.kind in ",;" and mention.first < case.found.mention.first:
            low = mention.last
        elif mention.kind in ",;" and mention.first > case.found.mention.first:
            high = mention.first
            break
    return case.scene.words(low, high)


def _of_the_place(case: _Case) -> Whose:
    """Return the party by the nearest place, else whose people the document is about."""
    scene, marked = case.scene, case.marked
    actors = [mention.actor for mention in marked.mentions if mention.actor]
    named = [actor for actor in actors if actor.party and actor.kind in {"party", "name"}]
    if case.figure.person == "military" and case.figure.noun not in _OF_STATES:
        for actor in named:
            doer = actor.first > marked.sentence.first and scene.tokens[actor.first - 1].low == "by"
            if actor.party and not doer:
                return Whose(actor.party, "default")
    for actor in actors:
        if actor.place and (within := scene.context.places.get(actor.place)):
            return Whose(within, "place")
    side = next((side for side in scene.cast.sides() if side in scene.context.parties), None)
    if side is not None:
        return Whose(side, "place")
    if named and named[0].party:
        return Whose(named[0].party, "default")
    main = scene.episode.parties[0] if scene.episode and scene.episode.parties else "civilians"
    return Whose(main if case.figure.person == "military" else "civilians", "default")
