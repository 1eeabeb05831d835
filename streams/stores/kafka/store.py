"""The store on Kafka: reports go on the log, pictures come from the topic of pictures."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Literal

import orjson
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.core.log_record import Record
from streams.core.model import Message, Report
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.queries.as_of import changes_of
from streams.core.source_registry import Registry
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
from streams.stores.store import Receipt, StoredChange, StoredReport, StoreUnavailable

__all__ = ["KafkaStore"]

#: After so long it is not known whether a report lies on the log.
PRODUCE_S = 30.0
LINGER_MS = 5
#: What of the log is read back at once in answer to requests: so many offsets each, so many at a time.
SKIMMED_MAX = 1_000_000
PASTS_AT_ONCE = 2

_log = structlog.get_logger(__name__)


class KafkaStore:
    """Between `start()` and `stop()` it tries to reach the brokers for as long as it takes."""

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
        client_options(settings)
        self.registry = registry or Registry()
        self.horizon_us = settings.horizon_us
        self._settings = settings
        self._consumer_reasons = consumer_reasons
        self._consumer_degraded = consumer_degraded
        self.topic = settings.topic("reports")
        self._feed = KafkaFeed(lambda: client_options(settings), settings.topic)
        self._producer: AIOKafkaProducer | None = None
        self._producer_trouble: str | None = "connecting"
        self._pasts = asyncio.Semaphore(PASTS_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._tasks = [asyncio.create_task(self._feed.run()), asyncio.create_task(self._keep_producer())]

    async def stop(self) -> None:
        """Let go of the connections."""
        await cancel(self._tasks)

    async def submit(self, values: Sequence[bytes]) -> list[Receipt]:
        """Put reports on the log under their episode; returns once all replicas in sync have them.

        Refuses only what needs no state: the rest is the fold's, and goes to the topic of the rejected.
        """
        now_us = time.time_ns() // 1_000
        taken = [_parse_or_refuse(value, now_us) for value in values]
        answers = [self._send(message, value) for message, value in zip(taken, values, strict=True)]
        return list(await asyncio.gather(*answers))

    async def picture(self, episode: str) -> bytes | None:
        """Return an episode's latest committed picture, or None."""
        picture = self._feed.picture(episode)
        if picture is None and self._feed.trouble is not None:
            raise StoreUnavailable(f"not all pictures are here yet: {self._feed.trouble}")
        return picture

    async def summaries(self) -> list[dict[str, Any]]:
        """Return every episode in short, by name."""
        return self._feed.summaries()

    async def episode_log(self, episode: str) -> AsyncIterator[StoredReport]:
        """Yield an episode's records as they stand on the log now; raises StoreUnavailable and PastTooLong."""
        options = client_options(self._settings)
        async with (
            self._pasts,
            contextlib.aclosing(kafka_episode_log(options, self.topic, episode, skimmed_max=SKIMMED_MAX)) as records,
        ):
            async for record in records:
                yield record

    async def changes_of(self, episode: str, limit: int) -> list[StoredChange]:
        """Return the newest changes of an episode, up to `limit`, oldest first, made from the log anew.

        Raises StoreUnavailable and PastTooLong.
        """
        logged = await read_all(self.episode_log(episode))
        return await asyncio.to_thread(self._folded, episode, logged, limit)

    def _folded(self, episode: str, logged: list[StoredReport], limit: int) -> list[StoredChange]:
        records = [Record(each.value, each.timestamp_us) for each in logged]
        changes = changes_of(episode, records, self.registry, horizon_us=self.horizon_us)
        return [StoredChange(topic, orjson.dumps(record)) for topic, record in deque(changes, maxlen=limit)]

    def follow(self, take: Callable[[ChangeBatch], None], recent: int) -> Callable[[], None]:
        """Follow what is published (`streams.stores.change_feed.ChangeSource`)."""
        return self._feed.follow(take, recent)

    async def history(self, begin: Positions, end: Positions) -> AsyncIterator[list[FeedEntry]]:
        """Give what was published between positions."""
        try:
            async for entries in self._feed.history(begin, end):
                yield entries
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._unreadable(error) from error

    async def ends(self) -> Positions:
        """Return the positions behind all that is committed."""
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
        """Return what keeps reports from being sent, pictures from being shown, or the desk from its work."""
        reasons, brokers = self._consumer_reasons(), self._settings.bootstrap_servers
        if self._producer_trouble is not None:
            reasons.append(f"no report can be sent to {brokers}: {self._producer_trouble}")
        if self._feed.trouble is not None:
            reasons.append(f"not all pictures are here from {brokers}: {self._feed.trouble}")
        return reasons

    async def degraded(self) -> list[str]:
        """Return what went wrong at the desk since it started."""
        return self._consumer_degraded()

    async def _send(self, message: Message | Receipt, value: bytes) -> Receipt:
        if isinstance(message, Receipt):
            return message
        if self._producer is None:
            raise StoreUnavailable(f"{self._settings.bootstrap_servers}: {self._producer_trouble}")
        try:
            async with name_missing_acl(self._settings, "sender"), asyncio.timeout(PRODUCE_S):
                sent = await self._producer.send(
                    self.topic, value, key=message.episode.encode(), headers=list(tracing.incoming.get())
                )
                place = await sent
        except (KafkaError, TimeoutError) as error:
            reason = str(error) or f"no answer within {PRODUCE_S:.0f} s"
            raise StoreUnavailable(f"{self.topic}: {reason}; send again, a repeat does no harm") from error
        if isinstance(message, Report):
            return Receipt(
                "logged", message.episode, message.report_id, message.revision, place.partition, place.offset
            )
        return Receipt("logged", message.episode, partition=place.partition, offset=place.offset)

    async def _keep_producer(self) -> None:
        await with_backoff("sending reports", self._produce, self._lost)

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
