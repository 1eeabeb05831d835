"""Figures: a number with the noun that it counts, or the reason why it counts no people."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from streams.reading.context import Context
from streams.reading.lexicon import Roles, Spotter
from streams.reading.no_people import STOP, why_no_people, why_unread
from streams.reading.numbers import Count, count_at, qualify
from streams.reading.tokens import Token, words_of

_REACH: Final = 7
_NO_ROLES: Final[Roles] = MappingProxyType({})
#: Roles of words that end a noun phrase.
_VERBS: Final = frozenset(
    {"saying", "have", "be", "none", "active", "past", "hypothetical", "negation", "subset", "adverbs"},
)
_STAFF: Final = words_of("employees staff workers members employee worker")
_LINKS: Final = words_of("of from on with for")


@dataclass(slots=True)
class Figure:
    """A number of the text, with what it counts."""

    first: int
    last: int
    number: tuple[int, int]  # the tokens of the number with its qualifier
    count: Count | None
    why: str | None = None  # the reason why it counts no people
    noun: str | None = None
    person: str | None = None  # military, civilian, unknown
    group: str | None = None
    party: str | None = None
    possessive: str | None = None  # its, their, our …
    outcome: str | None = None
    outcome_form: str | None = None
    more: bool = False
    part: bool = False  # "two of them", "eight of whom"
    implied: bool = False  # "a soldier": no number is written
    mixed: bool = False
    bare: bool = False
    army: bool = False  # "of the army": of a state's forces, whosever


class FigureReader:
    """Reads the figures of one document's tokens."""

    __slots__ = ("context", "phrases", "tokens")

    def __init__(self, tokens: list[Token], phrases: Spotter, context: Context) -> None:
        self.tokens, self.phrases, self.context = tokens, phrases, context

    def at(self, index: int, last: int) -> Figure | None:
        """Return the figure that begins at a token (a qualifier before the number is looked back for)."""
        token = self.tokens[index]
        if token.kind == "clock":
            return Figure(index, index + 1, (index, index + 1), None, "time")
        single = self._indefinite(index, last) if token.low in {"a", "an"} else None
        single = self._none(index, last) if token.low == "no" else single
        if single is not None:
            return single
        read = count_at(self.tokens, index) if token.low != "second" else None
        if read is None:
            return self._unread(index, last)
        count, end = read
        end = min(end, last)
        qualified, begin = qualify(self.tokens, index, count)
        figure = Figure(index, end, (begin, end), qualified)
        why = why_no_people(self.tokens, self.phrases, index, end)
        if why:
            figure.why, figure.last = why
            return figure
        return self._noun_phrase(figure, last)

    def _unread(self, index: int, last: int) -> Figure | None:
        """Return the figure of "both", or of digits that are no whole number."""
        span = (index, index + 1)
        if self.tokens[index].low == "both":
            found = self._noun_phrase(Figure(*span, span, Count(2)), last)
            return found if found.noun is None or found.person or found.group else None
        number = self.tokens[index].kind == "number"
        return Figure(*span, span, None, why_unread(self.tokens, index)) if number else None

    def _none(self, index: int, last: int) -> Figure | None:
        """Return the figure of "no deaths", "no civilian casualties"."""
        figure = Figure(index, index + 1, (index, index + 1), Count(0), implied=True)
        found = self._noun_phrase(figure, min(last, index + 5))
        return found if found.outcome in {"killed", "wounded"} and found.outcome_form in {"event", "people"} else None

    def _indefinite(self, index: int, last: int) -> Figure | None:
        """Return the figure of one that an article says: "a soldier", "an elderly woman", "a member of the army"."""
        figure = Figure(index, index + 1, (index, index + 1), Count(1), implied=True)
        end = index + 1
        limit = min(last, index + 7)
        party = None
        while end < limit:
            token = self.tokens[end]
            name = self.context.names.at(self.tokens, end, limit)
            phrase = self.phrases.at(self.tokens, end, limit)
            if phrase and ("person" in phrase[1] or "group" in phrase[1]):
                if (
                    phrase[1].keys() & {"officials", "institution"}
                    or self._is_plural(self.tokens[phrase[0] - 1].low)
                    or self._more_noun(phrase[0], limit)
                ):
                    return None
                figure.person, figure.group = phrase[1].get("person"), phrase[1].get("group")
                figure.noun, figure.party, figure.last = self.tokens[phrase[0] - 1].low, party, phrase[0]
                if name and name[1].party and not party:
                    figure.party = name[1].party
                self._after_noun(figure, last)
                return figure
            if name and name[1].party:
                party, end = name[1].party, name[0]
                continue
            if token.kind not in {"word", "number"} and token.text not in '-"':
                return None
            if token.low in STOP or (
                phrase
                and any(role in phrase[1] for role in ("past", "saying", "event", "active"))
                and "adjective" not in phrase[1]
                and phrase[1].get("past") not in {"wounded", "missing", "captured"}
            ):
                return None
            end += 1
        return None

    def _more_noun(self, end: int, limit: int) -> bool:
        """Return whether the noun only describes the next one ("a police station", "a militia base")."""
        if end >= limit or self.tokens[end].kind != "word" or self.tokens[end - 1].owns:
            return end < limit and self.tokens[end - 1].owns
        low = self.tokens[end].low
        roles = self.phrases.at(self.tokens, end, limit)
        if low in STOP or (
            roles and not ("person" in roles[1] or "equipment" in roles[1] or "places_nouns" in roles[1])
        ):
            return False
        if roles and "person" in roles[1]:
            return True
        return (
            not low.endswith(("ed", "ing"))
            and low not in {"then", "later", "whose", "dies", "yesterday", "today", "overnight", "on", "near"}
            and not low.endswith("ly")
        )

    def _is_plural(self, low: str) -> bool:
        return (
            (low.endswith("s") and not low.endswith("ss"))
            or low.endswith("men")
            or low in {"people", "children", "troops", "police", "staff", "personnel"}
        )

    def _noun_phrase(self, figure: Figure, last: int) -> Figure:
        """Read what follows a number: adjectives, parties, an outcome, the noun."""
        end = figure.last
        limit = min(last, end + _REACH)
        while end < limit:
            following = self._take(figure, end, limit)
            if following is None:
                break
            end = following
        if figure.person is not None or figure.group is not None:
            figure.why = None
            self._after_noun(figure, last)
        elif figure.noun and figure.outcome is None and not figure.why:
            figure.last = max(figure.last, min(end, limit))
        if figure.outcome is not None and figure.person is None:
            self._of_people(figure, last)
        if figure.person is None and figure.noun is None and not figure.party and not figure.why:
            self._from_side(figure, last)
        figure.bare = figure.person is None and figure.group is None and figure.noun is None and figure.outcome is None
        return figure

    def _take(self, figure: Figure, end: int, limit: int) -> int | None:
        """Take a word or phrase into the noun phrase; return where the next begins, or None after its end."""
        token = self.tokens[end]
        if token.text == '"' or (token.low == "own" and figure.possessive):
            return end + 1
        phrase = self.phrases.at(self.tokens, end, limit)
        close, roles = phrase or (end + 1, _NO_ROLES)
        name = self.context.names.at(self.tokens, end, limit)
        if "person" in roles or "group" in roles:
            self._take_person(figure, roles, close, name[1].party if name else None)
            return figure.last
        if name and (name[1].party or name[1].place):
            figure.party = figure.party or name[1].party
            figure.last = name[0]
            return name[0]
        if self._take_outcome(figure, roles, close, limit) or (token.low == "of" and self._of_part(figure, end, limit)):
            return figure.last
        if "more" in roles or (token.low == "military" and figure.person is None):
            figure.more, figure.last = figure.more or "more" in roles, close
            figure.person = figure.person if "more" in roles else "military"
            return close
        return self._take_noun(figure, end, roles)

    def _take_noun(self, figure: Figure, end: int, roles: Roles) -> int | None:
        """Take a word that the lexicon does not know as people: a tank, a house, something else."""
        token = self.tokens[end]
        done = figure.person is not None or figure.group is not None or figure.outcome is not None
        verb = bool(_VERBS & roles.keys()) and token.low != "wounds"
        if done or verb or token.kind != "word" or token.low in STOP:
            return None
        figure.noun = token.low
        if "equipment" in roles or "places_nouns" in roles:
            figure.why = "equipment" if "equipment" in roles else "not_people"
            figure.last = end + 1
        return end + 1

    def _take_person(self, figure: Figure, roles: Roles, end: int, party: str | None) -> None:
        person = roles.get("person")
        if self.tokens[end - 1].low in {"others", "other"}:
            figure.more, figure.last = True, end
            return
        if "group" in roles:
            figure.group, person = roles["group"], "civilian"
        if figure.person is None or person != "unknown":
            figure.person = person
        figure.noun = self.tokens[end - 1].low
        if "people" in roles and figure.outcome is None and figure.count and figure.count.best:
            figure.outcome, figure.outcome_form = roles["people"], "weak"
        figure.party = party or figure.party
        figure.last = end

    def _take_outcome(self, figure: Figure, roles: Roles, end: int, limit: int) -> bool:
        """Take an outcome inside the noun phrase: "13 wounded servicemen", "15 dead", "27 martyrs"."""
        form = next((form for form in ("people", "adjective", "event", "past") if form in roles), None)
        if form is None or figure.outcome is not None or not self._fits(figure, form, roles[form], end, limit):
            return False
        figure.outcome, figure.outcome_form, figure.last = roles[form], form, end
        if roles[form] == "captured" and self.tokens[end - 1].low in {"war", "pows"}:
            figure.person = figure.person or "military"
        return True

    def _fits(self, figure: Figure, form: str, outcome: str, end: int, limit: int) -> bool:
        """Return whether an outcome is part of the noun phrase, not the predicate of its noun."""
        if form == "past":
            alone = outcome in {"wounded", "killed_or_wounded"}
            return figure.person is None and (alone or self._person_follows(end, limit))
        if figure.person is None or form == "event":
            return True
        return form == "people" and not self._is_plural(self.tokens[figure.last - 1].low)

    def _person_follows(self, index: int, limit: int) -> bool:
        for ahead in range(index, min(index + 3, limit)):
            if self.tokens[ahead].kind != "word" or self.tokens[ahead].low in STOP:
                return False
            phrase = self.phrases.at(self.tokens, ahead, limit)
            if phrase and ("person" in phrase[1] or "group" in phrase[1]):
                return True
        return False

    def _of_part(self, figure: Figure, index: int, limit: int) -> bool:
        """Take "of its soldiers", "of them", "of Azerbaijan's soldiers"; leave other things that "of" may begin."""
        if index + 1 >= limit:
            return False
        low = self.tokens[index + 1].low
        if low in {"them", "whom", "these", "those"}:
            figure.part, figure.last = True, index + 2
            return True
        roles = self.phrases.roles.get((low,)) or {}
        if "possessives" in roles:
            figure.possessive, figure.last = low, index + 2
            return True
        if ("person" in roles or "group" in roles) and figure.person is None:
            figure.last = index + 1
            return True
        if low == "the" or self.context.names.at(self.tokens, index + 1, limit):
            end = index + (2 if low == "the" else 1)
            name = self.context.names.at(self.tokens, end, limit)
            phrase = self.phrases.at(self.tokens, name[0] if name else end, limit)
            if phrase and ("person" in phrase[1] or "group" in phrase[1]) and figure.person is None:
                figure.last = end
                return True
        return False

    def _of_charity(self, figure: Figure, index: int, last: int) -> None:
        """Take the staff of a charity or an agency as aid workers."""
        for ahead in range(index + 1, min(index + 6, last)):
            name = self.context.names.at(self.tokens, ahead, last)
            if name and name[1].source and self.context.kind(name[1].source) in {"ngo", "igo"}:
                figure.group, figure.person, figure.last = "aid_workers", "civilian", name[0]
                return

    def _from_side(self, figure: Figure, last: int) -> None:
        """Take the side of a bare number: "212 from the South"."""
        index = figure.last
        if index + 1 < last and self.tokens[index].low in {"from", "among"}:
            begin = index + (2 if self.tokens[index + 1].low == "the" else 1)
            name = self.context.names.at(self.tokens, begin, last) if begin < last else None
            if name and name[1].party:
                figure.party, figure.last = name[1].party, name[0]

    def _of_people(self, figure: Figure, last: int) -> None:
        """Take the people after an outcome: "10 wounded of its own servicemen", "5 dead among the civilians"."""
        index = figure.last
        if index + 1 >= last or self.tokens[index].low not in {"of", "among", "from"}:
            return
        possessive = party = None
        for ahead in range(index + 1, min(index + 5, last)):
            low = self.tokens[ahead].low
            roles = self.phrases.roles.get((low,)) or {}
            name = self.context.names.at(self.tokens, ahead, last)
            if "person" in roles or "group" in roles:
                self._take_person(figure, roles, ahead + 1, party)
                figure.possessive = possessive
                return
            if "possessives" in roles:
                possessive = possessive or low
            elif name and name[1].party:
                party = name[1].party
            elif low not in {"the", "own"}:
                return

    def _after_noun(self, figure: Figure, last: int) -> None:
        """Take what follows the noun: its party, its army, its charity, the press."""
        end = figure.last
        link = self.tokens[end].low if end < last else ""
        if figure.noun in _STAFF and link in {"of", "from"}:
            self._of_charity(figure, end, last)
        following = {token.low for token in self.tokens[end + 1 : min(end + 5, last)]}
        if link in {"of", "from"} and "press" in following:
            figure.group, figure.person = "press", "civilian"
        if link == "of" and end + 2 < last and self.tokens[end + 1].low in {"both", "all"}:
            figure.party, figure.last = "all", end + 3
        if link in _LINKS and end + 1 < last and not figure.party:
            self._party_after(figure, end, last)

    def _party_after(self, figure: Figure, end: int, last: int) -> None:
        """Take the party after the noun: "of the army of Burkina", "from Hezbollah", "on the Armenian side"."""
        link = self.tokens[end].low
        for ahead in range(end + 1, min(end + 6, last)):
            name = self.context.names.at(self.tokens, ahead, last)
            if name and name[1].party:
                self._take_party(figure, link, name[0], name[1].party, last)
                return
            low = self.tokens[ahead].low
            roles = self.phrases.roles.get((low,)) or _NO_ROLES
            if roles.get("institution") == "army":
                figure.army, figure.last = True, ahead + 1
            if "possessives" in roles and link == "on":
                figure.possessive, figure.last = low, ahead + 1
                return
            if low not in {"the", "of", "regular"} and "institution" not in roles and "possessives" not in roles:
                return

    def _take_party(self, figure: Figure, link: str, end: int, party: str, last: int) -> None:
        side = end < last and self.tokens[end].low in {"side", "soil", "territory"}
        if link == "on" and not side:
            return
        figure.party, figure.last = party, end
        phrase = self.phrases.at(self.tokens, end, last) if end < last else None
        if figure.person == "unknown" and phrase and phrase[1].get("institution") == "army":
            figure.person = "military"
