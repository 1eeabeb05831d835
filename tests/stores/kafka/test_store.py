"""The web's store on a real Kafka: reports by their key, pictures as they are committed, and a broker that is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.kafka import topics
from streams.kafka.client import client_options
from streams.settings import Settings
from streams.stores.kafka.feed import KafkaFeed
from streams.stores.kafka.store import KafkaStore
from streams.stores.store import StoreUnavailable
from tests.support.build import Json, killed, report
from tests.support.waiting import LIMIT_S, eventually, eventually_equal

PARTITIONS = 3


@pytest.fixture
async def settings(kafka: str, prefix: str) -> Settings:
    made = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    async with topics.admin(client_options(made)) as admin:
        await topics.create(admin, prefix, PARTITIONS, 1)
    return made


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[KafkaStore]:
    opened = KafkaStore(settings)
    await opened.start()
    await eventually(_ready(opened))
    yield opened
    await opened.stop()


def _ready(store: KafkaStore) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        return await store.reasons() == []

    return ready


def picture(name: str, offset: int) -> bytes:
    through = {"partition": 0, "offset": offset}
    content: Json = {"episode": name, "clock": "2022-09-14T12:00:00Z", "ceasefires": [], "totals": []}
    return json.dumps({**content, "through": through}).encode()


def value(record: Json) -> bytes:
    return json.dumps(record).encode()


async def test_reports_lie_where_the_receipt_says_under_their_episode(store: KafkaStore, settings: Settings) -> None:
    values = [value(report("a", killed(1))), b"x", value(report("b", killed(2), episode="other")), value(
        report("a", killed(3), revision=2)
    )]  # fmt: skip
    receipts = await store.submit(values)
    assert [(r.outcome, r.report_id, r.revision, r.code) for r in receipts] == [
        ("logged", "a", 1, None),
        ("refused", None, None, "not_json"),
        ("logged", "b", 1, None),
        ("logged", "a", 2, None),
    ]
    consumer = AIOKafkaConsumer(
        settings.topic("reports"), **client_options(settings), group_id=None, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: dict[tuple[int | None, int | None], tuple[bytes, bytes]] = {}
    async with asyncio.timeout(LIMIT_S):
        while len(found) < 3:
            record = await consumer.getone()
            found[record.partition, record.offset] = (record.key, record.value)
    await consumer.stop()
    assert found == {
        (r.partition, r.offset): ((r.episode or "").encode(), sent)
        for r, sent in zip(receipts, values, strict=True)
        if r.code is None
    }
    assert receipts[0].partition == receipts[3].partition


async def test_only_committed_and_newer_pictures_are_shown(store: KafkaStore, settings: Settings) -> None:
    topic = settings.topic("episodes")
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=settings.app_id)
    await producer.start()
    async with producer.transaction():
        await producer.send(topic, picture("war", 1), key=b"war")
    await producer.begin_transaction()
    await producer.send(topic, picture("war", 2), key=b"war")
    await producer.send(topic, picture("other", 2), key=b"other")
    await producer.flush()
    await producer.abort_transaction()
    async with producer.transaction():
        await producer.send(topic, picture("last", 3), key=b"last")

    async def shown() -> list[tuple[str, int]]:
        return [(short.episode, short.through) for short in await store.summaries()]

    # In partitions of their own, which the store may read in any order.
    await eventually_equal(shown, [("last", 3), ("war", 1)])
    assert await store.picture("war") == picture("war", 1)
    assert await store.picture("other") is None
    async with producer.transaction():
        await producer.send(topic, None, key=b"war")

    async def gone() -> bool:
        return await store.picture("war") is None

    await eventually(gone)
    await producer.stop()
    # One that starts now sees the same.
    late = KafkaFeed(lambda: client_options(settings), settings.topic)
    task = asyncio.create_task(late.run())

    async def all_here() -> bool:
        return late.trouble is None

    await eventually(all_here)
    task.cancel()
    assert [short.episode for short in late.summaries()] == ["last"]


async def test_missing_topics_are_a_reason_and_are_not_made_by_asking(kafka: str, prefix: str) -> None:
    settings = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    store = KafkaStore(settings, consumer_reasons=lambda: ["the desk says so"])
    await store.start()
    wanted = [
        "the desk says so",
        f"not all pictures have been read from {kafka}: no topic {prefix}.episodes: run `truceline topics create`",
    ]

    async def said() -> bool:
        return await store.reasons() == wanted

    await eventually(said)
    with pytest.raises(StoreUnavailable, match="not all pictures have been read yet"):
        await store.picture("war")
    await store.stop()
    async with topics.admin(client_options(settings)) as admin:
        assert [topic for topic in await admin.list_topics() if topic.startswith(prefix)] == []


async def test_with_no_broker_it_says_which_address_and_goes_on_trying() -> None:
    store = KafkaStore(Settings(bootstrap_servers="127.0.0.1:1"))
    await store.start()

    async def said() -> bool:
        reasons = await store.reasons()
        return reasons == [
            "reports cannot be sent to 127.0.0.1:1: no Kafka broker answers",
            "not all pictures have been read from 127.0.0.1:1: no Kafka broker answers",
        ]

    await eventually(said)
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1"):
        await store.submit([value(report("a", killed(1)))])
    assert [r.code for r in await store.submit([b"x"])] == ["not_json"]
    await store.stop()


async def test_it_stops_whatever_it_is_at() -> None:
    for steps in range(12):
        store = KafkaStore(Settings(bootstrap_servers="127.0.0.1:1"))
        await store.start()
        for _ in range(steps):
            await asyncio.sleep(0.002)
        async with asyncio.timeout(LIMIT_S):
            await store.stop()


async def test_who_put_a_report_in_is_a_header_of_its_record(store: KafkaStore) -> None:
    await store.submit([value(report("a", killed(1), episode="authors"))], "ani")
    await store.submit([value(report("b", killed(2), episode="authors"))])
    found = [each.submitted_by async for each in store.episode_log("authors")]
    assert found == ["ani", None]


async def test_the_newest_alerts_come_first(store: KafkaStore, settings: Settings) -> None:
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    for number in range(4):
        await producer.send_and_wait(
            settings.topic("alerts"), b'{"n":%d}' % number, key=b"war", timestamp_ms=1_663_000_000_000 + number
        )
    await producer.stop()
    assert await store.newest_alerts(3) == [b'{"n":3}', b'{"n":2}', b'{"n":1}']
