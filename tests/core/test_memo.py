"""A function's results, remembered within bounds."""

from __future__ import annotations

import pytest

from streams.core.memo import Memo


def test_a_function_is_asked_once_until_the_memory_is_full() -> None:
    asked: list[int] = []

    def square(number: int) -> int:
        asked.append(number)
        return number * number

    squares = Memo(square, max_entries=2)
    assert [squares.get(number) for number in (2, 2, 3, 2, 3)] == [4, 4, 9, 4, 9]
    assert asked == [2, 3]
    assert squares.get(4) == 16
    assert squares._results == {4: 16}


def test_what_a_function_raises_is_not_remembered() -> None:
    numbers: Memo[str, int] = Memo(int, max_entries=2)
    for _ in range(2):
        with pytest.raises(ValueError, match="no number"):
            numbers.get("no number")
    assert not numbers._results
