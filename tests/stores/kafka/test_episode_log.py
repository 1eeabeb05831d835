"""An episode's past read back from the log, on a real Kafka and from a file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.kafka import topics
from streams.kafka.client import client_options
from streams.kafka.range_reader import OffsetRange
from streams.kafka.routing import partition_of
from streams.observability.wall_clock import WallClock
from streams.settings import Settings
from streams.stores.episode_log import EpisodeLogTooLong, read_all
from streams.stores.kafka.episode_log import kafka_episode_log
from streams.stores.kafka.store import KafkaStore
from streams.stores.sqlite.store import EmbeddedStore
from streams.stores.store import StoredReport, StoreUnavailable
from tests.support.build import REGISTRY, Json, killed, report

PARTITIONS = 3
TIME_MS = 1_700_000_000_123
WAR = partition_of(b"war", PARTITIONS)


def value(record: Json) -> bytes:
    return json.dumps(record).encode()


A, B = (value(report(name, killed(1))) for name in "ab")
OTHER = value(report("c", killed(1), episode="other"))


@pytest.fixture
async def settings(kafka: str, prefix: str) -> Settings:
    made = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    async with topics.admin(client_options(made)) as admin:
        await topics.create(admin, prefix, PARTITIONS, 1)
    return made


async def logged(settings: Settings, *records: tuple[bytes | None, bytes]) -> None:
    """Puts records into the partition of the war, each under its key, in one transaction; then begins one and ends it.

    So the log ends with records that were never committed, and with markers.
    """
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=settings.app_id)
    await producer.start()
    topic = settings.topic("reports")
    async with producer.transaction():
        for key, record in records:
            await producer.send(topic, record, key=key, partition=WAR, timestamp_ms=TIME_MS)
    await producer.begin_transaction()
    await producer.send(topic, B, key=b"war", partition=WAR)
    await producer.flush()
    await producer.abort_transaction()
    await producer.stop()


async def read_log(settings: Settings, episode: str, *, skimmed_max: int | None = None) -> list[StoredReport]:
    topic = settings.topic("reports")
    return await read_all(kafka_episode_log(client_options(settings), topic, episode, skimmed_max=skimmed_max))


async def test_what_is_committed_under_the_episodes_key_comes_in_order(settings: Settings) -> None:
    await logged(settings, (b"war", A), (b"other", OTHER), (None, A), (b"war", B))
    both = [StoredReport(A, TIME_MS * 1_000, WAR, 0), StoredReport(B, TIME_MS * 1_000, WAR, 3)]
    assert await read_log(settings, "war") == both
    assert await read_all(KafkaStore(settings).episode_log("war")) == both
    assert await read_log(settings, "nobody-knows") == []


async def test_a_partition_over_the_limit_is_refused(settings: Settings) -> None:
    await logged(settings, (b"war", A), (b"other", OTHER))
    with pytest.raises(
        EpisodeLogTooLong, match=rf"partition {WAR} has 5 records, more than the 4 that one answer may read"
    ):
        await read_log(settings, "war", skimmed_max=4)


async def test_a_missing_topic_and_a_broker_that_is_away_are_said(kafka: str, prefix: str) -> None:
    missing = Settings(bootstrap_servers=kafka, topic_prefix=prefix)
    with pytest.raises(StoreUnavailable, match=f"no topic {prefix}.reports: run `truceline topics create`"):
        await read_log(missing, "war")
    with pytest.raises(StoreUnavailable, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        await read_log(Settings(bootstrap_servers="127.0.0.1:1"), "war")


async def test_an_end_that_is_not_reached_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def beyond(_: object, between: Mapping[TopicPartition, OffsetRange]) -> dict[TopicPartition, OffsetRange]:
        return {place: OffsetRange(0, 99) for place in between}

    monkeypatch.setattr("streams.kafka.range_reader._clipped", beyond)
    monkeypatch.setattr("streams.kafka.range_reader.STALLED_S", 0.5)
    with pytest.raises(StoreUnavailable, match="cannot be read from offset"):
        await read_log(settings, "war")


async def test_a_file_gives_its_log_back_refused_reports_too(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path, REGISTRY, clock=WallClock(lambda: TIME_MS / 1_000))
    conflict = value(report("a", killed(2)))
    await store.submit([A, A, OTHER, conflict, B, b"no json"])
    records = await read_all(store.episode_log("war"))
    store.close()
    assert records == [StoredReport(each, TIME_MS * 1_000, 0, at) for at, each in [(0, A), (2, conflict), (3, B)]]


async def test_more_than_an_answer_takes_is_refused() -> None:
    async def endless() -> AsyncIterator[StoredReport]:
        while True:
            yield StoredReport(b"0123456789", 0, 0, 0)

    with pytest.raises(EpisodeLogTooLong, match="more than 7 records or 64 MiB"):
        await read_all(endless(), records_max=7)
    with pytest.raises(EpisodeLogTooLong, match="use the command line, which has no limit"):
        await read_all(endless(), bytes_max=100)
