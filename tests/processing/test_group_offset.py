"""The group's offset, for those who watch its lag: not in each transaction, and always brought to the end."""

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.kafka.client import client_options
from streams.kafka.topic_reader import TopicReader
from streams.operations.verify.verify import verify
from streams.processing import transaction
from streams.settings import Settings
from tests.support.kafka_log import (
    REGISTRY,
    create_topics,
    fold_all,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.numbered_reports import report
from tests.support.waiting import eventually


async def group_offset(settings: Settings) -> int:
    place = TopicPartition(settings.topic("reports"), 0)
    async with TopicReader(client_options(settings)) as reading:
        return (await reading.committed(settings.app_id, [place]))[place]


async def noted(settings: Settings) -> list[int]:
    return [int(record.value) for record in await read(settings, "ledger", 1) if record.key == b"_c"]


async def test_it_is_committed_now_and_then_and_last_by_the_next_owner(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(kafka, prefix, batch_max_records=1)
    await create_topics(settings, 1)
    await send(settings, [report(number) for number in range(20)])
    monkeypatch.setattr(transaction, "GROUP_EVERY_S", 3_600)
    async with running_consumer(settings) as desk:
        await eventually(lambda: desk.status.counts["accepted"] == 20, "all are taken in")
        await eventually(lambda: desk.status.counts["transactions"] > 20, "pictures too")
    assert (await noted(settings), await group_offset(settings)) == ([1], 1)
    assert await verify(settings, REGISTRY) == []
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert desk.status.counts["offset_differences"] == 0
    assert (await noted(settings), await group_offset(settings)) == ([1, 20], 20)
    assert await verify(settings, REGISTRY) == []


async def test_it_comes_to_the_end_without_another_record(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix, batch_max_records=1)
    await create_topics(settings, 1)
    await send(settings, [report(number) for number in range(20)])
    async with running_consumer(settings):
        await until_processed(settings)
        assert await group_offset(settings) == 20


async def test_a_ledger_without_a_group_offset_is_no_difference(kafka: str, prefix: str) -> None:
    """A worker of a version that took no note of it is no difference."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(number) for number in range(5)])
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    await producer.send_and_wait(settings.topic("ledger"), b"3", key=b"_c", partition=0)
    await producer.stop()
    assert await verify(settings, REGISTRY) == []
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert desk.status.counts["offset_differences"] == 0
    assert (await noted(settings))[-2:] == [3, 5]
