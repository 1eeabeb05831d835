"""A topic read in the order of its timestamps, from a position in each partition."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from aiokafka import TopicPartition

from streams.kafka.range_reader import OffsetRange, RangeReader, RangeUnreadable, bounds, merge_by_timestamp, partitions
from streams.kafka.residency import is_processed_here, partition_counts
from streams.kafka.routing import partition_of
from streams.stores.kafka.errors import READ_ERRORS, reading_failed
from streams.stores.topic_records import PositionLost, TopicFilter, TopicRecord

__all__ = ["KafkaTopicReader"]


class KafkaTopicReader:
    """The committed records of a topic, ordered by timestamp, and within a partition by offset."""

    def __init__(self, options: dict[str, Any], topic: str, wanted: TopicFilter) -> None:
        """Read the topic with this full name; `options` are the client's."""
        self.total = self.done = 0
        self.partitions = 0
        #: Every number of partitions that the topic of reports has had.
        self._counts: tuple[int, ...] = ()
        self._options = options
        self._topic = topic
        self._wanted = wanted

    async def records(self, positions: Mapping[int, int]) -> AsyncGenerator[TopicRecord, None]:
        """Yield the records from `positions` to the present end; raises StoreUnavailable and PositionLost."""
        try:
            async with aclosing(self._read(positions)) as records:
                async for record in records:
                    yield record
        except READ_ERRORS as error:
            raise reading_failed(error, self._topic, self._options["bootstrap_servers"]) from error

    def is_processed(self, record: TopicRecord) -> bool:
        """Return whether a report counts in its partition: a rerouted one is read again in the right one."""
        if self._wanted.topic != "reports":
            return True
        return is_processed_here(record.key, record.value, record.part, self._counts)

    async def _read(self, positions: Mapping[int, int]) -> AsyncGenerator[TopicRecord, None]:
        self.partitions = await partitions(self._options, self._topic)
        if self._wanted.topic == "reports":
            self._counts = await partition_counts(self._options, self._topic.removesuffix(".reports"))
        spans = await bounds(self._options, [TopicPartition(self._topic, number) for number in self._numbers()])
        ranges = {tp: self._range(tp, span, positions.get(tp.partition)) for tp, span in spans.items()}
        starts = {tp.partition: span.start for tp, span in spans.items()}
        self.total = sum(end - start for start, end in spans.values())
        reached = {tp.partition: span.start for tp, span in ranges.items()}
        self.done = sum(reached.values()) - sum(starts.values())
        key = None if self._wanted.episode is None else self._wanted.episode.encode()
        async with RangeReader(self._options, ranges) as reader:
            async for record in merge_by_timestamp(reader):
                self.done += record.offset + 1 - reached[record.partition]
                reached[record.partition] = record.offset + 1
                if key in (None, record.key):
                    yield _record(record)

    def _numbers(self) -> range:
        if self._wanted.episode is not None:
            number = partition_of(self._wanted.episode.encode(), self.partitions)
        elif self._wanted.partition is not None:
            number = self._wanted.partition
        else:
            return range(self.partitions)
        if number >= self.partitions:
            raise RangeUnreadable(f"{self._topic} has {self.partitions} partitions; there is no partition {number}")
        return range(number, number + 1)

    @staticmethod
    def _range(tp: TopicPartition, span: OffsetRange, position: int | None) -> OffsetRange:
        if position is None:
            return span
        if not span.start <= position <= span.end:
            raise PositionLost(
                f"{tp.topic} partition {tp.partition} now has offsets {span.start} to {span.end}, and the export"
                f" was at {position}: the log was truncated or recreated; start a new export"
            )
        return OffsetRange(position, span.end)


def _record(record: Any) -> TopicRecord:
    timestamp_us = record.timestamp * 1_000 if record.timestamp >= 0 else None
    return TopicRecord(
        record.partition, record.offset + 1, timestamp_us, record.key, record.value, tuple(record.headers)
    )
