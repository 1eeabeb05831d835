"""Read the pictures and changes of all partitions, in every worker.

A consumer group would divide the partitions among the workers, so there is none: one consumer reads every partition
with read_committed.
"""

import asyncio
import contextlib
import heapq
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from streams.kafka.consumers import make_consumer
from streams.stores.change_feed import FEED_TOPICS, PICTURES, ChangeBatch, FeedEntry, HistoryTruncated, Positions
from streams.stores.store import Summary, summarize

__all__ = ["KafkaFeed"]

BACKOFF_FIRST_S = 0.5
BACKOFF_LAST_S = 15.0
CONNECT_S = 20.0
POLL_MS = 200
#: Records handled at once, so that other tasks get to run.
TAKE_MAX = 500
#: Clients whose missed changes are read from Kafka at the same time, each by its own consumer.
HISTORIES_MAX = 4
PROBE_EVERY_S = 5.0
ASSIGN_S = 30.0

Records = dict[TopicPartition, "list[ConsumerRecord[bytes, bytes]]"]

_log = structlog.get_logger(__name__)


class _Follower:
    """A consumer of changes: of about the last `recent`, and then of all new ones."""

    def __init__(self, take: Callable[[ChangeBatch], None], recent: int) -> None:
        self.take = take
        self.recent = recent
        #: Positions after the last batch; None before the first.
        self.positions: Positions | None = None
        #: Ends of the log when following began.
        self.ends: Positions = ()

    def begin(self, log: bytes, begins: Positions, ends: Positions, pictures: int) -> Positions:
        """Return the positions to read from; the last `pictures` of them belong to pictures."""
        known = self.positions
        changes = len(ends) - pictures
        if known is None or len(known) != len(ends) or any(map(int.__gt__, known, ends)):
            share = self.recent // max(1, changes)
            known = tuple(max(begin, end - share) for begin, end in zip(begins, ends, strict=True))
            known = known[:changes] + ends[changes:]
            self.take(ChangeBatch(log, [], known, begins=True, complete=False))
        self.positions, self.ends = known, ends
        return known


