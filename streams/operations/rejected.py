"""What was refused, read back: from the topic of the rejected, or from an embedded server's file (contract section 2).

Each is named by its origin: PARTITION/OFFSET of where it lay on the log; embedded, its number.
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
    """A refused record and why. `value` is the original bytes, `time` when they were put on the log."""

    origin: str
    time: str | None
    code: str
    message: str
    key: bytes | None
    value: bytes
    #: How many bytes the original had, where not all of them fitted into the topic; else None.
    cut_from: int | None = None

    @property
    def episode(self) -> str | None:
        """The episode that it names, else its key, as far as either can be made out."""
        try:
            named = json.loads(self.value)["episode"]
        except (ValueError, KeyError, TypeError, RecursionError):
            named = None
        if isinstance(named, str):
            return named
        return None if self.key is None else self.key.decode(errors="replace")

    def as_record(self) -> dict[str, Any]:
        """Return it as JSON has it; bytes that are not UTF-8 as U+FFFD."""
        key = None if self.key is None else self.key.decode(errors="replace")
        value = self.value.decode(errors="replace")
        record = {"origin": self.origin, "time": self.time, "code": self.code, "message": self.message}
        cut = {} if self.cut_from is None else {"truncated_from": self.cut_from}
        return {**record, "key": key, "value": value, **cut}


@dataclass(frozen=True, slots=True)
class RejectedFilter:
    """Which of the rejected are meant; what is empty or None does not matter."""

    origins: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    episode: str | None = None
    since_us: int | None = None

    def takes(self, rejected: RejectedRecord) -> bool:
        """Tell whether one is meant."""
        if self.origins and rejected.origin not in self.origins:
            return False
        if self.codes and rejected.code not in self.codes:
            return False
        if self.since_us is not None and (rejected.time is None or parse_time(rejected.time) < self.since_us):
            return False
        return self.episode is None or rejected.episode == self.episode

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self == RejectedFilter()


def checked(value: bytes, now_us: int) -> Message:
    """Return what a value says, if it can be sent at this time; raises Refusal (contract section 2, 1 and 2)."""
    message = parse(value)
    check_timestamp(message, now_us)
    return message


async def rejected_on_kafka(settings: Settings, wanted: RejectedFilter) -> AsyncGenerator[RejectedRecord, None]:
    """Yield what is committed on the topic now, partition by partition. It joins no group.

    Raises KafkaError, and Unreadable where there is no such topic or it cannot be read to its end.
    """
    options, topic = client_options(settings), settings.topic("rejected")
    places = [TopicPartition(topic, number) for number in range(await partitions(options, topic))]
    # A record is rejected into the partition that it lay in.
    numbers = {origin.partition("/")[0] for origin in wanted.origins}
    for place in places:
        if numbers and str(place.partition) not in numbers:
            continue
        async with RangeReader(options, {place: ALL}) as stretch:
            async for record in stretch.records():
                if wanted.takes(rejected := _of_record(record)):
                    yield rejected


def rejected_embedded(path: Path, wanted: RejectedFilter) -> Iterator[RejectedRecord]:
    """Yield what an embedded server has refused for what it knew already; raises StoreUnavailable."""
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
    # A rejected record keeps headers of its own; the desk's follow them, so the last of a name counts.
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
