"""Topics that a worker of contract version 1 wrote: today's worker continues them."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from structlog.testing import capture_logs

from streams.core.source_registry import Registry
from streams.files.source_registry import read_sources
from streams.kafka.client import client_options
from streams.operations.verify.verify import verify
from streams.settings import Settings
from tests.support.build import Json, killed, report
from tests.support.kafka_log import create_topics, read, running_consumer, send, settings_for, until_processed
from tests.support.mixed_log import Sent
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests/schemas/golden/v1"
EPISODE = "valley-2021"
PARTITIONS = 2
#: The prefix and app id of the installation that wrote the topics.
THEIRS = "truceline"


def written(prefix: str) -> list[Json]:
    """Return the records of version 1 as an installation with this prefix and app id would have them."""
    text = gzip.decompress((ROOT / "tests/data/version-1/topics.jsonl.gz").read_bytes()).decode()
    records = [json.loads(line.replace(f"{THEIRS}.", f"{prefix}.")) for line in text.splitlines()]
    for record in records:
        if record["key"] == "_a":
            record["value"] = json.dumps(prefix)
    return records


async def install(settings: Settings) -> None:
    """Put the topics of version 1 on the broker, with the offsets of its group."""
    await create_topics(settings, PARTITIONS)
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    ends: dict[TopicPartition, int] = defaultdict(int)
    try:
        for record in written(settings.topic_prefix):
            headers = [(name, None if value is None else value.encode()) for name, value in record["headers"]]
            key, value = (None if record[name] is None else record[name].encode() for name in ("key", "value"))
            topic, partition = settings.topic(record["topic"]), record["partition"]
            await producer.send(topic, value, key, partition, record["timestamp"], headers)
            if record["topic"] == "reports":
                ends[TopicPartition(topic, partition)] += 1
        await producer.flush()
    finally:
        await producer.stop()
    group = AIOKafkaConsumer(**client_options(settings), group_id=settings.app_id, enable_auto_commit=False)
    await group.start()
    try:
        group.assign(list(ends))
        await group.commit(dict(ends))
    finally:
        await group.stop()


def sent(record: Json) -> Sent:
    return Sent(0, EPISODE.encode(), json.dumps(record).encode(), 1_666_440_000_000)


def accepted_before(prefix: str) -> list[Sent]:
    """Return the reports that version 1 had accepted and that are still current: each is a duplicate now."""
    records = written(prefix)
    rejected = {record["value"] for record in records if record["topic"] == "rejected"}
    reports = [
        r for r in records if r["topic"] == "reports" and r["value"] not in rejected and '"tick"' not in r["value"]
    ]
    return [Sent(r["partition"], r["key"].encode(), r["value"].encode(), r["timestamp"]) for r in reports]


def later(report_id: str, best: int, **fields: Any) -> Json:
    named = {"episode": EPISODE, "source": "armenia-mod", "published_at": "2022-07-05T08:00:00Z"}
    return report(report_id, killed(best, party="armenia"), **(named | fields))


@pytest.fixture
def registry() -> Registry:
    return read_sources(GOLDEN / "sources.yaml")


async def outputs(settings: Settings) -> dict[str, list[Any]]:
    return {
        name: await read(settings, name, PARTITIONS) for name in ("casualties", "ceasefires", "statements", "rejected")
    }


async def test_a_worker_continues_what_version_1_wrote(kafka: str, prefix: str, registry: Registry) -> None:
    """Each accepted report is known, versions have no gap, a view read otherwise is published, and verify agrees."""
    settings = settings_for(kafka, prefix, sources=GOLDEN / "sources.yaml")
    await install(settings)
    assert await verify(settings, registry) == [
        f"{prefix}.ledger partition {number} is of contract version 1: start a worker of this version first"
        for number in range(PARTITIONS)
    ]
    before = await outputs(settings)
    with capture_logs() as logs:
        async with running_consumer(settings, registry):
            new = later("mod-6", 151, revision=2), later("old", 1, published_at="2021-05-20T08:00:00Z")
            await send(settings, [sent(record) for record in new])
            await send(settings, accepted_before(prefix))
            await until_processed(settings)
    kept = [(entry["horizon"], entry["configured"]) for entry in logs if entry["event"] == "stored_horizon_kept"]
    assert kept == [("P400D", "P3660D")] * PARTITIONS
    after = await outputs(settings)
    assert {name: [r for r in after[name] if r in before[name]] for name in before} == before
    added = {name: [json.loads(r.value) for r in after[name] if r not in before[name]] for name in before}
    (count,), (status,), (rejected,) = (added[name] for name in ("casualties", "ceasefires", "rejected"))
    assert added["statements"] == []
    assert count["change_id"] == f"{EPISODE}/armenia-mod/armenia/killed/military@7"
    assert (count["before"]["best"], count["after"]["best"]) == (150, 151)
    assert status["change_id"] == f"{EPISODE}/second/joint@4"
    assert (status["before"]["status"], status["after"]["status"]) == ("collapsed", "in_effect")
    assert status["cause"] == {"registry": registry.digest}
    assert rejected["report_id"] == "old"
    assert await verify(settings, registry) == []
