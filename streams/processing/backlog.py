"""The records of one partition that have been fetched and not yet folded."""

from collections import deque
from collections.abc import Sequence
from typing import Any

__all__ = ["RECORD_BYTES", "Backlog"]

#: What a record takes up in memory beside its key and value.
RECORD_BYTES = 220


class Backlog:
    """A queue of fetched records, kept in bounds by pausing the partition: `full` says when, `low` when to go on."""

    def __init__(self, batch_records: int, batch_bytes: int) -> None:
        self.records = 0
        self._bytes = 0
        #: What was fetched at a time, with its bytes.
        self._chunks: deque[tuple[Sequence[Any], int]] = deque()
        self._batch_records = batch_records
        self._batch_bytes = batch_bytes

    @property
    def full(self) -> bool:
        """Whether there is enough for two batches."""
        return self.records >= 2 * self._batch_records or self._bytes >= 2 * self._batch_bytes

    @property
    def low(self) -> bool:
        """Whether there is less than one batch."""
        return self.records < self._batch_records and self._bytes < self._batch_bytes

    def put(self, fetched: Sequence[Any]) -> int | None:
        """Take what was fetched, in order, as far as there is room for a third batch.

        Returns the offset of the first record that there is no room for, None where all were taken.
        """
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
        for at, record in enumerate(fetched):
            room -= _size_bytes((record,))
            # The first of an empty backlog is taken whatever its size: else nothing would go on.
            if (room < 0 or at >= most) and (at or self.records):
                return fetched[:at], record.offset
        return fetched, None

    def take(self, most: int) -> list[Any]:
        """Take the next batch, of `most` records at most."""
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
        """Forget everything: it will be fetched again."""
        self._chunks.clear()
        self.records = self._bytes = 0


def _size_bytes(records: Sequence[Any]) -> int:
    payload: int = sum([len(record.value or b"") + len(record.key or b"") for record in records])
    return payload + RECORD_BYTES * len(records)