class KafkaFeed:
    """The latest picture of every episode, and the changes for a follower; `run` reads until cancelled."""

    def __init__(self, client: Callable[[], dict[str, Any]], topic: Callable[[str], str]) -> None:
        """`client` returns the options of a Kafka client, `topic` the full name of a topic."""
        self._client = client
        self._topic = topic
        self._names = {topic(name): name for name in (*FEED_TOPICS, PICTURES)}
        #: Episode → partition, offset and picture.
        self._pictures: dict[str, tuple[int, int, bytes]] = {}
        self._summaries: dict[str, Summary] = {}
        self._follower: _Follower | None = None
        #: Followed partitions, those of pictures last.
        self._tps: list[TopicPartition] = []
        #: Topic → its last record that truceline did not write, and how many there were since the start.
        self._foreign: dict[str, tuple[str, int]] = {}
        self._history = asyncio.Semaphore(HISTORIES_MAX)
        #: Why pictures are missing or old; None once those of the start have all been read.
        self.trouble: str | None = "connecting"

    def picture(self, episode: str) -> bytes | None:
        """Return an episode's latest picture, or None."""
        known = self._pictures.get(episode)
        return known and known[2]

    def foreign(self) -> list[str]:
        """Return a line for each topic with records that truceline did not write: the last one, and how many."""
        return [
            f"a record that truceline did not write was skipped: {last} ({count:,} since the start)"
            for last, count in self._foreign.values()
        ]

    def summaries(self) -> list[Summary]:
        """Return `summarize` of every episode, by name."""
        return [self._summaries[episode] for episode in sorted(self._summaries)]

    def follow(self, take: Callable[[ChangeBatch], None], recent: int) -> Callable[[], None]:
        """Follow the changes (`streams.stores.change_feed.ChangeSource`); one follower at a time."""
        follower = self._follower = _Follower(take, recent)

        def unfollow() -> None:
            if self._follower is follower:
                self._follower = None

        return unfollow

    def pictures_since(self, begin: Positions) -> list[str]:
        """Return the episodes whose picture is newer than positions, by name."""
        first = {tp.partition: at for tp, at in zip(self._tps, begin, strict=True) if self._is_pictures(tp)}
        return sorted(name for name, (home, offset, _) in self._pictures.items() if offset >= first.get(home, 0))

    async def ends(self) -> Positions:
        """Return the positions of the committed end; raises KafkaError or TimeoutError."""
        async with self._consumer() as consumer, asyncio.timeout(CONNECT_S):
            return _in_order(self._tps, await consumer.end_offsets(self._tps))

    async def history(self, begin: Positions, end: Positions) -> AsyncIterator[list[FeedEntry]]:
        """Yield the changes between positions; raises HistoryTruncated, KafkaError or TimeoutError."""
        spans = [
            (tp, first, last)
            for tp, first, last in zip(self._tps, begin, end, strict=True)
            if first < last and not self._is_pictures(tp)
        ]
        if not spans:
            return
        async with self._history, self._consumer() as consumer:
            consumer.assign([tp for tp, _, _ in spans])
            kept = await consumer.beginning_offsets([tp for tp, _, _ in spans])
            for tp, first, _ in spans:
                if first < kept[tp]:
                    raise HistoryTruncated(f"{tp.topic} begins at offset {kept[tp]} of partition {tp.partition}")
                consumer.seek(tp, first)
            while spans:
                async with asyncio.timeout(CONNECT_S):
                    records = await consumer.getmany(timeout_ms=POLL_MS)
                last_of = {tp: last for tp, _, last in spans}
                yield [entry for entry in self._entries(records) if entry.offset < last_of[self._tps[entry.place]]]
                spans = [span for span in spans if await consumer.position(span[0]) < span[2]]
                consumer.pause(*(tp for tp in last_of if tp not in {span[0] for span in spans}))

    async def run(self) -> None:
        """Read until cancelled, with backoff while no broker answers."""
        await with_backoff("read published changes", self._read, self._failed)

    def _failed(self, reason: str) -> None:
        self.trouble = reason

    @contextlib.asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = make_consumer(
            self._client(), auto_offset_reset="earliest", fetch_max_wait_ms=500, retry_backoff_ms=100
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await consumer.start()
            yield consumer
        finally:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(consumer.stop(), CONNECT_S)

    async def _read(self, connected: Callable[[], None]) -> None:
        async with self._consumer() as consumer:
            # Ask for all topics: asking for a missing one by name may create it.
            present = await consumer.topics()
            if self._topic(PICTURES) not in present:
                raise LookupError(f"no topic {self._topic(PICTURES)}: run `truceline topics create`")
            consumer.subscribe([name for name in self._names if name in present])
            self._tps = sorted(await _assigned(consumer), key=self._rank)
            consumer.pause(*(tp for tp in self._tps if not self._is_pictures(tp)))
            ends = await consumer.end_offsets([tp for tp in self._tps if self._is_pictures(tp)])
            connected()
            await self._keep_reading(consumer, ends)

    async def _keep_reading(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        placed: _Follower | None = None
        probe_s = time.monotonic()
        while True:
            if placed is not self._follower:
                placed = self._follower
                await self._seek(consumer, placed)
            await self._take(await consumer.getmany(timeout_ms=POLL_MS, max_records=TAKE_MAX), placed, consumer)
            if time.monotonic() - probe_s > PROBE_EVERY_S:
                # getmany reports no lost broker.
                async with asyncio.timeout(CONNECT_S):
                    await consumer.topics()
                probe_s = time.monotonic()
            if consumer.assignment() != set(self._tps):
                raise LookupError("the partitions of the topics changed: reading them again from the start")
            if ends:
                ends = {tp: end for tp, end in ends.items() if await consumer.position(tp) < end}
                self.trouble = f"reading pictures, {len(ends)} partitions left" if ends else None

    async def _seek(self, consumer: AIOKafkaConsumer, follower: _Follower | None) -> None:
        """Start reading changes for a follower, or pause them without one."""
        changes = [tp for tp in self._tps if not self._is_pictures(tp)]
        if follower is None:
            consumer.pause(*changes)
            return
        async with asyncio.timeout(CONNECT_S):
            begins = _in_order(self._tps, await consumer.beginning_offsets(self._tps))
            ends = _in_order(self._tps, await consumer.end_offsets(self._tps))
        begin = follower.begin(self._log(), begins, ends, len(self._tps) - len(changes))
        for tp, offset in zip(changes, begin, strict=False):
            consumer.seek(tp, offset)
        consumer.resume(*changes)

    async def _take(self, records: Records, follower: _Follower | None, consumer: AIOKafkaConsumer) -> None:
        entries = list(self._entries(records))
        for entry in entries:
            if entry.topic == PICTURES:
                self._take_picture(self._tps[entry.place].partition, entry)
        if follower is None or follower is not self._follower:
            return
        positions = tuple([await consumer.position(tp) for tp in self._tps])
        if positions != follower.positions or follower.ends:
            complete = all(map(int.__ge__, positions, follower.ends))
            follower.ends = () if complete else follower.ends
            follower.positions = positions
            announced = [entry._replace(record=b"") if entry.topic == PICTURES else entry for entry in entries]
            follower.take(ChangeBatch(self._log(), announced, positions, complete=complete))
        # getmany returns at once while it has records: let other tasks run.
        await asyncio.sleep(0)

    def _take_picture(self, partition: int, entry: FeedEntry) -> None:
        known = self._pictures.get(entry.episode)
        if known is not None and entry.offset <= known[1]:
            return  # read again after reconnecting: never show an older picture
        if not entry.record:
            self._pictures.pop(entry.episode, None)
            self._summaries.pop(entry.episode, None)
            return
        try:
            summary = summarize(orjson.loads(entry.record))
        except (ValueError, KeyError, TypeError) as error:
            self._skip_foreign(PICTURES, partition, entry.offset, entry.episode, error)
            return
        self._summaries[entry.episode] = summary
        self._pictures[entry.episode] = (partition, entry.offset, entry.record)

    def _entries(self, records: Records) -> Iterator[FeedEntry]:
        """Yield records as entries, in order within a partition and by timestamp across them."""
        index = {tp: at for at, tp in enumerate(self._tps)}
        for record in heapq.merge(*records.values(), key=lambda record: record.timestamp):
            if record.key is not None:
                tp = index[TopicPartition(record.topic, record.partition)]
                episode = record.key.decode("utf-8", "replace")
                if self._names[record.topic] != PICTURES and _is_foreign(record.value or b"", episode):
                    self._skip_foreign(
                        self._names[record.topic], record.partition, record.offset, episode, "no event of it"
                    )
                    continue
                yield FeedEntry(tp, record.offset, self._names[record.topic], episode, record.value or b"")

    def _skip_foreign(self, topic: str, partition: int, offset: int, key: str, error: object) -> None:
        _, count = self._foreign.get(topic, ("", 0))
        last = f"{self._topic(topic)} partition {partition} offset {offset}, key {key[:80]!r}"
        self._foreign[topic] = last, count + 1
        _log.warning("foreign_record", topic=topic, partition=partition, offset=offset, reason=str(error))

    def _is_pictures(self, tp: TopicPartition) -> bool:
        return self._names[tp.topic] == PICTURES

    def _rank(self, tp: TopicPartition) -> tuple[int, int]:
        return list(self._names).index(tp.topic), tp.partition

    def _log(self) -> bytes:
        """Return four bytes that identify the topics and their number of partitions."""
        return zlib.crc32(repr([tuple(tp) for tp in self._tps]).encode()).to_bytes(4)


async def with_backoff(
    what: str, work: Callable[[Callable[[], None]], Awaitable[None]], failed: Callable[[str], None]
) -> None:
    """Run `work` for ever; after a failure run it again after a pause, which doubles until it calls `connected`.

    `failed` gets each reason; a repeated reason is logged once.
    """
    pause_s, last_reason = BACKOFF_FIRST_S, ""

    def connected() -> None:
        nonlocal pause_s, last_reason
        pause_s, last_reason = BACKOFF_FIRST_S, ""

    while True:
        try:
            await work(connected)
        except (KafkaError, LookupError, OSError, TimeoutError) as error:
            reason = "no Kafka broker answers" if isinstance(error, KafkaConnectionError) else _words(error)
            failed(reason)
            if reason != last_reason:
                _log.warning("kafka_unavailable", work=what, reason=reason, retrying=True)
            last_reason = reason
        except Exception as error:  # noqa: BLE001 - nothing awaits this task
            failed(f"{type(error).__name__}: {error}")
            _log.exception("kafka_task_failed", work=what, retry_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, BACKOFF_LAST_S)


def _words(error: Exception) -> str:
    if isinstance(error, TopicAuthorizationFailedError):
        return f"not allowed to READ topic {error.args[0]}: `truceline doctor` shows the missing ACL"
    return str(error) or type(error).__name__


async def _assigned(consumer: AIOKafkaConsumer) -> list[TopicPartition]:
    async with asyncio.timeout(ASSIGN_S):
        while not consumer.assignment():  # noqa: ASYNC110 - aiokafka gives no event for it
            await asyncio.sleep(0.02)
    return list(consumer.assignment())


def _in_order(tps: list[TopicPartition], offsets: dict[TopicPartition, int]) -> Positions:
    return tuple(offsets[tp] for tp in tps)


def _is_foreign(record: bytes, episode: str) -> bool:
    """Return whether a record is no event of an episode; a line break in it would forge one in a stream of events."""
    if b"\n" in record or b"\r" in record:
        return True
    try:
        change = orjson.loads(record)
    except ValueError:
        return True
    return not isinstance(change, dict) or change.get("episode") != episode
