"""Numbers as people write them, with their bounds: `read_count` for one cell, `count_at` inside a text.

A number is taken only where the whole spelling is understood: "3.5" is no count of people, and neither is a string of
a million digits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from streams.reading.tokens import Token, tokens_of, words_of

#: The greatest count of the contract (section 1).
GREATEST: Final = 10**9
_MOST_DIGITS: Final = 12
_UNITS: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS: Final[Mapping[str, int]] = MappingProxyType(
    {word: value for value, word in enumerate(_UNITS)} | {word: 10 * value for value, word in enumerate(_TENS, 2)},
)
_SCALES: Final = {"hundred": 100, "thousand": 1000, "million": 10**6, "k": 1000, "dozen": 12}
#: Months by their names.
MONTHS: Final = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ],
        1,
    )
    for name in names.split()
}
#: Words that field coders read as a number (ACLED): each with its value and qualifier.
VAGUE: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "tens": (10, "at_least"),
        "dozens": (12, "at_least"),
        "scores": (20, "at_least"),
        "hundreds": (100, "at_least"),
        "thousands": (1000, "at_least"),
        "several": (3, "about"),
    },
)
#: Phrases before a number, longest first, and what they make of it.
BEFORE: Final = tuple(
    sorted(
        (
            (tuple(phrase.split()), qualifier)
            for qualifier, phrases in {
                "at_least": "at least|no fewer than|no less than|not less than|not fewer than|minimum of"
                "|a minimum of|≥",
                "more_than": "more than|over|upwards of|in excess of|a little over|a little more than|well over"
                "|just over|greater than|above|exceeding|slightly more than|>",
                "up_to": "up to|as many as|a maximum of|maximum|no more than|not more than|at most|≤",
                "nearly": "nearly|almost|close to|just under|fewer than|less than|just short of|under|<",
                "about": "about|some|around|roughly|approximately|an estimated|estimated|circa|ca|ca .|approx|approx ."
                "|in the region of|somewhere around|perhaps|c .|~|≈",
            }.items()
            for phrase in phrases.split("|")
        ),
        key=lambda entry: -len(entry[0]),
    ),
)
#: After these "about" is no qualifier: "informed about two killed".
_TELLING: Final = words_of(
    "informed informs inform spoke speaks speak wrote writes told tells tell talk talked talks "
    "report reports reported information data message messages heard know knows news "
    "statement"
)
_BY_LAST: Final = {words[-1]: tuple(entry for entry in BEFORE if entry[0][-1] == words[-1]) for words, _ in BEFORE}
#: The same by their first word.
QUALIFIERS: Final = {words[0]: tuple(entry for entry in BEFORE if entry[0][0] == words[0]) for words, _ in BEFORE}
_AFTER: Final = {("or", "so"): "about", ("or", "more"): "at_least", ("plus",): "at_least", ("+",): "at_least"}
_GROUP_MARKS: Final = ",.'\u066c\u060c"
_CURRENCY: Final = frozenset("$€£¥₴₽")


@dataclass(frozen=True, slots=True)
class Count:
    """A number with its bounds as said; `vague` if it was a word."""

    best: int
    low: int | None = None
    high: int | None = None
    qualifier: str = "exact"
    vague: bool = False


def is_number_word(token: Token) -> bool:
    """Return whether a token is digits or a number in words."""
    return token.kind == "number" or token.low in WORDS


def read_count(text: str) -> Count | None:
    """Return the count that a whole cell says ("36-38", "19+", ">34", "ca. 40", "dozens"), or None."""
    tokens = [token for token in tokens_of(text[:200]) if token.kind != "line"]
    if len(text) > 200 or not tokens:
        return None
    if len(tokens) == 1 and tokens[0].kind == "number" and (whole := _whole_decimal(tokens[0].text)) is not None:
        return Count(whole)
    start = 1 if tokens[0].text in "(~≈<>≤≥" and len(tokens) > 1 else 0
    for first in range(start, len(tokens)):
        found = count_at(tokens, first)
        if found is None:
            continue
        count, last = found
        qualified, begin = qualify(tokens, first, count)
        return qualified if begin == 0 and last == len(tokens) else None
    return None


def digits_value(text: str) -> int | None:
    """Return the value of digits with thousands marks, of any script; None where it is no whole number."""
    plain = "".join(c for c in text if c.isdigit() or c in _GROUP_MARKS or c == "\u066b")
    parts = [""]
    marks = set()
    for character in plain:
        if character.isdigit():
            parts[-1] += str(int(character)) if character.isdecimal() else "?"
        else:
            marks.add(character)
            parts.append("")
        if len(parts[-1]) > _MOST_DIGITS:
            return None
    if "?" in "".join(parts) or "\u066b" in marks or len(marks) > 1:
        return None
    if len(parts) > 1 and (not 1 <= len(parts[0]) <= 3 or parts[0] == "0" or any(len(part) != 3 for part in parts[1:])):
        return None
    joined = "".join(parts)
    return int(joined) if 0 < len(joined) <= _MOST_DIGITS else None


def _whole_decimal(text: str) -> int | None:
    """Return the value of a spreadsheet's "12.0"."""
    whole, dot, rest = text.partition(".")
    return (
        int(whole)
        if dot and rest and not rest.strip("0") and whole.isdecimal() and len(whole) <= 9 and len(rest) < 3
        else None
    )


