"""A stretch of some partitions, read as committed from one offset to another, some records at a time; no group."""

import asyncio
import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from heapq import heappop, heappush
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.client import stop_quickly
from streams.kafka.consumers import make_consumer

__all__ = [
    "ALL",
    "NOW",
    "OffsetRange",
    "RangeReader",
    "RangeUnreadable",
    "UnknownTopic",
    "bounds",
    "in_time",
    "partitions",
]

#: In place of an end: what is committed without a gap when a stretch connects.
NOW = sys.maxsize

POLL_MS = 50
#: No way made for so long before the end is reached: the broker does not answer, or a transaction is left open.
STALLED_S = 30.0
#: More is no faster, and what came in one fetch is unpacked at once, while all others on the event loop wait.
FETCH_BYTES = 1 << 20


class RangeUnreadable(Exception):
    """A topic that is not there, or that cannot be read to its end."""


class UnknownTopic(RangeUnreadable):
    """A topic that is not there."""


class OffsetRange(NamedTuple):
    """The first offset to read, and the one behind the last."""

    start: int
    end: int


ALL = OffsetRange(0, NOW)


async def partitions(options: dict[str, Any], topic: str) -> int:
    """Return how many partitions a topic has; raises NoTopic, KafkaError."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        # All topics are asked for: to ask for a missing one by its name may create it.
        found = {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics()}
    finally:
        await admin.close()
    if topic not in found:
        raise UnknownTopic(f"there is no topic {topic} on {options['bootstrap_servers']}")
    return found[topic]


async def bounds(options: dict[str, Any], places: Iterable[TopicPartition]) -> dict[TopicPartition, OffsetRange]:
    """Return the first offset of partitions, and the end of what is committed there without a gap."""
    consumer = make_consumer(options, max_partition_fetch_bytes=FETCH_BYTES)
    try:
        await consumer.start()
        return await _clipped(consumer, dict.fromkeys(places, ALL))
    finally:
        await consumer.stop()


class RangeReader:
    """Some partitions between two offsets each; `async with` connects."""

    def __init__(self, options: dict[str, Any], between: Mapping[TopicPartition, OffsetRange]) -> None:
        """Take the client's options and what to read: of it, what is still there."""
        #: How many offsets have been read, those without a record too.
        self.passed = 0
        self._consumer = make_consumer(options, max_partition_fetch_bytes=FETCH_BYTES)
        self._left = {place: span for place, span in between.items() if span.start < span.end}

    async def __aenter__(self) -> Self:
        if not self._left:
            # A consumer with nothing assigned ends with a cancelling that is none of ours.
            return self
        try:
            await self._consumer.start()
            self._left = await _clipped(self._consumer, self._left)
            self._consumer.assign(list(self._left))
            for place, span in list(self._left.items()):
                # An explicit offset: seek_to_beginning() races the default reset, and then nothing is read, silently.
                self._consumer.seek(place, span.start)
                self._move(place, span.start)
        except BaseException:
            await stop_quickly(self._consumer)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await stop_quickly(self._consumer)

    @property
    def left(self) -> Mapping[TopicPartition, OffsetRange]:
        """The partitions that are not read to their end, with what is still to be read of each."""
        return self._left

    async def fetch(self, places: Iterable[TopicPartition] | None = None) -> dict[TopicPartition, list[Any]]:
        """Return some of the next records of partitions, by default of all that are left.

        It may be none. Raises Unreadable where nothing comes although the end is not reached.
        """
        wanted = [place for place in (self._left if places is None else places) if place in self._left]
        fetched: dict[TopicPartition, list[Any]] = {}
        moved: dict[TopicPartition, int] = {}
        try:
            async with asyncio.timeout(STALLED_S):
                while wanted and not moved:
                    fetched = await self._consumer.getmany(*wanted, timeout_ms=POLL_MS)
                    # A marker, or what was aborted, moves the position and is never seen.
                    positions = {place: await self._consumer.position(place) for place in wanted}
                    moved = {place: at for place, at in positions.items() if at > self._left[place].start}
        except TimeoutError:
            raise RangeUnreadable(self._stuck(wanted)) from None
        records = {
            place: [record for record in found if record.offset < self._left[place].end]
            for place, found in fetched.items()
        }
        for place, position in moved.items():
            self._move(place, position)
        return records

    async def records(self) -> AsyncGenerator[Any, None]:
        """Yield all records that are left, those of a partition in its order; raises Unreadable as `fetch`."""
        while self._left:
            for records in (await self.fetch()).values():
                for record in records:
                    yield record

    def _move(self, place: TopicPartition, position: int) -> None:
        start, end = self._left[place]
        self.passed += position - start
        if position < end:
            self._left[place] = OffsetRange(position, end)
        else:
            self._consumer.pause(place)
            del self._left[place]

    def _stuck(self, places: Iterable[TopicPartition]) -> str:
        stuck = "; ".join(
            f"{place.topic} partition {place.partition} cannot be read"
            f" from offset {self._left[place].start} to its end {self._left[place].end}"
            for place in places
        )
        return f"{stuck}: a transaction is left open there, or the broker does not answer"


async def in_time(stretch: RangeReader) -> AsyncIterator[Any]:
    """Yield all records by their timestamps, those of a partition in its own order; the same for the same log."""
    waiting: dict[TopicPartition, deque[Any]] = {place: deque() for place in stretch.left}
    heads: list[tuple[int, str, int]] = []
    empty = list(waiting)
    while True:
        while hungry := [place for place in empty if not waiting[place] and place in stretch.left]:
            for place, records in (await stretch.fetch(hungry)).items():
                waiting[place] += records
        for place in empty:
            if waiting[place]:
                heappush(heads, (waiting[place][0].timestamp, *place))
        if not heads:
            return
        _, topic, number = heappop(heads)
        place = TopicPartition(topic, number)
        ahead = waiting[place]
        yield ahead.popleft()
        empty = [] if ahead else [place]
        if ahead:
            heappush(heads, (ahead[0].timestamp, *place))


async def _clipped(consumer: Any, between: Mapping[TopicPartition, OffsetRange]) -> dict[TopicPartition, OffsetRange]:
    """Return where each begins now if not later, and where it ends now if it was to end NOW."""
    first = await consumer.beginning_offsets(list(between))
    until_now = [place for place, span in between.items() if span.end == NOW]
    end = await consumer.end_offsets(until_now) if until_now else {}
    return {
        place: OffsetRange(max(span.start, first[place]), end.get(place, span.end)) for place, span in between.items()
    }
