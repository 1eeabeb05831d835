"""Transactions that a broker has decided and left open: they are ended as decided.

Kafka 4.3.1 does it when the only broker of a partition is killed between a commit and its markers. Here the coordinator
does not know the partitions, on a broker that does not check it, and ends the group's offsets alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka.client import CoordinationType
from aiokafka.errors import KafkaError

from streams.kafka.aiokafka_patches.paced_sender import PacedSender
from streams.kafka.local.cluster import temporary
from streams.kafka.protocol.transactions import state_of
from streams.kafka.transactional_producer import TransactionalProducer
from streams.operations.verify.verify import verify
from streams.processing import transaction
from streams.settings import Settings
from tests.support.kafka_log import REGISTRY, create_topics, read, running_consumer, send, settings_for, until_processed
from tests.support.mixed_log import Sent, mixed_records
from tests.support.waiting import eventually

RECORDS = list(mixed_records(11, 300, 1))
UNCHECKED = {"transaction.partition.verification.enable": "false"}


@pytest.fixture(scope="module")
def unchecked() -> Iterator[str]:
    """Bootstrap servers of a broker that takes records of a transaction that it does not know."""
    with temporary(properties=UNCHECKED) as kafka:
        yield kafka.bootstrap_servers


class Lost(KafkaError):  # type: ignore[misc] # aiokafka has no types
    """The worker has lost its broker."""


@dataclass
class Loss:
    """The batch, counted from now, whose partitions the coordinator does not learn; 0: none."""

    batch: int = 0
    now: bool = False


def markers_lost(monkeypatch: pytest.MonkeyPatch, end: Callable[[TransactionalProducer], Any]) -> Loss:
    """Lose the markers of one batch; `end` is how its transaction ends."""
    sender = PacedSender
    add, commit, ends = sender._do_add_partitions_to_txn, TransactionalProducer.commit, TransactionalProducer._end
    loss = Loss()

    async def keep(self: Any, places: Any) -> None:
        if not loss.now:
            await add(self, places)
            return
        for place in list(places):
            self._txn_manager.partition_added(place)

    async def count(self: TransactionalProducer, batches: Any, offsets: Any, group: str) -> None:
        # Pictures and ticks have none.
        loss.now = bool(offsets) and loss.batch == 1
        loss.batch -= bool(offsets)
        await markers_written(self)
        try:
            await commit(self, batches, offsets, group)
        finally:
            loss.now = False

    async def ended(self: TransactionalProducer) -> None:
        await (end if loss.now else ends)(self)

    monkeypatch.setattr(transaction, "GROUP_EVERY_S", 0)  # something that the coordinator knows
    monkeypatch.setattr(sender, "_do_add_partitions_to_txn", keep)
    monkeypatch.setattr(TransactionalProducer, "commit", count)
    monkeypatch.setattr(TransactionalProducer, "_end", ended)
    return loss


async def markers_written(producer: TransactionalProducer) -> None:
    """Wait for those of the transaction before: they would end the next one too."""
    sender: Any = producer._sender
    coordinator = await sender._find_coordinator(CoordinationType.TRANSACTION, producer.transactional_id)

    async def written() -> bool:
        return not (await state_of(sender.client, coordinator, producer.transactional_id)).startswith("Prepare")

    await eventually(written, "the markers are written", poll_s=0.01)


async def committed_and_lost(producer: TransactionalProducer) -> None:
    await producer._producer.commit_transaction()
    raise Lost


async def lost(_: TransactionalProducer) -> None:
    raise Lost


async def committed(producer: TransactionalProducer) -> None:
    await producer._producer.commit_transaction()


async def committed_on_new_connections(producer: TransactionalProducer) -> None:
    cut_off(producer)
    await producer._producer.commit_transaction()


def cut_off(producer: Any) -> None:
    """Close its connections, as a broker does that ends."""
    for connection in list(producer._producer.client._conns.values()):
        connection.close()


async def committed_and_forgotten(producer: TransactionalProducer) -> None:
    """A worker takes it over, and dies before it has ended what is open."""
    await producer._producer.commit_transaction()
    twin = TransactionalProducer(
        producer._options, producer.transactional_id, transaction_timeout_ms=9000, batch_bytes=900_000
    )
    await twin.start([])
    await twin.close()
    raise Lost


async def places(unchecked: str, name: str) -> Settings:
    settings = settings_for(unchecked, name, batch_max_records=100)
    await create_topics(settings, 1)
    return settings


@pytest.mark.kafka
@pytest.mark.parametrize("end", [committed_and_lost, lost])
async def test_it_is_ended_in_a_takeover_as_it_was_decided(
    unchecked: str, monkeypatch: pytest.MonkeyPatch, end: Callable[[TransactionalProducer], Any]
) -> None:
    settings = await places(unchecked, end.__name__)
    markers_lost(monkeypatch, end).batch = 2
    await send(settings, RECORDS)
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert (desk.status.counts["failures"], desk.status.counts["left_open"]) == (1, 1)
    assert await verify(settings, REGISTRY) == []


@pytest.mark.kafka
@pytest.mark.parametrize("end", [committed, committed_on_new_connections])
async def test_it_is_ended_when_a_broker_has_gone_and_come_back(
    unchecked: str, monkeypatch: pytest.MonkeyPatch, end: Callable[[TransactionalProducer], Any]
) -> None:
    """Without a record that comes, and without a takeover."""
    settings = await places(unchecked, end.__name__)
    loss = markers_lost(monkeypatch, end)
    await send(settings, RECORDS[:50])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        counts = desk.status.counts
        before, shown = counts["transactions"], await read(settings, "rejected", 1)
        loss.batch = 1
        await send(settings, [Sent(0, b"episode", b"no report", 0)])
        await eventually(lambda: counts["transactions"] == before + 1, "the markers are lost")
        if end is committed:
            assert await read(settings, "rejected", 1) == shown
            cut_off(desk._partitions[0]._producer)
        await until_processed(settings)
        assert len(await read(settings, "rejected", 1)) == len(shown) + 1
        assert (counts["takeovers"], counts["left_open"]) == (1, 1)
    assert await verify(settings, REGISTRY) == []


@pytest.mark.kafka
async def test_it_is_not_guessed_how_it_was_decided(unchecked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = await places(unchecked, "forgotten")
    markers_lost(monkeypatch, committed_and_forgotten).batch = 2
    await send(settings, RECORDS)
    async with running_consumer(settings) as desk:
        await eventually(lambda: "left a transaction" in "".join(desk.status.reasons()), "the reason")
        (reason,) = desk.status.reasons()
        assert f"open in {settings.topic('casualties')} partition 0" in reason
        assert f"{settings.topic('ledger')} partition 0" in reason
        assert "kafka-transactions.sh abort" in reason
        assert desk.status.counts["transactions"] == 1
