"""Records of one topic, read from a position to its present end: the source of an export."""

from collections.abc import AsyncGenerator, Mapping
from typing import NamedTuple, Protocol

__all__ = ["TABLE_TOPICS", "PositionLost", "RecordHeader", "TopicFilter", "TopicReader", "TopicRecord"]

RecordHeader = tuple[str, bytes | None]
#: Topics that an embedded server keeps as tables.
TABLE_TOPICS = ("reports", "casualties", "ceasefires", "statements", "rejected")


class PositionLost(Exception):
    """A position that the log no longer has, because it was truncated or recreated; the message says which."""


class TopicFilter(NamedTuple):
    """A topic, or only one episode or one partition of it."""

    topic: str
    episode: str | None = None
    partition: int | None = None


class TopicRecord(NamedTuple):
    """One record, and the position after it in its part (a partition, or the table of an SQLite file)."""

    part: int
    next_position: int
    timestamp_us: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[RecordHeader, ...] = ()


class TopicReader(Protocol):
    """The records of a topic, in an order that is the same on every reading."""

    #: Offsets to read, and how many of them have been read.
    total: int
    done: int

    def records(self, positions: Mapping[int, int]) -> AsyncGenerator[TopicRecord, None]:
        """Yield the records from `positions` (by part; from the start without one) to the present end.

        Raises StoreUnavailable, and PositionLost where the log was truncated or recreated since.
        """
        ...

    def is_processed(self, record: TopicRecord) -> bool:
        """Return whether a report counts in the partition it is in; False for rerouted and misrouted reports."""
        ...
