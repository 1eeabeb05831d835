"""A record of the log and its position."""

from typing import NamedTuple


class Record(NamedTuple):
    """A record's value as bytes, and its timestamp (µs) if it has one."""

    value: bytes
    timestamp_us: int | None = None


class Located(NamedTuple):
    """A record and its position: topic, partition and offset on a log, file and line in a file."""

    value: bytes
    timestamp_us: int | None
    origin: dict[str, str | int]
