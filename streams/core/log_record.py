"""A record of the log and where it lies."""

from typing import NamedTuple


class Record(NamedTuple):
    """What a line holds: the value's own bytes, and the timestamp (µs) where it was wrapped with one."""

    value: bytes
    timestamp_us: int | None = None


class Located(NamedTuple):
    """A record and where it lies: topic, partition and offset on a log, file and line in a file."""

    value: bytes
    timestamp_us: int | None
    origin: dict[str, str | int]
