"""Decoding of fetched records that no record can stop.

Any producer can write a header name that is not UTF-8. aiokafka's decoder raises on it, so a consumer never gets past
the record. Here such a name is decoded with U+FFFD.

A log older than Kafka 0.11 may hold records of the formats 0 and 1. aiokafka returns None for a timestamp that they
lack; here it is -1, as in records of format 2.

aiokafka decompresses a batch whatever its length, and a broker limits only the compressed length. Here a batch is
decompressed up to a limit; a longer one gives records with the value `Oversized` in its place.
"""

import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import cramjam
from aiokafka.codec import lz4_decode, snappy_decode
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecord, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka import oversized

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["decode_any_record"]

#: Offset of the length field in a batch, and the bytes before those that it counts.
LENGTH_AT, BEFORE_LENGTH_COUNTS = 8, 12
#: Offsets of the attributes, whose last three bits are the codec, and of the number of records; length of the header.
ATTRIBUTES_AT, RECORDS_AT, HEADER_BYTES = 21, 57, 61
CODEC_MASK = 7
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
#: The highest ratio of the data to its compressed length with snappy and LZ4.
LARGEST_RATIO = {SNAPPY: 22, LZ4: 256}
_GZIP_WINDOW = 31


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
        batch, raw = self._batch, self._raw
        if batch.producer_id is None:
            return map(_as_format_2, batch)
        if raw[ATTRIBUTES_AT + 1] & CODEC_MASK:
            plain = _uncompressed(raw)
            if plain is None:
                return (_oversized(offset) for offset in range(batch.base_offset, batch.next_offset))
            batch, raw = MemoryRecords(plain).next_batch(), memoryview(plain)
        try:
            return iter(list(batch))
        except UnicodeDecodeError:
            return iter(_ForgivingBatch(raw))


def _oversized(offset: int) -> Any:
    return DefaultRecord(offset, -1, 0, None, oversized.Oversized(), [])


def _uncompressed(raw: memoryview) -> bytes | None:
    """Return a compressed batch as an uncompressed one, or None if that is too long."""
    (count,) = struct.unpack_from(">i", raw, RECORDS_AT)
    if count > oversized.MAX_UNPACKED_RECORDS:
        return None
    attributes = raw[ATTRIBUTES_AT + 1]
    payload = _decompress(attributes & CODEC_MASK, raw[HEADER_BYTES:], oversized.MAX_UNPACKED_BYTES)
    if payload is None:
        return None
    header = bytearray(raw[:HEADER_BYTES])
    struct.pack_into(">i", header, LENGTH_AT, HEADER_BYTES - BEFORE_LENGTH_COUNTS + len(payload))
    header[ATTRIBUTES_AT + 1] = attributes & ~CODEC_MASK
    return bytes(header) + payload


def _decompress(codec: int, data: memoryview, limit: int) -> bytes | None:
    """Decompress data; return None if they are longer than `limit`. Raises what the codec raises for damaged data."""
    if codec == ZSTD:
        return _decompress_in_steps(zstd.ZstdDecompressor, data, limit)
    if codec == GZIP:
        return _decompress_in_steps(lambda: zlib.decompressobj(_GZIP_WINDOW), data, limit)
    if len(data) * LARGEST_RATIO[codec] <= limit:
        return bytes(snappy_decode(bytes(data)) if codec == SNAPPY else lz4_decode(bytes(data)))
    if codec == SNAPPY:
        return None
    room = bytearray(limit)
    try:
        return bytes(room[: cramjam.lz4.decompress_into(bytes(data), room)])
    except cramjam.DecompressionError:
        return None


def _decompress_in_steps(make: Any, data: memoryview, limit: int) -> bytes | None:
    """Decompress one or more frames."""
    parts: list[bytes] = []
    left, rest = limit, bytes(data)
    while rest:
        frame = make()
        part = frame.decompress(rest, left + 1)
        left -= len(part)
        if left < 0:
            return None
        if not frame.eof:
            raise ValueError("a compressed batch ends in the middle of a frame")
        parts.append(part)
        rest = frame.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


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
