"""Partitions among desks: lost in the middle of a batch, many on one, two apps of one id, Faust's own group."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from streams.core.ledger import Ledger
from streams.kafka.client import client_options
from streams.kafka.topic_reader import TopicReader
from streams.operations.verify.verify import verify
from streams.processing import PartitionConsumer
from streams.processing.batch import FoldedBatch
from streams.processing.restore import restore
from streams.settings import Settings
from streams.worker.faust_options import faust_options
from tests.support.faust_worker import WatchingApp, worker_running
from tests.support.kafka_log import (
    REGISTRY,
    create_topics,
    fold_ceasefires_here,
    fold_counts_here,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import mixed_records
from tests.support.waiting import eventually


async def test_a_lost_partition_is_not_written_by_the_loser(kafka: str, prefix: str) -> None:
    """And the one that stays, its batch in hand all the while, takes nothing in twice."""
    settings = settings_for(kafka, prefix, session_timeout="PT3S", rebalance_timeout="PT3S")
    await create_topics(settings, 2)
    await send(settings, mixed_records(8, 300, 2))
    folding, go_on = list[FoldedBatch](), asyncio.Event()

    async def held(batch: FoldedBatch) -> Exception | None:
        folding.append(batch)
        await go_on.wait()
        return await fold_counts_here(batch)

    loser = PartitionConsumer(settings, REGISTRY, [held, fold_ceasefires_here])
    loser.start()
    try:
        await eventually(lambda: len(folding) == 2, "both partitions fold")
        async with running_consumer(settings) as winner:
            await eventually(lambda: winner.status.counts["accepted"] > 0, "one partition moves and is worked on")
            await eventually(lambda: len(loser.status.partitions) == 1, "the other stays")
            go_on.set()
            await eventually(lambda: loser.status.counts["fenced"] == 1, "the loser may not write")
            await until_processed(settings)
    finally:
        await loser.stop()
    assert await verify(settings, REGISTRY) == []


async def test_a_ledger_of_many_fetches_is_read_back_whole(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how far it is is said on the way."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    records = list(mixed_records(9, 800, 1))
    await send(settings, records[:600])
    async with running_consumer(settings.model_copy(update={"batch_max_records": 20})):
        await until_processed(settings)
    monkeypatch.setattr("streams.kafka.range_reader.FETCH_BYTES", 2_000)
    place, read_up_to = TopicPartition(settings.topic("ledger"), 0), list[int]()
    async with TopicReader(client_options(settings)) as reading:
        bounds = (await reading.bounds([place], committed=False))[place]
    await restore(client_options(settings), place, bounds, Ledger(REGISTRY), read_up_to.append)
    assert len(set(read_up_to)) > 10
    await send(settings, records[600:])
    monkeypatch.setattr("streams.processing.takeover.PROGRESS_EVERY_S", 0.0)
    with capture_logs() as lines:
        async with running_consumer(settings):
            await until_processed(settings)
    shown = [line["progress"] for line in lines if line["event"] == "partition_restoring"]
    said = [int(progress.split()[0]) for progress in shown if "%" in progress]
    assert len(said) > 10
    assert said == sorted(said)
    assert await verify(settings, REGISTRY) == []


async def test_sixty_four_partitions_on_one_worker(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 64)
    await send(settings, mixed_records(10, 600, 64, episodes=200))
    async with running_consumer(settings) as desk:
        await eventually(lambda: len(desk.status.partitions) == 64 and desk.status.ready, "all of them run")
        await until_processed(settings)
    assert await verify(settings, REGISTRY) == []


async def test_more_partitions_than_a_worker_may_hold_wait_for_another(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix, partitions_max=3)
    await create_topics(settings, 5)
    await send(settings, mixed_records(11, 200, 5))
    async with running_consumer(settings) as desk:
        await eventually(lambda: len(desk.status.partitions) == 3, "as many as it may hold")
        assert desk.status.reasons()[0] == "5 partitions for one worker, which holds 3: start more workers"
        async with running_consumer(settings) as other:
            await eventually(lambda: desk.status.ready and other.status.ready, "the two hold all")
            await until_processed(settings)
    assert await verify(settings, REGISTRY) == []


async def test_two_apps_of_one_id_on_their_own_topics(kafka: str, prefix: str) -> None:
    """Two apps of one id on topics of their own do each others no harm."""
    here = settings_for(kafka, prefix)
    there = here.model_copy(update={"topic_prefix": f"{prefix}-other"})
    both = (here, there)
    for settings in both:
        await create_topics(settings, 3)
        await send(settings, mixed_records(12, 200, 3))
    async with running_consumer(here) as first, running_consumer(there) as second:
        for settings in both:
            await until_processed(settings)
        assert [len(desk.status.partitions) for desk in (first, second)] == [3, 3]
    for settings in both:
        assert await verify(settings, REGISTRY) == []


async def test_fausts_own_group_rebalances_while_the_desk_works(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = settings_for(kafka, prefix, data_dir=tmp_path, batch_max_records=5)
    await create_topics(settings, 2)
    app = WatchingApp(settings, REGISTRY)
    app.finalize()
    seen = app.watch(settings.topic("casualties"))
    async with worker_running(app):
        await eventually(lambda: bool(app.consumer.assignment()), "Faust's group has partitions")
        for number in range(3):
            await send(settings, mixed_records(13 + number, 150, 2))
            async with member(settings, tmp_path, app.conf.id):
                await eventually(lambda: len(app.consumer.assignment()) == 1, "the other member has one of them")
            await eventually(lambda: len(app.consumer.assignment()) == 2, "and gives it back")
        await until_processed(settings)
        assert app.processing.status.counts["failures"] == 0
    assert seen
    assert await verify(settings, REGISTRY) == []


@contextlib.asynccontextmanager
async def member(settings: Settings, folder: Path, group: str) -> AsyncIterator[None]:
    """Another worker's share in Faust's group."""
    app: Any = faust.App(
        group, **faust_options(settings), datadir=folder, web_enabled=False, topic_disable_leader=True,
        topic_allow_declare=False,
    )  # fmt: skip

    @app.agent(app.topic(settings.topic("casualties"), value_serializer="raw", value_type=bytes), name="watch")  # type: ignore[untyped-decorator]
    async def watch(values: Any) -> None:
        async for _ in values:
            pass

    app.finalize()
    async with worker_running(app):
        yield
