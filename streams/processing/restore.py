"""Restoring the state of a partition from its compacted ledger topic.

The producer of the partition was started before: the last owner is fenced and its transaction ended, so nobody writes
to the ledger during a restore.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import orjson
import structlog
from aiokafka import TopicPartition

from streams.core.ledger import Ledger
from streams.kafka.ledger_keys import OWN_PREFIX, LedgerKey
from streams.kafka.range_reader import OffsetRange, RangeReader, RangeUnreadable
from streams.processing.errors import REBUILD, NeedsOperator

__all__ = ["MadeWith", "Restored", "holds_records", "restore"]

_log = structlog.get_logger(__name__)

#: Entries loaded before other tasks on the event loop get their turn.
ENTRIES_PER_TURN = 500
#: Keys of the core are JSON arrays.
KEY_STARTS = frozenset({OWN_PREFIX, b"["})
#: Foreign records that are named in the log, a takeover.
MAX_LOGGED = 5


class _UnreadableEntry(Exception):
    """An entry that looks like one of a worker's and cannot be read."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.key = key


class MadeWith(NamedTuple):
    """The settings of a partition's state; None: never written."""

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
        """Return True if an entry is missing that each ledger has since its first transaction."""
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
    """The entries of the ledger topic besides the state."""

    #: Next input offset; None: nothing was ever written.
    next_offset: int | None
    #: The offset that the group has committed together with the ledger; None: never noted.
    group_offset: int | None
    made_with: MadeWith
    #: Episodes whose last picture is still to be written.
    owed: list[str]
    #: Number of source registries so far.
    registries: int
    #: Number of live entries, and of records that no worker wrote.
    entries: int
    foreign: int = 0
    #: Time of the newest entry; None: there is none.
    newest_us: int | None = None


async def restore(
    options: dict[str, Any],
    tp: TopicPartition,
    bounds: tuple[int, int],
    ledger: Ledger,
    progress: Callable[[int], None],
) -> Restored:
    """Load the entries between `bounds`, the first offset and the read-uncommitted end, into `ledger`.

    Records with keys of another form are skipped. `progress` is called with the number of offsets read. Raises
    NeedsOperator if the end is not reached, or an entry cannot be read.
    """
    found = await _entries(options, tp, bounds, progress)
    own: dict[bytes, bytes] = {}
    count = len(found.live)
    try:
        await _load(found.live, ledger, own)
        restored = _restored(own, count, found.foreign, set(ledger.episodes()))
        return restored._replace(newest_us=found.newest_us)
    except _UnreadableEntry as error:
        offset = await _last_offset(options, tp, bounds, error.key)
        raise NeedsOperator(
            f"{tp.topic} partition {tp.partition} has an entry at offset {offset} that no worker wrote: key"
            f" {error.key!r} ({error.__cause__!r}). {REBUILD}"
        ) from error


async def _load(live: dict[bytes, bytes], ledger: Ledger, own: dict[bytes, bytes]) -> None:
    while live:
        for _ in range(min(ENTRIES_PER_TURN, len(live))):
            # Removed while they are loaded, so that the state is not in memory twice.
            key, value = live.popitem()
            if key[:1] == OWN_PREFIX:
                own[key] = value
                continue
            try:
                ledger.load(key, value)
            except Exception as error:
                raise _UnreadableEntry(key) from error
        await asyncio.sleep(0)
    ledger.loaded()


def _restored(own: dict[bytes, bytes], entries: int, foreign: int, episodes: set[str]) -> Restored:
    def stored(key: LedgerKey, kind: type) -> Any:
        if key not in own:
            return None
        try:
            return msgspec.json.decode(own[key], type=kind)
        except msgspec.MsgspecError as error:
            raise _UnreadableEntry(key.value) from error

    prefix = LedgerKey.OWED_PICTURE.value
    owed = {key.removeprefix(prefix).decode("utf-8", "replace") for key in own if key.startswith(prefix)}
    return Restored(
        next_offset=stored(LedgerKey.NEXT_OFFSET, int),
        group_offset=stored(LedgerKey.GROUP_OFFSET, int),
        made_with=MadeWith(
            registry=stored(LedgerKey.REGISTRY, str),
            partitions=stored(LedgerKey.PARTITIONS, int),
            horizon_us=stored(LedgerKey.HORIZON, int),
            app_id=stored(LedgerKey.APP_ID, str),
            log_id=stored(LedgerKey.LOG_ID, str),
        ),
        owed=sorted(owed & episodes),
        registries=sum(key.startswith(LedgerKey.REGISTRY_HISTORY.value) for key in own),
        entries=entries,
        foreign=foreign + len(owed - episodes),
    )


async def holds_records(options: dict[str, Any], tp: TopicPartition, bounds: tuple[int, int]) -> bool:
    """Return True if there is a committed record between two offsets: aborted ones have offsets too.

    Raises NeedsOperator if the end is not reached.
    """
    async with _reader(options, tp, bounds) as reader:
        return await anext(reader.records(), None) is not None


class _Entries(NamedTuple):
    """The last value of each key that has one, the number of records whose key no worker writes, the newest time."""

    live: dict[bytes, bytes]
    foreign: int
    newest_us: int | None


async def _entries(
    options: dict[str, Any], tp: TopicPartition, bounds: tuple[int, int], progress: Callable[[int], None]
) -> _Entries:
    live: dict[bytes, bytes] = {}
    foreign = 0
    newest_ms = -1
    async with _reader(options, tp, bounds) as reader:
        while reader.remaining:
            for record in (await reader.fetch()).get(tp, ()):
                key, newest_ms = record.key, max(newest_ms, record.timestamp)
                if key is None or key[:1] not in KEY_STARTS:
                    foreign += 1
                    if foreign <= MAX_LOGGED:
                        fields = {"topic": tp.topic, "partition": tp.partition, "offset": record.offset}
                        _log.warning("foreign_record_skipped", key=repr(key)[:100], **fields)
                elif record.value is None:
                    live.pop(key, None)
                else:
                    live[key] = record.value
            progress(reader.offsets_read)
    return _Entries(live, foreign, newest_ms * 1_000 if newest_ms >= 0 else None)


async def _last_offset(options: dict[str, Any], tp: TopicPartition, bounds: tuple[int, int], key: bytes) -> int | None:
    """Return the offset of the last record with a key."""
    found = None
    async with _reader(options, tp, bounds) as reader:
        async for record in reader.records():
            if record.key == key:
                found = record.offset
    return found


@contextlib.asynccontextmanager
async def _reader(
    options: dict[str, Any], tp: TopicPartition, bounds: tuple[int, int]
) -> AsyncGenerator[RangeReader, None]:
    try:
        async with RangeReader(options, {tp: OffsetRange(*bounds)}) as reader:
            yield reader
    except RangeUnreadable as error:
        raise NeedsOperator(str(error)) from None
