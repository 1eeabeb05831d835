"""A broker that forgets: transactions that time out there, and producer ids that expire."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.kafka.client import client_options
from streams.kafka.local.cluster import temporary
from streams.kafka.topic_reader import TopicReader
from streams.kafka.transactional_producer import TransactionalProducer
from streams.operations.verify.verify import verify
from streams.processing.takeover import transactional_id
from streams.settings import Settings
from tests.support.kafka_log import REGISTRY, create_topics, running_consumer, send, settings_for, until_processed
from tests.support.mixed_log import mixed_records
from tests.support.waiting import eventually, eventually_equal

HASTY = {
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
    "transactional.id.expiration.ms": "2000",
    "transaction.remove.expired.transaction.cleanup.interval.ms": "200",
    "producer.id.expiration.ms": "1000",
    "producer.id.expiration.check.interval.ms": "200",
}
pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def hasty() -> Iterator[str]:
    """Bootstrap servers of a broker that forgets within seconds what others keep for minutes and days."""
    with temporary(properties=HASTY) as kafka:
        yield kafka.bootstrap_servers


async def test_a_transaction_timeout_at_the_broker_is_retried(hasty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that times out at the broker is done again."""
    settings = settings_for(hasty, "late", transaction_timeout="PT1S")
    await create_topics(settings, 1)
    end = TransactionalProducer._end
    first = iter([True])

    async def late(producer: TransactionalProducer) -> None:
        if next(first, False):
            await aborted_by_the_broker(settings)
        await end(producer)

    monkeypatch.setattr(TransactionalProducer, "__init__", patient(TransactionalProducer.__init__))
    monkeypatch.setattr(TransactionalProducer, "_end", late)
    await send(settings, mixed_records(14, 200, 1))
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert desk.status.counts["fenced"] >= 1, "the broker was to refuse the end of what it had aborted"
    assert await verify(settings, REGISTRY) == []


def patient(init: Callable[..., None]) -> Callable[..., None]:
    """Our own limit is the transaction's: without it, only the broker knows that it is too late."""

    def init_patiently(producer: TransactionalProducer, *args: Any, **options: Any) -> None:
        init(producer, *args, **options)
        producer._limit_s = 60.0

    return init_patiently


async def aborted_by_the_broker(settings: Settings) -> None:
    place = TopicPartition(settings.topic("ledger"), 0)
    async with TopicReader(client_options(settings)) as reading:
        for is_open in (True, False):
            await eventually_equal(lambda: open_in(reading, place), is_open)


async def open_in(reading: TopicReader, place: TopicPartition) -> bool:
    stable, end = [(await reading.bounds([place], committed=committed))[place][1] for committed in (True, False)]
    return stable < end


async def test_an_expired_producer_id_is_replaced(hasty: str) -> None:
    """A producer id that expired while nothing came is requested again."""
    settings = settings_for(hasty, "idle", transaction_timeout="PT5S")
    await create_topics(settings, 1)
    records = list(mixed_records(15, 300, 1))
    await send(settings, records[:200])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        await forgotten(settings)
        await send(settings, records[200:])
        await until_processed(settings)
        assert desk.status.counts["failures"] >= 1, "the id was to be unknown to the broker"
        await eventually(lambda: desk.status.ready, "it works")
    assert await verify(settings, REGISTRY) == []


async def forgotten(settings: Settings) -> None:
    """Return once the broker's own log says that the id is gone; to ask for it would keep it in use."""
    places = [TopicPartition("__transaction_state", number) for number in range(4)]
    producer_id = transactional_id(settings.app_id, TopicPartition(settings.topic("reports"), 0)).encode()
    async with TopicReader(client_options(settings)) as reading:

        async def id_is_gone() -> bool:
            return any(
                record.value is None and record.key.endswith(producer_id)
                for records in (await reading.read(places)).values()
                for record in records
            )

        await eventually(id_is_gone, "the broker has forgotten the producer id", poll_s=0.2)
