"""The pictures as Kafka has them, all of them in every worker.

A consumer group would share the partitions out among the workers, so there is none: one consumer reads every
partition, read_committed, and what was aborted is never shown.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from streams.store import summary

__all__ = ["Feed"]

BACKOFF_FIRST_S = 0.5
BACKOFF_LAST_S = 15.0
CONNECT_S = 20.0
POLL_MS = 500
PROBE_EVERY_S = 5.0
ASSIGN_S = 30.0

_log = structlog.get_logger(__name__)


class Feed:
    """The latest picture of every episode; `run` keeps it up to date until it is cancelled."""

    def __init__(self, client: Callable[[], dict[str, Any]], topic: str) -> None:
        """`client` gives the options of a Kafka client; `topic` is the full name of the episodes topic."""
        self._client = client
        self._topic = topic
        self._pictures: dict[str, tuple[int, bytes]] = {}
        self._summaries: dict[str, dict[str, Any]] = {}
        #: Why pictures are missing or old; None once all are here that were there at the start.
        self.trouble: str | None = "connecting"

    def picture(self, episode: str) -> bytes | None:
        """Return an episode's latest picture, or None."""
        known = self._pictures.get(episode)
        return known and known[1]

    def summaries(self) -> list[dict[str, Any]]:
        """Return `summary` of every episode, by name."""
        for episode, (_, picture) in self._pictures.items():
            if episode not in self._summaries:
                self._summaries[episode] = summary(orjson.loads(picture))
        return [self._summaries[episode] for episode in sorted(self._summaries)]

    async def run(self) -> None:
        """Read for ever, with growing pauses while no broker answers."""
        await with_backoff("reading pictures", self._read, self._failed)

    def _failed(self, reason: str) -> None:
        self.trouble = reason

    async def _read(self, connected: Callable[[], None]) -> None:
        consumer = AIOKafkaConsumer(
            **self._client(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await consumer.start()
            # All topics are asked for: to ask for a missing one by its name may create it.
            if self._topic not in await consumer.topics():
                raise LookupError(f"no topic {self._topic}: run `truceline topics create`")
            consumer.subscribe([self._topic])
            ends = await consumer.end_offsets(await _assigned(consumer))
            connected()
            probe_s = time.monotonic()
            while True:
                for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                    for record in records:
                        self._take(record)
                if time.monotonic() - probe_s > PROBE_EVERY_S:
                    # getmany is silent about a broker that is gone.
                    async with asyncio.timeout(CONNECT_S):
                        await consumer.topics()
                    probe_s = time.monotonic()
                if ends:
                    ends = {place: end for place, end in ends.items() if await consumer.position(place) < end}
                    self.trouble = f"reading pictures, {len(ends)} partitions to go" if ends else None
        finally:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(consumer.stop(), CONNECT_S)

    def _take(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        if record.key is None:
            return
        episode = record.key.decode("utf-8", "replace")
        known = self._pictures.get(episode)
        if known is not None and record.offset <= known[0]:
            return  # read again after a reconnection; what is shown never goes back
        self._summaries.pop(episode, None)
        if record.value is None:
            self._pictures.pop(episode, None)
        else:
            self._pictures[episode] = (record.offset, record.value)


async def with_backoff(
    what: str, work: Callable[[Callable[[], None]], Awaitable[None]], failed: Callable[[str], None]
) -> None:
    """Do work for ever: begin it again when it fails, after a pause that grows until it calls `connected`.

    `failed` is told each reason; the log is told a reason once, until there is another or it has passed.
    """
    pause_s, said = BACKOFF_FIRST_S, ""

    def connected() -> None:
        nonlocal pause_s, said
        pause_s, said = BACKOFF_FIRST_S, ""

    while True:
        try:
            await work(connected)
        except (KafkaError, LookupError, OSError, TimeoutError) as error:
            reason = "no Kafka broker answers" if isinstance(error, KafkaConnectionError) else _words(error)
            failed(reason)
            if reason != said:
                _log.warning("not possible now, trying on", what=what, reason=reason)
            said = reason
        except Exception as error:  # noqa: BLE001 - a task that ends is noticed by nobody
            failed(f"{type(error).__name__}: {error}")
            _log.exception("trying again", what=what, in_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, BACKOFF_LAST_S)


def _words(error: Exception) -> str:
    if isinstance(error, TopicAuthorizationFailedError):
        return f"not allowed to READ topic {error.args[0]}: `truceline doctor` says how it is granted"
    return str(error) or type(error).__name__


async def _assigned(consumer: AIOKafkaConsumer) -> list[TopicPartition]:
    async with asyncio.timeout(ASSIGN_S):
        while not consumer.assignment():  # noqa: ASYNC110 - aiokafka gives no event for it
            await asyncio.sleep(0.02)
    return list(consumer.assignment())
