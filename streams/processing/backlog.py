"""Records of one partition that are fetched and not yet processed."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

__all__ = ["RECORD_BYTES", "Backlog", "FetchQueue", "PartitionReader"]

#: Memory of a record beside its key and value.
RECORD_BYTES = 220


class Backlog:
    """A bounded queue of fetched records: fetching pauses when it is `full` and resumes when it is `low`."""

    def __init__(self, batch_records: int, batch_bytes: int) -> None:
        self.records = 0
        self._bytes = 0
        #: The records of each fetch, with their bytes.
        self._chunks: deque[tuple[Sequence[Any], int]] = deque()
        self._batch_records = batch_records
        self._batch_bytes = batch_bytes

    @property
    def full(self) -> bool:
        """Return True if it holds two batches."""
        return self.records >= 2 * self._batch_records or self._bytes >= 2 * self._batch_bytes

    @property
    def low(self) -> bool:
        """Return True if it holds less than one batch."""
        return self.records < self._batch_records and self._bytes < self._batch_bytes

    def put(self, fetched: Sequence[Any]) -> int | None:
        """Add fetched records, up to three batches; return the offset of the first that does not fit, or None."""
        size, over = _size_bytes(fetched), None
        if self.records + len(fetched) > 3 * self._batch_records or self._bytes + size > 3 * self._batch_bytes:
            fetched, over = self._fitting(fetched)
            size = _size_bytes(fetched)
        self._chunks.append((fetched, size))
        self.records += len(fetched)
        self._bytes += size
        return over

    def _fitting(self, fetched: Sequence[Any]) -> tuple[Sequence[Any], int | None]:
        room = 3 * self._batch_bytes - self._bytes
        most = 3 * self._batch_records - self.records
        for index, record in enumerate(fetched):
            room -= _size_bytes((record,))
            # An empty backlog takes any first record, or a long one would stop the partition.
            if (room < 0 or index >= most) and (index or self.records):
                return fetched[:index], record.offset
        return fetched, None

    def take(self, most: int) -> list[Any]:
        """Remove and return the next batch, of `most` records at most."""
        most = min(most, self._batch_records)
        batch: list[Any] = []
        size = 0
        while self._chunks and len(batch) < most and size < self._batch_bytes:
            chunk, chunk_bytes = self._chunks.popleft()
            room = most - len(batch)
            if len(chunk) > room:
                taken_bytes = _size_bytes(chunk[:room])
                self._chunks.appendleft((chunk[room:], chunk_bytes - taken_bytes))
                chunk, chunk_bytes = chunk[:room], taken_bytes
            batch += chunk
            size += chunk_bytes
        self.records -= len(batch)
        self._bytes -= size
        return batch

    def clear(self) -> None:
        """Discard everything; it will be fetched again."""
        self._chunks.clear()
        self.records = self._bytes = 0


class PartitionReader(Protocol):
    """The group's consumer as one partition uses it; nothing happens if the partition is not assigned to us."""

    def open(self, partition: int, offset: int) -> None:
        """Fetch from this offset on."""

    def resume(self, partition: int) -> None:
        """Continue fetching after a pause."""

    def pause(self, partition: int) -> None:
        """Stop fetching for now."""

    async def unread(self, partition: int) -> int | None:
        """Return the number of stable offsets that are not fetched yet; None: unknown."""


class FetchQueue:
    """The backlog of a partition, which pauses and resumes its fetching."""

    def __init__(self, partition: int, reader: PartitionReader, batch_records: int, batch_bytes: int) -> None:
        self._partition = partition
        self._reader = reader
        self._backlog = Backlog(batch_records, batch_bytes)
        #: True if fetched records are accepted: the partition is ours and restored.
        self._open = False
        self._paused = False
        #: Offset to fetch from after the pause, if not the reader's position: there was no room for that record.
        self._refetch_offset: int | None = None

    @property
    def records(self) -> int:
        """Number of records in the queue."""
        return self._backlog.records

    def start(self, offset: int) -> None:
        """Fetch from this offset on."""
        self._open, self._paused, self._refetch_offset = True, False, None
        self._reader.open(self._partition, offset)

    def discard(self) -> None:
        """Discard everything, and accept nothing until `start`."""
        self._open = False
        self._backlog.clear()

    def stop(self) -> None:
        """Discard everything and stop fetching."""
        self.discard()
        self._reader.pause(self._partition)

    def put(self, fetched: Sequence[Any]) -> None:
        """Add fetched records; those after one that does not fit are ignored, and fetched again."""
        if not self._open or (self._paused and self._refetch_offset is not None):
            return
        self._refetch_offset = self._backlog.put(fetched)
        # A record longer than a batch may not fit before the backlog is full.
        if (self._backlog.full or self._refetch_offset is not None) and not self._paused:
            self._paused = True
            self._reader.pause(self._partition)

    def take(self, most: int) -> list[Any]:
        """Remove and return the next batch, of `most` records at most."""
        batch = self._backlog.take(most)
        if self._paused and self._backlog.low:
            self._paused = False
            if self._refetch_offset is None:
                self._reader.resume(self._partition)
            else:
                self._reader.open(self._partition, self._refetch_offset)
        return batch


def _size_bytes(records: Sequence[Any]) -> int:
    payload: int = sum([len(record.value or b"") + len(record.key or b"") for record in records])
    return payload + RECORD_BYTES * len(records)
