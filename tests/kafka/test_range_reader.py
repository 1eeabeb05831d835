"""Partitions read from one offset to another: in the order of time, each partition in its own."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.kafka import range_reader, topics
from streams.kafka.range_reader import (
    ALL,
    NOW,
    OffsetRange,
    RangeReader,
    RangeUnreadable,
    bounds,
    merge_by_timestamp,
    partitions,
)
from streams.settings import Settings
from tests.support.kafka_log import create_topics, send, settings_for
from tests.support.mixed_log import Sent
from tests.support.waiting import eventually_equal

NOON_MS = 1_663_156_800_000


@pytest.fixture
async def settings(kafka: str, prefix: str) -> Settings:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 3)
    times = ((0, 5), (0, 1), (1, 2), (1, 3), (0, 9), (1, 9), (0, 4))
    await send(settings, [Sent(part, b"k", b"%d" % number, NOON_MS + at) for number, (part, at) in enumerate(times)])
    return settings


def options(settings: Settings) -> dict[str, str]:
    return {"bootstrap_servers": settings.bootstrap_servers}


def places(settings: Settings) -> list[TopicPartition]:
    return [TopicPartition(settings.topic("reports"), number) for number in range(3)]


async def values(settings: Settings, between: dict[TopicPartition, OffsetRange]) -> list[int]:
    async with RangeReader(options(settings), between) as opened:
        return [int(record.value) async for record in merge_by_timestamp(opened)]


async def test_records_are_merged_by_timestamp(settings: Settings) -> None:
    """Records come by their time and those of a partition in its order."""
    found = await bounds(options(settings), places(settings))
    assert list(found.values()) == [OffsetRange(0, 4), OffsetRange(0, 3), OffsetRange(0, 0)]
    assert await partitions(options(settings), settings.topic("reports")) == 3
    assert await values(settings, found) == [2, 3, 0, 1, 4, 6, 5]


async def test_between_two_offsets_there_is_nothing_else(settings: Settings) -> None:
    first, second, _ = places(settings)
    assert await values(settings, {first: OffsetRange(1, 3), second: OffsetRange(2, 2)}) == [1, 4]


async def test_a_partition_remains_until_its_end(settings: Settings) -> None:
    """A partition is left until its end and what is passed is counted."""
    first, second, _ = places(settings)
    async with RangeReader(options(settings), {first: OffsetRange(0, 4), second: OffsetRange(1, 3)}) as opened:
        assert opened.remaining == {first: OffsetRange(0, 4), second: OffsetRange(1, 3)}
        assert sorted([int(record.value) async for record in opened.records()]) == [0, 1, 3, 4, 5, 6]
        assert (opened.remaining, opened.offsets_read) == ({}, 6)


async def test_a_range_without_end_reads_what_is_there(settings: Settings) -> None:
    """With no end all is read that is there and what is gone is not waited for."""
    first, second, none = places(settings)
    async with topics.admin(options(settings)) as admin:
        await admin.delete_records({first: RecordsToDelete(before_offset=2)})
    found = await bounds(options(settings), [first])
    assert found == {first: OffsetRange(2, 4)}
    async with RangeReader(options(settings), {first: ALL, second: OffsetRange(1, NOW), none: ALL}) as opened:
        assert opened.remaining == {first: OffsetRange(2, 4), second: OffsetRange(1, 3)}
        assert sorted([int(record.value) async for record in opened.records()]) == [3, 4, 5, 6]
    async with RangeReader(options(settings), {first: OffsetRange(0, 2), none: ALL}) as opened:
        assert [record async for record in opened.records()] == []


async def test_aborted_records_and_markers_are_passed(settings: Settings) -> None:
    """Aborted records are not read, and a marker at the end is passed."""
    first, *_ = places(settings)
    producer = AIOKafkaProducer(**options(settings), transactional_id=settings.app_id)
    await producer.start()
    async with producer.transaction():
        await producer.send(first.topic, b"7", partition=0, timestamp_ms=NOON_MS)
    await producer.begin_transaction()
    await producer.send_and_wait(first.topic, b"8", partition=0, timestamp_ms=NOON_MS)
    await producer.abort_transaction()
    await producer.stop()
    # The broker answers an abort before its marker is written.
    await eventually_equal(lambda: bounds(options(settings), [first]), {first: OffsetRange(0, 8)})
    assert await values(settings, {first: OffsetRange(0, 8)}) == [0, 1, 4, 6, 7]


async def test_an_unreachable_end_and_an_unknown_topic_are_errors(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that is not reached and a topic that is not there are errors."""
    monkeypatch.setattr(range_reader, "STALLED_S", 0.5)
    first, *_ = places(settings)
    with pytest.raises(
        RangeUnreadable, match=f"{first.topic} partition 0 cannot be read from offset 4 to its end 99: a trans"
    ):
        await values(settings, {first: OffsetRange(0, 99)})
    with pytest.raises(RangeUnreadable, match="there is no topic nobodys"):
        await partitions(options(settings), "nobodys")
