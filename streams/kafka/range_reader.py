"""Reading fixed offset ranges of partitions, without a consumer group."""

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
from streams.kafka.consumers import Isolation, make_consumer

__all__ = [
    "ALL",
    "NOW",
    "OffsetRange",
    "RangeReader",
    "RangeUnreadable",
    "UnknownTopic",
    "bounds",
    "merge_by_timestamp",
    "partitions",
]

#: As an end: the end of the partition when the reader connects; with read_committed the last stable offset.
NOW = sys.maxsize

POLL_MS = 50
#: Give up after this long without progress: the broker does not answer, or a transaction is left open.
STALLED_S = 30.0
#: More is no faster, and a fetch is decoded in one piece, while all other tasks of the event loop wait.
FETCH_BYTES = 1 << 20


class RangeUnreadable(Exception):
    """A topic that does not exist, or that cannot be read to its end."""


class UnknownTopic(RangeUnreadable):
    """A topic that does not exist."""


class OffsetRange(NamedTuple):
    """The first offset to read, and the one after the last."""

    start: int
    end: int


ALL = OffsetRange(0, NOW)


async def partitions(options: dict[str, Any], topic: str) -> int:
    """Return the number of partitions of a topic; raises UnknownTopic, KafkaError."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        # Of all topics: a broker may create a missing one that is asked for by name.
        found = {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics()}
    finally:
        await admin.close()
    if topic not in found:
        raise UnknownTopic(f"there is no topic {topic} on {options['bootstrap_servers']}")
    return found[topic]


async def bounds(options: dict[str, Any], tps: Iterable[TopicPartition]) -> dict[TopicPartition, OffsetRange]:
    """Return the first offset of partitions and their last stable one."""
    consumer = make_consumer(options)
    try:
        await consumer.start()
        return await _clipped(consumer, dict.fromkeys(tps, ALL))
    finally:
        await consumer.stop()


class RangeReader:
    """Reads some partitions between two offsets each; `async with` connects."""

    def __init__(
        self,
        options: dict[str, Any],
        ranges: Mapping[TopicPartition, OffsetRange],
        *,
        isolation: Isolation = "read_committed",
        consumer: Any = None,
    ) -> None:
        """Of each range it reads what is still there. A `consumer` that is given is started, and stays so."""
        #: Offsets read so far, including those without a record.
        self.offsets_read = 0
        self._owns_consumer = consumer is None
        self._consumer = consumer or make_consumer(options, isolation=isolation, max_partition_fetch_bytes=FETCH_BYTES)
        self._remaining = {tp: span for tp, span in ranges.items() if span.start < span.end}

    async def __aenter__(self) -> Self:
        if not self._remaining:
            # A consumer without an assignment cancels the task that stops it.
            return self
        try:
            if self._owns_consumer:
                await self._consumer.start()
            self._remaining = await _clipped(self._consumer, self._remaining)
            self._consumer.assign(list(self._remaining))
            for tp, span in list(self._remaining.items()):
                # An explicit offset: seek_to_beginning() races the default reset, and then nothing is read, silently.
                self._consumer.seek(tp, span.start)
                self._advance(tp, span.start)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        if self._owns_consumer:
            await stop_quickly(self._consumer)

    @property
    def remaining(self) -> Mapping[TopicPartition, OffsetRange]:
        """The partitions that are not read to their end, with the range that is left of each."""
        return self._remaining

    async def fetch(self, tps: Iterable[TopicPartition] | None = None) -> dict[TopicPartition, list[Any]]:
        """Return some of the next records of partitions, by default of all that remain; possibly none.

        Raises RangeUnreadable if nothing comes although the end is not reached.
        """
        wanted = [tp for tp in (self._remaining if tps is None else tps) if tp in self._remaining]
        fetched: dict[TopicPartition, list[Any]] = {}
        moved: dict[TopicPartition, int] = {}
        try:
            async with asyncio.timeout(STALLED_S):
                while wanted and not moved:
                    fetched = await self._consumer.getmany(*wanted, timeout_ms=POLL_MS)
                    # Markers and aborted records move the position and are never returned.
                    positions = {tp: await self._consumer.position(tp) for tp in wanted}
                    moved = {tp: offset for tp, offset in positions.items() if offset > self._remaining[tp].start}
        except TimeoutError:
            raise RangeUnreadable(self._stuck(wanted)) from None
        records = {
            tp: [record for record in found if record.offset < self._remaining[tp].end] for tp, found in fetched.items()
        }
        for tp, position in moved.items():
            self._advance(tp, position)
        return records

    async def records(self) -> AsyncGenerator[Any, None]:
        """Yield all records that remain, those of a partition in order; raises RangeUnreadable as `fetch`."""
        while self._remaining:
            for records in (await self.fetch()).values():
                for record in records:
                    yield record

    def _advance(self, tp: TopicPartition, position: int) -> None:
        start, end = self._remaining[tp]
        self.offsets_read += position - start
        if position < end:
            self._remaining[tp] = OffsetRange(position, end)
        else:
            self._consumer.pause(tp)
            del self._remaining[tp]

    def _stuck(self, tps: Iterable[TopicPartition]) -> str:
        stuck = "; ".join(
            f"{tp.topic} partition {tp.partition} cannot be read"
            f" from offset {self._remaining[tp].start} to its end {self._remaining[tp].end}"
            for tp in tps
        )
        return f"{stuck}: a transaction is left open there, or the broker does not answer"


async def merge_by_timestamp(reader: RangeReader) -> AsyncIterator[Any]:
    """Yield all records by their timestamps, those of a partition in its own order; the same for the same log."""
    waiting: dict[TopicPartition, deque[Any]] = {tp: deque() for tp in reader.remaining}
    heads: list[tuple[int, str, int]] = []
    empty = list(waiting)
    while True:
        while hungry := [tp for tp in empty if not waiting[tp] and tp in reader.remaining]:
            for tp, records in (await reader.fetch(hungry)).items():
                waiting[tp] += records
        for tp in empty:
            if waiting[tp]:
                heappush(heads, (waiting[tp][0].timestamp, *tp))
        if not heads:
            return
        _, topic, number = heappop(heads)
        tp = TopicPartition(topic, number)
        ahead = waiting[tp]
        yield ahead.popleft()
        empty = [] if ahead else [tp]
        if ahead:
            heappush(heads, (ahead[0].timestamp, *tp))


async def _clipped(consumer: Any, ranges: Mapping[TopicPartition, OffsetRange]) -> dict[TopicPartition, OffsetRange]:
    """Return each range from the first offset that is still there, and to the present end if it was to end NOW."""
    first = await consumer.beginning_offsets(list(ranges))
    until_now = [tp for tp, span in ranges.items() if span.end == NOW]
    end = await consumer.end_offsets(until_now) if until_now else {}
    return {tp: OffsetRange(max(span.start, first[tp]), end.get(tp, span.end)) for tp, span in ranges.items()}
