"""Attribution: who says what a sentence says, before, after, nested, by a pronoun, or carried on by the paragraph."""

from dataclasses import dataclass
from typing import Final

from streams.reading.actors import Actor, Cast
from streams.reading.frames import Frame
from streams.reading.heard import Heard, source_of
from streams.reading.lexicon import Spotter
from streams.reading.mentions import Mention
from streams.reading.subjects import NOUNS, QUOTING, ends_name, next_actor, subject_of
from streams.reading.tokens import Sentence, Token, words_of
from streams.reading.unknown_names import name_after, name_before

_AFTER_VERBS: Final = frozenset({"according", "per"})
_PARTICIPLES: Final = frozenset({"accusing", "blaming", "saying", "claiming", "adding", "reporting"})
#: The acts of hospitals and crews with the dead and wounded: a party's name before it is a place.
_HANDLING: Final = words_of("received treated buried taken took")
_PASSIVE: Final = words_of("is are was were been being be")
#: Words after a verb of saying that say where and when, not what.
_TRAILS: Final = words_of(
    "on in at late early after before during via yesterday today , . and earlier by to as from through when while ;",
)
#: Words that part two speakers: no words inside words.
_PARTING: Final = words_of("while but and whereas though as")
#: The greatest distance of a colon and its speaker from the head of a line.
_HEAD_PIECES: Final = 12
_HEAD_WORDS: Final = 4
#: The most words after a verb that closes a sentence.
_SHORT_REST: Final = 5
_GOING_ON: Final = words_of(
    "total toll number data list dead wounded injured another further among these overall",
)


