"""The states of a partition, as a table.

A partition is taken over in a fixed order: fence the last owner, restore the ledger, run. It leaves RUNNING only when
the consumer group rebalances, or by a failure, after which it is taken over again from the first step.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import Final

__all__ = ["TRANSITIONS", "PartitionEvent", "PartitionState", "next_state"]


class PartitionState(StrEnum):
    """The state of a partition that the group has assigned to this worker."""

    #: Not taken over yet, or while the group rebalances and may give it to another worker.
    WAITING = "waiting"
    #: The producer of its transactional id is started, which fences the last owner.
    FENCING = "fencing"
    #: Its ledger is read back.
    RESTORING = "restoring"
    #: Its records are processed.
    RUNNING = "running"
    #: As RUNNING, but the group rebalances: no transaction is begun.
    PAUSED = "paused"
    #: It failed, and waits before it is taken over again.
    BLOCKED = "blocked"


class PartitionEvent(Enum):
    """An event that may change the state."""

    TAKEOVER = auto()
    FENCED = auto()
    RESTORED = auto()
    REBALANCE = auto()
    ASSIGNED = auto()
    FAILED = auto()
    RETRY = auto()


_S, _E = PartitionState, PartitionEvent

TRANSITIONS: Final[Mapping[tuple[PartitionState, PartitionEvent], PartitionState]] = {
    (_S.WAITING, _E.TAKEOVER): _S.FENCING,
    (_S.FENCING, _E.FENCED): _S.RESTORING,
    (_S.RESTORING, _E.RESTORED): _S.RUNNING,
    (_S.RUNNING, _E.REBALANCE): _S.PAUSED,
    (_S.PAUSED, _E.ASSIGNED): _S.RUNNING,
    (_S.WAITING, _E.FAILED): _S.BLOCKED,
    (_S.FENCING, _E.FAILED): _S.BLOCKED,
    (_S.RESTORING, _E.FAILED): _S.BLOCKED,
    (_S.RUNNING, _E.FAILED): _S.BLOCKED,
    (_S.PAUSED, _E.FAILED): _S.BLOCKED,
    (_S.BLOCKED, _E.RETRY): _S.WAITING,
}

#: A rebalance only pauses and resumes work, so in other states it changes nothing.
_IGNORED: Final = frozenset({_E.REBALANCE, _E.ASSIGNED})


def next_state(state: PartitionState, event: PartitionEvent) -> PartitionState:
    """Return the state after an event; raises ValueError if the table has no such transition."""
    if (state, event) in TRANSITIONS:
        return TRANSITIONS[state, event]
    if event in _IGNORED:
        return state
    raise ValueError(f"no transition from {state} on {event.name}")
