"""Decoding of fetched records that no record can stop.

Any producer can write a header name that is not UTF-8. aiokafka's decoder raises on it, so a consumer never gets past
the record. Here such a name is decoded with U+FFFD.

A log older than Kafka 0.11 may hold records of the formats 0 and 1. aiokafka returns None for a timestamp that they
lack; here it is -1, as in records of format 2.
"""

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecord, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

__all__ = ["decode_any_record"]

#: Offset of the length field in a batch, and the bytes before those that it counts.
LENGTH_AT, BEFORE_LENGTH_COUNTS = 8, 12


def decode_any_record() -> None:
    """Apply this decoding to every aiokafka consumer of the process that is made from now on."""
    fetcher.MemoryRecords = _Records


class _Records:
    """The batches that one fetch returned for a partition."""

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
    """A batch decoded by aiokafka's fast decoder, or by its pure Python one if that fails."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        if self._batch.producer_id is None:
            return map(_as_format_2, self._batch)
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(_ForgivingBatch(self._raw))


def _as_format_2(old: Any) -> Any:
    """Convert a record of the formats 0 and 1, which have no headers."""
    timestamp_ms = -1 if old.timestamp is None else old.timestamp
    return DefaultRecord(old.offset, timestamp_ms, old.timestamp_type or 0, old.key, old.value, [])


class _ForgivingBatch(_DefaultRecordBatchPy):  # type: ignore[misc] # aiokafka has no types
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _Forgiving(self._buffer)


class _Forgiving(bytearray):
    """Bytes that always decode as text; the decoder decodes header names only."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Forgiving(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)
