"""The effect of a message is undone, by hand or after an exception, and batches pass the stages as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streams.core.folds import ceasefires, counts, statements
from streams.core.ledger import Ledger
from streams.core.model import Registration
from streams.core.source_registry import Registry, Source
from streams.core.state.step import Outcome, Step
from tests.support.build import (
    REGISTRY,
    Story,
    act,
    at,
    denies,
    killed,
    more,
    read,
    report,
    says,
    tick,
    view,
    withdrawal,
)
from tests.support.ledger_state import whole_state

BATCH = [
    report("a", killed(7), act("agreed", effective_at=at(15))),
    report("b", denies("a"), says(text="!"), source="watch"),
    report("a", killed(7), killed(8, outcome="wounded"), act("agreed", effective_at=at(15)), revision=2),
    report("c", more(1, incident="x"), act("violation_alleged"), published_at=at(14, 18)),
    report("d", more(2, incident="x"), killed(9, basis="derived"), published_at=at(14, 19)),
    tick(at(16)),
    withdrawal("c", published_at=at(14, 18)),
    report("e", killed(3, party="south"), act("collapsed"), published_at=at(17), source="mod.south"),
    report("e", act("suspended"), says(), published_at=at(17), revision=3),
    report("f", killed(4), act("extended", expires_at=at(19)), published_at=at(18), episode="war-2"),
    tick(at(20), "war-2"),
    withdrawal("d", published_at=at(14, 19)),
    withdrawal("b"),
]


def test_batch_in_stages_gives_the_same_changes() -> None:
    """A batch taken stage by stage gives the same changes as one by one."""
    one_by_one = Story(*BATCH)
    ledger = Ledger(REGISTRY)
    steps = []
    for record in BATCH:
        steps.append(ledger.intake(read(record)))
        ledger.fold_counts(steps[-1])
    for step in steps:
        ledger.fold_ceasefires(step)
    assert [change for step in steps for change in step.changes()] == one_by_one.changes
    assert [ledger.picture(name) for name in ledger.episodes()] == [
        one_by_one.ledger.picture(name) for name in one_by_one.ledger.episodes()
    ]


def test_undo_takes_back_a_step_whatever_it_did() -> None:
    story = Story()
    for record in BATCH:
        before = whole_state(story.ledger)
        step = story.ledger.take(read(record))
        assert whole_state(story.ledger) != before
        story.ledger.undo(step)
        assert whole_state(story.ledger) == before
        story.take(record)
    assert story.changes == Story(*BATCH).changes


def test_a_batch_is_undone_newest_first() -> None:
    ledger = Ledger(REGISTRY)
    steps = []
    for record in BATCH:
        steps.append(ledger.intake(read(record)))
        ledger.fold_counts(steps[-1])
    for step in steps:
        ledger.fold_ceasefires(step)
    for step in reversed(steps):
        ledger.undo(step)
    assert ledger.episodes() == []
    assert [change for record in BATCH for change in ledger.take(read(record)).changes()] == Story(*BATCH).changes


BREAKS: list[tuple[Any, str]] = [
    (counts, "_publish"),
    (counts, "_apply_figure"),
    (statements, "_value"),
    (ceasefires, "_publish"),
    (ceasefires, "schedule"),
    (ceasefires, "applied_acts"),
]


@pytest.mark.parametrize(("where", "name"), BREAKS, ids=[name for _, name in BREAKS])
def test_an_exception_anywhere_leaves_the_state_as_before(
    where: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time that the function is called is tried as the one that fails."""
    for at_call in range(3):
        story = Story(*BATCH[:9])
        before = whole_state(story.ledger)
        last = report("e", killed(1), act("resumed"), says(text="?"), denies("a"), published_at=at(20), revision=4)
        with monkeypatch.context() as patch:
            patch.setattr(where, name, _failing(getattr(where, name), at_call))
            try:
                story.ledger.take(read(last))
            except ZeroDivisionError:
                assert whole_state(story.ledger) == before
            else:
                continue
        assert story.ledger.take(read(last)).casualties


def _failing(function: Callable[..., Any], at_call: int) -> Callable[..., Any]:
    calls = iter(range(at_call, -1, -1))

    def fails(*arguments: Any) -> Any:
        if not next(calls, 1):
            return 1 // 0
        return function(*arguments)

    return fails


# --- another registry -------------------------------------------------------------------------------------------------


def reopened(story: Story, registry: Registry) -> Ledger:
    """The story's ledger after a restart with another registry."""
    ledger = Ledger(registry)
    for key, stored in story.stored.items():
        ledger.load(key, stored)
    ledger.loaded()
    return ledger


def test_new_registry_publishes_changed_views() -> None:
    """The cause of those changes is the registry's digest."""
    other = Registry({"watch": Source("A voice of the south", "official", "south")})
    story = Story(
        report("a", act("agreed"), killed(7), source="watch"),
        report("b", act("agreed", by="north"), episode="war-2"),
    )
    ledger = reopened(story, other)
    steps: list[Step] = list(ledger.register())
    before, after = view("agreed", at(14, 12)), view("agreed", at(14, 12), declared_by=["south"])
    assert [(step.outcome, step.message, [*step.changes()]) for step in steps] == [
        (
            Outcome.REGISTERED,
            Registration("war", other.digest),
            [
                (
                    "ceasefires",
                    {
                        "change_id": f"war/main/{name}@2",
                        "episode": "war",
                        "ceasefire": "main",
                        "view": name,
                        "version": 2,
                        "before": before,
                        "after": after,
                        "cause": {"registry": other.digest},
                    },
                )
                for name in ("joint", "source:watch")
            ],
        )
    ]
    assert list(ledger.register()) == []


def test_the_same_registry_publishes_nothing() -> None:
    story = Story(report("a", act("agreed")))
    assert list(reopened(story, REGISTRY).register()) == []


def test_a_step_of_the_registry_can_be_undone() -> None:
    story = Story(report("a", act("agreed"), source="watch"))
    ledger = reopened(story, Registry({"watch": Source("A voice of the south", "official", "south")}))
    before = whole_state(ledger)
    (step,) = ledger.register()
    ledger.undo(step)
    assert whole_state(ledger) == before
