"""Tokens and sentences: the text cut once, in one pass, with offsets."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

#: Marks that have no width or turn the direction; inside digits they are no break.
_INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
_TOKEN: Final = re.compile(
    rf"(?P<clock>(?<![\d.])\d{{1,2}}:\d\d(?::\d\d)?(?![\d:]))"
    r"|(?P<word>(?:[^\W\d_]\.){2,}|[^\W\d_]+(?:['-][^\W_]+)*(?:'(?=[\s,.;]))?)"
    rf"|(?P<number>\d+(?:[.,'\u066b\u066c\u060c{_INVISIBLE}]?\d)*)"
    r"|(?P<line>\n+)"
    r"|(?P<mark>[^\s\w]|_)",
)


def words_of(text: str) -> frozenset[str]:
    """Return the words of a table."""
    return frozenset(text.split())


_ABBREVIATIONS: Final = words_of(
    "mr mrs ms dr gen col lt maj capt sgt st no nos jan feb mar apr jun jul aug sep sept oct nov "
    "dec vs approx ca fig inc ltd "
    "prof rep sen gov pres u.s u.n u.k d.c a.m p.m e.g i.e etc al km"
)
_MAX_SENTENCE: Final = 220


@dataclass(slots=True)
class Token:
    """A word, number, clock time, mark or line break with its place in the text."""

    kind: str
    text: str
    low: str  # without a possessive 's
    start: int
    end: int

    @property
    def owns(self) -> bool:
        """Return whether the word is a possessive."""
        return self.text.endswith(("'s", "s'"))


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens from `first` to before `last`, and which paragraph they are in (0: the title)."""

    first: int
    last: int
    paragraph: int
    line: int


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text, in order."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        low = word.lower()
        if low.endswith(("'s", "s'")):
            low = low[:-2] if low[-2] == "'" else low[:-1]
        found.append(Token(match.lastgroup or "mark", word, low, match.start(), match.end()))
    return found


def sentences_of(tokens: list[Token]) -> list[Sentence]:
    """Return the sentences: cut at full stops, bullets and line ends, and where one grows beyond any grammar."""
    found: list[Sentence] = []
    first = paragraph = line = 0
    for index, token in enumerate(tokens):
        if token.kind == "line":
            if index > first:
                found.append(Sentence(first, index, paragraph, line))
            first = index + 1
            line += 1
            if len(token.text) > 1 or not line - 1 or _is_bullet(tokens, first):
                paragraph += 1
        elif index + 1 - first >= _MAX_SENTENCE or _ends_sentence(tokens, index):
            found.append(Sentence(first, index + 1, paragraph, line))
            first = index + 1
    if first < len(tokens):
        found.append(Sentence(first, len(tokens), paragraph, line))
    return found


def _is_bullet(tokens: list[Token], index: int) -> bool:
    return index < len(tokens) and tokens[index].kind == "mark" and tokens[index].text not in "\"'([$€£"


def _ends_sentence(tokens: list[Token], index: int) -> bool:
    mark = tokens[index]
    if mark.kind != "mark":
        return False
    if mark.text not in ".!?…؟":
        # A closing quote or bracket right after the stop belongs to the sentence that it ends.
        return mark.text in "\"')]" and index > 0 and tokens[index - 1].text in ".!?" and _starts_next(tokens, index)
    if index + 1 < len(tokens) and tokens[index + 1].text in "\"')]" and tokens[index + 1].start == mark.end:
        return False
    if mark.text == "." and index and tokens[index - 1].end == mark.start:
        before = tokens[index - 1]
        if before.low in _ABBREVIATIONS or (len(before.text) == 1 and before.text.isupper()):
            return False
    return _starts_next(tokens, index)


def _starts_next(tokens: list[Token], index: int) -> bool:
    """Return whether a new sentence may begin after this token: space, then no small letter."""
    if index + 1 >= len(tokens):
        return True
    after = tokens[index + 1]
    if after.start == tokens[index].end:
        return False
    return not (after.kind == "word" and after.text[0].islower())


def with_depth(tokens: Iterable[Token]) -> Iterator[tuple[Token, int]]:
    """Yield each token with the number of brackets that it is in; a closing bracket is outside of its own."""
    depth = 0
    for token in tokens:
        depth += (token.text in "([") - (token.text in ")]" and depth > 0)
        yield token, depth
