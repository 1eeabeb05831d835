import pytest

from streams.reading.actors import Cast
from streams.reading.clauses import AGAIN, PARTS, ROWS, Found, Row, find
from streams.reading.figures import FigureReader
from streams.reading.lexicon import Spotter, lexicon
from streams.reading.mentions import KINDS, Mention, MentionReader
from streams.reading.tokens import sentences_of, tokens_of
from tests.reading.build import CONTEXT

ALL = (*ROWS, *AGAIN, *PARTS)
named = pytest.mark.parametrize("row", ALL, ids=lambda row: row.id)


def marked(text: str) -> list[Mention]:
    """Return the mentions of the last sentence of a text."""
    table = lexicon("en")
    assert table is not None
    tokens = tokens_of(text)
    phrases = Spotter(table.phrases, tokens)
    cast = Cast(CONTEXT, phrases, "fjord-gazette")
    reader = MentionReader(tokens, phrases, FigureReader(tokens, phrases, CONTEXT))
    sentence = sentences_of(tokens)[-1]
    return reader.read(sentence.first, sentence.last, cast.actors(tokens, sentence.first, sentence.last))


def table_of(row: Row) -> tuple[Row, ...]:
    """Return the table that a row is of."""
    return next(table for table in (ROWS, AGAIN, PARTS) if row in table)


def told(found: list[Found]) -> list[tuple[int, str | None]]:
    """Return the numbers that were found and what befell those people."""
    return [
        (each.mention.figure.count.best, each.outcome)
        for each in found
        if each.mention.figure and each.mention.figure.count
    ]


@named
def test_example_is_found_by_its_row(row: Row) -> None:
    found = list(find(marked(row.example), table_of(row)))
    assert row.id in {each.row.id for each in found}


@named
def test_row_switched_off_loses_its_example(row: Row) -> None:
    """Each row is needed: without it its example is read otherwise, or not at all."""
    table = table_of(row)
    without = tuple(other for other in table if other is not row)
    assert told(list(find(marked(row.example), table))) != told(list(find(marked(row.example), without)))


@named
def test_counter_example_is_no_harm(row: Row) -> None:
    found = [each for each in find(marked(row.counter), table_of(row)) if each.outcome or each.row in PARTS]
    groups = [each for each in found if each.row in PARTS and each.mention.figure and each.mention.figure.group]
    assert [each for each in found if each.row not in PARTS] + groups == []


def test_patterns_use_known_kinds_alone() -> None:
    letters = {letter for row in ALL for letter in row.pattern if letter.isalpha()}
    groups = {letter for word in ("fig", "out", "P") for letter in word}
    assert letters - groups <= set(KINDS)


def test_ids_are_unique() -> None:
    assert len({row.id for row in ALL}) == len(ALL)
