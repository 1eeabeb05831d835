"""Reading a partition's ledger back from its compacted topic.

The producer of the partition has been started before: the last owner is fenced, its transaction
ended, so nobody writes here any more.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.core.ledger import Ledger
from streams.desk.errors import Blocked
from streams.kafka import let_go

__all__ = ["Restored", "committed", "holds_records", "restore"]

#: Keys of the desk's own entries; all others are the core's.
NEXT_OFFSET = b"_o"
#: What the group has committed: the next offset, or one up to a second older.
GROUP_OFFSET = b"_c"
REGISTRY = b"_g"
#: Followed by a number: every registry that there has been, and the input offset from which on it was.
REGISTRIES = b"_g/"
PARTITIONS = b"_n"
HORIZON = b"_h"
APP = b"_a"
OWED_PICTURE = b"_p/"

POLL_MS = 50
FETCH_BYTES = 8 << 20
#: No byte for this long before the end is reached: something is wrong, and trying again is better than waiting.
STALLED_S = 30.0
#: How many entries are loaded before others on the event loop get their turn.
TURN = 500


class Restored(NamedTuple):
    """What the ledger topic held."""

    #: The offset to go on from; None where nothing was ever written.
    next_offset: int | None
    #: The offset that the group has committed with the ledger; None where that was never noted.
    group_offset: int | None
    #: Digest of the source registry that the values were made with; None as above.
    registry: str | None
    #: How many partitions there were when it was written; None as above.
    partitions: int | None
    #: The horizon (µs) by which it was last settled what may be forgotten; None as above.
    horizon_us: int | None
    #: The app whose workers wrote it; None as above.
    app_id: str | None
    #: Episodes whose last picture is still to be written.
    owed: list[str]
    #: How many source registries there have been.
    registries: int
    #: How many live entries there are.
    entries: int


async def restore(
    options: dict[str, Any],
    place: TopicPartition,
    bounds: tuple[int, int],
    ledger: Ledger,
    progress: Callable[[int], None],
) -> Restored:
    """Load what stands between `bounds`, the first offset and the read-uncommitted end, into `ledger`.

    `progress` is told how many offsets have been read. Raises Blocked where the end is not reached.
    """
    live = await _live_entries(options, place, bounds, progress)
    own: dict[bytes, bytes] = {}
    count = len(live)
    while live:
        for _ in range(min(TURN, len(live))):
            # Taken out as they are loaded, so that the state is not held twice.
            key, value = live.popitem()
            if key[:1] == b"_":
                own[key] = value
            else:
                ledger.load(key, value)
        await asyncio.sleep(0)
    ledger.loaded()
    return _restored(own, count)


def _restored(own: dict[bytes, bytes], entries: int) -> Restored:
    def said(key: bytes) -> Any:
        return orjson.loads(own[key]) if key in own else None

    return Restored(
        next_offset=said(NEXT_OFFSET),
        group_offset=said(GROUP_OFFSET),
        registry=said(REGISTRY),
        partitions=said(PARTITIONS),
        horizon_us=said(HORIZON),
        app_id=said(APP),
        owed=sorted(key.removeprefix(OWED_PICTURE).decode() for key in own if key.startswith(OWED_PICTURE)),
        registries=sum(key.startswith(REGISTRIES) for key in own),
        entries=entries,
    )


async def holds_records(options: dict[str, Any], place: TopicPartition, bounds: tuple[int, int]) -> bool:
    """Tell whether there is a committed record between two offsets: what was aborted takes up offsets too."""
    async with contextlib.aclosing(committed(options, place, bounds, lambda _: None)) as fetched:
        return await anext(fetched, None) is not None


async def _live_entries(
    options: dict[str, Any], place: TopicPartition, bounds: tuple[int, int], progress: Callable[[int], None]
) -> dict[bytes, bytes]:
    """Return the last value of each key that has one."""
    live: dict[bytes, bytes] = {}
    async with contextlib.aclosing(committed(options, place, bounds, progress)) as fetched:
        async for records in fetched:
            for record in records:
                if record.value is None:
                    live.pop(record.key, None)
                else:
                    live[record.key] = record.value
    return live


async def committed(
    options: dict[str, Any], place: TopicPartition, bounds: tuple[int, int], progress: Callable[[int], None]
) -> AsyncGenerator[Sequence[Any], None]:
    """Yield the committed records between two offsets, some at a time; `progress` is told how many offsets were read.

    Raises Blocked where the end is not reached.
    """
    start, end = bounds
    position = start
    if start >= end:
        return
    consumer = AIOKafkaConsumer(
        **options,
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        await consumer.start()
        consumer.assign([place])
        # An explicit offset: seek_to_beginning() races the default reset, and then nothing is restored, silently.
        consumer.seek(place, start)
        while position < end:
            fetched: Sequence[Any] = ()
            async with asyncio.timeout(STALLED_S):
                # The last record is a marker, which moves the position and is never seen.
                while not fetched and await consumer.position(place) == position:
                    fetched = (await consumer.getmany(timeout_ms=POLL_MS)).get(place, ())
            position = await consumer.position(place)
            if fetched:
                yield fetched
            progress(position - start)
    except TimeoutError:
        raise Blocked(
            f"{place.topic} partition {place.partition} cannot be read from offset {position} to its end {end}:"
            " a transaction is left open there, or the broker does not answer"
        ) from None
    finally:
        await let_go(consumer)
