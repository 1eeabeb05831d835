"""The log that contenders read: topics made, filled and deleted."""

import asyncio
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from tests.bench.workloads import Keyed

PARTITIONS = 4
BATCH_BYTES = 512 * 1024


def partition_of(key: bytes) -> int:
    """Return where the Java client puts a key."""
    place: int = (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
    return place


async def make_topics(servers: str, names: Sequence[str]) -> None:
    """Make topics of 4 partitions; those that are there stay."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names if name not in there])
    finally:
        await admin.close()


async def drop_topics(servers: str, prefix: str) -> None:
    """Delete each topic whose name begins so, changelogs of peers too."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if prefix in name]
        await admin.delete_topics(names)
    except KafkaError:
        # A contender's last breath may hold on to one: it costs disk, no figure.
        await asyncio.sleep(1)
    finally:
        await admin.close()


async def fill(servers: str, topic: str, reports: Iterable[Keyed]) -> None:
    """Write the reports, each to its partition, in batches of half a megabyte."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_batch_size=BATCH_BYTES, acks="all")
    await producer.start()
    try:
        batches = [producer.create_batch() for _ in range(PARTITIONS)]
        sent: list[asyncio.Future[object]] = []
        homes: dict[str, tuple[bytes, int]] = {}
        for report in reports:
            home = homes.get(report.episode)
            if home is None:
                key = report.episode.encode()
                home = homes[report.episode] = (key, partition_of(key))
            key, partition = home
            if batches[partition].append(key=key, value=report.value, timestamp=None) is None:
                sent.append(await producer.send_batch(batches[partition], topic, partition=partition))
                batches[partition] = producer.create_batch()
                batches[partition].append(key=key, value=report.value, timestamp=None)
        for partition, batch in enumerate(batches):
            sent.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
