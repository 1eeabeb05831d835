"""A sentence as attribution hears it: its mentions, and the small questions about them."""

from dataclasses import dataclass
from typing import Final

from streams.reading.actors import Actor, Cast
from streams.reading.frames import Frame
from streams.reading.lexicon import Spotter
from streams.reading.mentions import Mention
from streams.reading.tokens import Sentence, Token, words_of

_SPEAKING: Final = frozenset({"institution", "name", "officials", "person", "party"})
_POSSESSIVES: Final = words_of("his her its their")
#: The end of the words of a title: "the press service of …".
_TITLE_WORDS: Final = 8
_TITLE_PIECES: Final = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence with its mentions, and the cast of the document so far."""

    cast: Cast
    tokens: list[Token]
    phrases: Spotter
    sentence: Sentence
    mentions: list[Mention]
    actors: list[Actor]

    @property
    def kinds(self) -> str:
        """Return the kinds of the mentions."""
        return "".join([mention.kind for mention in self.mentions])

    @property
    def opening(self) -> Actor | None:
        """Return the first actor who may speak."""
        named = (m.actor for m in self.mentions if m.kind == "A" and m.actor and m.actor.kind in _SPEAKING)
        return next((actor for actor in named if source_of(actor)), None)

    def words(self, first: int, count: int) -> list[str]:
        """Return a number of words of the sentence from one on."""
        begin = self.sentence.first + first
        return [token.low for token in self.tokens[begin : min(begin + count, self.sentence.last)]]

    def low(self, index: int) -> str:
        """Return the word at a token of the sentence, or nothing."""
        return self.tokens[index].low if self.sentence.first <= index < self.sentence.last else ""

    def roles(self, token: Token) -> set[str]:
        """Return what a word alone is."""
        return set(self.phrases.roles.get((token.low,)) or ())

    def is_tally(self, token: Token) -> bool:
        """Return whether a word is a count that somebody keeps: list, data, report."""
        return "tallies" in self.roles(token) and token.low != "toll"

    def whole(self, source: str, manner: str) -> Frame:
        """Return the frame of a speaker of the whole sentence who is inferred."""
        party = self.cast.context.affiliation(source)
        return Frame(source, party, self.sentence.first, self.sentence.last, manner, anaphoric=True)

    def before_title(self, begins: int) -> int:
        """Return where a speaker with a title begins: "doctors at …", "the press service of …"."""
        words, here = 0, begins
        while (
            here and self.mentions[here - 1].kind in "~OpfA" and words <= _TITLE_WORDS and begins - here < _TITLE_PIECES
        ):
            words += self.mentions[here - 1].last - self.mentions[here - 1].first
            here -= 1
        return here if here and self.mentions[here - 1].kind in ',"-' else begins

    def own_words(self) -> Frame | None:
        """Return the frame of "by his words", "by the same count", "by the specified data"."""
        source = self.cast.speaker
        if source is None:
            return None
        head = self.tokens[self.sentence.first : min(self.sentence.first + 7, self.sentence.last)]
        if self.words(0, 1)[:1] in (["by"], ["according"]) and any(self.is_tally(token) for token in head):
            return self.whole(source, "anaphor")
        words = self.words(0, self.sentence.last - self.sentence.first)
        for index, word in enumerate(words[:-2]):
            anaphor = words[index + 1] in _POSSESSIVES or words[index + 1 : index + 3] == ["the", "same"]
            if word not in {"by", "in", "to"} or not anaphor:
                continue
            place = self.sentence.first + index
            if any(self.is_tally(token) for token in self.tokens[place + 2 : min(place + 4, self.sentence.last)]):
                return self.whole(source, "anaphor")
        return None

    def tallies(self, found: list[Frame]) -> list[Frame]:
        """Return the frames of tallies: "by its army's own count", "the latest data of the State Emergency Service"."""
        frames = []
        for mention in self.mentions:
            actor = mention.actor
            framed = any(f.first <= mention.first < f.last and f.source for f in found)
            if mention.kind != "A" or actor is None or framed:
                continue
            source = source_of(actor)
            if source and self._beside_tally(actor):
                frames.append(Frame(source, actor.party, self.sentence.first, self.sentence.last, "tally"))
        return frames

    def _beside_tally(self, actor: Actor) -> bool:
        after = self.tokens[actor.last : min(actor.last + 3, self.sentence.last)]
        if self.tokens[actor.last - 1].owns and any(self.is_tally(token) for token in after):
            return True
        if self.low(actor.first - 1) == "and":
            return False
        before = self.tokens[max(self.sentence.first, actor.first - 7) : actor.first]
        links = [n for n, token in enumerate(before) if token.low in {"of", "by", "from"}]
        linked = bool(links) and any(self.is_tally(token) for token in before[: links[-1]])
        return linked or self.is_tally(self.tokens[actor.last - 1])


def source_of(actor: Actor) -> str | None:
    """Return the source that an actor is as a speaker."""
    return None if actor.kind in {"nobody", "place", "pronoun"} else actor.source
