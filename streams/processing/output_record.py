"""Records to write, and the limits of their topics."""

from collections.abc import Mapping
from typing import Final

from streams.core.cloudevents import Header
from streams.processing.errors import OutputTooLarge

__all__ = ["NO_HEADERS", "SMALL_BYTES", "OutputRecord", "SizeLimits", "size_bytes"]

#: Lengths, offset and timestamp of a record, and the header of a batch that contains only it.
OVERHEAD_BYTES: Final = 128
HEADER_OVERHEAD_BYTES: Final = 8
#: A record with a shorter value fits its topic whatever its key and headers are: no topic takes less than 256 KiB.
SMALL_BYTES: Final = 64 << 10

NO_HEADERS: Final[list[Header]] = []

#: Topic, partition, key, value, headers (a list, as aiokafka asks), and timestamp (ms, None: when it is appended).
#: A plain tuple, since a NamedTuple takes ten times as long to make and each report makes three.
OutputRecord = tuple[str, int, bytes | None, bytes | None, list[Header], int | None]


def size_bytes(record: OutputRecord) -> int:
    """Return the length of a batch that contains only this record, at most."""
    _, _, key, value, headers, _ = record
    header_bytes = sum([len(name) + len(content or b"") + HEADER_OVERHEAD_BYTES for name, content in headers])
    return len(key or b"") + len(value or b"") + header_bytes + OVERHEAD_BYTES


class SizeLimits:
    """The longest record batch that each topic takes (`max.message.bytes`)."""

    def __init__(self, max_bytes: Mapping[str, int]) -> None:
        self._max_bytes = max_bytes

    def of(self, topic: str) -> int:
        """Return the limit of a topic, in bytes."""
        return self._max_bytes[topic]

    def fits(self, record: OutputRecord) -> bool:
        """Return True if the topic accepts a record of this length."""
        value = record[3]
        return len(value or b"") < SMALL_BYTES or size_bytes(record) <= self._max_bytes[record[0]]

    def check(self, record: OutputRecord) -> None:
        """Raise OutputTooLarge if the topic of a record does not take one of its length."""
        if not self.fits(record):
            topic = record[0]
            raise OutputTooLarge(
                f"it makes a record of {size_bytes(record)} bytes for {topic}, which takes"
                f" {self._max_bytes[topic]} (max.message.bytes)"
            )