@dataclass(slots=True)
class Attribution:
    """The frames of a document's sentences, found in order."""

    cast: Cast
    tokens: list[Token]
    phrases: Spotter
    paragraph: int = -1
    carried: Frame | None = None
    line: int = -1

    def read(self, sentence: Sentence, mentions: list[Mention], actors: list[Actor]) -> list[Frame]:
        """Return the frames of a sentence and keep its speaker for what follows."""
        if sentence.paragraph != self.paragraph:
            self.paragraph, self.carried = sentence.paragraph, None
        heard = Heard(self.cast, self.tokens, self.phrases, sentence, mentions, actors)
        found = self._framed(heard)
        if found:
            self._keep(sentence, found)
        else:
            found = self._inferred(heard)
        opening = heard.opening
        if not found and opening and not heard.kinds.startswith('"'):
            self.cast.speaker = opening.source
        return found

    def _framed(self, heard: Heard) -> list[Frame]:
        """Return the frames that the words of a sentence make."""
        found = _heads(heard)
        for position, mention in enumerate(heard.mentions):
            if mention.kind in "yM" or (mention.kind == "g" and mention.word.startswith("den")):
                frame = self._spoken(heard, position, found)
                if frame:
                    found.append(frame)
        return found + heard.tallies(found)

    def _keep(self, sentence: Sentence, found: list[Frame]) -> None:
        speaker = next((frame for frame in reversed(found) if frame.source), None)
        if speaker:
            self.line, self.carried, self.cast.speaker = sentence.line, speaker, speaker.source
        elif any(frame.manner != "tally" for frame in found):
            self.carried = None

    def _inferred(self, heard: Heard) -> list[Frame]:
        """Return the frame of a sentence without a speaker of its own, if it plainly has one."""
        own = heard.own_words()
        if own is not None:
            return [own]
        if self.carried is not None and self.carried.source and self._goes_on(heard, self.carried):
            return [heard.whole(self.carried.source, "carried")]
        if heard.sentence.paragraph == 0 or any(mention.kind in "fnuF" for mention in heard.mentions):
            self.carried = None
        return []

    def _goes_on(self, heard: Heard, carried: Frame) -> bool:
        """Return whether a sentence without a speaker clearly continues the one before."""
        if carried.manner == "head" and self.line == heard.sentence.line:
            return True
        if not heard.mentions:
            return False
        first = heard.mentions[0]
        roles = heard.roles(heard.tokens[first.first])
        if first.kind in "nF" or roles & {"more", "possessives", "subset"}:
            return True
        if first.kind == "f" and first.figure:
            return not first.figure.party and (first.figure.more or first.figure.part)
        head = set(heard.words(0, 4))
        existing = "there" in head and any(m.kind == "F" for m in heard.mentions[:4])
        return heard.kinds.startswith(("~n", "EF")) or existing or bool(head & _GOING_ON)

    def _spoken(self, heard: Heard, position: int, found: list[Frame]) -> Frame | None:
        """Return the frame of a verb of saying: its subject before it, or after it."""
        verb = heard.mentions[position]
        word = heard.low(verb.first)
        if heard.low(verb.first - 1) in _PASSIVE and word not in {"said", "reported"}:
            return None
        if word in _AFTER_VERBS:
            return _according(heard, position, found)
        goes_on = heard.low(verb.last) in {"that", "to"} or word not in NOUNS
        if found and found[-1].manner == "before" and goes_on and heard.kinds[position - 1 : position] == "c":
            outer = found[-1]
            return Frame(
                outer.source, outer.party, verb.first, heard.sentence.last, "before", word, verb.first, outer.anaphoric
            )
        if _is_participle(heard, position):
            return _of_agent(heard, position, found)
        subject = subject_of(heard, position)
        if subject is None:
            return self._of_a_name(heard, position, found) or self._inverted(heard, position, found)
        return self._of_subject(heard, position, subject, found)

    def _of_subject(self, heard: Heard, position: int, subject: Actor, found: list[Frame]) -> Frame | None:
        verb = heard.mentions[position]
        word = heard.low(verb.first)
        source, party, anaphoric = self._speaker(heard, subject)
        if word in NOUNS and heard.low(subject.first - 1) == "and":
            return None
        place = word in _HANDLING and subject.kind not in {"institution", "anaphor", "pronoun"} and party
        if place or (source is None and subject.kind not in {"nobody", "officials"}):
            return None
        quoted = next_actor(heard, position, 3) if word in QUOTING else None
        if quoted is not None and source_of(quoted):
            last = heard.sentence.last
            return Frame(source_of(quoted), quoted.party, verb.last, last, "before", word, verb.first)
        frame = _placed(heard, position, (source, party), subject.first, found)
        if frame:
            frame.anaphoric = anaphoric
        return frame

    def _speaker(self, heard: Heard, subject: Actor) -> tuple[str | None, str | None, bool]:
        """Return the source and party of a subject, and whether they were inferred."""
        if subject.kind == "pronoun":
            opening = heard.opening
            opens = opening and opening.first < subject.first and opening.first <= heard.sentence.first + 1
            before = opening.source if opening and opens else self.cast.speaker
            return before, self.cast.context.affiliation(before) if before else None, True
        return source_of(subject), subject.party, subject.kind == "anaphor"

    def _of_a_name(self, heard: Heard, position: int, found: list[Frame]) -> Frame | None:
        """Return the frame of an unknown name before a verb: "the Lawyers' Union said"."""
        verb = heard.mentions[position]
        name = name_before(heard.tokens, verb.first, heard.sentence.first)
        if name is None:
            return None
        begin, slug = name
        for actor in heard.actors:
            if begin <= actor.first < verb.first and (source := source_of(actor)) and ends_name(heard, actor, verb):
                return _placed(heard, position, (source, actor.party), actor.first, found)
        alone = begin == heard.sentence.first and verb.first - begin == 1 and heard.low(verb.first) in NOUNS
        known = heard.roles(heard.tokens[verb.first - 1])
        return (
            None if alone or (known and "heads" not in known) else _placed(heard, position, (slug, None), begin, found)
        )

    def _inverted(self, heard: Heard, position: int, found: list[Frame]) -> Frame | None:
        """Return the frame of a verb whose subject follows: ", informed the Union of Miners"."""
        verb = heard.mentions[position]
        word = heard.low(verb.first)
        if word in _PARTICIPLES:
            return _participle(heard, position, found)
        if position == 0 or heard.mentions[position - 1].kind not in ',"':
            return None
        actor = next_actor(heard, position, 4)
        source = source_of(actor) if actor else None
        if actor is not None and actor.kind == "pronoun":
            source = self.cast.speaker
        if actor is not None and source:
            return _back(heard, position, found, (source, actor.party), actor.last)
        name = name_after(heard.tokens, verb.last, heard.sentence.last)
        if name is None:
            return None
        title = next(
            (m.actor for m in heard.mentions[position + 1 : position + 6] if m.actor and m.first >= name[0]), None
        )
        if title is not None and heard.low(name[0]) == "," and (office := source_of(title)):
            return _back(heard, position, found, (office, title.party), title.last)
        known = actor is not None and (actor.kind != "anaphor" or actor.source is not None)
        return None if known or word in NOUNS else _back(heard, position, found, (name[1], None), name[0])


