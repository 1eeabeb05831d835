"""Reading whole topics, with the connections kept open between reads."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.consumers import make_consumer
from streams.kafka.range_reader import ALL, RangeReader, UnknownTopic

__all__ = ["TopicReader"]

#: A reader of whole topics does nothing else meanwhile.
FETCH_BYTES = 8 << 20


class TopicReader:
    """Reads the records that are there now; `async with` connects, no group is joined."""

    def __init__(self, options: dict[str, Any]) -> None:
        """`options` are those of `client_options`."""
        self._options = options
        self._admin = AIOKafkaAdminClient(**options)
        self._consumers = {
            committed: make_consumer(
                options,
                isolation="read_committed" if committed else "read_uncommitted",
                fetch_max_wait_ms=50,
                max_partition_fetch_bytes=FETCH_BYTES,
            )
            for committed in (True, False)
        }

    async def __aenter__(self) -> Self:
        try:
            await self._admin.start()
            for consumer in self._consumers.values():
                await consumer.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        for consumer in self._consumers.values():
            await consumer.stop()
        await self._admin.close()

    async def partitions(self, topics: Iterable[str]) -> dict[str, int]:
        """Return the number of partitions of each topic; raises UnknownTopic."""
        # Of all topics: a broker may create a missing one that is asked for by name.
        found = {topic["topic"]: len(topic["partitions"]) for topic in await self._admin.describe_topics()}
        wanted = list(topics)
        if missing := [topic for topic in wanted if topic not in found]:
            raise UnknownTopic(f"there is no topic {', '.join(missing)}")
        return {topic: found[topic] for topic in wanted}

    async def committed(self, group: str, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offsets that a group has committed, where it has."""
        found = await self._admin.list_consumer_group_offsets(group, partitions=tps)
        return {tp: entry.offset for tp, entry in found.items() if entry.offset >= 0}

    async def bounds(
        self, tps: list[TopicPartition], *, committed: bool = True
    ) -> dict[TopicPartition, tuple[int, int]]:
        """Return the first offset of each partition, and its end: the last stable offset, or the very last."""
        consumer = self._consumers[committed]
        first, end = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        return {tp: (first[tp], end[tp]) for tp in tps}

    async def read(self, tps: list[TopicPartition], *, committed: bool = True) -> dict[TopicPartition, list[Any]]:
        """Return all records of partitions, by default only committed ones. Raises RangeUnreadable."""
        records: dict[TopicPartition, list[Any]] = {tp: [] for tp in tps}
        ranges = dict.fromkeys(tps, ALL)
        async with RangeReader(self._options, ranges, consumer=self._consumers[committed]) as reader:
            while reader.remaining:
                for tp, fetched in (await reader.fetch()).items():
                    records[tp] += fetched
        return records
