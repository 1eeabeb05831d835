"""The ledger as stored entries: what is read back, in any order, is the ledger as it was (design: state)."""

from __future__ import annotations

import random

import orjson
import pytest

from streams.core.ledger import Ledger
from tests.support.build import (
    REGISTRY,
    Story,
    act,
    at,
    cause,
    denies,
    killed,
    more,
    report,
    says,
    tick,
    value,
    withdrawal,
)
from tests.support.ledger_state import whole_state

RECORDS = [
    report("a", killed(7), says(), act("agreed", effective_at=at(16), expires_at=at(18), mediators=["osce"])),
    report("b", denies("a"), says(text="!"), source="watch"),
    report("c", more(1, incident="x", qualifier="about"), act("violation_alleged", parties=["north", "south"])),
    report("d", more(2, incident="x", since=at(13)), killed(9, basis="derived"), published_at=at(15)),
    report("d", more(2, incident="x", since=at(13)), killed(8, basis="derived"), published_at=at(15), revision=2),
    report("e", killed(9, basis="derived"), act("not_confirmed"), source="mod.south", published_at=at(15)),
    report("g", denies("nobody"), denies("e"), published_at=at(15)),
    report("f", killed(1), says(), episode="war-2"),
    withdrawal("f", episode="war-2"),
    tick(at(17)),
]


def test_an_entry_a_report_a_cell_a_view_and_an_episode() -> None:
    """Whole values under small keys: compaction keeps the last value of a key alone."""
    story = Story(report("a", killed(7), says()), report("b", act("agreed")), report("b", says(), episode="war-2"))
    assert sorted(orjson.loads(key) for key in story.stored) == [
        ["c", "war", "mod", "north", "killed", "military"],
        ["e", "war"],
        ["e", "war-2"],
        ["r", "war", "a"],
        ["r", "war", "b"],
        ["r", "war-2", "b"],
        ["v", "war", "main", ""],
        ["v", "war", "main", "mod"],
    ]


@pytest.mark.parametrize("taken", range(len(RECORDS) + 1))
def test_restored_ledger_continues_unchanged(taken: int) -> None:
    """A ledger restored after any record continues as if it had never stopped."""
    story = Story(*RECORDS[:taken])
    restored = story.restarted()
    assert whole_state(restored) == whole_state(story.ledger)
    assert restored.next_timer() == story.ledger.next_timer()
    rest = RECORDS[taken:]
    went_on = Story()
    went_on.ledger = restored
    assert went_on.take(*rest) == story.take(*rest)


def test_entries_are_read_in_any_order() -> None:
    story = Story(*RECORDS)
    dice = random.Random(7)
    for _ in range(20):
        shuffled = list(story.stored.items())
        dice.shuffle(shuffled)
        ledger = Ledger(REGISTRY)
        for key, entry in shuffled:
            ledger.load(key, entry)
        ledger.loaded()
        assert whole_state(ledger) == whole_state(story.ledger)


def test_what_was_undone_is_stored_as_it_was_before_or_deleted() -> None:
    story = Story(RECORDS[0])
    before = dict(story.stored)
    step = story.step(RECORDS[3])
    story.ledger.undo(step)
    story.store(step.touched)
    assert story.stored == before


def test_an_episode_that_was_undone_leaves_no_entry() -> None:
    story = Story()
    step = story.step(RECORDS[0])
    story.ledger.undo(step)
    assert [*story.ledger.entries(step.touched)] == [(key, None) for key in story.stored]


def test_an_entry_touched_twice_is_stored_once() -> None:
    story = Story(RECORDS[0])
    touched = [("e", "war"), ("r", "war", "a"), ("e", "war")]
    assert [orjson.loads(key)[0] for key, _ in story.ledger.entries(touched)] == ["e", "r"]


@pytest.mark.parametrize("key", [b'["x","war"]', b"[1]", b"nonsense"])
def test_what_is_no_entry_is_an_error(key: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Ledger(REGISTRY).load(key, b"[]")


def test_a_restored_cell_goes_on_from_its_last_published_value() -> None:
    story = Story(report("a", killed(7)), report("b", killed(7), published_at=at(15)))
    last = report("c", killed(8), published_at=at(16))
    resumed = Story()
    resumed.ledger = story.restarted()
    ((_, change),) = resumed.take(last)
    assert (change["version"], change["before"], change["cause"]) == (2, value(7), cause(last))
