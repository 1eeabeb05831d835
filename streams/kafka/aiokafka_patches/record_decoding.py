"""Fetched records as aiokafka reads them, but for two things that would stop every partition of a worker.

Any producer can write a header's name that is not UTF-8, and brokers take it. aiokafka's decoder raises on it, so that
a consumer never gets past the record. Here such a name reads as U+FFFD, like other text of that kind.

A log that is older than Kafka 0.11 may hold records of the formats 0 and 1, which brokers give out as they are. Where
they have no time aiokafka says None; here it is -1, as in records of today. Held by tests/kafka/test_aiokafka.py.
"""

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecord, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

__all__ = ["read_any_record"]

#: Where a batch gives its length, and how many bytes stand before what that counts.
LENGTH_AT, BEFORE_LENGTH_COUNTS = 8, 12


def read_any_record() -> None:
    """Have every consumer of this process read them."""
    fetcher.MemoryRecords = _Records


class _Records:
    """What a fetch gave of one partition, batch by batch."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched = fetched
        self._at = 0
        records = self._records = MemoryRecords(fetched)
        self.has_next, self.size_in_bytes = records.has_next, records.size_in_bytes

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        start = self._at
        (length,) = struct.unpack_from(">i", self._fetched, start + LENGTH_AT)
        self._at = start + BEFORE_LENGTH_COUNTS + length
        return _Batch(batch, memoryview(self._fetched)[start : self._at])


class _Batch:
    """A batch that is read by aiokafka's quick decoder, and by its other one where that fails."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        if self._batch.producer_id is None:
            return map(_of_today, self._batch)
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(_ForgivingBatch(self._raw))


def _of_today(old: Any) -> Any:
    """Return a record of the formats 0 and 1, which have no headers, as one of format 2."""
    timestamp_ms = -1 if old.timestamp is None else old.timestamp
    return DefaultRecord(old.offset, timestamp_ms, old.timestamp_type or 0, old.key, old.value, [])


class _ForgivingBatch(_DefaultRecordBatchPy):  # type: ignore[misc] # aiokafka has no types
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _Forgiving(self._buffer)


class _Forgiving(bytearray):
    """Bytes of which every part can be read as text: the decoder reads header names alone so."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Forgiving(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)
