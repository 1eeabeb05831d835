"""The log is folded again beside a live worker: each episode is the same, and the live one is not disturbed."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.admin import NewPartitions
from typer.testing import CliRunner, Result

from schemas.topics import CHANGE_TOPICS
from streams.cli import app
from streams.kafka.client import client_options
from streams.kafka.topics import admin, create
from streams.kafka.transactional_producer import TransactionalProducer
from streams.operations.verify.verify import verify
from streams.settings import Settings
from tests.support.kafka_log import (
    SOURCES_YAML,
    Worker,
    create_topics,
    is_gone,
    partitions_of,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import Sent, mixed_records
from tests.support.numbered_reports import report
from tests.support.waiting import eventually, eventually_equal


@pytest.fixture
def live(
    kafka: str, prefix: str, topics: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """The settings of a live prefix of four partitions; what is made beside it begins with the same name."""
    sources = tmp_path / "sources.yaml"
    sources.write_text(SOURCES_YAML)
    for name, value in {"BOOTSTRAP_SERVERS": kafka, "TOPIC_PREFIX": prefix, "APP_ID": prefix}.items():
        monkeypatch.setenv(f"TRUCELINE_{name}", value)
    monkeypatch.setenv("TRUCELINE_SOURCES", str(sources))
    settings = settings_for(kafka, prefix, sources=sources)
    topics(4)
    return settings


def of(live: Settings, prefix: str) -> Settings:
    return live.model_copy(update={"topic_prefix": prefix, "app_id": prefix})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "-q"])


async def worked(settings: Settings, *sent: Sent) -> None:
    await send(settings, sent)
    async with running_consumer(settings):
        await until_processed(settings)


async def story(settings: Settings, partitions: int) -> dict[tuple[str, str], list[Any]]:
    """All changes by topic and episode, but for where they came from."""
    told: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for name in CHANGE_TOPICS:
        for record in await read(settings, name, partitions):
            change = orjson.loads(record.value)
            change["cause"].pop("origin", None)
            told[name, change["episode"]].append(change)
    return dict(told)


async def outputs(settings: Settings, partitions: int) -> list[tuple[str, int, int, bytes | None]]:
    return [
        (record.topic, record.partition, record.offset, record.value)
        for name in ("reports", *CHANGE_TOPICS, "rejected", "ledger")
        for record in await read(settings, name, partitions)
    ]


def test_a_log_moves_from_four_to_eight_partitions(live: Settings, tmp_path: Path) -> None:
    """Each episode folds to the same outputs."""
    grown = of(live, f"{live.topic_prefix}-8")
    asyncio.run(send(live, mixed_records(5, 300, 4)))
    worker = Worker(live, tmp_path / "worker.log")
    try:
        asyncio.run(until_processed(live))
        before = asyncio.run(outputs(live, 4))
        moved = run("topics", "grow", "--partitions", "8")
        assert moved.exit_code == 0, moved.output
        assert "left out (sent on or misrouted)" in moved.stdout
        assert f"the outputs of {grown.topic_prefix} match its log\n" in moved.stdout
        assert re.search(rf"\d\d episodes agree with {live.topic_prefix}; 0 differ\n", moved.stdout)
        assert asyncio.run(outputs(live, 4)) == before
        refused = run("topics", "grow", "--partitions", "8", "--switch", str(tmp_path / "env"))
        assert (refused.exit_code, refused.stderr) == (
            1,
            (
                f"truceline: not switched: workers of {live.app_id} still run."
                " Stop its senders and workers, and run this again\n"
            ),
        )
        # It lives on meanwhile.
        asyncio.run(send(live, [report(number, episode=f"late-{number}") for number in range(20)]))
        asyncio.run(until_processed(live))
    finally:
        assert worker.stop() == 0
    (tmp_path / "env").write_text("# ours\nTRUCELINE_APP_ID=truceline\nTRUCELINE_HORIZON=P400D\n")
    switched = run("topics", "grow", "--partitions", "8", "--switch", str(tmp_path / "env"))
    assert switched.exit_code == 0, switched.output
    assert (tmp_path / "env").read_text() == (
        f"# ours\nTRUCELINE_HORIZON=P400D\n"
        f"TRUCELINE_TOPIC_PREFIX={grown.topic_prefix}\nTRUCELINE_APP_ID={grown.app_id}\n"
    )
    assert asyncio.run(story(grown, 8)) == asyncio.run(story(live, 4))
    assert asyncio.run(verify(live)) == []
    # The worker continues there.
    asyncio.run(worked(grown, *mixed_records(9, 50, 8)))
    assert asyncio.run(verify(grown)) == []


def test_an_interrupted_copy_resumes_with_each_record_once(live: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.operations.rebuild.copy_log.TRANSACTION_RECORDS", 50)
    asyncio.run(worked(live, *mixed_records(6, 200, 4)))
    commit, commits = TransactionalProducer.commit, []

    async def interrupted(producer: TransactionalProducer, *of_it: Any) -> None:
        commits.append(producer)
        if len(commits) == 3:
            raise KeyboardInterrupt
        await commit(producer, *of_it)

    to = f"{live.topic_prefix}-2"
    with monkeypatch.context() as patched:
        patched.setattr(TransactionalProducer, "commit", interrupted)
        stopped = run("rebuild", "--to", to)
        assert (stopped.exit_code, stopped.stderr) == (130, "truceline: stopped; run it again to continue\n")
    half = asyncio.run(read(of(live, to), "reports"))
    again = run("rebuild", "--to", to)
    assert again.exit_code == 0, again.output
    whole = asyncio.run(read(of(live, to), "reports"))
    assert 0 < len(half) < len(whole)
    values = [(record.key, record.value, record.timestamp) for record in whole]
    theirs = [(record.key, record.value, record.timestamp) for record in asyncio.run(read(live, "reports"))]
    assert all(values.count(one) <= theirs.count(one) for one in values)
    assert asyncio.run(story(of(live, to), 4)) == asyncio.run(story(live, 4))
    # Once more there is nothing to do.
    assert run("rebuild", "--to", to).exit_code == 0
    assert len(asyncio.run(read(of(live, to), "reports"))) == len(whole)


def test_after_a_lost_ledger_the_log_is_rebuilt(live: Settings) -> None:
    """As the worker's message says."""
    asyncio.run(worked(live, *mixed_records(7, 100, 4)))
    to = f"{live.topic_prefix}-2"

    async def lost() -> str:
        async with admin(client_options(live)) as client:
            await client.delete_topics([live.topic("ledger")])
            await eventually(lambda: is_gone(client, live.topic("ledger")), "the topic is gone")
            await create(client, live.topic_prefix, 4, 1)
        async with running_consumer(live) as desk:
            await eventually(lambda: "state was lost" in "".join(desk.status.reasons()), "the reason")
            return "".join(desk.status.reasons())

    said = asyncio.run(lost())
    command = re.search(r"`truceline (rebuild --to) PREFIX`", said)
    assert command, said
    rebuilt = run(*command[1].split(), to)
    assert rebuilt.exit_code == 0, rebuilt.output
    assert asyncio.run(story(of(live, to), 4)) == asyncio.run(story(live, 4))


