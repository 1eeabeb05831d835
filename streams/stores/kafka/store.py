"""The store on Kafka: reports are produced to the log, pictures are read from their topic."""

import asyncio
import contextlib
import time
import zlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from typing import Literal

import orjson
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.core.log_record import Record
from streams.core.model import Message, Report
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.queries.as_of import changes_of
from streams.core.source_registry import Registry
from streams.core.words import ignored_fields
from streams.kafka.aiokafka_patches.producer import wait_for_failure
from streams.kafka.cancellation import cancel
from streams.kafka.client import client_options
from streams.kafka.connectivity import name_missing_acl
from streams.observability import tracing
from streams.settings import Settings
from streams.stores.change_feed import ChangeBatch, FeedEntry, Positions
from streams.stores.episode_log import read_all
from streams.stores.kafka.episode_log import kafka_episode_log
from streams.stores.kafka.feed import CONNECT_S, KafkaFeed, with_backoff
from streams.stores.kafka.newest_records import newest_records
from streams.stores.kafka.reading import KafkaStoreReader
from streams.stores.store import (
    SUBMITTED_BY,
    Receipt,
    StoredChange,
    StoredChanges,
    StoredReport,
    StoreUnavailable,
    Summary,
)

__all__ = ["KafkaStore"]

#: After this long without an acknowledgement it is unknown whether a report is on the log.
PRODUCE_S = 30.0
LINGER_MS = 5
#: Offsets that one request may read back from the log, and how many such requests run at once.
SKIMMED_MAX = 1_000_000
PASTS_AT_ONCE = 2
#: Changes of one page of an answer.
PAGE_CHANGES = 200

_log = structlog.get_logger(__name__)


