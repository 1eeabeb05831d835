"""A record batch filled without `BatchBuilder.append`, which takes as long as encoding the record."""

from typing import Any

from streams.core.cloudevents import Header

__all__ = ["BatchFiller"]


class BatchFiller:
    """Appends records to one empty `BatchBuilder`."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch
        self._append = batch._builder.append
        self._records = 0

    def append(self, timestamp_ms: int | None, key: bytes | None, value: bytes | None, headers: list[Header]) -> bool:
        """Append a record; return False and close the batch if it does not fit. An empty batch takes any length."""
        if self._append(self._records, timestamp_ms, key, value, headers) is None:
            self._batch.close()
            return False
        self._records += 1
        self._batch._relative_offset = self._records
        return True
