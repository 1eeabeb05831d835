"""Read the newest committed records of a topic."""

from typing import Any

from aiokafka import TopicPartition

from streams.kafka.range_reader import OffsetRange, RangeReader, bounds, partitions
from streams.stores.kafka.errors import READ_ERRORS, reading_failed

__all__ = ["newest_records"]


async def newest_records(options: dict[str, Any], topic: str, limit: int) -> list[bytes]:
    """Return the values of the newest records of a topic, newest first by timestamp. Raises StoreUnavailable."""
    try:
        tps = [TopicPartition(topic, number) for number in range(await partitions(options, topic))]
        ends = await bounds(options, tps)
        # Markers of transactions have offsets too: twice as many offsets hold the records, one to a transaction.
        ranges = {tp: OffsetRange(max(first, end - 2 * limit), end) for tp, (first, end) in ends.items()}
        async with RangeReader(options, ranges) as reader:
            found = [record async for record in reader.records() if record.value is not None]
    except READ_ERRORS as error:
        raise reading_failed(error, topic, options["bootstrap_servers"]) from error
    found.sort(key=lambda record: (record.timestamp, record.partition, record.offset), reverse=True)
    return [record.value for record in found[:limit]]
