"""Records that no worker wrote: skipped and counted where they do no harm, named where they might."""

import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka.client import client_options
from streams.operations.verify.verify import verify
from streams.settings import Settings
from tests.support.kafka_log import (
    REGISTRY,
    create_topics,
    fold_all,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.numbered_reports import report
from tests.support.waiting import eventually


async def write(settings: Settings, topic: str, *records: tuple[bytes | None, bytes | None]) -> None:
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    for key, value in records:
        await producer.send_and_wait(settings.topic(topic), value, key=key, partition=0)
    await producer.stop()


async def test_foreign_records_in_the_ledger_are_skipped(kafka: str, prefix: str) -> None:
    """The worker is degraded, and folds on from where it was."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(1)])
    await write(settings, "ledger", (b"foo", b"bar"), (b"", b"x"), (b"_p/nosuch", b"true"), (b"_p/\xff", b"true"))
    async with running_consumer(settings) as consumer:
        await eventually(lambda: consumer.status.ready and bool(consumer.status.partitions), "it runs")
        await send(settings, [report(2)])
        await eventually(lambda: consumer.status.counts["accepted"] == 1, "the next report is folded")
        assert consumer.status.degraded() == ["4 records in the ledger that no worker wrote, skipped: see the log"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b'["c","e-1","reuters","p-1","killed","unknown"]', b"garbage"),
        (b'["nosuch","e-1"]', b"[1]"),
        (b"[", b"1"),
        (b"_o", b"garbage"),
        (b"_n", b'"two"'),
    ],
)
async def test_a_forged_entry_of_the_ledger_is_named(kafka: str, prefix: str, key: bytes, value: bytes) -> None:
    """With topic, partition, offset and key, and with the way out: its state may be wrong."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(1)])
    await write(settings, "ledger", (key, value))
    async with running_consumer(settings) as consumer:
        await eventually(lambda: "that no worker wrote" in "".join(consumer.status.reasons()), "the reason")
        (reason,) = consumer.status.reasons()
        assert f"{prefix}.ledger partition 0 has an entry at offset" in reason
        assert f"key {key!r}" in reason
        assert "truceline rebuild --to PREFIX" in reason


async def test_a_group_that_works_is_not_degraded(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(1)])
    async with running_consumer(settings) as consumer:
        await send(settings, [report(2)])
        await until_processed(settings)
        assert consumer.status.degraded() == []
    assert await verify(settings, REGISTRY) == []
