"""Failures around the consumer, with its messages and its recovery."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import OffsetAndMetadata

from streams.core.source_registry import Registry, Source
from streams.core.times import format_time
from streams.kafka.local.cluster import LocalKafka
from streams.kafka.transactional_producer import TransactionalProducer
from streams.operations.verify.verify import verify
from streams.processing import PartitionConsumer
from streams.settings import Settings
from tests.support.kafka_log import (
    REGISTRY,
    create_topics,
    fold_all,
    is_gone,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import mixed_records
from tests.support.numbered_reports import report
from tests.support.waiting import eventually


async def test_missing_topics_are_named_with_the_command(kafka: str, prefix: str) -> None:
    """Missing topics are named with the command that makes them."""
    settings = settings_for(kafka, prefix)
    async with running_consumer(settings) as desk:
        await eventually(lambda: "topics create" in desk.status.reason, "the reason")
        assert f"{prefix}.ledger is missing" in desk.status.reason
        await create_topics(settings)
        await eventually(lambda: desk.status.ready and len(desk.status.partitions) == 4, "it goes on by itself")


async def test_topics_of_unequal_partition_counts_are_refused(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 2)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([settings.topic("ledger")])
    await eventually(lambda: is_gone(admin, settings.topic("ledger")), "the topic is gone")
    await admin.create_topics([NewTopic(settings.topic("ledger"), 3, 1, topic_configs={"cleanup.policy": "compact"})])
    await admin.close()
    async with running_consumer(settings) as desk:
        # A broker may show the old ledger for a moment longer.
        await eventually(lambda: f"{prefix}.ledger has 3 partitions, the reports 2" in said(desk), "the reason")
        assert not desk.status.ready


async def test_a_lost_ledger_is_not_begun_anew_in_silence(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(number) for number in range(5)])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([settings.topic("ledger")])
    await eventually(lambda: is_gone(admin, settings.topic("ledger")), "the topic is gone")
    await admin.create_topics([NewTopic(settings.topic("ledger"), 1, 1, topic_configs={"cleanup.policy": "compact"})])
    await admin.close()
    async with running_consumer(settings) as desk:
        await eventually(lambda: "state was lost" in "".join(desk.status.reasons()), "the reason")
        assert "truceline rebuild --to PREFIX" in "".join(desk.status.reasons())
    assert len(await read(settings, "casualties", 1)) == 5


async def test_a_ledger_deleted_during_work_blocks_the_partition(kafka: str, prefix: str) -> None:
    """A ledger deleted under a desk at work stops it with what to do."""
    settings = settings_for(kafka, prefix, transaction_timeout="PT3S")
    await create_topics(settings, 1)
    await send(settings, [report(number) for number in range(5)])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        await admin.delete_topics([settings.topic("ledger")])
        await send(settings, [report(number) for number in range(5, 9)])
        await eventually(lambda: f"{prefix}.ledger is missing" in "".join(desk.status.reasons()), "it is missed")
        await admin.create_topics(
            [NewTopic(settings.topic("ledger"), 1, 1, topic_configs={"cleanup.policy": "compact"})]
        )
        await eventually(lambda: "lost" in said(desk), "neither an empty one nor half of one is taken for it")
    await admin.close()
    # A transaction in progress may end before the topic is gone, or after it is there again, and then as a whole.
    assert len(await read(settings, "casualties", 1)) in {5, 9}


async def test_another_app_on_the_same_log_is_refused(kafka: str, prefix: str) -> None:
    """It would have producers of its own, which nothing fences, and write every output a second time."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(1)])
    async with running_consumer(settings):
        await until_processed(settings)
        async with running_consumer(settings.model_copy(update={"app_id": f"{prefix}-other"})) as other:
            await eventually(lambda: f"Set TRUCELINE_APP_ID={prefix}, or" in said(other), "the reason")
        await send(settings, [report(2)])
        await until_processed(settings)
    assert await verify(settings, REGISTRY) == []


