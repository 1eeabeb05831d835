"""Numbers that count no people: dates, times, ages, money, ranks; by ordered questions, the first answer counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streams.reading.lexicon import Spotter
from streams.reading.numbers import MONTHS, WORDS
from streams.reading.tokens import Token, words_of

TIME_UNITS: Final = words_of(
    "second seconds minute minutes hour hours day days week weeks weekend weekends month months "
    "year years decade decades "
    "century centuries o'clock am pm a.m. p.m. night nights hrs",
)
_DISTANCES: Final = words_of(
    "km kilometres kilometers kilometre kilometer metres meters metre meter m miles mile feet "
    "square hectares km2 sq inches "
    "cm mm yards acres",
)
_MONEY: Final = words_of(
    "dollars dollar euros euro pounds rubles roubles hryvnia hryvnias shekels shekel yuan lira cents",
)
_RANKED: Final = words_of(
    "no nos number road route highway article resolution page unit protocol statement version "
    "channel card phase stage line",
)
#: Nouns in the singular that hold several people: "a family of five was killed".
_COLLECTIVES: Final = words_of("family crew team group unit patrol couple party squad platoon garrison staff convoy")
STOP: Final = words_of(
    "in on at by to for from with without after before during near as than that which who whom "
    "whose when where while but "
    "and or nor so is are was were be been being has have had will would could can may might "
    "must do does did not it its "
    "they their he his she her we our i you this these those the a an of into onto over under "
    "against between among across "
    "through per via if because until till since about up down out off said says told it's there "
    "here only also according "
    "amid despite left still were what how why",
)
_YEAR_LINKS: Final = words_of("in since of from until by during early late mid the")
_YEAR_NOUNS: Final = words_of("war earthquake offensive conflict campaign truce clashes")
_COUNTING: Final = words_of("stand stands stood put puts toll number deaths remains total")
_RANGING: Final = words_of("range ranges ranging run runs vary varies varying anywhere fled crossed")
_GLUED: Final = {"am": "time", "pm": "time", "mm": "equipment", "km": "distance", "m": "distance", "kg": "distance"}
_CALIBRES: Final = words_of("mm pound ton tonne kg caliber")
_CURRENCIES: Final = frozenset("$€£₴₽")
_OLDEST: Final = 110

#: The reason, and the token after what it covers.
Reason = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Case:
    """A number with its neighbours."""

    tokens: Sequence[Token]
    phrases: Spotter
    index: int
    end: int

    @property
    def text(self) -> str:
        """Return the first token of the number."""
        return self.tokens[self.index].text

    @property
    def digits(self) -> bool:
        """Return whether the number is in digits."""
        return self.tokens[self.index].kind == "number"

    def back(self, steps: int) -> Token:
        """Return a token before the number, or an empty one."""
        return self.tokens[self.index - steps] if self.index >= steps else _NOTHING

    def ahead(self, steps: int = 0) -> Token:
        """Return a token after the number, or an empty one."""
        return self.tokens[self.end + steps] if self.end + steps < len(self.tokens) else _NOTHING

    @property
    def glued(self) -> bool:
        """Return whether the next token follows without a space."""
        return self.ahead().start == self.tokens[self.end - 1].end

    def roles(self, token: Token) -> set[str]:
        """Return what a word alone is."""
        return set(self.phrases.roles.get((token.low,)) or ())


_NOTHING: Final = Token("none", " ", "", -1, -1)


def why_no_people(tokens: Sequence[Token], phrases: Spotter, index: int, end: int) -> Reason | None:
    """Return why a number counts no people, and where that ends; None where it may count some."""
    case = _Case(tokens, phrases, index, end)
    for question in QUESTIONS:
        answer = question(case)
        if answer is not None:
            return answer if answer[0] else None
    return None


def why_unread(tokens: Sequence[Token], index: int) -> str:
    """Return what digits are that are no whole number: 11.15, 24.02.22, 3.5 per cent, a card number."""
    text = tokens[index].text
    after = tokens[index + 1].low if index + 1 < len(tokens) else ""
    parts = text.split(".")
    if after in {"%", "percent", "per"}:
        return "percent"
    if len(parts) == 3:
        return "date"
    if len(parts) == 2 and all(part.isdecimal() and len(part) <= 2 for part in parts) and len(parts[1]) == 2:
        day = int(parts[0]) <= 31 and 1 <= int(parts[1]) <= 12 and after not in {"am", "pm"}
        return "date" if day else "time"
    return "money" if index and tokens[index - 1].text in _CURRENCIES else "not_people"


def _money(case: _Case) -> Reason | None:
    if case.back(1).text in _CURRENCIES:
        return "money", case.end
    return ("money", case.end + 1) if case.ahead().low in _MONEY else None


def _named(case: _Case) -> Reason | None:
    """Answer for BM21, RN17, Su-27, 9/11."""
    before, start = case.back(1), case.tokens[case.index].start
    if before.end != start:
        return None
    if before.kind == "word":
        return "rank_or_unit", case.end
    further = case.back(2)
    if before.text not in "-/" or further.end != before.start:
        return None
    if before.text == "/" and further.kind == "number":
        return "date", case.end
    return ("rank_or_unit", case.end) if further.kind == "word" and further.low not in WORDS else None


def _superseded(case: _Case) -> Reason | None:
    """Answer for the old figure of "from six to at least 14"."""
    ranges = {token.low for token in case.tokens[max(0, case.index - 4) : case.index]} & _RANGING
    old = case.back(1).low == "from" and case.ahead().low in {"to", ","} and not ranges
    return ("superseded", case.end) if old else None


def _ordinal(case: _Case) -> Reason | None:
    return ("ordinal", case.end + 1) if case.glued and case.ahead().low in {"th", "st", "nd", "rd"} else None


def _glued_unit(case: _Case) -> Reason | None:
    unit = _GLUED.get(case.ahead().low) if case.glued else None
    return (unit, case.end + 1) if unit else None


def _hyphened(case: _Case) -> Reason | None:
    """Answer for a number that a hyphen joins to a word: 44-day, 12-year-old, 23-mm, UPDATE 3-Missile."""
    mark, word = case.ahead(), case.ahead(1)
    if not case.glued or mark.text not in "-–/" or word.start != mark.end:
        return None
    if word.kind == "number":
        return ("date" if mark.text == "/" else "year" if len(word.text) == 4 else "not_people"), case.end
    unit = _unit(word.low)
    if unit is not None:
        return unit, case.end + 2
    capital = case.back(1).text.isupper() and word.text[0].isupper()
    return ("ordinal", case.end) if capital else ("not_people", case.end + 2)


def _unit(word: str) -> str | None:
    """Return what a number measures that a hyphen joins to a word."""
    stem = word.split("-", maxsplit=1)[0]
    if "old" in word or word.startswith("year-"):
        return "age"
    if stem in TIME_UNITS:
        return "time"
    if stem in _CALIBRES:
        return "equipment"
    return "distance" if stem in _DISTANCES or stem in {"mile", "kilometer", "kilometre"} else None


def _dotted_hour(case: _Case) -> Reason | None:
    after = case.ahead()
    hour = case.glued and after.text == "." and case.ahead(1).start == after.end and case.ahead(1).kind == "number"
    return ("time", case.end) if hour else None


def _percent(case: _Case) -> Reason | None:
    low, next_low = case.ahead().low, case.ahead(1).low
    if low in {"%", "percent"} or (low == "per" and next_low == "cent"):
        return "percent", case.end + 1
    return ("percent", case.end + 2) if low == "in" and next_low == "ten" else None


def _date(case: _Case) -> Reason | None:
    """Answer for a day beside its month; "7 March 18 more rebels" has one already."""
    if not case.digits:
        return None
    if case.ahead().low in MONTHS and case.ahead().text[0].isupper():
        return "date", case.end + 1
    before = case.back(1)
    if before.low in MONTHS and before.text[0].isupper():
        taken = case.back(2).kind == "number" and len(case.text) != 4
        return ("", case.end) if taken else ("date", case.end)
    return ("date", case.end) if before.text == "." and case.back(2).low in MONTHS else None


def _year(case: _Case) -> Reason | None:
    text, before, after = case.text, case.back(1), case.ahead()
    if not (len(text) == 4 and text.isdecimal() and 1900 <= int(text) <= 2100 and case.end == case.index + 1):
        return None
    if before.low in MONTHS or before.low in _YEAR_LINKS:
        return None if {"person", "group"} & case.roles(after) else ("year", case.end)
    if before.text == "," and case.back(2).kind == "number":
        return "year", case.end
    alone = not after.low.isalpha() or after.low in STOP or after.low in _YEAR_NOUNS
    return ("year", case.end) if alone else None


def _time(case: _Case) -> Reason | None:
    """Answer for a length of time, or an hour in words."""
    low, next_low, before = case.ahead().low, case.ahead(1).low, case.back(1).low
    if low in TIME_UNITS or (low in {"further", "more", "long"} and next_low in TIME_UNITS):
        return ("age" if low.startswith("year") and next_low == "old" else "time"), case.end + 1
    parts = {"morning", "evening", "afternoon"} | ({"the"} if low == "in" else set())
    if low in {"this", "in"} and next_low in parts and before in {"at", "since", "around", "by", "until"}:
        return "time", case.end + 2
    counting = {token.low for token in case.tokens[max(0, case.index - 8) : case.index]} & _COUNTING
    hour = before == "at" and not counting and not case.digits and (not low.isalpha() or low in STOP)
    return ("time", case.end) if hour else None


def _distance(case: _Case) -> Reason | None:
    return ("distance", case.end + 1) if case.ahead().low in _DISTANCES else None


def _rank(case: _Case) -> Reason | None:
    """Answer for "No. 2", "road 15"; "the wounded number 89,166" is not one."""
    before = case.back(1).low
    if before not in _RANKED or (before == "number" and case.ahead().low == "of"):
        return None
    verb = before in {"number", "numbers"} and {"past", "adjective", "people", "adverbs"} & case.roles(case.back(2))
    return None if verb else ("rank_or_unit", case.end)


def _age(case: _Case) -> Reason | None:
    """Answer for "aged 34", "A man, 71, died", "a girl of nine"."""
    before, after = case.back(1), case.ahead()
    if before.low in {"aged", "age"} or (before.low == "under" and after.low in {",", "first"}):
        return "age", case.end
    single = _is_single(case, case.back(2))
    if before.text == "," and after.text == "," and case.digits:
        aged = case.text.isdecimal() and len(case.text) <= 3 and int(case.text) < _OLDEST
        return ("age", case.end) if aged and (single or case.back(2).text[0].isupper()) else None
    one = single and case.back(2).low not in _COLLECTIVES
    closed = not after.low.isalpha() or (one and bool(after.low in STOP or {"past", "none"} & case.roles(after)))
    return ("age", case.end) if before.low == "of" and single and closed else None


def _is_single(case: _Case, token: Token) -> bool:
    return bool({"person", "group"} & case.roles(token)) and not token.low.endswith("s")


#: The questions, in order; one that answers "" says that the number may count people.
QUESTIONS: Final[tuple[Callable[[_Case], Reason | None], ...]] = (
    _money,
    _named,
    _superseded,
    _ordinal,
    _glued_unit,
    _hyphened,
    _dotted_hour,
    _percent,
    _date,
    _year,
    _time,
    _distance,
    _rank,
    _age,
)
