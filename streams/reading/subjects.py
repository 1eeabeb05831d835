"""Subjects: who a verb of saying belongs to."""

from typing import Final

from streams.reading.actors import Actor
from streams.reading.heard import Heard, source_of
from streams.reading.mentions import Mention
from streams.reading.numbers import MONTHS
from streams.reading.tokens import words_of

#: Verbs that say something only with somebody right before them; elsewhere they are nouns.
NOUNS: Final = words_of(
    "list lists count counts report reports record records claim claims names estimate estimates "
    "register registered note "
    "notes shows releases cut tally tallies update found dated read reads named listed counted recorded",
)
QUOTING: Final = words_of("cited cites quoted quotes citing quoting")
_HELPING: Final = words_of(
    "has had have earlier also already later since then now just previously itself himself "
    "herself themselves on monday "
    "tuesday wednesday thursday friday saturday sunday yesterday today still again first so far in turn",
)
_INSIDE: Final = words_of("in to with by from at on against near")
_OFFICES: Final = frozenset({"institution", "name", "officials", "person"})
#: Words that may separate a subject and its verb.
_BETWEEN: Final = frozenset('~^()x"Ehb-O')
_STEPS: Final = 18
_FAR_PIECES: Final = 6
_NEAR_WORDS: Final = 7
_ADVERBS: Final = 4


def subject_of(heard: Heard, position: int) -> Actor | None:
    """Return the actor that a verb of saying belongs to: the nearest before it, past a relative clause."""
    kinds = heard.kinds
    word = heard.low(heard.mentions[position].first)
    for back in range(position - 1, max(-1, position - _STEPS), -1):
        mention = heard.mentions[back]
        gap = kinds[back + 1 : position]
        if mention.kind in "Ap" and mention.actor and mention.actor.kind != "place":
            if word in NOUNS and "," not in gap and not _adverbial(heard, mention.last, position):
                return None
            if _belongs(heard, back, position, gap):
                return _head_before(heard, back) or (_described(heard, back) if gap == "," else None) or mention.actor
            break
        if mention.kind in ";:fnFBKI" and gap.count(",") < 2:
            break
    return _far_subject(heard, position) if word not in NOUNS | QUOTING else None


def _belongs(heard: Heard, back: int, position: int, gap: str) -> bool:
    """Return whether an actor is the subject of a verb: beside it, or past an apposition or a relative clause."""
    if gap == "," or gap.startswith(",r") or (gap.count(",") == 2 and gap.endswith(",")):
        return True
    between = heard.mentions[back + 1 : position]
    words = sum(mention.last - mention.first for mention in between)
    return words <= _NEAR_WORDS and all(mention.kind in _BETWEEN for mention in between)


def _adverbial(heard: Heard, first: int, position: int) -> bool:
    """Return whether there are but helping words between a subject and a verb that may be a noun too."""
    between = heard.tokens[first : heard.mentions[position].first]
    return len(between) <= _ADVERBS and all(
        token.low in _HELPING or token.low.endswith("ly") or token.kind == "number" or token.low in MONTHS
        for token in between
    )


def ends_name(heard: Heard, actor: Actor, verb: Mention) -> bool:
    """Return whether an actor is a whole name, not the first word of a longer one ("Palestine Red Crescent")."""
    rest = heard.tokens[actor.last : verb.first]
    return not any(t.text[0].isupper() and t.low not in MONTHS and t.low not in _HELPING for t in rest)


def _far_subject(heard: Heard, position: int) -> Actor | None:
    """Return the actor that opens the sentence, when its verb comes late; nothing harmful is said between."""
    kinds = heard.kinds
    for place, mention in enumerate(heard.mentions[: min(position, _FAR_PIECES)]):
        relative = kinds[place + 1 : place + 3] == ",r" and kinds[position - 1] in ",~"
        if not relative and set(kinds[place + 1 : position]) & set('fnFBkKIy;:"'):
            return None
        actor = mention.actor
        if mention.kind != "A" or actor is None or actor.kind not in _OFFICES or not source_of(actor):
            continue
        if not place or heard.low(mention.first - 1) not in _INSIDE:
            return actor
    return None


def _described(heard: Heard, back: int) -> Actor | None:
    """Return the actor that an apposition with this one describes: "the governor, an ally of the army, said"."""
    kinds = heard.kinds
    for place in range(back - 2, max(-1, back - _FAR_PIECES), -1):
        actor = heard.mentions[place].actor
        if kinds[place] == "A" and kinds[place + 1] == "," and actor and actor.kind in _OFFICES and source_of(actor):
            return actor
        if kinds[place] in "fnFBkKIy;:":
            return None
    return None


def _head_before(heard: Heard, back: int) -> Actor | None:
    """Return the actor that this one only describes: "the ministry in Baku said" is the ministry."""
    if back < 2:
        return None
    link, outer = heard.mentions[back - 1], heard.mentions[back - 2].actor
    short = link.kind in "~O" and link.last - link.first == 1 and heard.low(link.first) in {"in", "of", "for", "at"}
    return outer if short and outer and outer.kind in _OFFICES and source_of(outer) else None


def next_actor(heard: Heard, position: int, steps: int) -> Actor | None:
    """Return the actor right after a verb, but for a few words."""
    for mention in heard.mentions[position + 1 : position + 1 + steps]:
        if mention.kind == "A":
            return mention.actor
        if mention.kind not in '~"tO':
            return None
    return None
