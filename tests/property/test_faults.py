"""An exception raised anywhere in the fold of a record, or of a batch, leaves the state as before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.core.parse import Refusal
from streams.core.state.step import Step
from tests.property.faults import Fault, Faults, faults
from tests.property.folding import Fold, folded, in_bytes, inside
from tests.property.strategies import History, histories

FAULTS_A_LINE = 5
TIDIED_MOST = 20


def messages(fold: Fold, lines: tuple[str, ...]) -> list[Any]:
    """Return the messages of the valid lines."""
    said = []
    for line in lines:
        with contextlib.suppress(Refusal):
            if line.strip():
                said.append(fold.message(line.encode()))
    return said


def calls_of(switch: Faults, work: Callable[[], object]) -> int:
    """Return the number of calls of the work."""
    switch.arm(0)
    work()
    return switch.calls


def take(fold: Fold, message: Any) -> list[Step]:
    with contextlib.suppress(Refusal):
        return [fold.ledger.take(message)]
    return []


def take_in_stages(fold: Fold, batch: list[Any]) -> list[Step]:
    """A batch as the desk takes it: whatever is raised, all of its steps are undone."""
    steps: list[Step] = []
    try:
        for message in batch:
            with contextlib.suppress(Refusal):
                steps.append(fold.ledger.intake(message))
                fold.ledger.fold_counts(steps[-1])
        if any(fold.ledger.concerns_ceasefires(step) for step in steps):
            for step in steps:
                fold.ledger.fold_ceasefires(step)
    except Fault:
        for step in reversed(steps):
            fold.ledger.undo(step)
        raise
    return steps


def shaken(history: History, dice: Random, size: int, work: Callable[[Fold, Any], list[Step]]) -> Fold:
    """The history in batches of that size, each cut short by some faults before it goes through."""
    fold, sound = (Fold(history.sources, history.horizon_us) for _ in range(2))
    said = messages(fold, history.lines)
    with faults() as switch:
        for start in range(0, len(said), size):
            batch = said[start : start + size]
            load = batch if work is take_in_stages else batch[0]
            calls = calls_of(switch, lambda load=load: work(sound, load))  # type: ignore[misc]
            before = inside(fold.ledger)
            for at in dice.sample(range(1, calls + 1), min(calls, FAULTS_A_LINE)):
                switch.arm(at)
                with contextlib.suppress(Fault):
                    steps = work(fold, load)
                    switch.disarm()
                    # A heap that has been tidied up on the way takes a few calls less.
                    assert at > calls - TIDIED_MOST, f"call {at} of {calls} was not made"
                    for step in reversed(steps):
                        fold.ledger.undo(step)
                assert inside(fold.ledger) == before
            switch.disarm()
            for step in work(fold, load):
                fold.publish(step)
    return fold


@given(histories(), st.randoms(use_true_random=False))
def test_fault_in_a_record_leaves_the_state_as_before(history: History, dice: Random) -> None:
    """After faults at any calls of the fold a record is taken, and later ones are, as if nothing had been raised."""
    whole, fold = folded(history), shaken(history, dice, 1, take)
    assert in_bytes(fold.changes) == in_bytes(whole.changes)
    assert in_bytes(fold.snapshot()) == in_bytes(whole.snapshot())
    assert fold.stored == whole.stored


@given(histories(), st.randoms(use_true_random=False), st.integers(2, 5))
def test_fault_in_a_batch_leaves_the_state_as_before(history: History, dice: Random, size: int) -> None:
    """A batch taken in stages that is cut short and undone can be taken again, as if nothing had been raised."""
    whole, fold = folded(history), shaken(history, dice, size, take_in_stages)
    assert in_bytes(fold.changes) == in_bytes(whole.changes)
    assert in_bytes(fold.snapshot()) == in_bytes(whole.snapshot())
    assert fold.stored == whole.stored
