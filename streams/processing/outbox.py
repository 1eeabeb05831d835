"""What one transaction writes: record batches, filled as the records are made."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition

from streams.core.cloudevents import Header
from streams.kafka.aiokafka_patches.batch_builder import BatchFiller
from streams.processing.errors import OutputTooLarge

__all__ = ["Outbox", "OutputRecord"]

#: Lengths, offset and timestamp of a record, and the header of a batch that holds it alone.
OVERHEAD_BYTES: Final = 128
HEADER_OVERHEAD_BYTES: Final = 8
#: A value below this fits whatever its key and headers are: no topic is set up to take less than 256 KiB.
SMALL_BYTES: Final = 64 << 10


NO_HEADERS: Final[list[Header]] = []


class OutputRecord(NamedTuple):
    """One record to write. Without a timestamp it gets the time at which it is appended."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    #: A list, since aiokafka takes no other sequence.
    headers: list[Header] = NO_HEADERS
    timestamp_ms: int | None = None

    def size_bytes(self) -> int:
        """Return how long a batch with this record alone is, at most."""
        headers = sum(len(name) + len(value or b"") + HEADER_OVERHEAD_BYTES for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers + OVERHEAD_BYTES


class Outbox:
    """The record batches of one transaction, by topic and partition, in the order of appending."""

    def __init__(self, create_batch: Callable[[str], Any], limits: Mapping[str, int], partition: int) -> None:
        """Take what makes an empty batch for a topic, the length of the longest that each takes, and the partition."""
        self.batches: dict[TopicPartition, list[Any]] = {}
        self.records = 0
        self._create_batch = create_batch
        self._limits = limits
        self._partition = partition
        #: Of our own partition, by topic.
        self._own: dict[str, BatchFiller] = {}
        self._others: dict[tuple[str, int], BatchFiller] = {}

    def limit(self, topic: str) -> int:
        """Return how long a batch the topic takes, in bytes."""
        return self._limits[topic]

    def fits(self, record: OutputRecord) -> bool:
        """Tell whether the topic of a record takes one of its length."""
        return len(record.value or b"") < SMALL_BYTES or record.size_bytes() <= self.limit(record.topic)

    def check(self, topic: str, key: bytes | None, value: bytes | None, headers: list[Header] = NO_HEADERS) -> None:
        """Raise OutputTooLarge where the topic does not take a record of this length."""
        if value is not None and len(value) >= SMALL_BYTES:
            self._check(OutputRecord(topic, self._partition, key, value, headers))

    def put(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: list[Header] = NO_HEADERS,
        timestamp_ms: int | None = None,
    ) -> None:
        """Append a record for our own partition, which has been checked. A transaction has thousands of them."""
        filling = self._own.get(topic)
        if filling is None or not filling.append(timestamp_ms, key, value, headers):
            self._own[topic] = self._begin(topic, self._partition, timestamp_ms, key, value, headers)
        self.records += 1

    def add(self, record: OutputRecord) -> None:
        """Append a record; raises OutputTooLarge."""
        self._check(record)
        topic, partition, key, value, headers, timestamp_ms = record
        if partition == self._partition:
            self.put(topic, key, value, headers, timestamp_ms)
            return
        filling = self._others.get((topic, partition))
        if filling is None or not filling.append(timestamp_ms, key, value, headers):
            self._others[topic, partition] = self._begin(topic, partition, timestamp_ms, key, value, headers)
        self.records += 1

    def _check(self, record: OutputRecord) -> None:
        if not self.fits(record):
            raise OutputTooLarge(
                f"it makes a record of {record.size_bytes()} bytes for {record.topic}, which takes"
                f" {self.limit(record.topic)} (max.message.bytes)"
            )

    def _begin(  # noqa: PLR0917 - a record, in the order of `BatchFiller.append`
        self,
        topic: str,
        partition: int,
        timestamp_ms: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[Header],
    ) -> BatchFiller:
        """Return another batch with its first record, which it takes whatever its length."""
        batch = self._create_batch(topic)
        self.batches.setdefault(TopicPartition(topic, partition), []).append(batch)
        filling = BatchFiller(batch)
        filling.append(timestamp_ms, key, value, headers)
        return filling
