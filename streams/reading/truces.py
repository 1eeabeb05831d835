"""Truces: one claim an act, by a table of what is said beside the word truce."""

import re
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from streams.reading.frames import speaker_at
from streams.reading.scene import Marked, Scene
from streams.reading.truce_table import ROWS, TRUCE, TruceRow
from streams.reading.truce_times import Truce, set_times

_MONITORS: Final = frozenset({"monitor"})
#: Acts whose subject is no speaker.
_OF_NOBODY: Final = frozenset({"violation_alleged", "holding", "collapsed", "ended", "postponed"})
_ACTS_OF_ONE: Final = frozenset({"agreed", "announced", "extended", "suspended"})


def read_truces(scene: Scene) -> list[Truce]:
    """Return the acts of a document, each kind once a speaker."""
    found: list[Truce] = []
    heard = False
    for marked in scene.marked:
        if marked.sentence.first in scene.skipped or scene.episode is None:
            continue
        text, truces = TRUCE.subn("T", " ".join(scene.words(marked.sentence.first, marked.sentence.last)))
        if heard and text.startswith("it "):
            text = "T" + text[2:]
        if heard:
            text = _ANSWERED_IT.sub(r"\1 the T", _BROKE_IT.sub(r"\1 the T", text))
        if (found and _answers(marked, found[-1])) or ("T" in text.split(" ") and _BREACH.search(text)):
            text = _DENIED_IT.sub("denied violating the T", text)
        heard = heard or bool(truces)
        if heard or _SILENT.search(text):
            _sentence(scene, marked, text, found)
    return _without_headlines(_each_other(scene, _one_deal(found)))


def _answers(marked: Marked, truce: Truce) -> bool:
    """Return whether a sentence follows an allegation: "Baku denied it" answers that."""
    return truce.act == "violation_alleged" and truce.marked.sentence.last == marked.sentence.first


def _one_deal(found: list[Truce]) -> list[Truce]:
    """Let a deal of one sentence that says when it begins be one act: agreed, with its hours."""
    kept = []
    for truce in found:
        deal = next(
            (o for o in found if o.act == "agreed" and o.marked is truce.marked and o.source == truce.source), None
        )
        if truce.act == "announced" and deal is not None:
            deal.effective_at = deal.effective_at or truce.effective_at
            deal.expires_at = deal.expires_at or truce.expires_at
        else:
            kept.append(truce)
    return kept


def _without_headlines(found: list[Truce]) -> list[Truce]:
    """Leave out an act of the headline that the body reports with its own speaker."""
    body = {(truce.act, truce.by) for truce in found if truce.marked.sentence.paragraph}
    return [truce for truce in found if truce.marked.sentence.paragraph or (truce.act, truce.by) not in body]


def _each_other(scene: Scene, found: list[Truce]) -> list[Truce]:
    """Return an allegation of each side where both accuse each other."""
    out = []
    for truce in found:
        words = " ".join(scene.words(truce.marked.sentence.first, truce.marked.sentence.last))
        parties = scene.episode.parties[:2] if scene.episode else ()
        if truce.act == "violation_alleged" and truce.source is None and _MUTUAL.search(words) and len(parties) == 2:
            for party, other in (parties, parties[::-1]):
                out.append(replace(truce, source=scene.cast.speaks_for(party), by=party, against=other))
        else:
            out.append(truce)
    return out


_MUTUAL: Final = re.compile(
    r"(?:both|two) (?:sides|parties|armies|countries) (?:have |had )?accused? (?:each|one "
    r"another)|accused? each other|traded accusations|blam(?:ed|e) each other|each side (?:said|"
    r"says|claimed) the other"
)
_SILENT: Final = re.compile(
    r"no shots? (?:was|were)|night was (?:calm|quiet)|no significant incident|quiet night|to be "
    r"quiet from|violations|breaches|hostilities"
)


