"""The timers of an episode: the earliest is known, in any order of insertion."""

from __future__ import annotations

from random import Random

import pytest

from streams.core.ceasefires.timer_queue import TimerQueue


@pytest.mark.parametrize("seed", range(5))
def test_it_is_a_table_of_times_with_the_earliest_at_hand(seed: int) -> None:
    """Set, moved and taken away in any order: what is due until any time is what a plain table says."""
    dice = Random(seed)
    waiting, table = TimerQueue(), dict[tuple[str, str], int]()
    for _ in range(2_000):
        key = (f"c{dice.randrange(40)}", "")
        due = dice.choice([None, dice.randrange(100), dice.randrange(100)])
        waiting.set(key, due)
        if due is None:
            table.pop(key, None)
        else:
            table[key] = due
        clock = dice.randrange(100)
        assert waiting.get(key) == due
        assert waiting.first() == min(table.values(), default=None)
        assert set(waiting.due(clock)) == {each for each, at in table.items() if at <= clock}
        assert (bool(waiting), repr(waiting)) == (bool(table), repr(sorted(table.items())))


def test_what_is_no_longer_waited_for_does_not_pile_up() -> None:
    waiting = TimerQueue()
    for due in range(10_000):
        waiting.set(("main", ""), due)
    assert len(waiting._heap) < 100
    assert list(waiting.due(10_000)) == [("main", "")]
