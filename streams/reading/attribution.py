"""Attribution: who says what a sentence says, before, after, nested, by a pronoun, or carried on by the paragraph."""

from dataclasses import dataclass, field
from typing import Final

from streams.reading.actors import Actor, Cast, name_after, name_before
from streams.reading.frames import Frame
from streams.reading.lexicon import Phrases
from streams.reading.mentions import Mention
from streams.reading.numbers import MONTHS
from streams.reading.tokens import Sentence, Token, words_of

_AFTER_VERBS: Final = frozenset({"according", "per"})
_QUOTING: Final = words_of("cited cites quoted quotes citing quoting")
#: Verbs that say something only with somebody right before them; elsewhere they are nouns or something else.
_NOUNS: Final = words_of(
    "list lists count counts report reports record records claim claims names estimate estimates register registered note notes shows releases cut tally tallies update found "
    "dated read reads named listed counted recorded"
)
#: What hospitals and crews do with the dead and wounded: a party's name before it is a place.
_HANDLING: Final = frozenset({"received", "treated", "buried", "taken", "took", "admitted"}) - {"admitted"}
_HELPING: Final = words_of(
    "has had have earlier also already later since then now just previously itself himself herself themselves on monday tuesday wednesday thursday friday saturday "
    "sunday yesterday today still again first so far in turn"
)
_PASSIVE: Final = words_of("is are was were been being be")
_STEPS: Final = 18
_SPEAKING: Final = frozenset({"institution", "name", "officials", "person", "party"})
#: Words after a verb of saying that say where and when, not what.
_TRAILS: Final = words_of(
    "on in at late early after before during via yesterday today , . and earlier by to as from through when while ;"
)