def test_differing_episodes_are_named_and_not_switched_to(live: Settings, tmp_path: Path) -> None:
    truce = {"type": "ceasefire", "act": "announced"}
    asyncio.run(send(live, [report(1, "e-9", source="armenia-mod", claims=[truce])]))
    asyncio.run(worked(live, report(2, "e-8")))
    assert live.sources is not None
    live.sources.write_text("reuters: {name: Reuters, kind: media}\n")
    to, file = f"{live.topic_prefix}-2", tmp_path / "env"
    differs = run("rebuild", "--to", to, "--switch", str(file))
    assert differs.exit_code == 1
    assert f"1 episodes agree with {live.topic_prefix}; 1 differ\n" in differs.stdout
    assert "  e-9: ceasefires: change 1 of 2 is different\n" in differs.stdout
    assert differs.stderr == "truceline: not switched: see above; or use --accept-differences\n"
    assert not file.exists()
    assert run("rebuild", "--to", to, "--switch", str(file), "--accept-differences").exit_code == 0
    assert file.read_text() == f"TRUCELINE_TOPIC_PREFIX={to}\nTRUCELINE_APP_ID={to}\n"


def test_a_fold_that_does_not_go_on_is_given_up_with_the_reason(
    live: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.operations.rebuild.refold.TROUBLE_S", 1.0)
    asyncio.run(worked(live, report(1)))
    other = of(live, f"{live.topic_prefix}-2")
    assert run("rebuild", "--to", other.topic_prefix).exit_code == 0

    async def lost() -> None:
        async with admin(client_options(live)) as client:
            await client.delete_topics([other.topic("ledger")])
            await eventually(lambda: is_gone(client, other.topic("ledger")), "the topic is gone")

    asyncio.run(lost())
    stuck = run("rebuild", "--to", other.topic_prefix)
    assert stuck.exit_code == 1
    assert f"{other.topic('ledger')} partition " in stuck.stderr
    assert "state was lost" in stuck.stderr


def test_topics_with_added_partitions_can_be_rebuilt(live: Settings) -> None:
    """Their worker refuses them: the state of an episode lies elsewhere than its key does now."""
    asyncio.run(worked(live, *(report(number, f"e-{number}") for number in range(12))))
    before = asyncio.run(story(live, 4))

    async def grown_in_place() -> None:
        async with admin(client_options(live)) as client:
            found = [topic for topic in await client.list_topics() if topic.startswith(f"{live.topic_prefix}.")]
            await client.create_partitions({topic: NewPartitions(total_count=6) for topic in found})
            await eventually_equal(lambda: partitions_of(client, live.topic("reports")), 6)

    asyncio.run(grown_in_place())
    to = f"{live.topic_prefix}-6"
    rebuilt = run("rebuild", "--to", to)
    assert rebuilt.exit_code == 0, rebuilt.output
    assert asyncio.run(story(of(live, to), 6)) == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["rebuild", "--to", "{live}"], 2, "is the live prefix: name another one"),
        (["rebuild", "--to", "{live}-2", "--app-id", "{live}"], 2, "is the live workers' app id: name another one"),
        (["topics", "grow", "--partitions", "4"], 2, "has 4 partitions, 1 copy: name a greater number"),
        (["topics", "grow", "--partitions", "8", "--topic-prefix", "nobodys"], 1, "there is no topic nobodys.reports"),
        (["rebuild", "--to", "{live}-2", "--topic-prefix", "nobodys"], 1, "there is no topic nobodys.reports"),
    ],
)
def test_what_makes_no_sense_is_said(live: Settings, arguments: list[str], code: int, words: str) -> None:
    ended = run(*(argument.format(live=live.topic_prefix) for argument in arguments))
    assert ended.exit_code == code
    assert words in ended.stderr


def test_a_log_that_is_none_of_its_copies_is_left_alone(live: Settings) -> None:
    other = of(live, f"{live.topic_prefix}-2")
    asyncio.run(create_topics(other, 4))
    asyncio.run(send(live, [report(1)]))
    asyncio.run(send(other, [report(2)]))
    refused = run("rebuild", "--to", other.topic_prefix)
    assert refused.exit_code == 1
    assert f"{other.topic('reports')} already has records that are not a copy of" in refused.stderr
    wrong = run("topics", "grow", "--partitions", "8", "--to", other.topic_prefix)
    assert (wrong.exit_code, "should have 8 partitions: name another prefix" in wrong.stderr) == (1, True)
