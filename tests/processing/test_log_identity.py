"""The log is the one that was folded: a topic that was deleted, cut or changed under a worker stops it with words."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.kafka.local.cluster import LocalKafka
from streams.kafka.topics import survey
from streams.processing import PartitionConsumer
from streams.settings import Settings
from tests.support.kafka_log import (
    create_topics,
    fold_all,
    is_gone,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.numbered_reports import report
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def _survey_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a survey come every time, and a blocked partition be retried soon."""
    monkeypatch.setattr("streams.processing.consumer.SURVEY_S", 0.0)
    monkeypatch.setattr("streams.processing.consumer.WATCH_S", 0.2)


@asynccontextmanager
async def operator(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def delete(settings: Settings, name: str) -> None:
    async with operator(settings) as admin:
        await admin.delete_topics([settings.topic(name)])
        await eventually(lambda: is_gone(admin, settings.topic(name)), "the topic is gone")


async def alter(settings: Settings, name: str, **values: str) -> None:
    async with operator(settings) as admin:
        configs = {key.replace("_", "."): value for key, value in values.items()}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic(name), configs)])


def said(desk: PartitionConsumer) -> str:
    return " ".join(desk.status.reasons())


async def says(desk: PartitionConsumer, words: str) -> None:
    await eventually(lambda: words in said(desk), words)


async def test_a_log_remade_under_a_worker_blocks_it(kafka: str, prefix: str) -> None:
    """Also after a restart, and although the new log is longer than what was folded."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(number) for number in range(5)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        await delete(settings, "reports")
        await says(desk, "is missing: run `truceline topics create`")
        await create_topics(settings, 1)
        await send(settings, [report(number) for number in range(20, 40)])
        await says(desk, f"{prefix}.reports was deleted and created again since its state was made")
    async with running_consumer(settings) as desk:
        await says(desk, f"{prefix}.reports was deleted and created again since its state was made")
        assert "truceline rebuild --to PREFIX" in said(desk)
    assert len(await read(settings, "casualties", 1)) == 5


async def test_a_ledger_remade_under_a_worker_blocks_it(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a state, written before it was seen, is not taken for the whole one."""
    monkeypatch.setattr("streams.processing.consumer.WATCH_S", 60.0)
    settings = settings_for(kafka, prefix, transaction_timeout="PT10S")
    await create_topics(settings, 1)
    await send(settings, [report(number) for number in range(5)])
    async with running_consumer(settings):
        await until_processed(settings)
        await delete(settings, "ledger")
        await create_topics(settings, 1)
        await send(settings, [report(number) for number in range(5, 9)])
        await eventually(lambda: _holds_an_offset(settings), "half a ledger is written")
    async with running_consumer(settings) as desk:
        await says(desk, f"{prefix}.ledger partition 0 has an offset but not what its state was made with")


async def _holds_an_offset(settings: Settings) -> bool:
    return any(record.key == b"_o" for record in await read(settings, "ledger", 1))


async def test_a_ledger_remade_is_seen_without_a_record(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(1)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        await delete(settings, "ledger")
        await create_topics(settings, 1)
        await says(desk, "state was lost")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("reports", {"cleanup_policy": "compact"}, "cleanup.policy is compact, must be delete"),
        ("reports", {"retention_ms": "604800000"}, "retention.ms is 604800000, must be -1"),
        ("reports", {"retention_bytes": "1000000"}, "retention.bytes is 1000000, must be -1"),
        ("ledger", {"cleanup_policy": "delete"}, "cleanup.policy is delete, must be compact"),
    ],
)
async def test_a_topic_that_would_lose_records_blocks_a_worker(
    kafka: str, prefix: str, name: str, change: dict[str, str], words: str
) -> None:
    """While it runs; after it is set back, the worker resumes."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(1)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        await alter(settings, name, **change)
        await says(desk, words)
        await alter(settings, name, cleanup_policy="delete" if name == "reports" else "compact", retention_ms="-1")
        await eventually(lambda: desk.status.ready, "it goes on")


async def test_a_log_that_is_cut_blocks_a_worker(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(number) for number in range(5)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        async with operator(settings) as admin:
            await admin.delete_records({TopicPartition(settings.topic("reports"), 0): RecordsToDelete(before_offset=2)})
        await says(desk, f"{prefix}.reports partition 0 begins at offset 2: the records before were deleted")
        assert "truceline export" in said(desk)
    async with running_consumer(settings) as desk:
        await says(desk, "begins at offset 2")


async def test_partitions_added_under_a_worker_block_it(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 2)
    await send(settings, [report(1)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        async with operator(settings) as admin:
            await admin.create_partitions({settings.topic("reports"): NewPartitions(4)})
        await says(desk, "the reports 4")


async def test_no_client_creates_a_topic_by_asking_for_it(local_kafka: Callable[..., LocalKafka]) -> None:
    """On brokers with Kafka's own default, auto.create.topics.enable=true."""
    cluster = local_kafka(properties={"auto.create.topics.enable": "true"})
    settings = settings_for(cluster.bootstrap_servers, "auto")
    await create_topics(settings, 1)
    await fold_all(settings, [report(1)])
    async with running_consumer(settings) as desk:
        await eventually(lambda: desk.status.ready, "it works")
        await delete(settings, "reports")
        await says(desk, "auto.reports is missing")
        async with operator(settings) as admin:
            assert "reports" not in await survey(admin, "auto")
