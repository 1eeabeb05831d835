"""The sticky assignor with its state per consumer, the generation of a group, and time for its rebalances."""

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.client import ConnectionGroup
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest

__all__ = ["note_generation", "sticky_assignor", "wait_for_rebalances"]


def sticky_assignor() -> Any:
    """Return a sticky assignor class of its own.

    aiokafka keeps the assignment in the class, so two consumers in one process must not share one.
    """
    return type("TrucelineAssignor", (StickyPartitionAssignor,), {})


def note_generation(assignor: Any, consumer: AIOKafkaConsumer) -> None:
    """Record the generation of the consumer's group in its assignor, which aiokafka leaves out.

    Without it the leader cannot distinguish a current assignment from an old one.
    """
    assignor.generation = consumer._coordinator.generation


def wait_for_rebalances(consumer: AIOKafkaConsumer, limit_s: float) -> None:
    """Give joins of the group more time than other requests: a broker answers them when all members have joined."""
    client = consumer._client
    send = client.send

    async def patient(node_id: int, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        if not isinstance(request, (JoinGroupRequest, SyncGroupRequest)):
            return await send(node_id, request, group=group)
        connection = await client._get_conn(node_id, group=group)
        if connection is not None:
            # Of a connection of its own, on which nothing else is asked meanwhile.
            usual_s, connection._request_timeout = connection._request_timeout, limit_s
        try:
            return await send(node_id, request, group=group)
        finally:
            if connection is not None:
                connection._request_timeout = usual_s

    client.send = patient
