"""The behaviour of Faust 0.15.3 that the agents rely on, and the behaviour that they must not use."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaProducer

from streams.agents import AgentStage, BatchChannel, add_folding_agents
from streams.agents.fold import AgentTimeout
from streams.settings import Settings
from streams.worker.faust_app import create_app
from tests.support.faust_worker import WatchingApp, worker_running
from tests.support.kafka_log import create_topics, settings_for
from tests.support.waiting import eventually


class Counted:
    """A batch that notes what was done to it."""

    def __init__(self, failing: Exception | None = None, *, ceasefires: bool = True) -> None:
        self.done: list[str] = []
        self._failing = failing
        self._ceasefires = ceasefires

    def fold_counts(self) -> None:
        if self._failing is not None:
            raise self._failing
        self.done.append("counts")

    def concerns_ceasefires(self) -> bool:
        if self._failing is not None:
            raise self._failing
        return self._ceasefires

    def fold_ceasefires(self) -> None:
        self.done.append("ceasefires")


@contextlib.asynccontextmanager
async def agents_running(app: faust.App) -> AsyncIterator[None]:
    """The app's agents alone: no broker, no consumer group."""
    await app.agents.start()
    try:
        yield
    finally:
        await app.agents.stop()


@pytest.fixture
async def app(tmp_path: Path) -> faust.App:
    made = faust.App("agents", broker="kafka://127.0.0.1:1", datadir=tmp_path, web_enabled=False)
    made.finalize()
    return made


async def test_a_batch_goes_through_the_agents_and_back(app: faust.App) -> None:
    counts, views = add_folding_agents(app)
    async with agents_running(app):
        batch = Counted()
        assert await counts(batch) is None
        assert await views(batch) is None
    assert batch.done == ["counts", "ceasefires"]


async def test_a_batch_without_ceasefires_skips_their_agent(app: faust.App) -> None:
    """Which need not even be there."""
    _, views = add_folding_agents(app)
    batch = Counted(ceasefires=False)
    assert await views(batch) is None
    assert batch.done == []


async def test_what_the_fold_raises_comes_back_and_the_agent_lives_on(app: faust.App) -> None:
    counts, views = add_folding_agents(app)
    failing = ZeroDivisionError("a bug")
    async with agents_running(app):
        assert await counts(Counted(failing)) is failing
        assert await views(Counted(failing)) is failing
        assert await counts(Counted()) is None


async def test_batches_come_through_while_faust_rebalances(app: faust.App) -> None:
    """Faust's rebalances suspend and empty the queues of `app.channel()`, but not those of the agents."""
    counts, _ = add_folding_agents(app)
    async with agents_running(app):
        app.flow_control.suspend()
        waiting = [asyncio.create_task(counts(Counted())) for _ in range(20)]
        await asyncio.sleep(0)
        app.flow_control.clear()
        app.flow_control.resume()
        assert await asyncio.gather(*waiting) == [None] * 20


async def test_a_faust_channel_loses_its_queue_at_a_rebalance(app: faust.App) -> None:
    """A channel of fausts own loses what lies in it at a rebalance."""
    channel: Any = app.channel()
    queue = channel.clone(is_iterator=True).queue
    app.flow_control.resume()
    await channel.put("batch")
    app.flow_control.clear()
    assert queue.empty()
    ours: Any = BatchChannel(app)
    kept = ours.clone(is_iterator=True).queue
    await ours.put("batch")
    app.flow_control.clear()
    assert kept.get_nowait() == "batch"


async def test_a_stage_waits_for_a_subscriber(app: faust.App) -> None:
    """A batch without a subscriber is lost, so the stage waits for one."""
    counts, _ = add_folding_agents(app)
    early = asyncio.create_task(counts(Counted()))
    await asyncio.sleep(0.05)
    assert not early.done()
    async with agents_running(app):
        assert await early is None


async def test_an_agent_that_does_not_answer_is_an_error(app: faust.App) -> None:
    """An agent that does not answer is an error and does not fold later."""
    stage = AgentStage(channel := BatchChannel(app), "absent", answer_s=0.5)
    with pytest.raises(AgentTimeout, match="agent absent"):
        await stage(Counted())
    queue = channel.clone(is_iterator=True).queue
    late = Counted()
    with pytest.raises(AgentTimeout):
        await stage(late)
    errand: Any = queue.get_nowait()
    errand.run(lambda batch: batch.fold_counts())
    assert late.done == [], "the desk may have undone it by now"


async def test_a_plain_agent_sees_nothing_that_was_aborted(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = settings_for(kafka, prefix, data_dir=tmp_path)
    await create_topics(settings)
    app = WatchingApp(settings, create_app(settings).processing._registry)
    app.finalize()
    seen = app.watch(settings.topic("alerts"))
    async with worker_running(app):
        await eventually(lambda: bool(app.consumer.assignment()), "Faust's group has partitions")
        for value, commits in ((b"first", True), (b"aborted", False), (b"last", True)):
            await transaction(settings, value, commits=commits)
        await eventually(lambda: b"last" in seen, "the last one is seen")
    assert seen == [b"first", b"last"]


async def transaction(settings: Settings, value: bytes, *, commits: bool) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers, transactional_id=f"{settings.app_id}-alerts-{value!r}"
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(settings.topic("alerts"), value, partition=0)
    await (producer.commit_transaction() if commits else producer.abort_transaction())
    await producer.stop()