def _is_participle(heard: Heard, position: int) -> bool:
    """Return whether a verb only describes: ", announced the night before by the American president"."""
    verb = heard.mentions[position]
    after = heard.tokens[verb.last : min(verb.last + 6, heard.sentence.last)]
    passive = heard.low(verb.first).endswith("ed") and "by" in {token.low for token in after}
    return position > 0 and heard.mentions[position - 1].kind == "," and passive


def _of_agent(heard: Heard, position: int, found: list[Frame]) -> Frame | None:
    """Return the frame of who did what a participle describes, if the text names a source."""
    actor = next((m.actor for m in heard.mentions[position + 1 : position + 6] if m.kind == "A" and m.actor), None)
    source = source_of(actor) if actor else None
    return _back(heard, position, found, (source, actor.party), actor.last) if actor and source else None


def _heads(heard: Heard) -> list[Frame]:
    """Return the speaker at the head of a line ("MoD: …") or at its tail ("… - governor", "…: officials")."""
    head = _head(heard) or _tail(heard)
    return [head] if head else []


def _head(heard: Heard) -> Frame | None:
    kinds, last, opening = heard.kinds, heard.sentence.last, heard.opening
    colon = kinds.find(":")
    plain = 0 < colon < _HEAD_PIECES and not set(kinds[:colon]) & set("yfnF")
    tally = plain and heard.is_tally(heard.tokens[heard.mentions[colon].first - 1])
    if opening and tally and opening.first - heard.sentence.first <= _HEAD_WORDS:
        return Frame(opening.source, opening.party, opening.first, last, "head")
    here = len(kinds) - len(kinds.lstrip("~"))
    dash = kinds.startswith("A-") and heard.sentence.paragraph == 0
    actor = heard.mentions[here].actor if dash or (here <= 2 and kinds.startswith("A:", here)) else None
    source = source_of(actor) if actor else None
    return Frame(source, actor.party, heard.mentions[here].first, last, "head") if actor and source else None


def _tail(heard: Heard) -> Frame | None:
    size = len(heard.mentions)
    while size and heard.mentions[size - 1].kind == "~" and heard.tokens[heard.mentions[size - 1].first].kind == "mark":
        size -= 1
    kinds = heard.kinds[:size]
    last = heard.mentions[size - 1] if size else None
    if last is None:
        return None
    people = kinds[-1:] in {"p", "f"} and kinds[-2:-1] in {":", "-"}
    if people and "officials" in heard.roles(heard.tokens[last.last - 1]):
        return heard.whole(of_the_place(heard.cast) or "", "tail") if of_the_place(heard.cast) else None
    short = size > 2 and kinds.endswith("~A") and heard.mentions[size - 2].last - heard.mentions[size - 2].first <= 2
    mark = kinds[-3:-2] if short else kinds[-2:-1]
    if last.kind != "A" or last.actor is None or mark not in {":", "-"}:
        return None
    source = source_of(last.actor) or (of_the_place(heard.cast) if last.actor.kind == "officials" else None)
    span = (heard.sentence.first, heard.sentence.last)
    return Frame(source, last.actor.party, *span, "tail") if source else None


def of_the_place(cast: Cast) -> str | None:
    """Return the officials of the side where the text is set ("…: officials")."""
    sides = cast.sides() or [party for party in cast.parties if party in cast.context.parties]
    return f"{sides[0]}-officials" if sides else None


