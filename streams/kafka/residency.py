"""Records processed in their own partition, apart from those rerouted or rejected as misrouted."""

from typing import Any

import orjson
from aiokafka import TopicPartition

from streams.core.parse import Refusal, parse
from streams.kafka.ledger_keys import LedgerKey
from streams.kafka.range_reader import ALL, RangeReader, RangeUnreadable, partitions
from streams.kafka.routing import partition_of

__all__ = ["is_processed_here", "log_id", "partition_counts"]


def is_processed_here(key: bytes | None, value: bytes | None, partition: int, counts: tuple[int, ...]) -> bool:
    """Return True if a record is folded, or rejected for its content, in its own partition (section 2 rule 2).

    Otherwise it was rerouted, and comes again in its partition, or was rejected as misrouted. `counts` are the numbers
    of partitions that the log has had.
    """
    try:
        episode = parse(value or b"").episode.encode()
    except Refusal:
        return True
    return key == episode and any(partition_of(episode, count) == partition for count in counts)


async def partition_counts(options: dict[str, Any], prefix: str) -> tuple[int, ...]:
    """Return the number of partitions of a log, and that of when its ledger was made if it differs.

    Raises RangeUnreadable if there is no log, KafkaError.
    """
    now = await partitions(options, f"{prefix}.reports")
    made_for = await _made_for(options, f"{prefix}.ledger")
    return (now,) if made_for in {None, now} else (made_for, now)


async def log_id(options: dict[str, Any], prefix: str) -> str | None:
    """Return the id of the topic that the ledger was made from; None: there is no ledger, or it notes none."""
    value = await _entry(options, f"{prefix}.ledger", LedgerKey.LOG_ID)
    return None if value is None else str(orjson.loads(value))


async def _made_for(options: dict[str, Any], ledger: str) -> int | None:
    value = await _entry(options, ledger, LedgerKey.PARTITIONS)
    return None if value is None else int(value)


async def _entry(options: dict[str, Any], ledger: str, key: LedgerKey) -> bytes | None:
    """Return the first value of a key of the ledger. Raises KafkaError."""
    try:
        tps = [TopicPartition(ledger, number) for number in range(await partitions(options, ledger))]
    except RangeUnreadable:
        return None
    async with RangeReader(options, dict.fromkeys(tps, ALL)) as reader:
        # Near the beginning: it was written with the first transaction.
        async for record in reader.records():
            if record.key == key and record.value is not None:
                return bytes(record.value)
    return None
