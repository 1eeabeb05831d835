"""The number of records that a transaction may have, after earlier failures."""

from typing import Any, Final

from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from streams.kafka.client import REQUEST_TIMEOUT_MS
from streams.processing.errors import SplitBatch

__all__ = ["REFUSALS", "BatchLimit"]

#: A batch is refused for its content: the same batch would be refused again.
REFUSALS: Final = (
    SplitBatch,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    CorruptRecordException,
    InvalidTimestampError,
)
#: A transaction that failed after this share of its time limit, or of that of a request, was too long for the broker.
SLOW_SHARE: Final = 0.5
SHRINK: Final = 4


class BatchLimit:
    """The limit of one partition: smaller after a batch that was too slow, one record after a batch that was refused.

    So a slow broker slows a partition and does not stop it, and a refused record is found.
    """

    def __init__(self, max_records: int, transaction_s: float) -> None:
        """`transaction_s` is the time limit of a transaction."""
        self._max_records = max_records
        self._slow_s = SLOW_SHARE * min(transaction_s, REQUEST_TIMEOUT_MS / 1000)
        self._records = max_records
        self._single_below = 0

    def records(self, next_offset: int) -> int:
        """Return how many records the next transaction may take."""
        return 1 if next_offset < self._single_below else self._records

    def committed(self) -> None:
        """Allow twice as many records, up to the configured limit."""
        self._records = min(self._max_records, 2 * self._records)

    def too_slow(self, batch: list[Any], took_s: float) -> bool:
        """Shrink the limit if the failed transaction of a batch took too long; return whether it did."""
        if took_s < self._slow_s:
            return False
        self._records = max(1, len(batch) // SHRINK)
        return True

    def refused(self, batch: list[Any]) -> bool:
        """Ask for single records up to the end of a refused batch; return False if it was a single record already."""
        last: int = batch[-1].offset
        if len(batch) == 1 and last < self._single_below:
            return False
        self._single_below = last + 1
        return True
