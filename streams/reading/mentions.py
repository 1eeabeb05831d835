"""Mentions: a sentence as a row of marked pieces, each of a kind that one letter names."""

from dataclasses import dataclass
from typing import Any, Final

from streams.reading.actors import Actor
from streams.reading.figures import Figure, FigureReader
from streams.reading.lexicon import Spotter
from streams.reading.numbers import QUALIFIERS, Count, is_number_word
from streams.reading.tokens import Token, words_of

#: The kinds. A clause pattern (clauses.py) is a regular expression over these letters.
KINDS: Final = {
    "f": "a number with the people that it counts, or one unnamed person",
    "n": "a bare number",
    "u": "a number with a noun that the lexicon does not know",
    "F": "a number that says its outcome itself: 7 dead, 13 wounded servicemen",
    "x": "a number of other things: years, times, tanks",
    "p": "people without a number",
    "k": "past or participle of a verb of harm: killed",
    "K": "its active forms: kills, killing, had killed",
    "B": "its passive: were killed, are missing",
    "I": "a verb of harm without an object: died",
    "a": "an adjective of it: dead, missing",
    "o": "a noun of it: deaths, toll, injuries",
    "L": "leave",
    "M": "mourn: a verb of saying that says a death too",
    "C": "contact",
    "Z": "lose",
    "E": "rises to, stands at, is",
    "O": "of",
    "A": "an actor",
    "y": "a verb of saying",
    "w": "including, among them",
    "h": "could, if",
    "g": "not, no",
    "b": "were",
    "v": "that",
    "r": "who, which",
    "d": "along with",
    "j": "while, after, as",
    "c": "and",
    "T": "toll",
    "t": "number, total",
    "|": "bar",
    ",": "comma",
    ";": "semicolon",
    ":": "colon",
    "-": "dash",
    "(": "bracket",
    ")": "bracket",
    '"': "quote",
    "~": "one to three other words",
    "^": "more other words",
}
_FELL: Final = words_of("on from to by into down ill over silent short apart")
_MOURN: Final = words_of("mourned mourns mourning")
_LEAVE: Final = words_of("left leaving leaves leave")
_LOSE: Final = words_of("lost lose loses losing")
_AND: Final = words_of("and or as plus & +")
_TOLL: Final = words_of(
    "count tally total totals number figure losses list balance statistics statistic numbers names counts"
)
_EQUALS: Final = words_of(
    "to at reached reaches reaching exceed exceeds exceeded passed pass passes totals totalled totaled "
    "number numbered numbers stands stood stand was is as of were "
    "are than surpassed surpasses topped tops by comprises hit past made includes included consisted"
)
_RISES: Final = words_of(
    "rose rises risen rising rise climbed climbs climbing increased increases increasing grew "
    "grown raised lowered fell dropped up went gone come comes cut revised amounted amounts "
    "brought brings"
)
#: From more words on a run is a long one.
_SHORT_RUN: Final = 3
_STEPS: Final = words_of("by again further up down to about")
#: Helping words by the kind that they are, the first that has one.
_WORDS: Final = {
    word: kind
    for kind, words in reversed(
        (
            ("r", words_of("who which whose whom")),
            ("j", words_of("as while after when because although though whereas")),
            ("C", words_of("connection contact communication")),
            ("L", _LEAVE),
            ("Z", _LOSE),
            ("c", _AND),
            ("v", words_of("that whether")),
            ("O", words_of("of")),
            ("E", _RISES),
            ("T", words_of("toll tolls")),
            ("t", _TOLL),
            ("E", _EQUALS),
        ),
    )
    for word in words
}
_MARKS: Final = {
    ",": ",",
    ";": ";",
    ":": ":",
    "-": "-",
    "–": "-",
    "(": "(",
    ")": ")",
    '"': '"',
    "[": "(",
    "]": ")",
    "|": "|",
}


@dataclass(slots=True)
class Mention:
    """A piece of a sentence: its kind, its tokens and what it means."""

    kind: str
    first: int
    last: int
    figure: Figure | None = None
    outcome: str | None = None
    actor: Actor | None = None
    word: str = ""


