"""The ledger as stored entries: what is read back, in any order, is the ledger as it was (design: state)."""

from __future__ import annotations

import random

import orjson
import pytest

from streams.core.ledger import Ledger
from tests.core.build import (
    REGISTRY,
    Json,
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
from tests.core.state import everything

RECORDS = [
    report("a", killed(7), says(), act("agreed", effective_at=at(16), expires_at=at(18), mediators=["osce"])),
    report("b", denies("a"), says(text="!"), source="watch"),
    report("c", more(1, incident="x", qualifier="about"), act("violation_alleged", parties=["north", "south"])),
    report("d", more(2, incident="x", since=at(13)), killed(9, basis="derived"), published_at=at(15)),
    report("d", more(2, incident="x", since=at(13)), killed(8, basis="derived"), published_at=at(15), revision=2),
    report("e", killed(9, basis="derived"), act("not_confirmed"), source="mod.south", published_at=at(15)),
    report("f", killed(1), says(), episode="war-2"),
    withdrawal("f", episode="war-2"),
    tick(at(17)),
]


def test_keys_and_values_are_whole_and_small() -> None:
    """Compaction keeps the last value of a key alone, so no value is a difference to another."""
    story = Story(report("a", killed(7), denies("x", 1, revision=2)), report("b", act("agreed")))
    stored = {tuple(orjson.loads(key)): orjson.loads(entry) for key, entry in story.stored.items()}
    reports = {key[2]: entry for key, entry in stored.items() if key[0] == "r"}
    assert [entry.pop(1) for entry in reports.values()] == [
        story.ledger.episode("war").reports[name].digest.hex() for name in ("a", "b")
    ]
    noon = 1663156800000000
    figure = ["casualties", "north", "killed", "military", 7, 7, 7, "exact", "cumulative", noon, None, None, None]
    denial = ["statement", "denied", "casualties", None, None, ["x", 1, 2]]
    said: Json = {"source": "mod", "act": "denied", "about": "casualties", "against": None, "text": None}
    said["refers_to"] = {"report_id": "x", "claim": 1, "revision": 2}
    agreed = ["ceasefire", "main", "agreed", noon, None, None, None, None, [], [], None]
    view = story.picture()["ceasefires"][0]
    published = {name: view[name] for name in view if name not in {"ceasefire", "view", "version"}}
    assert stored == {
        ("r", "war", "a"): [1, noon, "mod", False, [figure, denial], [[1, [1, said]]]],
        ("r", "war", "b"): [1, noon, "mod", False, [agreed], None],
        ("c", "war", "mod", "north", "killed", "military"): [1, value(7)],
        ("v", "war", "main", ""): [1, published, None],
        ("v", "war", "main", "mod"): [1, published, None],
        ("e", "war"): [noon, noon],
    }


@pytest.mark.parametrize("taken", range(len(RECORDS) + 1))
def test_a_ledger_restored_at_any_record_is_as_if_it_had_never_stopped(taken: int) -> None:
    story = Story(*RECORDS[:taken])
    restored = story.restarted()
    assert everything(restored) == everything(story.ledger)
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
        assert everything(ledger) == everything(story.ledger)


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
    with pytest.raises(ValueError, match=r"no ledger entry|unexpected|expected"):
        Ledger(REGISTRY).load(key, b"[]")


def test_a_restored_cell_goes_on_from_its_last_published_value() -> None:
    story = Story(report("a", killed(7)), report("b", killed(7), published_at=at(15)))
    last = report("c", killed(8), published_at=at(16))
    resumed = Story()
    resumed.ledger = story.restarted()
    ((_, change),) = resumed.take(last)
    assert (change["version"], change["before"], change["cause"]) == (2, value(7), cause(last))
