"""The table of a partition's states."""

import pytest

from streams.processing.partition_state import TRANSITIONS, PartitionEvent, PartitionState, next_state
from streams.processing.status import PartitionStatus

S, E = PartitionState, PartitionEvent


def test_a_takeover_passes_each_state_in_order() -> None:
    status = PartitionStatus(0)
    states = [status.state]
    for event in (E.TAKEOVER, E.FENCED, E.RESTORED, E.REBALANCE, E.ASSIGNED, E.FAILED, E.RETRY):
        status.on(event)
        states.append(status.state)
    assert states == [S.WAITING, S.FENCING, S.RESTORING, S.RUNNING, S.PAUSED, S.RUNNING, S.BLOCKED, S.WAITING]


def test_only_a_restored_partition_runs() -> None:
    """Nothing leads to RUNNING but a whole takeover, or the end of a rebalance after one."""
    assert {pair for pair, state in TRANSITIONS.items() if state is S.RUNNING} == {
        (S.RESTORING, E.RESTORED), (S.PAUSED, E.ASSIGNED),
    }  # fmt: skip
    assert {state for state, event in TRANSITIONS if event is E.RESTORED} == {S.RESTORING}


@pytest.mark.parametrize("state", list(S))
def test_every_working_state_can_fail(state: PartitionState) -> None:
    if state is not S.BLOCKED:
        assert next_state(state, E.FAILED) is S.BLOCKED


@pytest.mark.parametrize("state", [S.WAITING, S.FENCING, S.RESTORING, S.BLOCKED])
def test_a_rebalance_changes_no_other_state(state: PartitionState) -> None:
    assert next_state(next_state(state, E.REBALANCE), E.ASSIGNED) is state


def test_a_transition_outside_the_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="no transition from waiting on RESTORED"):
        next_state(S.WAITING, E.RESTORED)


def test_a_paused_partition_counts_as_running() -> None:
    assert [state for state in S if PartitionStatus(0, state).runs] == [S.RUNNING, S.PAUSED]
