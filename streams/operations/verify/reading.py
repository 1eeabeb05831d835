"""Topics read from end to end, for whoever wants to look at all of it."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.consumers import make_consumer
from streams.kafka.range_reader import RangeUnreadable

__all__ = ["RangeUnreadable", "TopicReading"]

STALLED_S = 30.0
POLL_MS = 100

TopicBounds = dict[TopicPartition, tuple[int, int]]


class TopicReading:
    """Reads what is there and nothing that comes later; `async with` connects, joins no group."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the client's options (`streams.kafka.client.client_options`)."""
        self._admin = AIOKafkaAdminClient(**options)
        self._consumers = {
            committed: make_consumer(
                options,
                isolation="read_committed" if committed else "read_uncommitted",
                fetch_max_wait_ms=50,
                max_partition_fetch_bytes=8 << 20,
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
        """Return how many partitions each topic has; raises Unreadable where one is not there."""
        # All topics are asked for: to ask for a missing one by name may create it.
        found = {topic["topic"]: len(topic["partitions"]) for topic in await self._admin.describe_topics()}
        wanted = list(topics)
        if missing := [topic for topic in wanted if topic not in found]:
            raise RangeUnreadable(f"there is no topic {', '.join(missing)}")
        return {topic: found[topic] for topic in wanted}

    async def committed(self, group: str, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offsets that a group has committed, where it has."""
        found = await self._admin.list_consumer_group_offsets(group, partitions=places)
        return {place: entry.offset for place, entry in found.items() if entry.offset >= 0}

    async def bounds(self, places: list[TopicPartition], *, committed: bool = True) -> TopicBounds:
        """Return the first offset of each partition, and its end: the last stable offset, or the very last."""
        consumer = self._consumers[committed]
        first, end = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        return {place: (first[place], end[place]) for place in places}

    async def read(self, places: list[TopicPartition], *, committed: bool = True) -> dict[TopicPartition, list[Any]]:
        """Return all records that stand in some partitions now, by default only those committed.

        Raises Unreadable where nothing comes although the end is not reached.
        """
        records: dict[TopicPartition, list[Any]] = {place: [] for place in places}
        bounds = await self.bounds(places, committed=committed)
        left = {place: end for place, (start, end) in bounds.items() if start < end}
        if not left:
            return records
        consumer = self._consumers[committed]
        consumer.assign(list(left))
        for place in left:
            consumer.seek(place, bounds[place][0])
        try:
            async with asyncio.timeout(STALLED_S) as limit:
                while left:
                    for place, fetched in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                        records[place] += [record for record in fetched if record.offset < bounds[place][1]]
                        limit.reschedule(asyncio.get_running_loop().time() + STALLED_S)
                    # The last record may be a marker, which moves the position and is never seen.
                    read = [place for place, end in left.items() if await consumer.position(place) >= end]
                    for place in read:
                        consumer.pause(place)
                        del left[place]
        except TimeoutError:
            places_left = ", ".join(f"{place.topic} partition {place.partition}" for place in left)
            raise RangeUnreadable(f"cannot be read to the end: {places_left}") from None
        return records