#: "it" after a verb of breaking is the truce that the text speaks of.
_BROKE_IT: Final = re.compile(r"\b(violat(?:es?|ed|ing)|breach(?:es|ed|ing)?|br(?:eaks?|oke|eaking)) it\b")
_ANSWERED_IT: Final = re.compile(
    r"\b(reject(?:s|ed)|accept(?:s|ed)|turn(?:s|ed) down|refus(?:es|ed)) "
    r"(?:it|this|that|the (?:offer|idea|proposal))\b"
)
_BREACH: Final = re.compile(r"\b(?:violat|breach|broke)")
_DENIED_IT: Final = re.compile(
    r"(?:denied|denies|rejected|rejects) (?:it|this|that|the (?:charge|accusation|claim|allegation)s?)(?= |$)"
)


def _sentence(scene: Scene, marked: Marked, text: str, found: list[Truce]) -> None:
    taken: list[tuple[int, int]] = []
    for row in ROWS:
        for match in row.compiled.finditer(text):
            span = match.span()
            if not row.beside and any(span[0] < b and a < span[1] for a, b in taken):
                continue
            if _unreal(text, span, row):
                taken.append(span)
                continue
            if not row.beside:
                taken.append(span)
            truce = _truce(scene, marked, row, text, span)
            twin = next((other for other in found if _repeats(truce, other)), None)
            if twin is None:
                found.append(truce)
            else:
                twin.effective_at = twin.effective_at or truce.effective_at
                twin.expires_at = twin.expires_at or truce.expires_at


def _repeats(truce: Truce, other: Truce) -> bool:
    return (truce.act, truce.source) == (other.act, other.source) and (
        truce.act != "announced" or truce.effective_at == other.effective_at
    )


def _unreal(text: str, span: tuple[int, int], row: TruceRow) -> bool:
    """Return whether a condition or a negation governs the act."""
    before = text[max(0, span[0] - 60) : span[0]].rsplit(" , ", 1)[-1].rsplit(" ; ", maxsplit=1)[-1]
    inside = text[span[0] : span[1]]
    if row.act in {"not_confirmed", "violation_denied"}:
        return False
    negated = re.search(r"\b(?:not|never|no|nor|n't|without|nobody|none)\b", before[-24:]) and row.id not in {
        "no-shot",
        "holding",
    }
    if row.act in _SETTLED and re.search(r"(?:^|[ \"])(?:if|unless|provided) ", text):
        return True
    hedged = re.search(
        r"\b(?:if|unless|could|might|may|whether|hopes?|despite|ahead of|warned|threatened|talks on|"
        r"prospects?|failed to|yet to)\b",
        before,
    )
    return bool(negated or hedged or re.search(r"\b(?:if|unless|could|might)\b", inside))


#: Acts that are nothing yet under a condition anywhere in the sentence.
_SETTLED: Final = frozenset({"agreed", "announced", "extended", "holding", "resumed", "took_effect"})


def _truce(scene: Scene, marked: Marked, row: TruceRow, text: str, span: tuple[int, int]) -> Truce:
    token = _token_at(scene, marked, text, span[0])
    last = _token_at(scene, marked, text, span[1] - 1)
    frame = speaker_at(marked.frames, token) or speaker_at(marked.frames, last)
    actor = _actor(marked, row, token, last)
    source = frame.source if frame else None
    if actor is not None and (row.beside or (source is None and row.own and row.act not in _OF_NOBODY)):
        source, frame = actor, None if row.beside else frame
    act = row.act
    if act == "took_effect" and _AHEAD_WORDS.search(text[span[0] : span[1]]):
        act = "announced"
    if act == "violation_alleged" and source and scene.context.kind(source) in _MONITORS:
        act = "violation_confirmed"
    affiliation = scene.context.affiliation(source) if source else None
    against = _accused(scene, marked, token, affiliation) if row.act == "violation_alleged" else None
    by = affiliation or _by(scene, marked, act, source, actor)
    truce = Truce(act, source, by, against, marked, token, f"truce-{row.id}", frame, span=(token, last + 1))
    set_times(scene, marked, truce)
    truce.mediators = _mediators(scene, marked)
    if truce.act == "took_effect" and truce.effective_at and _later(truce.effective_at, scene.clock.published):
        truce.act = "announced"
    return truce


