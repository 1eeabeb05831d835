"""A worker with rules, what is reported to it, and the alerts that stand on their topic."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.desk.routing import partition_of
from streams.settings import Settings
from tests.core.build import Json
from tests.desk.mixed import Sent
from tests.desk.places import create_topics, read, settings_for

PARTITIONS = 2


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


async def alerts_on(settings: Settings) -> list[Json]:
    """All alerts on their topic, partition by partition."""
    return [json.loads(record.value) for record in await read(settings, "alerts", PARTITIONS)]


async def ids_on(settings: Settings) -> list[str]:
    """Their ids, sorted."""
    return sorted(alert["alert_id"] for alert in await alerts_on(settings))


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
