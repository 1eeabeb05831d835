"""A deployment of its own beside the run's: topics under a prefix, and one worker that answers over HTTP."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.kafka.client import client_options
from streams.kafka.range_reader import RangeUnreadable
from streams.kafka.routing import partition_of
from streams.kafka.topic_reader import TopicReader
from streams.kafka.topics import TopicsNotCreated, admin, create
from streams.settings import Settings
from tests.support.kafka_log import Worker, send, until_processed
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import report
from tests.support.waiting import eventually
from tests.support.worker_process import ask, free_port

PARTITIONS = 2
EPISODES = 7
OUTPUTS = ("casualties", "ceasefires", "statements")
SEND_LIMIT_S = 10.0
LOG_LINES = 40

#: Status code of /readyz, and all that it says.
Ready = tuple[int, str]


class Deployment:
    """One worker and what it works on. `limit_s` bounds each wait."""

    def __init__(self, settings: Settings, folder: Path, replication: int, limit_s: float) -> None:
        self.settings = settings
        self.leap_file = folder / f"{settings.topic_prefix}.leap"
        self._log_file = folder / f"{settings.topic_prefix}.log"
        self._replication = replication
        self._limit_s = limit_s
        self._worker: Worker | None = None
        self._port = 0
        self._sent = 0
        self._stream: http.client.HTTPConnection | None = None

    def topic(self, name: str) -> str:
        return self.settings.topic(name)

    async def create_topics(self) -> None:
        """Create the topics that are missing, as `truceline topics create` does."""
        prefix = self.settings.topic_prefix
        await self.administer(lambda client: create(client, prefix, PARTITIONS, self._replication))

    async def administer(self, action: Callable[[AIOKafkaAdminClient], Awaitable[object]]) -> None:
        """Run an action of an operator, again while brokers fail."""

        async def act() -> bool:
            async with admin(client_options(self.settings)) as client:
                await action(client)
            return True

        await self._retry(act)

    def start(self) -> None:
        self._port = free_port()
        self._worker = Worker(
            self.settings,
            self._log_file,
            module="tests.support.workers.leaping_clock",
            TRUCELINE_HTTP_PORT=str(self._port),
            LEAP_FILE=str(self.leap_file),
        )

    def listen(self) -> None:
        """Open a stream of events, so that the worker reads what is published."""
        self._stream = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._limit_s)
        self._stream.request("GET", "/events")
        assert self._stream.getresponse().status == 200

    def stop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def log_tail(self) -> str:
        """Return the last lines that the worker has logged."""
        return "\n".join(self._log_file.read_text().splitlines()[-LOG_LINES:]) if self._log_file.exists() else ""

    async def fold(self, count: int) -> None:
        """Send reports, and return once they are processed."""
        await self.send(count)

        async def are_processed() -> bool:
            await until_processed(self.settings, wait_s=self._limit_s, look_every_s=1)
            return True

        await self._retry(are_processed)

    async def publish(self, count: int) -> None:
        """Send reports, and return once each has its change: also where the ledger has records of others."""
        before = await self.published()
        await self.send(count)

        async def are_published() -> bool:
            return await self.published() >= before + count

        await eventually(are_published, f"{count} changes more", limit_s=self._limit_s, poll_s=1)

    async def send(self, count: int) -> None:
        """Send reports, each with a figure of its own."""
        numbers = range(self._sent, self._sent + count)
        self._sent += count
        await self.send_records([_placed(report(number, f"e-{number % EPISODES}")) for number in numbers])

    async def send_records(self, records: Sequence[Sent]) -> None:
        """Send records, all of them again until the brokers have acknowledged all."""

        async def are_sent() -> bool:
            await send(self.settings, records, limit_s=SEND_LIMIT_S)
            return True

        await self._retry(are_sent)

    async def write(self, topic: str, key: bytes, value: bytes, partition: int = 0) -> int:
        """Write one record of any kind to a topic; return its offset."""
        offset = 0

        async def write() -> bool:
            nonlocal offset
            producer = AIOKafkaProducer(**client_options(self.settings))
            await producer.start()
            try:
                sent = await producer.send_and_wait(self.topic(topic), value, key=key, partition=partition)
            finally:
                await producer.stop()
            offset = sent.offset
            return True

        await self._retry(write)
        return offset

    async def ready(self) -> Ready:
        """Return what /readyz answers; status 0 where nothing answers."""
        try:
            status, body = await asyncio.to_thread(ask, self._port, "/readyz")
        except OSError:
            return 0, ""
        return status, " | ".join(body["reasons"])

    async def until_ready(self, status: int, words: str = "") -> Ready:
        """Return the first answer of /readyz with this status and words. Raises AssertionError with the last one."""
        last: Ready = (0, "")

        async def is_so() -> bool:
            nonlocal last
            last = await self.ready()
            return last[0] == status and bool(re.search(words, last[1]))

        try:
            await eventually(is_so, limit_s=self._limit_s, poll_s=0.5)
        except AssertionError:
            raise AssertionError(f"/readyz never answered {status} with /{words}/, last: {last}") from None
        return last

    async def published(self) -> int:
        """Return how many records the outputs have."""
        bounds = await self._read(OUTPUTS, lambda reading, places: reading.bounds(places))
        return sum(end for _, end in bounds.values())

    async def log(self) -> list[Any]:
        """Return all records of the input."""
        found = await self._read(("reports",), lambda reading, places: reading.read(places))
        return [record for records in found.values() for record in records]

    async def _read(
        self, topics: Sequence[str], read: Callable[[TopicReader, list[TopicPartition]], Awaitable[dict[Any, Any]]]
    ) -> dict[Any, Any]:
        places = [TopicPartition(self.topic(name), number) for name in topics for number in range(PARTITIONS)]
        found: dict[Any, Any] = {}

        async def is_read() -> bool:
            async with TopicReader(client_options(self.settings)) as reading:
                found.update(await read(reading, places))
            return True

        await self._retry(is_read)
        return found

    async def _retry(self, action: Callable[[], Awaitable[bool]]) -> None:
        """Run an action until no broker fails it."""
        last = ""

        async def succeeds() -> bool:
            nonlocal last
            try:
                return await action()
            except (KafkaError, RangeUnreadable, TopicsNotCreated, OSError, TimeoutError) as error:
                last = repr(error)
                return False

        try:
            await eventually(succeeds, limit_s=self._limit_s, poll_s=0.5)
        except AssertionError as fault:
            raise AssertionError(f"{fault}; last error: {last}") from None


def ceasefire(number: int, expires_at_s: float) -> Sent:
    """A report, of now, of a ceasefire that ends at a time."""
    now_s = datetime.now(UTC).timestamp()
    act = {
        "type": "ceasefire",
        "act": "announced",
        "effective_at": _wire_time(now_s - 3600),
        "expires_at": _wire_time(expires_at_s),
    }
    sent = report(number, "e-truce", published_at=_wire_time(now_s - 60), claims=[act])
    return _placed(sent, int(now_s * 1000))


def _wire_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _placed(sent: Sent, timestamp_ms: int | None = None) -> Sent:
    key = sent.key or b""
    return Sent(partition_of(key, PARTITIONS), key, sent.value, timestamp_ms or sent.timestamp_ms)