class MentionReader:
    """Marks the sentences of one document."""

    __slots__ = ("figures", "phrases", "tokens")

    def __init__(self, tokens: list[Token], phrases: Spotter, figures: FigureReader) -> None:
        self.tokens, self.phrases, self.figures = tokens, phrases, figures

    def read(self, first: int, last: int, actors: list[Actor], *, headline: bool = False) -> list[Mention]:
        """Return the mentions of a sentence, in order; together they cover it. A headline drops articles."""
        found = self._read(first, last, actors)
        for mention in found if headline else ():
            if mention.kind == "p" and mention.figure and self._is_one(mention, first):
                mention.kind, mention.figure.count = "f", Count(1)
        return found

    def _is_one(self, mention: Mention, first: int) -> bool:
        """Return whether a headline's noun is one person: "kills DPR militiaman"."""
        noun = self.tokens[mention.last - 1]
        before = self.tokens[mention.first - 1].low if mention.first > first else ""
        plural = noun.low.endswith(("s", "men")) or noun.low in {
            "people",
            "children",
            "troops",
            "police",
            "staff",
            "personnel",
            "crew",
        }
        return not plural and not noun.owns and before not in {"the", "his", "her", "its", "their"}

    def _read(self, first: int, last: int, actors: list[Actor]) -> list[Mention]:
        by_first = {actor.first: actor for actor in actors}
        found: list[Mention] = []
        index = first
        while index < last:
            mention = self._at(index, last, by_first)
            if mention.kind != "~" or not self._joined(found, mention):
                found.append(mention)
            index = max(found[-1].last, index + 1)
        return found

    def _joined(self, found: list[Mention], mention: Mention) -> bool:
        """Add other words to the run before them; a long run is of another kind."""
        if not found or found[-1].kind not in "~^":
            return False
        run = found[-1]
        run.last = mention.last
        run.kind = "^" if run.last - run.first > _SHORT_RUN else "~"
        return True

    def _at(self, index: int, last: int, actors: dict[int, Actor]) -> Mention:
        token = self.tokens[index]
        if token.kind == "mark" and token.text in _MARKS:
            return Mention(_MARKS[token.text], index, index + 1)
        figure = self.figures.at(index, last) or self._qualified(index, last)
        if figure is not None:
            return _of_figure(figure, index)
        actor = actors.get(index)
        if (
            actor is not None
            and actor.kind not in {"nobody", "pronoun"}
            and not (actor.kind == "officials" and actor.source is None)
        ):
            return self._people_of(index, last, actor) or Mention("A", index, actor.last, actor=actor)
        phrase = self.phrases.at(self.tokens, index, last) if token.kind == "word" else None
        if phrase is not None:
            mention = self._of_phrase(index, last, phrase[0], phrase[1])
            if mention is not None:
                return mention
        if actor is not None and actor.kind in {"pronoun", "officials", "nobody"}:
            return Mention("A", index, actor.last, actor=actor)
        return self._of_word(index, last)

    def _qualified(self, index: int, last: int) -> Figure | None:
        """Return a figure whose qualifier begins here: "at least 49", "no fewer than 12"."""
        for words, _ in QUALIFIERS.get(self.tokens[index].low, ()):
            end = index + len(words)
            if end < last and tuple([token.low for token in self.tokens[index:end]]) == words:
                return (
                    self.figures.at(end, last)
                    if self.tokens[end].low not in {"a", "an"} or self.tokens[end + 1 : end + 2]
                    else None
                )
        return None

    def _people_of(self, index: int, last: int, actor: Actor) -> Mention | None:
        """Return people whom a party's name describes ("Azerbaijani soldiers"), or who are a party ("rebels")."""
        if actor.kind not in {"party", "name"} or actor.party is None:
            return None
        phrase = self.phrases.at(self.tokens, actor.last, last) if actor.last < last else None
        if actor.last < last and self.figures.context.names.at(self.tokens, actor.last, last):
            phrase = None
        if phrase and ("person" in phrase[1] or "group" in phrase[1]):
            return self._people(index, phrase[0], phrase[1], actor.party)
        inner = self.phrases.at(self.tokens, index, last)
        if inner and inner[0] == actor.last and "person" in inner[1]:
            people = self._people(index, actor.last, inner[1], actor.party)
            people.actor = actor
            return people
        return None

    def _people(self, index: int, end: int, roles: Any, party: str | None) -> Mention:
        person = "civilian" if "group" in roles else roles.get("person")
        noun = self.tokens[end - 1].low
        figure = Figure(
            index,
            end,
            (index, end),
            None,
            person=person,
            group=roles.get("group"),
            party=party,
            noun=noun,
            implied=True,
        )
        return Mention("p", index, end, figure=figure)

    def _of_phrase(self, index: int, last: int, end: int, roles: Any) -> Mention | None:  # noqa: C901, PLR0911, PLR0912 - one kind a line
        if "subset" in roles and not (
            self.tokens[index].low == "of" and index and self.tokens[index - 1].low in _TOLL | {"toll"}
        ):
            return Mention("w", index, end)
        if "subset" in roles:
            return Mention("O", index, index + 1)
        if "hypothetical" in roles:
            return Mention("h", index, end, word=self.tokens[index].low)
        if "negation" in roles:
            return Mention("g", index, end, word=self.tokens[index].low)
        if self.tokens[index].low in _MOURN:
            return Mention("M", index, end, word=self.tokens[index].low)
        if "have" in roles or "be" in roles:
            verb = self._verb_group(index, last, end, roles)
            if verb is not None:
                return verb
        if "past" in roles:
            return Mention("k", index, end, outcome=roles["past"], word=self.tokens[end - 1].low)
        if "active" in roles:
            return Mention("K", index, end, outcome=roles["active"], word=self.tokens[end - 1].low)
        if "none" in roles and not (self.tokens[index].low == "fell" and end < last and self.tokens[end].low in _FELL):
            return Mention("I", index, end, outcome=roles["none"], word=self.tokens[index].low)
        for form, kind in (("adjective", "a"), ("people", "o"), ("event", "o")):
            if form in roles:
                return Mention(kind, index, end, outcome=roles[form], word=self.tokens[index].low)
        if "saying" in roles:
            return Mention("y", index, end, word=self.tokens[index].low)
        if "person" in roles or "group" in roles:
            return self._people(index, end, roles, None)
        return None

    def _verb_group(self, index: int, last: int, end: int, roles: Any) -> Mention | None:
        """Return "have been [adverb] killed" as one piece: passive, or active after have alone."""
        passive = "be" in roles
        here = end
        while here < min(last, index + 7):
            phrase = self.phrases.at(self.tokens, here, last)
            inner = phrase[1] if phrase else {}
            if phrase and "past" in inner:
                return Mention(
                    "B" if passive else "K",
                    index,
                    phrase[0],
                    outcome=inner["past"],
                    word=self.tokens[phrase[0] - 1].low,
                )
            if phrase and "none" in inner and inner["none"] and self.tokens[here].low != "fell":
                return Mention("I", index, phrase[0], outcome=inner["none"])
            if phrase and passive and "adjective" in inner:
                return Mention("B", index, phrase[0], outcome=inner["adjective"])
            if phrase and not passive and "active" in inner and self.tokens[index].low == "to":
                return Mention("K", index, phrase[0], outcome=inner["active"])
            if phrase and ("adverbs" in inner or "be" in inner):
                passive = passive or "be" in inner
                here = phrase[0]
                continue
            if self.tokens[here].low.endswith("ly") or self.tokens[here].text == '"':
                here += 1
                continue
            break
        if passive and "have" not in roles:
            return Mention(
                "E" if self.tokens[index].low in {"was", "is", "were", "are"} else "b",
                index,
                end,
                word=self.tokens[index].low,
            )
        return None

    def _of_word(self, index: int, last: int) -> Mention:
        """Return the mention of a word that only helps: by a table, or by the words beside it."""
        low = self.tokens[index].low
        found = self._of_phrase_word(index, last, low)
        if found is not None:
            return found
        kind = _WORDS.get(low)
        if kind is None:
            return Mention("~", index, index + 1)
        end = index + 1
        while low in _RISES and end < min(last, index + 4) and self.tokens[end].low in _STEPS:
            end += 1
        return Mention(kind, index, end, word=low)

    def _of_phrase_word(self, index: int, last: int, low: str) -> Mention | None:
        """Return the mention of a word whose neighbours decide: as, along with, in Ukrainian hands."""
        if low in {"hands", "captivity"} and index > 1 and self.tokens[index - 2].low == "in":
            return Mention("a", index, index + 1, outcome="captured", word=low)
        if low == "as" and self._are(index, last, "as", "well", "as"):
            return Mention("c", index, index + 3)
        if low == "as" and index + 1 < last and is_number_word(self.tokens[index + 1]):
            return Mention("E", index, index + 1, word=low)
        if low in {"along", "together"} and self._are(index + 1, last, "with"):
            return Mention("d", index, index + 2)
        return None

    def _are(self, index: int, last: int, *words: str) -> bool:
        return (
            index + len(words) <= last
            and tuple(token.low for token in self.tokens[index : index + len(words)]) == words
        )


def _of_figure(figure: Figure, first: int) -> Mention:
    if figure.why:
        kind = "x"
    elif figure.outcome is not None:
        kind = "F"
    elif figure.person is not None or figure.group is not None:
        kind = "f"
    else:
        kind = "u" if figure.noun else "n"
    return Mention(kind, first, figure.last, figure=figure, outcome=figure.outcome)
