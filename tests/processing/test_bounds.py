"""Input that outruns the fold: what waits is bounded, and who has little waits for nobody who has much."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka.cancellation import cancel
from streams.kafka.client import client_options
from streams.kafka.routing import partition_of
from streams.operations.verify.verify import verify
from streams.processing import PartitionConsumer
from streams.processing.backlog import Backlog
from streams.processing.batch import FoldedBatch
from tests.support.kafka_log import (
    REGISTRY,
    create_topics,
    fold_ceasefires_here,
    fold_counts_here,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import report
from tests.support.waiting import eventually

FETCH_BYTES = 1 << 16


def reports(count: int, partition: int) -> list[Sent]:
    """As long as many are: a thousand of them are several fetches."""
    made = [report(number, EPISODES[partition], headline="h" * 400) for number in range(count)]
    return [Sent(partition, sent.key, sent.value, sent.timestamp_ms) for sent in made]


#: By partition of two: an episode whose place it is.
EPISODES = ("e-2", "e-0")


@pytest.mark.parametrize("codec", ["uncompressed", "zstd"])
async def test_the_backlog_is_bounded_in_records_and_bytes(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch, codec: str
) -> None:
    """Compressed, a single fetch holds all that there is."""
    settings = settings_for(
        kafka, prefix, batch_max_records=500, fetch_max_bytes=FETCH_BYTES, backlog_max_bytes=1 << 20
    )
    await create_topics(settings, 2, reports={"compression.type": codec})
    for partition in range(2):
        await send(settings, reports(1_500, partition))
    put = Backlog.put
    over, paused, most_bytes, may_fold = list[int](), list[bool](), list[int](), asyncio.Event()

    def watched(backlog: Backlog, fetched: Sequence[Any]) -> int | None:
        if backlog.full:
            over.append(backlog.records)
        again = put(backlog, fetched)
        paused.append(backlog.full)
        most_bytes.append(backlog._bytes)
        return again

    async def held(batch: FoldedBatch) -> Exception | None:
        await may_fold.wait()
        return await fold_counts_here(batch)

    monkeypatch.setattr(Backlog, "put", watched)
    desk = PartitionConsumer(settings, REGISTRY, [held, fold_ceasefires_here])
    desk.start()
    try:
        await eventually(lambda: paused.count(True) == 2, "both partitions have enough, and are paused")
        may_fold.set()
        await until_processed(settings)
    finally:
        await desk.stop()
    assert over == [], "nothing is fetched for a partition that has enough"
    batch_bytes = settings.backlog_max_bytes // 2 // 2
    assert max(most_bytes) <= 3 * batch_bytes
    assert await verify(settings, REGISTRY) == []


async def test_a_long_record_is_fetched_again(kafka: str, prefix: str) -> None:
    """A record that is longer than a batch may be leaves itself no room before there is enough to be folded first."""
    partitions = 8
    settings = settings_for(kafka, prefix, backlog_max_bytes=1 << 20)
    assert settings.backlog_max_bytes // partitions // 2 == 1 << 16, "bytes of a batch"
    await create_topics(settings, partitions)
    home = partition_of(b"e-1", partitions)
    lengths = [1, 90_000, 250_000, 1, 1] * 4
    await send(settings, [replace(report(n, note="x" * length), partition=home) for n, length in enumerate(lengths)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert desk.status.counts["accepted"] == len(lengths)
    assert await verify(settings, REGISTRY) == []


async def test_a_long_backlog_does_not_delay_other_partitions(kafka: str, prefix: str) -> None:
    """A partition with a long backlog does not hold up another."""
    settings = settings_for(kafka, prefix, batch_max_records=20)
    await create_topics(settings, 2)
    await send(settings, reports(2_000, 0))
    async with running_consumer(settings) as desk:
        await eventually(lambda: desk.status.counts["accepted"] > 100, "the hot one is worked on")
        await send(settings, reports(30, 1))
        await eventually(lambda: desk.status.partitions[1].next_offset == 30, "the other is taken in")
        hot = desk.status.partitions[0].next_offset
        assert hot is not None
        assert hot < 2_000
        await until_processed(settings)
    assert await verify(settings, REGISTRY) == []


async def test_the_lag_is_known_while_records_keep_coming(kafka: str, prefix: str) -> None:
    """The lag of a partition is known also while records arrive continuously."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()

    async def feed() -> None:
        for number in itertools.count():
            sent = report(number)
            await producer.send_and_wait(settings.topic("reports"), sent.value, key=sent.key, partition=0)
            await asyncio.sleep(0.01)

    feeding = asyncio.create_task(feed())
    try:
        async with running_consumer(settings) as desk:
            await eventually(lambda: desk.status.counts["accepted"] > 100, "it works")
            assert desk.status.partitions[0].lag is not None
    finally:
        await cancel([feeding])
        await producer.stop()
