"""Marks: read back as they were made, and nothing else is read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.web.sse.marks import MARK_MAX, BadMark, Mark, Stamp

OFFSETS = st.integers(0, 2**63 - 1)
MARKS = st.builds(
    Mark,
    st.binary(min_size=4, max_size=4),
    st.lists(OFFSETS, max_size=20).map(tuple),
    st.none() | st.tuples(st.text(max_size=10), OFFSETS),
)


@given(MARKS)
def test_a_mark_is_read_as_it_was_made(mark: Mark) -> None:
    text = mark.encode()
    assert re.fullmatch("[A-Za-z0-9_-]+", text)
    assert Mark.decode(text) == mark


@given(st.lists(st.tuples(st.integers(0, 4), OFFSETS), max_size=10))
def test_a_stamp_makes_the_mark_of_the_positions_it_was_moved_to(moves: list[tuple[int, int]]) -> None:
    positions = [0] * 5
    stamp = Stamp(b"logs", tuple(positions))
    for place, offset in moves:
        positions[place] = offset
        stamp.move(place, offset)
    assert stamp.mark() == Mark(b"logs", tuple(positions)).encode()


@given(MARKS, st.data())
def test_a_mark_cut_short_or_altered_is_none(mark: Mark, data: st.DataObject) -> None:
    text = mark.encode()
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("Ab0-_").filter(lambda character: character != text[at]))
    for wrong in (text[:at], text[:at] + other + text[at + 1 :]):
        try:
            read = Mark.decode(wrong)
        except BadMark:
            continue
        # The last character may carry bits that say nothing.
        assert (read, at) == (mark, len(text) - 1)


@given(st.text(max_size=50) | st.just("A" * (MARK_MAX + 1)))
def test_whatever_else_is_given_is_refused(text: str) -> None:
    with pytest.raises(BadMark):
        Mark.decode(text)
