"""Reading a partition's ledger back from its compacted topic.

The producer of the partition has been started before: the last owner is fenced, its transaction
ended, so nobody writes here any more.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any, NamedTuple

import orjson
from aiokafka import TopicPartition

from streams.core.ledger import Ledger
from streams.kafka.range_reader import OffsetRange, RangeReader, RangeUnreadable
from streams.processing.errors import NeedsOperator

__all__ = ["Restored", "holds_records", "restore"]

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
    """Tell whether there is a committed record between two offsets: what was aborted takes up offsets too.

    Raises Blocked where the end is not reached.
    """
    async with _opened(options, place, bounds) as stretch:
        return await anext(stretch.records(), None) is not None


async def _live_entries(
    options: dict[str, Any], place: TopicPartition, bounds: tuple[int, int], progress: Callable[[int], None]
) -> dict[bytes, bytes]:
    """Return the last value of each key that has one."""
    live: dict[bytes, bytes] = {}
    async with _opened(options, place, bounds) as stretch:
        while stretch.left:
            for record in (await stretch.fetch()).get(place, ()):
                if record.value is None:
                    live.pop(record.key, None)
                else:
                    live[record.key] = record.value
            progress(stretch.passed)
    return live


@contextlib.asynccontextmanager
async def _opened(
    options: dict[str, Any], place: TopicPartition, bounds: tuple[int, int]
) -> AsyncGenerator[RangeReader, None]:
    try:
        async with RangeReader(options, {place: OffsetRange(*bounds)}) as stretch:
            yield stretch
    except RangeUnreadable as error:
        raise NeedsOperator(str(error)) from None
