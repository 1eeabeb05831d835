"""Sources of an export: a topic on Kafka, or a table of an embedded server's file."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from aiokafka import TopicPartition

from schemas.topics import CHANGE_TOPICS
from streams.kafka.range_reader import OffsetRange, RangeReader, RangeUnreadable, bounds, merge_by_timestamp, partitions
from streams.kafka.residency import partition_counts
from streams.kafka.routing import partition_of
from streams.operations.export.record_lines import ExportedRecord
from streams.operations.export.resumable_file import ResumeError
from streams.stores.sqlite.reader import Reader

__all__ = ["EMBEDDED_TOPICS", "EmbeddedSource", "ExportFilter", "KafkaSource"]

EMBEDDED_TOPICS = ("reports", *CHANGE_TOPICS, "rejected")


class ExportFilter(NamedTuple):
    """A part of a topic: all of it, one episode, or one partition."""

    topic: str
    episode: str | None = None
    partition: int | None = None


class KafkaSource:
    """A topic: records by timestamp, those of a partition in offset order."""

    def __init__(self, options: dict[str, Any], topic: str, wanted: ExportFilter) -> None:
        """Read the topic of this full name with these client options."""
        #: Number of offsets to read, and read so far.
        self.total = self.done = 0
        self.partitions = 0
        #: Number of partitions of the log.
        self.counts: tuple[int, ...] = ()
        self._options = options
        self._topic = topic
        self._wanted = wanted

    async def items(self, positions: Mapping[int, int]) -> AsyncGenerator[ExportedRecord, None]:
        """Yield the records after the positions, in the same order on every call.

        Raises Unreadable, KafkaError, and ResumeError where the log was cut since.
        """
        self.partitions = await partitions(self._options, self._topic)
        if self._wanted.topic == "reports":
            self.counts = await partition_counts(self._options, self._topic.removesuffix(".reports"))
        found = await bounds(self._options, [TopicPartition(self._topic, number) for number in self._numbers()])
        between = {place: self._from(place, span, positions.get(place.partition)) for place, span in found.items()}
        starts = {place.partition: span.start for place, span in found.items()}
        self.total = sum(end - start for start, end in found.values())
        reached = {place.partition: span.start for place, span in between.items()}
        self.done = sum(reached.values()) - sum(starts.values())
        key = None if self._wanted.episode is None else self._wanted.episode.encode()
        async with RangeReader(self._options, between) as stretch:
            async for record in merge_by_timestamp(stretch):
                self.done += record.offset + 1 - reached[record.partition]
                reached[record.partition] = record.offset + 1
                if key in (None, record.key):
                    timestamp_us = record.timestamp * 1_000 if record.timestamp >= 0 else None
                    headers = tuple(record.headers)
                    yield ExportedRecord(
                        record.partition, record.offset + 1, timestamp_us, record.key, record.value, headers
                    )

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
    def _from(place: TopicPartition, span: OffsetRange, position: int | None) -> OffsetRange:
        if position is None:
            return span
        if not span.start <= position <= span.end:
            raise ResumeError(
                f"{place.topic} partition {place.partition} now has offsets {span.start} to {span.end}, and the export"
                f" was at {position}: the log was truncated or recreated; start a new export"
            )
        return OffsetRange(position, span.end)


class EmbeddedSource:
    """A table of the file, in its order; the server may be running."""

    counts = (1,)

    def __init__(self, path: Path, wanted: ExportFilter) -> None:
        """Read the file at this path."""
        self.total = self.done = 0
        self._path = path
        self._wanted = wanted

    async def items(self, positions: Mapping[int, int]) -> AsyncGenerator[ExportedRecord, None]:
        """Yield the rows; raises StoreUnavailable, and ResumeError if the file was replaced."""
        reader = Reader(self._path)
        try:
            first, last = (-1, reader.last_offset()) if self._wanted.topic == "reports" else (0, None)
            self.total = 0 if last is None else last + 1
            after = positions.get(0, first)
            if last is not None and after > last:
                raise ResumeError(
                    f"the log in {self._path} now ends at offset {last}, and the export was at {after}: the file"
                    " was recreated; start a new export"
                )
            while page := list(self._page(reader, after)):
                for item in page:
                    self.done = after = item.next_position
                    yield item
        finally:
            reader.close()

    def _page(self, reader: Reader, after: int) -> Iterator[ExportedRecord]:
        topic, episode = self._wanted.topic, self._wanted.episode
        if topic == "reports":
            for logged in reader.log(after, episode=episode):
                name = orjson.loads(logged.value)["episode"].encode()
                yield ExportedRecord(0, logged.offset, logged.time_us, name, logged.value)
        elif topic == "rejected":
            for row in reader.rejected(after):
                said = (("code", row.code.encode()), ("message", row.message.encode()))
                yield ExportedRecord(0, row.row, row.time_us, None, row.value, said)
        else:
            for change in reader.changes(after, episode=episode, topic=topic):
                yield ExportedRecord(0, change.row, None, change.episode.encode(), change.record)
