"""Restoring the state of a partition from its compacted ledger topic.

The producer of the partition was started before: the last owner is fenced and its transaction ended, so nobody writes
to the ledger during a restore.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, NamedTuple

import orjson
from aiokafka import TopicPartition

from streams.core.ledger import Ledger
from streams.kafka.ledger_keys import OWN_PREFIX, LedgerKey
from streams.kafka.range_reader import OffsetRange, RangeReader, RangeUnreadable
from streams.processing.errors import NeedsOperator

__all__ = ["MadeWith", "Restored", "holds_records", "restore"]

#: Entries loaded before other tasks on the event loop get their turn.
ENTRIES_PER_TURN = 500


class MadeWith(NamedTuple):
    """What the state of a partition was made with; None: never written."""

    #: Digest of the source registry.
    registry: str | None
    #: Partitions of the log.
    partitions: int | None
    #: Horizon by which settled reports are pruned, in µs.
    horizon_us: int | None
    app_id: str | None
    #: Id of the topic that the log is; also None: the brokers report none.
    log_id: str | None = None

    @property
    def is_incomplete(self) -> bool:
        """Whether an entry is missing that each ledger has since its first transaction."""
        return None in {self.registry, self.partitions, self.horizon_us, self.app_id}

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the ledger entries that store it."""
        if self.log_id is not None:
            yield LedgerKey.LOG_ID.value, orjson.dumps(self.log_id)
        yield LedgerKey.REGISTRY.value, orjson.dumps(self.registry)
        yield LedgerKey.PARTITIONS.value, orjson.dumps(self.partitions)
        yield LedgerKey.HORIZON.value, orjson.dumps(self.horizon_us)
        yield LedgerKey.APP_ID.value, orjson.dumps(self.app_id)


class Restored(NamedTuple):
    """What the ledger topic held beside the state."""

    #: Next input offset; None: nothing was ever written.
    next_offset: int | None
    #: The offset that the group has committed together with the ledger; None: never noted.
    group_offset: int | None
    made_with: MadeWith
    #: Episodes whose last picture is still to be written.
    owed: list[str]
    #: Number of source registries so far.
    registries: int
    #: Number of live entries.
    entries: int


async def restore(
    options: dict[str, Any],
    tp: TopicPartition,
    bounds: tuple[int, int],
    ledger: Ledger,
    progress: Callable[[int], None],
) -> Restored:
    """Load the entries between `bounds`, the first offset and the read-uncommitted end, into `ledger`.

    `progress` is called with the number of offsets read. Raises NeedsOperator if the end is not reached.
    """
    live = await _live_entries(options, tp, bounds, progress)
    own: dict[bytes, bytes] = {}
    count = len(live)
    while live:
        for _ in range(min(ENTRIES_PER_TURN, len(live))):
            # Removed while they are loaded, so that the state is not in memory twice.
            key, value = live.popitem()
            if key[:1] == OWN_PREFIX:
                own[key] = value
            else:
                ledger.load(key, value)
        await asyncio.sleep(0)
    ledger.loaded()
    return _restored(own, count)


def _restored(own: dict[bytes, bytes], entries: int) -> Restored:
    def stored(key: LedgerKey) -> Any:
        return orjson.loads(own[key]) if key in own else None

    owed = LedgerKey.OWED_PICTURE.value
    return Restored(
        next_offset=stored(LedgerKey.NEXT_OFFSET),
        group_offset=stored(LedgerKey.GROUP_OFFSET),
        made_with=MadeWith(
            registry=stored(LedgerKey.REGISTRY),
            partitions=stored(LedgerKey.PARTITIONS),
            horizon_us=stored(LedgerKey.HORIZON),
            app_id=stored(LedgerKey.APP_ID),
            log_id=stored(LedgerKey.LOG_ID),
        ),
        owed=sorted(key.removeprefix(owed).decode() for key in own if key.startswith(owed)),
        registries=sum(key.startswith(LedgerKey.REGISTRY_HISTORY.value) for key in own),
        entries=entries,
    )


async def holds_records(options: dict[str, Any], tp: TopicPartition, bounds: tuple[int, int]) -> bool:
    """Tell whether there is a committed record between two offsets: aborted ones take up offsets too.

    Raises NeedsOperator if the end is not reached.
    """
    async with _reader(options, tp, bounds) as reader:
        return await anext(reader.records(), None) is not None


async def _live_entries(
    options: dict[str, Any], tp: TopicPartition, bounds: tuple[int, int], progress: Callable[[int], None]
) -> dict[bytes, bytes]:
    """Return the last value of each key that has one."""
    live: dict[bytes, bytes] = {}
    async with _reader(options, tp, bounds) as reader:
        while reader.remaining:
            for record in (await reader.fetch()).get(tp, ()):
                if record.value is None:
                    live.pop(record.key, None)
                else:
                    live[record.key] = record.value
            progress(reader.offsets_read)
    return live


@contextlib.asynccontextmanager
async def _reader(
    options: dict[str, Any], tp: TopicPartition, bounds: tuple[int, int]
) -> AsyncGenerator[RangeReader, None]:
    try:
        async with RangeReader(options, {tp: OffsetRange(*bounds)}) as reader:
            yield reader
    except RangeUnreadable as error:
        raise NeedsOperator(str(error)) from None
