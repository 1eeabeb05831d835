"""A consumer that is asked to stop stops, in any state."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from streams.kafka.cancellation import cancel
from streams.processing import PartitionConsumer
from streams.processing.topology import Topology
from tests.support.kafka_log import REGISTRY, fold_ceasefires_here, fold_counts_here, settings_for

#: Turns of the event loop that the closing of a client takes, and some more.
TURNS = 12


async def test_a_cancel_while_a_client_closes_is_lost(kafka: str) -> None:
    """So a task that closes one is cancelled until it has ended."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    goes_on = asyncio.Event()

    async def close() -> None:
        await consumer._client.close()
        goes_on.set()
        await asyncio.Event().wait()

    closing = asyncio.create_task(close())
    await asyncio.sleep(0)
    closing.cancel()
    await goes_on.wait()
    assert not closing.done()
    await cancel([closing])
    assert closing.cancelled()


async def test_a_desk_that_is_just_closing_a_connection_stops(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its topics are missing, so it connects, disconnects, and would retry forever."""
    monkeypatch.setattr("streams.kafka.cancellation.CANCEL_AGAIN_S", 0.1)
    stop = Topology.stop
    for turns in range(TURNS):
        closing = asyncio.Event()

        async def said(cluster: Any, closing: asyncio.Event = closing) -> None:
            closing.set()
            await stop(cluster)

        monkeypatch.setattr(Topology, "stop", said)
        desk = PartitionConsumer(settings_for(kafka, prefix), REGISTRY, [fold_counts_here, fold_ceasefires_here])
        desk.start()
        await closing.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        await desk.stop()
        assert desk._running is not None
        assert desk._running.done()
