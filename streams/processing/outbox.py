"""The record batches of one transaction."""

from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import TopicPartition

from streams.kafka.aiokafka_patches.batch_builder import BatchFiller
from streams.processing.output_record import OutputRecord

__all__ = ["Outbox"]


class Outbox:
    """Record batches by topic and partition, filled as the records are made. Lengths are checked before."""

    def __init__(self, create_batch: Callable[[str], Any], partition: int) -> None:
        """`create_batch` makes an empty batch for a topic; most records go to `partition`."""
        self.batches: dict[TopicPartition, list[Any]] = {}
        self.records = 0
        self._create_batch = create_batch
        self._partition = partition
        #: Of our own partition, by topic: a transaction has thousands of records for them.
        self._own: dict[str, BatchFiller] = {}
        self._others: dict[tuple[str, int], BatchFiller] = {}

    def extend(self, records: Iterable[OutputRecord]) -> None:
        """Append records in order."""
        own = self._own
        for record in records:
            topic, partition, key, value, headers, timestamp_ms = record
            self.records += 1
            if partition == self._partition:
                filler = own.get(topic)
                if filler is None or not filler.append(timestamp_ms, key, value, headers):
                    own[topic] = self._begin(record)
            else:
                filler = self._others.get((topic, partition))
                if filler is None or not filler.append(timestamp_ms, key, value, headers):
                    self._others[topic, partition] = self._begin(record)

    def _begin(self, record: OutputRecord) -> BatchFiller:
        """Return a new batch with its first record, which fits whatever its length."""
        topic, partition, key, value, headers, timestamp_ms = record
        batch = self._create_batch(topic)
        self.batches.setdefault(TopicPartition(topic, partition), []).append(batch)
        filler = BatchFiller(batch)
        filler.append(timestamp_ms, key, value, headers)
        return filler