_STARTS: Final = frozenset({*WORDS, *VAGUE, "a", "half"})


def count_at(tokens: Sequence[Token], index: int) -> tuple[Count, int] | None:
    """Return the count that begins at a token, without what qualifies it before, and the token after it."""
    found = _single_at(tokens, index)
    if found is None:
        return None
    count, last = found
    if count.vague:
        return found
    joined = _range_end(tokens, index, last)
    if joined is not None and (upper := _single_at(tokens, joined)) is not None:
        high, end = upper
        if not high.vague and count.best < high.best <= GREATEST and not _is_year_span(tokens, index, count, high):
            return Count(count.best, count.best, high.best, "about"), end
    after = tuple(token.low for token in tokens[last : last + 2])
    for words, qualifier in _AFTER.items():
        if after[: len(words)] == words and (words != ("plus",) or _ends_clause(tokens, last + 1)):
            if words == ("+",) and last + 1 < len(tokens) and tokens[last + 1].kind == "number":
                break
            return replace(count, qualifier=qualifier), last + len(words)
    return count, last


def _ends_clause(tokens: Sequence[Token], index: int) -> bool:
    return index >= len(tokens) or tokens[index].kind == "mark"


def qualify(tokens: Sequence[Token], first: int, count: Count) -> tuple[Count, int]:
    """Return the count under the words before it ("at least", "between"), and where they begin."""
    before = tokens[first - 1].low if first else ""
    if before in {"between", "from"} and count.high is not None:
        return count, first - 1
    if before in _BY_LAST and count.high is None:
        for words, qualifier in _BY_LAST[before]:
            begin = first - len(words)
            if begin >= 0 and tuple(token.low for token in tokens[begin:first]) == words:
                if words == ("about",) and begin and tokens[begin - 1].low in _TELLING:
                    return count, first
                if begin and tokens[begin - 1].low in {"owned", "own", "owns", "add", "adds", "face", "faces"}:
                    break
                if count.vague and qualifier == "about":
                    return count, begin
                return replace(count, qualifier=qualifier), begin
    return count, first


def _range_end(tokens: Sequence[Token], index: int, last: int) -> int | None:
    """Return where the upper end of a range may begin: "36-38", "60 to 70", "between 40 and 50"."""
    if last + 1 >= len(tokens):
        return None
    link, before = tokens[last].low, tokens[index - 1].low if index else ""
    if link in {"-", "–"} and tokens[last + 1].kind == "number":
        return last + 1
    if (
        link == "to"
        and len(tokens[index].text) == 4
        and tokens[index].text.isdecimal()
        and 1900 <= int(tokens[index].text) <= 2100
    ):
        return None
    if link == "to" and before not in {"rose", "risen", "from", "increased"}:
        return last + 1
    if link == "to" and before == "from":
        return None
    return last + 1 if link == "and" and before == "between" else None


def _is_year_span(tokens: Sequence[Token], index: int, low: Count, high: Count) -> bool:
    return len(tokens[index].text) == 4 and 1900 <= low.best <= 2100 and 1900 <= high.best <= 2100


def _single_at(tokens: Sequence[Token], index: int) -> tuple[Count, int] | None:
    token = tokens[index]
    if token.kind == "number":
        return _digits_at(tokens, index)
    begins = token.low in _STARTS or "-" in token.low
    return _words_at(tokens, index) if token.kind == "word" and begins else None


