"""What stands in a partition already, read beside Faust's own consumer."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka import let_go

__all__ = ["past"]

POLL_MS = 50
RECORDS = 500
#: No progress for so long: something is wrong, and trying again is better than waiting.
STALLED_S = 30.0


async def past(
    options: dict[str, Any], place: TopicPartition, start: int = 0, end: int | None = None
) -> AsyncGenerator[Sequence[Any], None]:
    """Yield the committed records from offset `start` on that lie before `end` (None: before the end as it is now).

    Raises KafkaError, and TimeoutError where the end is not reached.
    """
    if end is not None and start >= end:  # as for the first record of all
        return
    consumer = AIOKafkaConsumer(
        **options, isolation_level="read_committed", auto_offset_reset="none", enable_auto_commit=False
    )
    try:
        await consumer.start()
        consumer.assign([place])
        start = max(start, (await consumer.beginning_offsets([place]))[place])
        if end is None:
            end = (await consumer.end_offsets([place]))[place]
        # An explicit offset: seek_to_beginning() races the default reset.
        consumer.seek(place, start)
        while start < end:
            async with asyncio.timeout(STALLED_S):
                while not (fetched := await consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS)):
                    # The last record may be a marker, which moves the position and is never seen.
                    if await consumer.position(place) != start:
                        break
            yield [record for record in fetched.get(place, ()) if record.offset < end]
            start = await consumer.position(place)
    finally:
        await let_go(consumer)
