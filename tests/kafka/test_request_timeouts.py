"""Requests time out soon, but for those that wait for other members of a group; a dead producer is noticed."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import OutOfOrderSequenceNumber

from streams.kafka.aiokafka_patches.group import sticky_assignor, wait_for_rebalances
from streams.kafka.aiokafka_patches.producer import wait_for_failure
from streams.kafka.client import REQUEST_TIMEOUT_MS, client_options
from streams.kafka.consumers import group_consumer
from streams.settings import Settings
from tests.support.kafka_log import create_topics, settings_for
from tests.support.waiting import eventually


class SlowToRevoke(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """A member that takes longer to revoke its partitions than a request may take."""

    async def on_partitions_revoked(self, revoked: Any) -> None:
        if revoked:
            await asyncio.sleep(2.5)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        del assigned


def member(settings: Settings) -> Any:
    options = client_options(settings) | {"request_timeout_ms": 1_000}
    made = group_consumer(options, settings.app_id, partition_assignment_strategy=[sticky_assignor()])
    wait_for_rebalances(made, 30.0)
    return made


async def test_a_join_waits_for_a_slow_member(kafka: str, prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 2)
    first, second = member(settings), member(settings)
    await first.start()
    await second.start()
    try:
        first.subscribe([settings.topic("reports")], listener=SlowToRevoke())
        await eventually(lambda: len(first.assignment()) == 2, "the first member has all")
        second.subscribe([settings.topic("reports")], listener=SlowToRevoke())
        await eventually(lambda: len(second.assignment()) == 1, "the second member has its share")
    finally:
        await second.stop()
        await first.stop()
    assert [line for line in caplog.messages if "JoinGroup" in line or "SyncGroup" in line] == []


def test_a_request_to_a_hanging_broker_ends_within_seconds() -> None:
    assert client_options(Settings())["request_timeout_ms"] == REQUEST_TIMEOUT_MS == 10_000


async def test_a_fatal_error_of_a_producer_is_raised(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an unclean election: aiokafka would answer every further send with an error."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = AIOKafkaProducer(**client_options(settings), enable_idempotence=True)

    async def refused(_node: int, _batches: Any) -> None:
        raise OutOfOrderSequenceNumber

    await producer.start()
    monkeypatch.setattr(producer._sender, "_send_produce_req", refused)
    try:
        delivery = await producer.send(settings.topic("reports"), b"x")
        with pytest.raises(OutOfOrderSequenceNumber):
            await wait_for_failure(producer)
        with pytest.raises(OutOfOrderSequenceNumber):
            await delivery
    finally:
        await producer.stop()