def _digits_at(tokens: Sequence[Token], index: int) -> tuple[Count, int] | None:
    """Return a count in digits: spaced groups ("4 318") and scales ("2.5 million", "12 k") belong to it."""
    token, last = tokens[index], index + 1
    value = digits_value(token.text)
    scale = _SCALES.get(tokens[last].low) if last < len(tokens) else None
    if scale and tokens[last].low != "dozen":
        plain = token.text.replace(",", "") if value is not None and value < 10**6 else token.text
        whole, _, rest = plain.partition(".")
        if not (whole.isdecimal() and len(whole) <= 6 and len(rest) <= 3 and (not rest or rest.isdecimal())):
            return None
        exact = int(whole) * scale + (int(rest) * scale // 10 ** len(rest) if rest else 0)
        return (Count(exact), last + 1) if exact <= GREATEST else None
    if value is None:
        return None
    if len(token.text) <= 3 and not token.text.startswith("0"):
        digits = str(value)
        while last < len(tokens) and _continues(tokens, last):
            digits += tokens[last].text
            last += 1
        value = int(digits) if len(digits) <= _MOST_DIGITS else GREATEST + 1
    return (Count(value), last) if value <= GREATEST else None


def _continues(tokens: Sequence[Token], index: int) -> bool:
    """Return whether a token is the next group of three of a number that is written with spaces."""
    token, before = tokens[index], tokens[index - 1]
    fits = token.kind == "number" and len(token.text) == 3 and token.text.isdecimal() and token.start == before.end + 1
    if not fits or (index > 1 and before.start and tokens[index - 2].low in MONTHS):
        return False
    return index + 1 >= len(tokens) or tokens[index + 1].low not in {":", "km", "m", "metres", "meters"}


def _words_at(tokens: Sequence[Token], index: int) -> tuple[Count, int] | None:
    low = tokens[index].low
    if low in VAGUE:
        return _vague_at(tokens, index)
    if low in {"a", "half"}:
        return _article_at(tokens, index)
    total = current = 0
    last = index
    while last < len(tokens) and tokens[last].kind == "word":
        value = _word_value(tokens[last].low)
        scale = _SCALES.get(tokens[last].low) if last > index and tokens[last].low != "k" else None
        if scale:
            current = max(current, 1) * scale
            total, current = (total + current, 0) if scale >= 1000 else (total, current)
        elif value is not None and (last == index or _adds(current, value)):
            current += value
        elif not (
            tokens[last].low == "and" and last > index and current and current % 100 == 0 and _small(tokens, last + 1)
        ):
            break
        last += 1
    return (Count(total + current), last) if last > index and total + current <= GREATEST else None


def _small(tokens: Sequence[Token], index: int) -> bool:
    return index < len(tokens) and 0 < (_word_value(tokens[index].low) or 0) < 100


def _adds(current: int, value: int) -> bool:
    """Return whether "… hundred" or "twenty" may be followed by this smaller word."""
    return (current % 100 == 0 and value < 100) or (20 <= current % 100 < 100 and current % 10 == 0 and 0 < value < 10)


def _word_value(low: str) -> int | None:
    value = WORDS.get(low)
    if value is None and "-" in low:
        tens, _, unit = low.partition("-")
        if tens in _TENS and (small := WORDS.get(unit, 0)) and small < 10:
            return WORDS[tens] + small
    return value


def _article_at(tokens: Sequence[Token], index: int) -> tuple[Count, int] | None:
    """Return "a dozen", "half a dozen", "a couple", "a few", "a hundred"."""
    words = tuple(token.low for token in tokens[index : index + 3])
    if words == ("half", "a", "dozen"):
        return Count(6), index + 3
    if words[:1] != ("a",) or len(words) < 2:
        return None
    if words[1] == "couple":
        return Count(2, vague=True), index + 2
    if words[1] == "few" and words[2:] != ("hundred",):
        return Count(3, qualifier="about", vague=True), index + 2
    scale = _SCALES.get(words[1]) if words[1] != "k" else None
    if scale and words[2:] == ("and",) and words[1] != "dozen" and _small(tokens, index + 3):
        rest = _words_at(tokens, index + 3)
        return (Count(scale + rest[0].best), rest[1]) if rest and rest[0].best < scale else (Count(scale), index + 2)
    return (Count(scale), index + 2) if scale else None


def _vague_at(tokens: Sequence[Token], index: int) -> tuple[Count, int]:
    """Return "dozens", "tens of thousands"."""
    value, qualifier = VAGUE[tokens[index].low]
    last = index + 1
    if last + 1 < len(tokens) and tokens[last].low == "of" and tokens[last + 1].low in {"thousands", "hundreds"}:
        return Count(value * VAGUE[tokens[last + 1].low][0], qualifier=qualifier, vague=True), last + 2
    if last < len(tokens) and tokens[last].low in {"hundred", "thousand", "dozen"}:
        return Count(value * _SCALES[tokens[last].low], qualifier=qualifier, vague=True), last + 1
    return Count(value, qualifier=qualifier, vague=True), last
