"""Workers that stop, die and share: the outputs are those of an undisturbed run."""

import random
import signal
from pathlib import Path

import pytest

from streams.operations.verify.verify import verify
from streams.settings import Settings
from tests.support.kafka_log import (
    SOURCES_YAML,
    Worker,
    create_topics,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import mixed_records
from tests.support.waiting import eventually

RECORDS = list(mixed_records(2, 1500, 4))
#: Small, so that there is something half-way.
SMALL = {"TRUCELINE_BATCH_MAX_RECORDS": "10"}


async def lay_out(kafka: str, prefix: str, tmp_path: Path) -> Settings:
    sources = tmp_path / "sources.yaml"
    sources.write_text(SOURCES_YAML)
    settings = settings_for(kafka, prefix, sources=sources)
    await create_topics(settings)
    return settings


async def some_published(settings: Settings, least: int) -> None:
    async def are_there() -> bool:
        return len(await read(settings, "casualties")) >= least

    await eventually(are_there, f"{least} changes are published", poll_s=0)


async def test_a_worker_stopped_half_way_and_started_again(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = await lay_out(kafka, prefix, tmp_path)
    await send(settings, RECORDS)
    worker = Worker(settings, tmp_path / "1.log", **SMALL)
    await some_published(settings, 50)
    assert worker.stop() == 0
    before = len(await read(settings, "casualties"))
    worker = Worker(settings, tmp_path / "2.log", **SMALL)
    await until_processed(settings)
    assert worker.stop() == 0
    assert 50 <= before < len(await read(settings, "casualties"))
    assert await verify(settings) == []


async def test_two_workers_share_the_partitions_and_one_leaves(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = await lay_out(kafka, prefix, tmp_path)
    half = len(RECORDS) // 2
    await send(settings, RECORDS[:half])
    first = Worker(settings, tmp_path / "1.log", **SMALL)
    await some_published(settings, 50)
    second = Worker(settings, tmp_path / "2.log", **SMALL)
    log = tmp_path / "2.log"
    await eventually(lambda: "restored" in log.read_text(), "the second worker takes partitions over")
    await send(settings, RECORDS[half:])
    assert first.stop() == 0
    await until_processed(settings)
    assert second.stop() == 0
    assert await verify(settings) == []


async def test_a_killed_worker_is_taken_over_before_the_timeout(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A worker killed in a transaction is taken over before that times out."""
    settings = await lay_out(kafka, prefix, tmp_path)
    await send(settings, RECORDS)
    first = await dead(settings, tmp_path, at="commit", after=20, TRUCELINE_TRANSACTION_TIMEOUT="PT5M")
    second = Worker(settings, tmp_path / "2.log", **SMALL)
    first.kill()
    hidden = await read(settings, "ledger", committed=False)
    shown = await read(settings, "ledger")
    assert len(hidden) > len(shown), "the killed worker left a transaction open"
    await until_processed(settings)
    assert second.stop() == 0
    assert await verify(settings) == []


async def test_a_worker_killed_before_the_answer_to_its_commit(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A worker killed between the end of its transaction and the answer."""
    settings = await lay_out(kafka, prefix, tmp_path)
    await send(settings, RECORDS)
    first = await dead(settings, tmp_path, at="answer", after=20)
    first.kill()
    second = Worker(settings, tmp_path / "2.log", **SMALL)
    await until_processed(settings)
    assert second.stop() == 0
    assert await verify(settings) == []


async def test_a_worker_killed_in_the_middle_of_a_restore(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = await lay_out(kafka, prefix, tmp_path)
    half = len(RECORDS) // 2
    await send(settings, RECORDS[:half])
    async with running_consumer(settings):
        await until_processed(settings)
    await send(settings, RECORDS[half:])
    first = await dead(settings, tmp_path, at="restore", after=100)
    first.kill()
    second = Worker(settings, tmp_path / "2.log", **SMALL)
    await until_processed(settings)
    assert second.stop() == 0
    assert await verify(settings) == []


@pytest.mark.deep
async def test_workers_that_die_one_after_the_other_at_every_moment(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = await lay_out(kafka, prefix, tmp_path)
    chance, records, deaths = random.Random(17), list(mixed_records(17, 6000, 4)), 15
    for death in range(deaths):
        await send(settings, records[death * 400 : (death + 1) * 400])
        folder = tmp_path / str(death)
        folder.mkdir()
        at = chance.choice(("commit", "answer", "restore")) if death else "commit"
        (await dead(settings, folder, at=at, after=chance.randrange(20))).kill()
    last = Worker(settings, tmp_path / "last.log", **SMALL)
    await until_processed(settings)
    assert last.stop() == 0
    assert await verify(settings) == []


async def dead(settings: Settings, folder: Path, *, at: str, after: int, **more: str) -> Worker:
    """Return a worker that hangs at a moment, after `after` others like it, and is not killed yet."""
    said = folder / "dead"
    environment = SMALL | {"DIES_AT": at, "DIES_AFTER": str(after), "DIES_SAYING": str(said)} | more
    worker = Worker(settings, folder / "dead.log", module="tests.support.workers.dying", **environment)
    await eventually(said.exists, f"dead at {at}")
    return worker


async def test_a_worker_stopped_past_its_session_is_fenced(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A worker stopped past its session and continued is fenced."""
    settings = await lay_out(kafka, prefix, tmp_path)
    half = len(RECORDS) // 2
    await send(settings, RECORDS[:half])
    zombie = Worker(settings, tmp_path / "1.log", **SMALL)
    await some_published(settings, 50)
    zombie.process.send_signal(signal.SIGSTOP)
    other = Worker(settings, tmp_path / "2.log", **SMALL)
    log = tmp_path / "2.log"
    await eventually(lambda: log.read_text().count("restored") >= 4, "the other takes all partitions over")
    zombie.process.send_signal(signal.SIGCONT)
    await send(settings, RECORDS[half:])
    await until_processed(settings)
    assert zombie.stop() == 0
    assert other.stop() == 0
    assert await verify(settings) == []
