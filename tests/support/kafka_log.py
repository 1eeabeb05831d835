"""Topics for a test, records sent to them, and workers that take them in."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from schemas.topics import TOPICS
from streams.core.ledger import Ledger
from streams.core.source_registry import Registry, Source
from streams.kafka.client import client_options
from streams.kafka.range_reader import RangeUnreadable
from streams.kafka.topic_reader import TopicReader
from streams.processing import PartitionConsumer
from streams.processing.batch import FoldedBatch
from streams.processing.pipeline import FoldStage
from streams.settings import Settings, load
from tests.support.mixed_log import Sent
from tests.support.paths import ROOT
from tests.support.waiting import LIMIT_S, eventually

REGISTRY = Registry(
    {
        "armenia-mod": Source("Ministry of Defence of Armenia", "official", "armenia"),
        "azerbaijan-mod": Source("Ministry of Defence of Azerbaijan", "official", "azerbaijan"),
        "reuters": Source("Reuters", "media"),
    }
)
SOURCES_YAML = """\
armenia-mod: {name: Ministry of Defence of Armenia, kind: official, affiliation: armenia}
azerbaijan-mod: {name: Ministry of Defence of Azerbaijan, kind: official, affiliation: azerbaijan}
reuters: {name: Reuters, kind: media}
"""


def settings_for(kafka: str, prefix: str, **more: Any) -> Settings:
    return load(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix, http_port=0, **more)


async def create_topics(settings: Settings, partitions: int = 4, **configs: dict[str, str]) -> None:
    """Create the topics of the table, with a leader each; `configs` change its settings, by topic name."""
    made = [
        NewTopic(settings.topic(name), partitions, 1, topic_configs=topic.configuration | configs.get(name, {}))
        for name, topic in TOPICS.items()
    ]
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await admin.create_topics(made)
        # A broker answers before it leads the partitions: a busy one seconds before.
        await eventually(lambda: has_leaders(admin, [topic.name for topic in made]), "each partition has a leader")
    finally:
        await admin.close()


async def has_leaders(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> bool:
    found = await admin.describe_topics(list(topics))
    return all(topic["partitions"] and all(part["leader"] >= 0 for part in topic["partitions"]) for topic in found)


async def exists(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return topic in await admin.list_topics()


async def is_gone(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return not await exists(admin, topic)


async def partitions_of(admin: AIOKafkaAdminClient, topic: str) -> int:
    return len((await admin.describe_topics([topic]))[0]["partitions"])


async def send(settings: Settings, records: Iterable[Sent], *, limit_s: float = LIMIT_S) -> None:
    """Put records on the log. Raises KafkaError where the broker has not acknowledged all of them within `limit_s`."""
    options = client_options(settings) | {"request_timeout_ms": int(limit_s * 1000)}
    producer = AIOKafkaProducer(**options, linger_ms=5, max_request_size=2 << 20)
    await producer.start()
    sent: list[Awaitable[Any]] = []
    try:
        for record in records:
            delivery = await producer.send(
                settings.topic("reports"),
                record.value,
                key=record.key,
                partition=record.partition,
                timestamp_ms=record.timestamp_ms,
                headers=record.headers,
            )
            sent.append(delivery)
    finally:
        # All are waited for, also after one has failed.
        failures = [one for one in await asyncio.gather(*sent, return_exceptions=True) if isinstance(one, Exception)]
        await producer.stop()
    if failures:
        raise failures[0]


async def read(settings: Settings, name: str, partitions: int = 4, *, committed: bool = True) -> list[Any]:
    """Return all records of a topic, partition by partition."""
    places = [TopicPartition(settings.topic(name), number) for number in range(partitions)]
    async with TopicReader(client_options(settings)) as reading:
        found = await reading.read(places, committed=committed)
    return [record for place in places for record in found[place]]


async def read_ended(settings: Settings, name: str, partitions: int = 4) -> list[Any]:
    """Return all committed records of a topic once no transaction is under way on it.

    A commit is answered before its markers are written: until then `read` does not see its records.
    """
    places = [TopicPartition(settings.topic(name), number) for number in range(partitions)]
    async with TopicReader(client_options(settings)) as reading:
        await eventually(lambda: _is_readable(reading, places), "the transactions have ended")
    return await read(settings, name, partitions)


async def fold_counts_here(batch: FoldedBatch) -> Exception | None:
    return _run(batch.fold_counts)


async def fold_ceasefires_here(batch: FoldedBatch) -> Exception | None:
    return _run(lambda: batch.fold_ceasefires() if batch.concerns_ceasefires() else None)


def _run(fold: Callable[[], None]) -> Exception | None:
    try:
        fold()
    except Exception as error:  # noqa: BLE001 - as the agents do
        return error
    return None


@contextlib.asynccontextmanager
async def running_consumer(
    settings: Settings, registry: Registry = REGISTRY, stages: Sequence[FoldStage] = ()
) -> AsyncIterator[PartitionConsumer]:
    """A desk in this process, with no Faust around it."""
    desk = PartitionConsumer(settings, registry, list(stages) or [fold_counts_here, fold_ceasefires_here])
    desk.start()
    try:
        yield desk
    finally:
        await desk.stop()


async def fold_all(settings: Settings, records: Iterable[Sent]) -> None:
    """Put records on the log and have a desk take them in, which is gone when this returns."""
    await send(settings, records)
    async with running_consumer(settings):
        await until_processed(settings)


async def until_processed(settings: Settings, *, wait_s: float = LIMIT_S, look_every_s: float = 0.2) -> None:
    """Return once the ledgers have come to the end of the log, and no picture, tick or group's offset is owed.

    The desk must be one that ticks.
    """
    last: object = None
    async with TopicReader(client_options(settings)) as reading:

        async def settled() -> bool:
            # To look at all of a long log is dear: first the group's offsets must have come to rest.
            nonlocal last
            try:
                return last == (last := await _committed(settings, reading)) and await _all_taken_in(settings, reading)
            except (KafkaError, TimeoutError, RangeUnreadable):
                return False  # a busy broker did not answer in the client's time

        await eventually(settled, "all taken in", limit_s=wait_s, poll_s=look_every_s)


async def _committed(settings: Settings, reading: TopicReader) -> dict[TopicPartition, int]:
    topic = settings.topic("reports")
    partitions = (await reading.partitions([topic]))[topic]
    places = [TopicPartition(topic, number) for number in range(partitions)]
    try:
        return await reading.committed(settings.app_id, places)
    except GroupCoordinatorNotAvailableError:
        return {}  # a broker on which no group has committed anything yet


async def _all_taken_in(settings: Settings, reading: TopicReader) -> bool:
    topic = settings.topic("reports")
    partitions = (await reading.partitions([topic]))[topic]
    log = await reading.read([TopicPartition(topic, number) for number in range(partitions)])
    ledger = await reading.read([TopicPartition(settings.topic("ledger"), number) for number in range(partitions)])
    for number in range(partitions):
        records = log[TopicPartition(topic, number)]
        live = {record.key: record.value for record in ledger[TopicPartition(settings.topic("ledger"), number)]}
        if records and int(live.get(b"_o") or 0) <= records[-1].offset:
            return False
        if live.get(b"_c", live.get(b"_o")) != live.get(b"_o"):
            return False  # the group's offset is owed
        if any(key.startswith(b"_p/") and value is not None for key, value in live.items()):
            return False
        if _waits_for_a_tick(settings, live):
            return False
    return await _all_readable(settings, reading, partitions)


async def _all_readable(settings: Settings, reading: TopicReader, partitions: int) -> bool:
    outputs = [TopicPartition(settings.topic(name), number) for name in TOPICS for number in range(partitions)]
    return await _is_readable(reading, outputs)


async def _is_readable(reading: TopicReader, places: list[TopicPartition]) -> bool:
    """Return whether nothing written lies behind the last stable offset.

    A commit is answered before its markers are in all partitions: the ledger may be readable and a change not yet.
    """
    return await reading.bounds(places) == await reading.bounds(places, committed=False)


def _waits_for_a_tick(settings: Settings, live: dict[bytes, bytes | None]) -> bool:
    """Return whether a time has passed that the state waits for: its tick is still to come."""
    ledger = Ledger(Registry(), horizon_us=settings.horizon_us)
    for key, value in live.items():
        if value is not None and not key.startswith(b"_"):
            ledger.load(key, value)
    ledger.loaded()
    timer = ledger.next_timer()
    return timer is not None and timer[0] <= time.time_ns() // 1000


class Worker:
    """A worker in a process of its own."""

    def __init__(self, settings: Settings, log: Path, *, module: str = "tests.support.worker", **extra: str) -> None:
        environment = os.environ | {
            "TRUCELINE_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
            "TRUCELINE_TOPIC_PREFIX": settings.topic_prefix,
            "TRUCELINE_APP_ID": settings.app_id,
            "TRUCELINE_HTTP_PORT": "0",
            "TRUCELINE_SESSION_TIMEOUT": "PT3S",
            "TRUCELINE_DATA_DIR": str(log.parent),
        }
        if settings.sources is not None:
            environment["TRUCELINE_SOURCES"] = str(settings.sources)
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, env=environment | extra, stdout=self._log, stderr=self._log
        )

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()
        self._log.close()

    def stop(self) -> int:
        """Stop it with SIGTERM; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT_S)
        self._log.close()
        return code
