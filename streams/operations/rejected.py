"""Read rejected records from their topic, or from an embedded server's file (contract section 2).

Each is named by its origin: PARTITION/OFFSET on the log; on an embedded server, its number.
"""

import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from streams.core.model import Message
from streams.core.parse import check_timestamp, parse
from streams.core.times import format_time, parse_time
from streams.kafka.client import client_options
from streams.kafka.range_reader import ALL, RangeReader, partitions
from streams.settings import Settings
from streams.stores.sqlite.reader import Reader

__all__ = ["RejectedFilter", "RejectedRecord", "checked", "rejected_embedded", "rejected_on_kafka"]


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A rejected record and the reason; `value` is the original bytes, `time` their time on the log."""

    origin: str
    time: str | None
    code: str
    message: str
    key: bytes | None
    value: bytes
    #: Bytes of the original, if not all of them fit into the topic; else None.
    cut_from: int | None = None

    @property
    def episode(self) -> str | None:
        """The episode in the value, else the key; None if neither can be read."""
        try:
            named = json.loads(self.value)["episode"]
        except (ValueError, KeyError, TypeError, RecursionError):
            named = None
        if isinstance(named, str):
            return named
        return None if self.key is None else self.key.decode(errors="replace")

    def as_record(self) -> dict[str, Any]:
        """Return it as plain values for JSON; bytes that are not UTF-8 as U+FFFD."""
        key = None if self.key is None else self.key.decode(errors="replace")
        value = self.value.decode(errors="replace")
        record = {"origin": self.origin, "time": self.time, "code": self.code, "message": self.message}
        cut = {} if self.cut_from is None else {"truncated_from": self.cut_from}
        return {**record, "key": key, "value": value, **cut}


@dataclass(frozen=True, slots=True)
class RejectedFilter:
    """A filter of rejected records; an empty or None field accepts all."""

    origins: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    episode: str | None = None
    since_us: int | None = None

    def takes(self, rejected: RejectedRecord) -> bool:
        """Return whether the filter accepts a record."""
        if self.origins and rejected.origin not in self.origins:
            return False
        if self.codes and rejected.code not in self.codes:
            return False
        if self.since_us is not None and (rejected.time is None or parse_time(rejected.time) < self.since_us):
            return False
        return self.episode is None or rejected.episode == self.episode

    @property
    def everything(self) -> bool:
        """Whether the filter accepts all records."""
        return self == RejectedFilter()


def checked(value: bytes, now_us: int) -> Message:
    """Return the message in a value that may be sent at this time; raises Refusal (contract section 2, 1 and 2)."""
    message = parse(value)
    check_timestamp(message, now_us)
    return message


async def rejected_on_kafka(settings: Settings, wanted: RejectedFilter) -> AsyncGenerator[RejectedRecord, None]:
    """Yield the committed records of the topic, partition by partition, without joining a group.

    Raises KafkaError, and RangeUnreadable if the topic is missing or cannot be read to its end.
    """
    options, topic = client_options(settings), settings.topic("rejected")
    places = [TopicPartition(topic, number) for number in range(await partitions(options, topic))]
    # A record is rejected into the partition of the same number.
    numbers = {origin.partition("/")[0] for origin in wanted.origins}
    for place in places:
        if numbers and str(place.partition) not in numbers:
            continue
        async with RangeReader(options, {place: ALL}) as stretch:
            async for record in stretch.records():
                if wanted.takes(rejected := _of_record(record)):
                    yield rejected


def rejected_embedded(path: Path, wanted: RejectedFilter) -> Iterator[RejectedRecord]:
    """Yield the records that an embedded server rejected because of its state; raises StoreUnavailable."""
    reader, after = Reader(path), 0
    try:
        while rows := reader.rejected(after):
            after = rows[-1].row
            for row in rows:
                rejected = RejectedRecord(
                    str(row.row), format_time(row.time_us), row.code, row.message, None, row.value
                )
                if wanted.takes(rejected):
                    yield rejected
    finally:
        reader.close()


def _of_record(record: Any) -> RejectedRecord:
    # A rejected record keeps its own headers and the worker's follow them, so the last of a name counts.
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return RejectedRecord(
        f"{headers.get('partition', record.partition)}/{headers.get('offset', '?')}",
        headers.get("time"),
        headers.get("code", "?"),
        headers.get("message", ""),
        record.key,
        record.value or b"",
        int(headers["truncated_from"]) if headers.get("truncated_from", "").isdecimal() else None,
    )
