"""A worker with rules, the reports it gets, and the alerts on their topic."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.kafka.client import client_options
from streams.kafka.routing import partition_of
from streams.kafka.topic_reader import TopicReader
from streams.settings import Settings
from tests.support.build import Json
from tests.support.kafka_log import create_topics, read, settings_for
from tests.support.mixed_log import Sent

PARTITIONS = 2
#: One rule: alert when a figure crosses 100, and when it falls below again.
CROSSES_100 = "crossed: {crosses: 100, resolved: true}\n"


async def alerting_settings(kafka: str, prefix: str, folder: Path, rules: str, **more: Any) -> Settings:
    """Settings of a worker with these rules; the topics are there."""
    path = folder / "alerts.yaml"
    path.write_text(rules)
    settings = settings_for(kafka, prefix, data_dir=folder, alerts=path, session_timeout="PT3S", **more)
    await create_topics(settings, PARTITIONS)
    return settings


def sent(reports: Iterable[Json]) -> list[Sent]:
    """The reports as records of the log."""
    keys = [report["episode"].encode() for report in reports]
    return [
        Sent(partition_of(key, PARTITIONS), key, json.dumps(report).encode(), 1_700_000_000_000)
        for key, report in zip(keys, reports, strict=True)
    ]


async def alerts_published(settings: Settings) -> list[Json]:
    """All alerts on their topic, partition by partition."""
    return [json.loads(record.value) for record in await read(settings, "alerts", PARTITIONS)]


async def alert_ids_on(settings: Settings) -> list[str]:
    """Their ids, sorted."""
    return sorted(alert["alert_id"] for alert in await alerts_published(settings))


async def write(settings: Settings, topic: str, records: Iterable[tuple[int, Json]], *, commits: bool) -> None:
    """Write changes as a desk does, in one transaction that is committed or not."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers, transactional_id=f"{settings.app_id}-{topic}"
    )
    await producer.start()
    await producer.begin_transaction()
    for partition, record in records:
        key = record["episode"].encode()
        await producer.send_and_wait(settings.topic(topic), json.dumps(record).encode(), key=key, partition=partition)
    await (producer.commit_transaction() if commits else producer.abort_transaction())
    await producer.stop()


async def end_offsets(settings: Settings, topic: str) -> dict[int, int]:
    """By partition of a topic: the offset behind its last record."""
    return {record.partition: record.offset + 1 for record in await read(settings, topic, PARTITIONS)}


async def committed_offsets(settings: Settings, topic: str) -> dict[int, int]:
    """By partition of a topic: what the agents' group has committed."""
    places = [TopicPartition(settings.topic(topic), number) for number in range(PARTITIONS)]
    async with TopicReader(client_options(settings)) as reading:
        try:
            committed = await reading.committed(f"{settings.app_id}-agents", places)
        except GroupCoordinatorNotAvailableError:
            # The first group of a young broker: it is making the topic of offsets.
            return {}
    return {place.partition: offset for place, offset in committed.items()}


async def group_size(settings: Settings) -> int:
    """Return how many workers the group of the agents has."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        (found,) = await admin.describe_consumer_groups([f"{settings.app_id}-agents"])
    finally:
        await admin.close()
    return len(found.groups[0][5])