class KafkaStore(KafkaStoreReader):
    """Between `start()` and `stop()` it keeps trying to reach the brokers."""

    mode: Literal["kafka"] = "kafka"

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry | None = None,
        consumer_reasons: Callable[[], list[str]] = list,
        consumer_degraded: Callable[[], list[str]] = list,
    ) -> None:
        """Report the worker's own state: `consumer_reasons` why it is not ready, `consumer_degraded` what is wrong.

        Raises SettingsError where the settings make no client.
        """
        super().__init__(settings)
        self.registry = registry or Registry()
        self.horizon_us = settings.horizon_us
        self._consumer_reasons = consumer_reasons
        self._consumer_degraded = consumer_degraded
        self._feed = KafkaFeed(lambda: client_options(settings), settings.topic)
        self._producer: AIOKafkaProducer | None = None
        self._producer_trouble: str | None = "connecting"
        self._pasts = asyncio.Semaphore(PASTS_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start connecting; returns at once."""
        self._tasks = [asyncio.create_task(self._feed.run()), asyncio.create_task(self._keep_producer())]

    async def stop(self) -> None:
        """Close the connections."""
        await cancel(self._tasks)

    async def submit(self, values: Sequence[bytes], by: str | None = None) -> list[Receipt]:
        """Produce reports to the log with their episode as key; returns once all in-sync replicas have them.

        Refuses only what needs no state; the worker rejects the rest to the topic of rejected reports.
        """
        now_us = time.time_ns() // 1_000
        taken = [_parse_or_refuse(value, now_us) for value in values]
        answers = [self._send(message, value, by) for message, value in zip(taken, values, strict=True)]
        return list(await asyncio.gather(*answers))

    async def newest_alerts(self, limit: int) -> list[bytes]:
        """Return the newest committed alerts as JSON, newest first; raises StoreUnavailable."""
        return await newest_records(client_options(self._settings), self._settings.topic("alerts"), limit)

    async def picture(self, episode: str) -> bytes | None:
        """Return an episode's latest committed picture, or None."""
        picture = self._feed.picture(episode)
        if picture is None and self._feed.trouble is not None:
            raise StoreUnavailable(f"not all pictures have been read yet: {self._feed.trouble}")
        return picture

    async def summaries(self) -> list[Summary]:
        """Return the summary of every episode, sorted by name; raises StoreUnavailable while none can be read."""
        summaries = self._feed.summaries()
        if not summaries and self._feed.trouble is not None:
            # An empty list would read as "there is no episode".
            raise StoreUnavailable(f"no picture has been read yet: {self._feed.trouble}")
        return summaries

    async def episode_log(self, episode: str | None) -> AsyncGenerator[StoredReport, None]:
        """Yield an episode's records on the log now; raises StoreUnavailable and PastTooLong."""
        if episode is None:
            raise StoreUnavailable("the log of all episodes is not read in a worker: use the command line")
        async with (
            self._pasts,
            contextlib.aclosing(
                kafka_episode_log(self._options, self.topic, episode, skimmed_max=SKIMMED_MAX)
            ) as records,
        ):
            async for record in records:
                yield record

    async def changes_of(self, episode: str, limit: int, check: Callable[[], None]) -> StoredChanges:
        """Return the newest changes of an episode, up to `limit`, folded from the log.

        Raises StoreUnavailable and EpisodeLogTooLong.
        """
        logged = await read_all(self.episode_log(episode), check=check)
        whole = await self.log_begin(episode) == 0
        found = await asyncio.to_thread(self._folded, episode, logged, limit, check)
        return found._replace(complete=found.complete and whole)

    def _folded(self, episode: str, logged: list[StoredReport], limit: int, check: Callable[[], None]) -> StoredChanges:
        records = [Record(each.value, each.timestamp_us) for each in logged]
        newest: deque[StoredChange] = deque(maxlen=limit + 1)
        for topic, record in changes_of(episode, records, self.registry, horizon_us=self.horizon_us):
            check()
            newest.append(StoredChange(topic, orjson.dumps(record)))
        complete = len(newest) <= limit
        if not complete:
            newest.popleft()
        return StoredChanges(complete, _unpacked(list(_packed(newest))))

    def follow(self, take: Callable[[ChangeBatch], None], recent: int) -> Callable[[], None]:
        """Follow the published changes (`streams.stores.change_feed.ChangeSource`)."""
        return self._feed.follow(take, recent)

    async def history(self, begin: Positions, end: Positions) -> AsyncIterator[list[FeedEntry]]:
        """Yield the changes between positions."""
        try:
            async for entries in self._feed.history(begin, end):
                yield entries
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._unreadable(error) from error

    async def ends(self) -> Positions:
        """Return the positions of the committed end."""
        try:
            return await self._feed.ends()
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._unreadable(error) from error

    async def pictures_since(self, begin: Positions) -> list[str]:
        """Return the episodes whose picture is newer than positions."""
        return self._feed.pictures_since(begin)

    def _unreadable(self, error: Exception) -> StoreUnavailable:
        return StoreUnavailable(f"{self._settings.bootstrap_servers}: {str(error) or type(error).__name__}")

    async def reasons(self) -> list[str]:
        """Return why reports cannot be sent, pictures cannot be shown, or this worker does not process."""
        reasons, brokers = self._consumer_reasons(), self._settings.bootstrap_servers
        if self._producer_trouble is not None:
            reasons.append(f"reports cannot be sent to {brokers}: {self._producer_trouble}")
        if self._feed.trouble is not None:
            reasons.append(f"not all pictures have been read from {brokers}: {self._feed.trouble}")
        return reasons

    async def degraded(self) -> list[str]:
        """Return the problems of this worker's processing since its start."""
        return [*self._consumer_degraded(), *self._feed.foreign()]

    async def _send(self, message: Message | Receipt, value: bytes, by: str | None) -> Receipt:
        if isinstance(message, Receipt):
            return message
        if self._producer is None:
            raise StoreUnavailable(f"{self._settings.bootstrap_servers}: {self._producer_trouble}")
        try:
            async with name_missing_acl(self._settings, "sender"), asyncio.timeout(PRODUCE_S):
                author = [] if by is None else [(SUBMITTED_BY, by.encode())]
                headers = [*tracing.incoming.get(), *author]
                sent = await self._producer.send(self.topic, value, key=message.episode.encode(), headers=headers)
                place = await sent
        except (KafkaError, TimeoutError) as error:
            reason = str(error) or f"no answer within {PRODUCE_S:.0f} s"
            raise StoreUnavailable(f"{self.topic}: {reason}; send it again, a repeat is safe") from error
        if isinstance(message, Report):
            ignored = ignored_fields(message.unknown) if message.unknown else None
            at = {"partition": place.partition, "offset": place.offset}
            return Receipt("logged", message.episode, message.report_id, message.revision, ignored=ignored, **at)
        return Receipt("logged", message.episode, partition=place.partition, offset=place.offset)

    async def _keep_producer(self) -> None:
        await with_backoff("send reports", self._produce, self._lost)

    def _lost(self, reason: str) -> None:
        self._producer_trouble = reason

    async def _produce(self, connected: Callable[[], None]) -> None:
        producer = AIOKafkaProducer(
            **client_options(self._settings), acks="all", enable_idempotence=True, linger_ms=LINGER_MS
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await producer.start()
            connected()
            self._producer, self._producer_trouble = producer, None
            # It reconnects by itself, but ends for good on a fatal error: then there is a new one.
            await wait_for_failure(producer)
        finally:
            self._producer = None
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), CONNECT_S)


def _parse_or_refuse(value: bytes, now_us: int) -> Message | Receipt:
    try:
        message = parse(value)
        check_timestamp(message, now_us)
    except Refusal as refusal:
        return Receipt("refused", code=refusal.code, message=refusal.message)
    return message


def _packed(changes: deque[StoredChange]) -> Iterator[bytes]:
    """Yield changes as compressed pages: they wait in memory for their client, and are much alike."""
    while changes:
        page = [changes.popleft() for _ in range(min(PAGE_CHANGES, len(changes)))]
        yield zlib.compress(b"\n".join(b"%s %s" % (change.topic.encode(), change.record) for change in page), 1)


async def _unpacked(pages: list[bytes]) -> AsyncIterator[list[StoredChange]]:
    for page in pages:
        lines = (line.partition(b" ") for line in zlib.decompress(page).split(b"\n"))
        yield [StoredChange(topic.decode(), record) for topic, _, record in lines]