def _actor(marked: Marked, row: TruceRow, token: int, last: int) -> str | None:
    """Return the source that acts: before the words of the act; inside or after them where the row says so."""
    named = [m for m in marked.mentions if m.kind == "A" and m.actor and m.actor.source and m.actor.kind != "place"]
    if row.beside:
        return next((m.actor.source for m in named if m.first > last and m.actor), None)
    if row.id == "called-for":
        inside = next((m.actor.source for m in named if token <= m.first <= last and m.actor), None)
        if inside is not None:
            return inside
    return _subject(marked, token)


_AHEAD_WORDS: Final = re.compile(r"(?<![^ ])(?:will|would|(?:is|was|are|were|due|set) to|had been due to)(?![^ ])")


def _later(time: date | datetime, published: datetime) -> bool:
    return time > published if isinstance(time, datetime) else time > published.date()


def _by(scene: Scene, marked: Marked, act: str, source: str | None, actor: str | None) -> str | None:
    """Return the acting party if the outlet reports the act; a joint act has none."""
    if source is not None or actor is None or act not in _ACTS_OF_ONE:
        return None
    parties = {m.actor.party for m in marked.mentions if m.kind == "A" and m.actor and m.actor.party}
    joint = "and" in scene.words(marked.sentence.first, min(marked.sentence.first + 18, marked.sentence.last))
    return None if joint and len(parties) > 1 else scene.context.affiliation(actor)


def _token_at(scene: Scene, marked: Marked, text: str, place: int) -> int:
    """Return the token of a place in a sentence's text, in which truces of several words have become one."""
    count = text.count(" ", 0, place)
    index = marked.sentence.first
    words = " ".join(scene.words(marked.sentence.first, marked.sentence.last))
    matches = {words.count(" ", 0, m.start()): m[0].count(" ") for m in TRUCE.finditer(words)}
    shown = 0
    while shown < count and index < marked.sentence.last - 1:
        index += 1 + matches.get(index - marked.sentence.first, 0)
        shown += 1
    return min(index, marked.sentence.last - 1)


def _subject(marked: Marked, token: int) -> str | None:
    """Return the source that does it: the nearest actor before the verb."""
    for mention in reversed(marked.mentions):
        if (
            mention.last <= token
            and mention.kind == "A"
            and mention.actor
            and mention.actor.source
            and mention.actor.kind != "place"
        ):
            return mention.actor.source
        if mention.last <= token and mention.kind == ";":
            return None
    return None


def _accused(scene: Scene, marked: Marked, token: int, accuser: str | None) -> str | None:
    """Return the party that is said to have broken the truce: named before the verb, else after it, not the accuser."""
    named = []
    for mention in marked.mentions:
        people = mention.figure if mention.kind == "p" else None
        party = mention.actor.party if mention.actor else people.party if people else None
        if party and party != accuser and (scene.episode is None or party in scene.episode.parties):
            named.append((mention.first < token, mention.first, party))
    before = [party for is_before, _, party in named if is_before]
    if before:
        return before[-1]
    after = [party for is_before, _, party in named if not is_before]
    if after:
        return after[0]
    others = [p for p in (scene.episode.parties if scene.episode else ()) if p != accuser]
    return others[0] if accuser and len(others) == 1 else None


def _mediators(scene: Scene, marked: Marked) -> tuple[str, ...]:
    """Return who brokered it: "brokered by Iran", "with the mediation of the Russian side"."""
    words = scene.words(marked.sentence.first, marked.sentence.last)
    for index, word in enumerate(words):
        if word in {"brokered", "mediated", "mediation", "mediators", "auspices", "russian-brokered"}:
            found = [
                m.actor.party or m.actor.source
                for m in marked.mentions
                if m.kind == "A"
                and m.actor
                and abs(m.first - marked.sentence.first - index) <= 5
                and (m.actor.party or m.actor.source)
            ]
            return tuple(sorted({name for name in found if name}))
    return ()