def _according(heard: Heard, position: int, found: list[Frame]) -> Frame:
    verb = heard.mentions[position]
    actor = next_actor(heard, position, 6)
    source, end = (source_of(actor), actor.last) if actor else (None, verb.last)
    if actor is None and (name := name_after(heard.tokens, verb.last, heard.sentence.last)):
        source, end = name[1], name[0]
    party = actor.party if actor else None
    if verb.first <= heard.sentence.first + 2:
        return Frame(source, party, end, heard.sentence.last, "before", heard.low(verb.first), verb.first)
    return _back(heard, position, found, (source, party), end)


def _participle(heard: Heard, position: int, found: list[Frame]) -> Frame | None:
    """Return the frame of "…, saying …": of the speaker before it, else of the sentence's subject."""
    verb = heard.mentions[position]
    source = found[-1].source if found else None
    if source is None and heard.kinds[position - 1 : position] in {",", '"'}:
        named = (m.actor for m in heard.mentions[:position] if m.actor)
        source = next((of for actor in named if (of := source_of(actor))), None)
    if source is None:
        return None
    party = heard.cast.context.affiliation(source)
    last = heard.sentence.last
    return Frame(source, party, verb.first, last, "before", heard.low(verb.first), verb.first, anaphoric=True)


def _placed(
    heard: Heard,
    position: int,
    speaker: tuple[str | None, str | None],
    subject_at: int,
    found: list[Frame],
) -> Frame | None:
    """Return a frame that reaches forward from its subject, or back where the verb closes the sentence."""
    verb = heard.mentions[position]
    if _nested(heard, subject_at, found):
        return None
    if _closes(heard, position, subject_at):
        return _back(heard, position, found, speaker, verb.last)
    for frame in found:
        if frame.manner in {"before", "head"} and frame.last > subject_at > frame.first:
            frame.last = subject_at
    end = heard.sentence.last
    if heard.sentence.paragraph == 0:
        end = next((m.first for m in heard.mentions[position + 1 :] if m.kind == "j"), end)
    return Frame(*speaker, subject_at, end, "before", heard.low(verb.first), verb.first)


def _nested(heard: Heard, subject_at: int, found: list[Frame]) -> bool:
    """Return whether these are words inside words: "Baku said Yerevan had admitted 105 dead"."""
    if not found or found[-1].manner != "before" or found[-1].verb_at < 0:
        return False
    begin = found[-1].verb_at
    between = [m.kind for m in heard.mentions if begin < m.first < subject_at and m.kind != "~"]
    words = {token.low for token in heard.tokens[begin:subject_at]}
    return all(kind in "vA" for kind in between) and not words & _PARTING


def _closes(heard: Heard, position: int, subject_at: int) -> bool:
    """Return whether what was said comes before: ", Yerevan said on Thursday."."""
    begins = next((n for n, m in enumerate(heard.mentions) if m.last > subject_at), 0)
    begins = heard.before_title(begins) if begins else 0
    if begins == 0 or heard.mentions[begins - 1].kind not in ',"-':
        return False
    told = any(m.kind in "fnFuBkI" for m in heard.mentions[:begins])
    if told and heard.low(heard.mentions[position].last) in _TRAILS | {""}:
        return True
    end = heard.mentions[position].last
    short = heard.sentence.last - end <= _SHORT_REST or heard.low(end) in _TRAILS
    return short and not set(heard.kinds[position + 1 :]) & set('fnFuv:"BKkIo')


def _back(
    heard: Heard,
    position: int,
    found: list[Frame],
    speaker: tuple[str | None, str | None],
    end: int,
) -> Frame:
    """Return a frame that reaches back: after a semicolon or an earlier speaker's words."""
    verb = heard.mentions[position]
    start = heard.sentence.first
    for mention in heard.mentions[:position]:
        if mention.kind == ";":
            start = mention.last
    for frame in found:
        if frame.manner == "before" and frame.first >= start:
            commas = (m.first for m in heard.mentions[:position] if m.kind == "," and m.first > frame.verb_at)
            start = max(start, next(commas, start))
    return Frame(*speaker, start, end, "after", heard.low(verb.first), verb.first)