@dataclass(slots=True)
class Attribution:
    """The frames of a document's sentences, found in order."""

    cast: Cast
    tokens: list[Token]
    phrases: Phrases
    paragraph: int = -1
    carried: Frame | None = None
    opening: Actor | None = None
    line: int = -1
    frames: dict[int, list[Frame]] = field(default_factory=dict)

    def read(self, sentence: Sentence, mentions: list[Mention], actors: list[Actor]) -> list[Frame]:
        """Return the frames of a sentence and keep its speaker for what follows."""
        if sentence.paragraph != self.paragraph:
            self.paragraph, self.carried = sentence.paragraph, None
        self.opening = next(
            (
                m.actor
                for m in mentions
                if m.kind == "A" and m.actor and m.actor.kind in _SPEAKING and self._source_of(m.actor)
            ),
            None,
        )
        found = self._heads(sentence, mentions)
        for position, mention in enumerate(mentions):
            if mention.kind == "y" or (mention.kind == "g" and mention.word.startswith("den")):
                frame = self._spoken(sentence, mentions, position, actors, found)
                if frame:
                    found.append(frame)
        found.extend(self._tallies(sentence, mentions, found))
        if found:
            speaker = next((frame for frame in reversed(found) if frame.source), None)
            if speaker:
                self.line = sentence.line
                self.cast.speaker = speaker.source
                self.carried = speaker
            elif any(frame.manner != "tally" for frame in found):
                self.carried = None
        elif (own := self._own_words(sentence)) is not None:
            found = [own]
        elif self._goes_on(sentence, mentions):
            kept = self.carried
            if kept:
                found = [Frame(kept.source, kept.party, sentence.first, sentence.last, "carried", anaphoric=True)]
        else:
            self.carried = (
                None if sentence.paragraph == 0 else self.carried if self._only_background(mentions) else None
            )
        if not found and self.opening and not (mentions and mentions[0].kind == '"'):
            self.cast.speaker = self.opening.source
        self.frames[sentence.first] = found
        return found

    def _own_words(self, sentence: Sentence) -> Frame | None:
        """Return the frame of "by his words", "by its account", "by the same count"."""
        words = [token.low for token in self.tokens[sentence.first : sentence.last]]
        if (
            words[:1] in (["by"], ["according"])
            and self.cast.speaker
            and not any(word in words[:8] for word in ("his", "her"))
        ):
            at = next(
                (
                    n
                    for n, token in enumerate(self.tokens[sentence.first : sentence.first + 7])
                    if self._is_tally(token)
                ),
                None,
            )
            if at is not None:
                source = self.cast.speaker
                return Frame(
                    source,
                    self.cast.context.affiliation(source),
                    sentence.first,
                    sentence.last,
                    "anaphor",
                    anaphoric=True,
                )
        for index, word in enumerate(words[:-2]):
            if (
                word in {"by", "in", "to"}
                and (
                    words[index + 1] in {"his", "her", "its", "their"}
                    or words[index + 1 : index + 3] == ["the", "same"]
                )
                and (
                    self._is_tally(self.tokens[sentence.first + index + 2])
                    or self._is_tally(self.tokens[min(sentence.first + index + 3, sentence.last - 1)])
                )
            ):
                source = self.cast.speaker
                if source:
                    return Frame(
                        source,
                        self.cast.context.affiliation(source),
                        sentence.first,
                        sentence.last,
                        "anaphor",
                        anaphoric=True,
                    )
        return None

    def _only_background(self, mentions: list[Mention]) -> bool:
        return not any(mention.kind in "fnuF" for mention in mentions)

    def _goes_on(self, sentence: Sentence, mentions: list[Mention]) -> bool:
        """Return whether a sentence without a speaker plainly goes on with the one before."""
        if self.carried is None or not mentions:
            return False
        if self.carried.manner == "head" and self.line == sentence.line:
            return True
        first = self.tokens[mentions[0].first]
        roles = self.phrases.roles.get((first.low,)) or {}
        if mentions[0].kind in "nF" or "more" in roles or "possessives" in roles or "subset" in roles:
            return True
        figure = mentions[0].figure
        if mentions[0].kind == "f" and figure and figure.party:
            return False
        if mentions[0].kind == "f" and figure and (figure.more or figure.part):
            return True
        if len(mentions) > 1 and mentions[0].kind == "~" and mentions[1].kind == "n":
            return True
        if kinds_start(mentions) in {"EF", "E~F"} or (
            len(mentions) > 2
            and "there" in {t.low for t in self.tokens[sentence.first : sentence.first + 4]}
            and any(m.kind == "F" for m in mentions[:4])
        ):
            return True
        head = {token.low for token in self.tokens[sentence.first : sentence.first + 4]}
        return bool(
            head
            & {
                "total",
                "toll",
                "number",
                "data",
                "list",
                "dead",
                "wounded",
                "injured",
                "another",
                "further",
                "among",
                "these",
                "overall",
            }
        )

    def _heads(self, sentence: Sentence, mentions: list[Mention]) -> list[Frame]:
        """Return the speaker at the head of a line ("MoD: …") or at its tail ("… - governor", "…: officials")."""
        kinds = "".join(mention.kind for mention in mentions)
        here = 0
        while here < len(kinds) and kinds[here] == "~" and here < 2 and not kinds.startswith("A", here):
            here += 1
        colon = kinds.find(":")
        if (
            0 < colon < 12
            and self.opening
            and self.opening.first - sentence.first <= 4
            and not set(kinds[:colon]) & set("yfnF")
        ) and any(self._is_tally(t) for t in self.tokens[mentions[colon].first - 1 : mentions[colon].first]):
            return [Frame(self.opening.source, self.opening.party, self.opening.first, sentence.last, "head")]
        if kinds.startswith("A:", here) or (kinds.startswith("A-", here) and here == 0 and sentence.paragraph == 0):
            actor = mentions[here].actor
            if actor and (source := self._source_of(actor)):
                return [Frame(source, actor.party, mentions[here].first, sentence.last, "head")]
        stripped = len(kinds)
        while (
            stripped and mentions[stripped - 1].kind == "~" and self.tokens[mentions[stripped - 1].first].kind == "mark"
        ):
            stripped -= 1
        tail = kinds[:stripped]
        if tail[-1:] in tuple("pf") and tail[-2:-1] in tuple(":-"):
            word = self.tokens[mentions[stripped - 1].last - 1].low
            if "officials" in (self.phrases.roles.get((word,)) or {}):
                return [Frame(self._of_the_place(), None, sentence.first, sentence.last, "tail")]
        for pattern in ("A", "~A"):
            cut = len(tail) - len(pattern)
            if (
                tail.endswith(pattern)
                and cut >= 1
                and tail[cut - 1] in ":-"
                and (pattern == "A" or self._short(mentions[cut]))
            ):
                actor = mentions[stripped - 1].actor
                if actor:
                    source = self._source_of(actor)
                    if source or actor.kind == "officials":
                        return [
                            Frame(source or self._of_the_place(), actor.party, sentence.first, sentence.last, "tail")
                        ]
        return []

    def _of_the_place(self) -> str | None:
        """Return the officials of the side where the text is set ("…: officials")."""
        sides = self.cast.sides() or [party for party in self.cast.parties if party in self.cast.context.parties][:1]  # noqa: SLF001
        return f"{sides[0]}-officials" if sides else None

    def _short(self, mention: Mention) -> bool:
        return mention.last - mention.first <= 2

    def _spoken(
        self, sentence: Sentence, mentions: list[Mention], position: int, actors: list[Actor], found: list[Frame]
    ) -> Frame | None:
        """Return the frame of a verb of saying: its subject before it, or after it."""
        verb = mentions[position]
        word = self.tokens[verb.first].low
        if (
            verb.first > sentence.first
            and self.tokens[verb.first - 1].low in _PASSIVE
            and word not in {"said", "reported"}
        ):
            return None
        if word in _AFTER_VERBS:
            actor = self._next_actor(mentions, position, 6)
            source = self._source_of(actor) if actor else None
            end = actor.last if actor else verb.last
            if actor is None:
                name = name_after(self.tokens, verb.last, sentence.last)
                source, end = (name[1], name[0]) if name else (None, verb.last)
            if verb.first <= sentence.first + 2:
                return Frame(source, actor.party if actor else None, end, sentence.last, "before", word, verb.first)
            return Frame(
                source,
                actor.party if actor else None,
                self._from(sentence, verb, mentions, position, found),
                end,
                "after",
                word,
                verb.first,
            )
        subject = self._subject(mentions, position)
        if (
            found
            and position
            and mentions[position - 1].kind == "c"
            and found[-1].manner == "before"
            and (word not in _NOUNS or self.tokens[min(verb.last, sentence.last - 1)].low in {"that", "to"})
        ):
            outer = found[-1]
            return Frame(
                outer.source, outer.party, verb.first, sentence.last, "before", word, verb.first, outer.anaphoric
            )
        source, party, anaphoric = self._speaker(subject, sentence, verb)
        if subject is None:
            name = name_before(self.tokens, verb.first, sentence.first)
            known_actor = next(
                (
                    a
                    for a in actors
                    if name and name[0] <= a.first < verb.first and self._source_of(a) and self._ends_name(a, verb)
                ),
                None,
            )
            if known_actor:
                return self._placed(
                    sentence,
                    mentions,
                    position,
                    self._source_of(known_actor),
                    known_actor.party,
                    known_actor.first,
                    found,
                )
            if name and not (name[0] == sentence.first and verb.first - name[0] == 1 and word in _NOUNS):
                known = self.phrases.roles.get((self.tokens[verb.first - 1].low,)) or {}
                if not known or "heads" in known:
                    source = name[1]
                    return self._placed(sentence, mentions, position, source, None, name[0], found)
            return self._inverted(sentence, mentions, position, word, found)
        if (source is None and subject.kind not in {"nobody", "officials"}) or (
            word in _HANDLING and subject.kind not in {"institution", "anaphor", "pronoun"} and party
        ):
            return None
        if word in _QUOTING and (quoted := self._next_actor(mentions, position, 3)) and self._source_of(quoted):
            return Frame(self._source_of(quoted), quoted.party, verb.last, sentence.last, "before", word, verb.first)
        frame = self._placed(sentence, mentions, position, source, party, subject.first, found)
        if frame:
            frame.anaphoric = anaphoric
        return frame

    def _speaker(self, subject: Actor | None, sentence: Sentence, verb: Mention) -> tuple[str | None, str | None, bool]:
        if subject is None:
            return None, None, False
        if subject.kind == "pronoun":
            before = self._opens(sentence, subject) or self.cast.speaker
            return before, self.cast.context.affiliation(before) if before else None, True
        source = self._source_of(subject)
        if source is None and subject.kind == "officials" and self.tokens[subject.first].low not in {"sources", "data"}:
            return None, None, True
        return source, subject.party, subject.kind == "anaphor"

    def _opens(self, sentence: Sentence, pronoun: Actor) -> str | None:
        """Return the source of the actor that opens the sentence of a pronoun: "Yerevan kept the toll it gave"."""
        opening = self.opening
        return (
            opening.source
            if opening and opening.first < pronoun.first and opening.first <= sentence.first + 1
            else None
        )

    def _placed(
        self,
        sentence: Sentence,
        mentions: list[Mention],
        position: int,
        source: str | None,
        party: str | None,
        subject_at: int,
        found: list[Frame],
    ) -> Frame | None:
        """Return a frame that reaches forward from its verb, or back where the verb closes the sentence."""
        verb = mentions[position]
        word = self.tokens[verb.first].low
        if self._nested(mentions, position, subject_at, found):
            return None
        if self._closes(mentions, position, subject_at, sentence):
            return Frame(
                source,
                party,
                self._from(sentence, verb, mentions, position, found),
                verb.last,
                "after",
                word,
                verb.first,
            )
        for frame in found:
            if frame.manner in {"before", "head"} and frame.last > subject_at > frame.first:
                frame.last = subject_at
        end = sentence.last
        if sentence.paragraph == 0:
            end = next((m.first for m in mentions[position + 1 :] if m.kind == "j"), end)
        return Frame(source, party, subject_at, end, "before", word, verb.first)

    def _nested(self, mentions: list[Mention], position: int, subject_at: int, found: list[Frame]) -> bool:
        """Return whether these are words inside words: "Baku said Yerevan had admitted 105 dead"."""
        if not found or found[-1].manner != "before" or found[-1].verb_at < 0:
            return False
        outer = found[-1]
        between = [m.kind for m in mentions if outer.verb_at < m.first < subject_at and m.kind != "~"]
        words = {t.low for t in self.tokens[outer.verb_at : subject_at]}
        return all(kind in "vA" for kind in between) and not words & {"while", "but", "and", "whereas", "though", "as"}

    def _closes(self, mentions: list[Mention], position: int, subject_at: int, sentence: Sentence) -> bool:
        """Return whether what was said comes before: ", Yerevan said on Thursday."."""
        begins = next((n for n, m in enumerate(mentions) if m.last > subject_at), 0)
        if begins == 0:
            return False
        verb = mentions[position]
        begins = self._before_title(mentions, begins)
        if begins == 0 or mentions[begins - 1].kind not in ',"-':
            return False
        rest = mentions[position + 1 :]
        after = self.tokens[verb.last].low if verb.last < sentence.last else ""
        if after in _TRAILS and any(m.kind in "fnFuBkI" for m in mentions[:begins]):
            return True
        return not any(m.kind in 'fnuFv:"BKkIo' for m in rest if m.kind != "x") or (
            rest[:1] != [] and rest[0].kind == "," and False
        )

    def _before_title(self, mentions: list[Mention], begins: int) -> int:
        """Return where a speaker with a title begins: "doctors at …", "the press service of …"."""
        words = 0
        here = begins
        while here and mentions[here - 1].kind in "~OpfA" and words <= 8 and begins - here < 5:
            words += mentions[here - 1].last - mentions[here - 1].first
            here -= 1
        return here if here and mentions[here - 1].kind in ',"-' else begins

    def _inverted(
        self, sentence: Sentence, mentions: list[Mention], position: int, word: str, found: list[Frame]
    ) -> Frame | None:
        """Return the frame of a verb whose subject follows: ", informed the Union of Miners"."""
        verb = mentions[position]
        before = mentions[position - 1] if position else None
        if before is None or before.kind not in ',"':
            if word in {"saying", "claiming", "reporting", "telling"} and found:
                outer = found[-1]
                return Frame(
                    outer.source, outer.party, verb.first, sentence.last, "before", word, verb.first, anaphoric=True
                )
            return None
        actor = self._next_actor(mentions, position, 4)
        if actor is not None and actor.kind == "anaphor" and actor.source is None:
            actor = None
        if word in {"saying", "claiming", "adding", "reporting"}:
            speaker = found[-1].source if found else None
            subject = next((m.actor for m in mentions[:position] if m.actor and self._source_of(m.actor)), None)
            source = speaker or (self._source_of(subject) if subject else None)
            return (
                Frame(source, None, verb.first, sentence.last, "before", word, verb.first, anaphoric=True)
                if source
                else None
            )
        if actor and (source := self._source_of(actor) or (self.cast.speaker if actor.kind == "pronoun" else None)):
            return Frame(
                source,
                actor.party,
                self._from(sentence, verb, mentions, position, found),
                actor.last,
                "after",
                word,
                verb.first,
            )
        name = name_after(self.tokens, verb.last, sentence.last)
        titled = next(
            (
                m.actor
                for m in mentions[position + 1 : position + 6]
                if m.kind == "A" and m.actor and name and m.first >= name[0]
            ),
            None,
        )
        if name and titled and self.tokens[name[0]].text == "," and (source := self._source_of(titled)):
            return Frame(
                source,
                titled.party,
                self._from(sentence, verb, mentions, position, found),
                titled.last,
                "after",
                word,
                verb.first,
            )
        if name and actor is None and word not in _NOUNS:
            return Frame(
                name[1], None, self._from(sentence, verb, mentions, position, found), name[0], "after", word, verb.first
            )
        return None

    def _from(
        self, sentence: Sentence, verb: Mention, mentions: list[Mention], position: int, found: list[Frame]
    ) -> int:
        """Return where words that a later speaker claims begin: after a semicolon or an earlier speaker's."""
        start = sentence.first
        for mention in mentions[:position]:
            if mention.kind == ";":
                start = mention.last
        for frame in found:
            if frame.manner == "before" and frame.first >= start:
                cut = next((m.first for m in mentions[:position] if m.kind == "," and m.first > frame.verb_at), None)
                start = max(start, cut if cut is not None else start)
        return start

    def _subject(self, mentions: list[Mention], position: int) -> Actor | None:
        """Return the actor that a verb of saying belongs to: the nearest before it, past a relative clause."""
        kinds = [mention.kind for mention in mentions]
        word = self.tokens[mentions[position].first].low
        for back in range(position - 1, max(-1, position - _STEPS), -1):
            mention = mentions[back]
            if mention.kind in "Ap" and mention.actor and mention.actor.kind != "place":
                gap = kinds[back + 1 : position]
                if (
                    word in _NOUNS
                    and "," not in gap
                    and not self._adverbial(mentions[back].last, mentions[position].first)
                ):
                    return None
                if gap == [","] or gap[:2] == [",", "r"]:
                    return mention.actor
                if self._near(mentions[back + 1 : position]) or (gap.count(",") == 2 and gap[-1:] == [","]):
                    owner = self._head_before(mentions, back)
                    return owner or mention.actor
                break
            if mention.kind in ";:fnFBkKI" and kinds[back + 1 : position].count(",") < 2 and mention.kind != "k":
                break
        return self._far_subject(mentions, position) if word not in _NOUNS | _QUOTING else None

    def _ends_name(self, actor: Actor, verb: Mention) -> bool:
        """Return whether a known actor is a whole name, not the first word of a longer one ("Palestine Red Crescent")."""
        rest = self.tokens[actor.last : verb.first]
        return not any(
            token.text[0].isupper() and token.low not in MONTHS and token.low not in _HELPING for token in rest
        )

    def _adverbial(self, first: int, last: int) -> bool:
        """Return whether there are but helping words between a subject and a verb that may be a noun too."""
        return last - first <= 4 and all(
            token.low in _HELPING or token.low.endswith("ly") or token.kind == "number" or token.low in MONTHS
            for token in self.tokens[first:last]
        )

    def _far_subject(self, mentions: list[Mention], position: int) -> Actor | None:
        """Return the actor that opens the sentence, when its verb comes late; nothing harmful is said between."""
        for place, mention in enumerate(mentions[: min(position, 6)]):
            actor = mention.actor
            relative = [m.kind for m in mentions[place + 1 : place + 3]] == [",", "r"] and mentions[
                position - 1
            ].kind in ",~"
            if not relative and any(m.kind in 'fnFBkKIy;:"' for m in mentions[place + 1 : position]):
                return None
            if (
                mention.kind == "A"
                and actor
                and actor.kind in {"institution", "name", "officials", "person"}
                and self._source_of(actor)
            ):
                before = self.tokens[mention.first - 1].low if place else ""
                if before not in {"in", "to", "with", "by", "from", "at", "on", "against", "near"}:
                    return actor
        return None

    def _head_before(self, mentions: list[Mention], back: int) -> Actor | None:
        """Return the actor that this one only describes: "the ministry in Baku said" is the ministry."""
        if back >= 2 and mentions[back - 1].kind in "~O" and mentions[back - 1].last - mentions[back - 1].first == 1:
            outer = mentions[back - 2].actor
            if (
                outer
                and outer.kind in {"institution", "name", "officials", "person"}
                and self.tokens[mentions[back - 1].first].low in {"in", "of", "for", "at"}
            ):
                return outer if self._source_of(outer) else None
        return None

    def _near(self, between: list[Mention]) -> bool:
        """Return whether nothing but a few words part a subject and its verb."""
        words = sum(mention.last - mention.first for mention in between)
        return all(mention.kind in '~^(){}x"Ehb-O'.replace("{}", "") for mention in between) and words <= 7

    def _next_actor(self, mentions: list[Mention], position: int, steps: int) -> Actor | None:
        for mention in mentions[position + 1 : position + 1 + steps]:
            if mention.kind == "A":
                return mention.actor
            if mention.kind not in '~"tO':
                return None
        return None

    def _tallies(self, sentence: Sentence, mentions: list[Mention], found: list[Frame]) -> list[Frame]:
        """Return the frames of tallies: "by its army's own count", "the latest data of the State Emergency Service"."""
        frames = []
        for mention in mentions:
            actor = mention.actor
            if (
                mention.kind != "A"
                or actor is None
                or any(f.first <= mention.first < f.last and f.source for f in found)
            ):
                continue
            source = self._source_of(actor)
            if source and actor.kind != "place" and self._beside_tally(actor, sentence):
                frames.append(Frame(source, actor.party, sentence.first, sentence.last, "tally"))
        return frames

    def _beside_tally(self, actor: Actor, sentence: Sentence) -> bool:
        end = min(actor.last + 3, sentence.last)
        after = self.tokens[actor.last : end]
        if self.tokens[actor.last - 1].owns and any(self._is_tally(token) for token in after):
            return True
        if self.tokens[actor.first - 1].low == "and" and actor.first > sentence.first:
            return False
        begin = max(sentence.first, actor.first - 7)
        before = self.tokens[begin : actor.first]
        links = [n for n, token in enumerate(before) if token.low in {"of", "by", "from"}]
        if any(self._is_tally(token) for token in before[: links[-1]] if links) if links else False:
            return True
        return any(self._is_tally(token) for token in self.tokens[actor.first : actor.last][-1:])

    def _is_tally(self, token: Token) -> bool:
        return "tallies" in (self.phrases.roles.get((token.low,)) or {}) and token.low != "toll"

    def _source_of(self, actor: Actor) -> str | None:
        if actor.kind in {"nobody", "place", "pronoun"}:
            return None
        return actor.source


def kinds_start(mentions: list[Mention]) -> str:
    """Return the first kinds of a sentence."""
    return "".join(mention.kind for mention in mentions[:2])