def said(desk: PartitionConsumer) -> str:
    return " ".join(desk.status.reasons())


async def test_a_reset_group_offset_is_reported(kafka: str, prefix: str) -> None:
    """A group offset that was reset is reported and does not count."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(number) for number in range(5)])
    operator = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=prefix, enable_auto_commit=False)
    await operator.start()
    place = TopicPartition(settings.topic("reports"), 0)
    operator.assign([place])
    await operator.commit({place: OffsetAndMetadata(0, "")})
    await operator.stop()
    assert await verify(settings, REGISTRY) == [
        f"group {prefix} has committed offset 0 of {prefix}.reports partition 0, its ledger says 5"
    ]
    async with running_consumer(settings) as desk:
        await send(settings, [report(9)])
        await until_processed(settings)
        assert desk.status.counts["offset_differences"] == 1
    assert await verify(settings, REGISTRY) == []


async def test_a_transaction_fenced_before_its_commit_is_done_again(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it times out at the broker, and it is the first: nothing that was aborted counts as an output."""
    settings = settings_for(kafka, prefix, session_timeout="PT3S")
    await create_topics(settings, 2)
    end = TransactionalProducer._end
    first = iter([True])

    async def late(producer: TransactionalProducer) -> None:
        if next(first, False):
            twin = TransactionalProducer(
                producer._options, producer.transactional_id, transaction_timeout_ms=9000, batch_bytes=900_000
            )
            await twin.start([])
            await twin.close()
        await end(producer)

    monkeypatch.setattr(TransactionalProducer, "_end", late)
    await send(settings, mixed_records(5, 200, 2))
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert desk.status.counts["fenced"] == 1
    assert await verify(settings, REGISTRY) == []


