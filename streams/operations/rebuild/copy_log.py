"""Copy the log of one prefix to another, each record once; its partition there may be another one.

A record goes over in one transaction with the offset behind it, kept as that of a group of the copy's own. So it may
be interrupted at any moment and resumed, and of two copies at once one fences the other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.client import client_options
from streams.kafka.range_reader import OffsetRange, RangeReader, bounds, merge_by_timestamp, partitions
from streams.kafka.residency import is_processed_here, partition_counts
from streams.kafka.routing import REROUTED, partition_of
from streams.kafka.topics import survey
from streams.kafka.transactional_producer import TransactionalProducer
from streams.processing.errors import WHOLE_LOG
from streams.processing.outbox import Outbox
from streams.processing.output_record import OutputRecord, SizeLimits
from streams.settings import Settings

__all__ = ["LogCopy", "LogCut", "NotItsCopy", "copy_group"]

TRANSACTION_TIMEOUT_MS = 60_000
#: Records in one transaction, by timestamp.
TRANSACTION_RECORDS = 5_000
TOPIC_BYTES = 1 << 20


class NotItsCopy(Exception):
    """The other log has records that are not a copy of this one."""


class LogCut(Exception):
    """The first records of the log were deleted before they were copied."""


def copy_group(app_id: str) -> str:
    """Return the group whose offsets are the progress of the copy for an app."""
    return f"{app_id}-copy"


class LogCopy:
    """The copy from the log of `old` to that of `new`, up to its end now; `positions` is the progress by partition."""

    def __init__(self, old: Settings, new: Settings) -> None:
        """Copy between two settings with the same brokers."""
        self.total = self.done = 0
        #: Partition of the old log → offset after the last copied record.
        self.positions: dict[int, int] = {}
        #: Partition of the old log → offset up to which all is copied, transaction markers included.
        self.reached: dict[int, int] = {}
        #: Kind → number of records not copied.
        self.left_out: Counter[str] = Counter()
        self._old, self._new = old.topic("reports"), new.topic("reports")
        self._prefix = new.topic_prefix
        self._group = copy_group(new.app_id)
        self._options = client_options(old)

    async def run(self, admin: AIOKafkaAdminClient) -> None:
        """Copy all records not copied yet. Raises LogCut, NotItsCopy, RangeUnreadable, KafkaError, TimeoutError."""
        counts = await partition_counts(self._options, self._old.removesuffix(".reports"))
        new_count = await partitions(self._options, self._new)
        spans = await bounds(self._options, [TopicPartition(self._old, number) for number in range(counts[-1])])
        between = await self._between(admin, spans)
        await self._must_be_ours(between, spans, new_count)
        self.positions = {place.partition: span.start for place, span in between.items()}
        self.total = sum(end - start for start, end in spans.values())
        self.done = self.total - sum(end - start for start, end in between.values())
        limits = await self._limits(admin)
        producer = TransactionalProducer(
            self._options, self._group, transaction_timeout_ms=TRANSACTION_TIMEOUT_MS, batch_bytes=limits[self._new]
        )
        try:
            await producer.start([self._new])
            async with RangeReader(self._options, between) as stretch:
                some: list[Any] = []
                async for record in merge_by_timestamp(stretch):
                    some.append(record)
                    if len(some) == TRANSACTION_RECORDS:
                        await self._commit(producer, limits, some, (counts, new_count))
                        some = []
                await self._commit(producer, limits, some, (counts, new_count))
            self.reached = {place.partition: span.end for place, span in spans.items()}
        finally:
            await producer.close()

    async def _between(
        self, admin: AIOKafkaAdminClient, spans: Mapping[TopicPartition, OffsetRange]
    ) -> dict[TopicPartition, OffsetRange]:
        """Return the ranges not copied yet; raises LogCut."""
        found = await admin.list_consumer_group_offsets(self._group, partitions=list(spans))
        came = {place: entry.offset for place, entry in found.items() if entry.offset >= 0}
        for place, span in spans.items():
            if span.start > came.get(place, 0):
                raise LogCut(
                    f"{place.topic} partition {place.partition} begins at offset {span.start}: the records before were"
                    f" deleted, and outputs rebuilt from the rest would be wrong. {WHOLE_LOG}"
                )
        return {place: OffsetRange(max(span.start, came.get(place, 0)), span.end) for place, span in spans.items()}

    async def _must_be_ours(
        self, between: Mapping[TopicPartition, OffsetRange], spans: Mapping[TopicPartition, OffsetRange], new_count: int
    ) -> None:
        if any(between[place].start > span.start for place, span in spans.items()):
            return
        there = await bounds(self._options, [TopicPartition(self._new, number) for number in range(new_count)])
        if any(end > start for start, end in there.values()):
            raise NotItsCopy(f"{self._new} already has records that are not a copy of {self._old}: name another prefix")

    async def _limits(self, admin: AIOKafkaAdminClient) -> dict[str, int]:
        found = (await survey(admin, self._prefix))["reports"]
        return {self._new: int(found.settings.get("max.message.bytes", TOPIC_BYTES))}

    async def _commit(
        self,
        producer: TransactionalProducer,
        limits: Mapping[str, int],
        records: Sequence[Any],
        counts: tuple[tuple[int, ...], int],
    ) -> None:
        outbox, size_limits = Outbox(producer.create_batch, 0), SizeLimits(limits)
        left_out: Counter[str] = Counter()
        behind: dict[TopicPartition, int] = {}
        for record in records:
            behind[TopicPartition(self._old, record.partition)] = record.offset + 1
            home = _home(record, *counts)
            if home is None:
                left_out["sent on or misrouted"] += 1
                continue
            timestamp_ms = record.timestamp if record.timestamp >= 0 else None
            headers = [header for header in record.headers if header[0] != REROUTED]
            copy: OutputRecord = (self._new, home, record.key, record.value, headers, timestamp_ms)
            size_limits.check(copy)
            outbox.extend([copy])
        if not behind:
            return
        await producer.commit(outbox.batches, behind, self._group)
        self.left_out += left_out
        for place, offset in behind.items():
            self.done += offset - self.positions[place.partition]
            self.positions[place.partition] = offset


def _home(record: Any, counts: tuple[int, ...], new_count: int) -> int | None:
    """Return the partition of a record, None if the old log rerouted it or rejected it as misrouted."""
    if not is_processed_here(record.key, record.value, record.partition, counts):
        return None
    return record.partition % new_count if record.key is None else partition_of(record.key, new_count)
