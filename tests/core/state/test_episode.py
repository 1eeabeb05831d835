"""The properties of a step (contract sections 4 and 7)."""

from __future__ import annotations

import pytest

from streams.core.model import Message, Registration, Tick
from streams.core.state.step import Outcome, Step
from tests.support.build import killed, read_report, report, us


@pytest.mark.parametrize("outcome", Outcome)
def test_only_some_outcomes_move_an_episode(outcome: Outcome) -> None:
    """A duplicate or stale report moves nothing."""
    step = Step(Tick(us(14), "war"), outcome)
    assert step.moves == (outcome in {"accepted", "tick", "registered"})


def test_a_step_names_its_episode_and_its_report_if_it_has_one() -> None:
    messages: list[Message | Registration] = [
        read_report(report("a", killed(7))),
        Tick(us(14), "war"),
        Registration("war", "0" * 12),
    ]
    steps = [Step(message, Outcome.ACCEPTED) for message in messages]
    assert [(step.episode, step.report_id) for step in steps] == [("war", "a"), ("war", ""), ("war", "")]


def test_changes_come_by_topic_in_the_order_of_the_contract() -> None:
    step = Step(Tick(us(14), "war"), Outcome.TICK)
    step.statements, step.ceasefires = [("s@1", b'{"n":4}')], [("v@1", b'{"n":3}')]
    step.casualties = [("c@1", b'{"n":1}'), ("d@1", b'{"n":2}')]
    assert step.published() == [
        ("casualties", "c@1", b'{"n":1}'),
        ("casualties", "d@1", b'{"n":2}'),
        ("ceasefires", "v@1", b'{"n":3}'),
        ("statements", "s@1", b'{"n":4}'),
    ]
    assert step.changes() == [
        ("casualties", {"n": 1}),
        ("casualties", {"n": 2}),
        ("ceasefires", {"n": 3}),
        ("statements", {"n": 4}),
    ]