@pytest.mark.parametrize("done", [True, False])
async def test_an_unanswered_commit_is_read_from_the_ledger(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """The broker may have done it, or may never have received it."""
    settings = settings_for(kafka, prefix, transaction_timeout="PT3S")
    await create_topics(settings, 2)
    end = TransactionalProducer._end
    lost = iter([False, False, True])

    async def unanswered(producer: TransactionalProducer) -> None:
        answered = not next(lost, False)
        if answered or done:
            await end(producer)
        if not answered:
            await asyncio.Event().wait()

    monkeypatch.setattr(TransactionalProducer, "_end", unanswered)
    await send(settings, mixed_records(6, 200, 2))
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert desk.status.counts["failures"] == 1
    assert await verify(settings, REGISTRY) == []


async def test_a_broker_that_goes_away_and_comes_back(local_kafka: Callable[..., LocalKafka]) -> None:
    kafka = local_kafka()
    settings = settings_for(kafka.bootstrap_servers, "away", transaction_timeout="PT5S", session_timeout="PT6S")
    await create_topics(settings, 2)
    records = list(mixed_records(7, 400, 2))
    await send(settings, records[:200])
    async with running_consumer(settings) as desk:
        await eventually(lambda: desk.status.counts["accepted"] > 0, "it works")
        await asyncio.to_thread(kafka.stop)
        await eventually(lambda: not desk.status.ready, "it says that it does not")
        await asyncio.to_thread(kafka.start)
        await send(settings, records[200:])
        await until_processed(settings)
        await eventually(lambda: desk.status.ready, "it works again")
    assert await verify(settings, REGISTRY) == []


async def test_the_wall_clock_becomes_a_tick_on_the_log(kafka: str, prefix: str) -> None:
    """Once, when the time has come and there is no backlog, with the time that was waited for."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 2)
    now_us = time.time_ns() // 1000
    due = format_time(now_us + 2_000_000)
    truce = {"type": "ceasefire", "act": "announced", "effective_at": due}
    async with running_consumer(settings):
        sent = report(1, published_at=format_time(now_us), claims=[truce])
        await send(settings, [sent.__class__(sent.partition, sent.key, sent.value, now_us // 1000)])
        await ticked(settings)
        await until_processed(settings)
    values = [orjson.loads(record.value) for record in await read(settings, "reports", 2)]
    assert [value for value in values if "tick" in value] == [{"tick": due, "episode": "e-1"}]
    joint = [
        change
        for record in await read(settings, "ceasefires", 2)
        if (change := orjson.loads(record.value))["view"] == "joint"
    ]
    assert [change["after"]["status"] for change in joint] == ["announced", "in_effect"]
    assert joint[1]["cause"]["tick"] == due
    assert await verify(settings, REGISTRY) == []


async def ticked(settings: Settings) -> None:
    async def is_there() -> bool:
        return any(b"tick" in record.value for record in await read(settings, "reports", 2))

    await eventually(is_there, "a tick is on the log", poll_s=0.2)


async def test_a_shorter_stored_horizon_is_kept(kafka: str, prefix: str) -> None:
    """Reports settled under a shorter horizon are pruned: it stays in force under a longer setting."""
    settings = settings_for(kafka, prefix, horizon="P10D")
    await create_topics(settings, 1)
    for number, days in enumerate((10, 5, 10)):
        configured = settings_for(kafka, prefix, horizon=f"P{days}D")
        await send(configured, [report(number)])
        async with running_consumer(configured) as desk:
            await until_processed(configured)
            assert desk.status.reasons() == []
    entries = {entry.key: entry.value for entry in await read(settings, "ledger", 1)}
    assert entries[b"_h"] == b"%d" % settings_for(kafka, prefix, horizon="P5D").horizon_us


async def test_another_registry_is_published_at_a_takeover(kafka: str, prefix: str) -> None:
    """Another source registry is published at the next takeover."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    truce: dict[str, Any] = {"type": "ceasefire", "act": "announced"}
    await fold_all(settings, [report(1, source="new-mod", claims=[truce])])
    other = Registry({**REGISTRY.sources, "new-mod": Source("New ministry", "official", "armenia")})
    async with running_consumer(settings, other) as desk:
        await eventually(lambda: desk.status.ready and bool(desk.status.partitions), "taken over")
        await until_processed(settings)
    changes = [orjson.loads(record.value) for record in await read(settings, "ceasefires", 1)]
    assert [change["after"]["declared_by"] for change in changes] == [[], [], ["armenia"], ["armenia"]]
    assert changes[-1]["cause"] == {"registry": other.digest}
    *_, last = [orjson.loads(record.value) for record in await read(settings, "episodes", 1)]
    assert last["ceasefires"][0]["declared_by"] == ["armenia"]


async def test_another_registry_is_published_in_parts(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another source registry is published a part at a time and gone on with after a failure."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    truce: dict[str, Any] = {"type": "ceasefire", "act": "announced"}
    await fold_all(settings, [report(1, f"e-{number}", source="new-mod", claims=[truce]) for number in range(12)])
    monkeypatch.setattr("streams.processing.transaction.REGISTER_RECORDS", 10)
    end = TransactionalProducer._end
    fails = iter([False, False, True])

    async def end_or_fail(producer: TransactionalProducer) -> None:
        if next(fails, False):
            raise ConnectionError
        await end(producer)

    monkeypatch.setattr(TransactionalProducer, "_end", end_or_fail)
    other = Registry({**REGISTRY.sources, "new-mod": Source("New ministry", "official", "armenia")})
    async with running_consumer(settings, other) as desk:
        await eventually(lambda: desk.status.ready and bool(desk.status.partitions), "taken over")
        await until_processed(settings)
        assert desk.status.counts["failures"] == 1
        assert desk.status.counts["transactions"] > 4
    changes = [orjson.loads(record.value) for record in await read(settings, "ceasefires", 1)]
    assert [change["version"] for change in changes] == [1] * 24 + [2] * 24
    assert await verify(settings, other) == []
