"""Unknown names: who is named in capitals and is in no registry."""

from typing import Final

from streams.reading.document import slug_of
from streams.reading.numbers import MONTHS
from streams.reading.tokens import Token, words_of

_JOINERS: Final = frozenset({"of", "for", "and", "the", "in", "de", "al", "on"})
_TITLES: Final = words_of("mr mrs ms dr general colonel captain lieutenant major brigadier sheikh sir")
_NO_NAMES: Final = words_of(
    "monday tuesday wednesday thursday friday saturday sunday correction update note total "
    "telegram facebook twitter christmas easter"
)


def capitalised(tokens: list[Token], index: int, last: int) -> list[int]:
    """Return a run of capitalised words, as a person's name is."""
    run: list[int] = []
    while index < last and tokens[index].kind == "word" and tokens[index].text[0].isupper() and len(run) < 4:
        if tokens[index].low in _NO_NAMES or tokens[index].low in MONTHS:
            break
        run.append(index)
        index += 1
    return run


def name_before(tokens: list[Token], index: int, first: int) -> tuple[int, str] | None:
    """Return where an unknown name that ends before a token begins, and its slug ("the Union of Miners")."""
    begin = index
    while begin > first and tokens[begin - 1].kind == "word":
        token = tokens[begin - 1]
        if not (token.text[0].isupper() or token.low in _JOINERS) or index - begin > 7:
            break
        begin -= 1
    while begin < index and (tokens[begin].low in _JOINERS or not tokens[begin].text[0].isupper()):
        begin += 1
    words = [token.text for token in tokens[begin:index]]
    if len(words) == 1 and (tokens[begin].low in _NO_NAMES or tokens[begin].low in MONTHS):
        return None
    return (begin, slug_of(" ".join(words).removesuffix("'s"))) if words else None


def name_after(tokens: list[Token], index: int, last: int) -> tuple[int, str] | None:
    """Return where an unknown name that begins at a token ends, and its slug."""
    begin = index
    while begin < last and tokens[begin].low in {"the", "a"} | _TITLES:
        begin += 1
    end = begin
    while (
        end < last
        and tokens[end].kind == "word"
        and (tokens[end].text[0].isupper() or (end > begin and tokens[end].low in _JOINERS))
    ):
        end += 1
    while end > begin and not tokens[end - 1].text[0].isupper():
        end -= 1
    words = [token.text for token in tokens[begin:end]]
    return (end, slug_of(" ".join(words).removesuffix("'s"))) if words else None
