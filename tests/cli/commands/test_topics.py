"""`truceline topics` on a real broker: makes what is missing, says what is of another shape, changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner

from schemas.topics import TOPICS, durability
from streams.cli import app
from streams.kafka.local.cluster import LocalKafka
from streams.kafka.topics import survey
from tests.support.kafka_log import exists
from tests.support.waiting import eventually

Truceline = Callable[..., tuple[int, str]]


@pytest.fixture
def truceline(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Truceline:
    monkeypatch.setenv("TRUCELINE_BOOTSTRAP_SERVERS", kafka)
    monkeypatch.setenv("TRUCELINE_TOPIC_PREFIX", prefix)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["topics", *arguments])
        return result.exit_code, result.output

    return run


async def make(bootstrap_servers: str, *topics: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    answer = await admin.create_topics(list(topics))
    for topic in topics:
        await eventually(partial(exists, admin, topic.name), f"{topic.name} is there")
    await admin.close()
    assert [code for _, code, _ in answer.topic_errors] == [0] * len(topics)


def test_create_makes_each_topic_of_the_table_once(truceline: Truceline, kafka: str, prefix: str) -> None:
    made = "".join(f"created {prefix}.{name} (3 partitions, 1 copy)\n" for name in TOPICS)
    assert truceline("create", "--partitions", "3", "--replication", "1") == (0, made)
    assert truceline("create", "--partitions", "3", "--replication", "1") == (
        0,
        f"all topics of {prefix} exist on {kafka}\n",
    )
    assert truceline("check") == (0, f"all topics of {prefix} are correct on {kafka}\n")


async def test_the_brokers_have_every_setting_of_the_table(
    kafka: str, prefix: str, topics: Callable[..., None]
) -> None:
    topics(partitions=2)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    found = await survey(admin, prefix)
    await admin.close()
    wanted = {name: topic.configuration | durability(1) for name, topic in TOPICS.items()}
    assert {name: (topic.partitions, topic.replication) for name, topic in found.items()} == dict.fromkeys(
        TOPICS, (2, 1)
    )
    assert {
        name: {setting: topic.settings[setting] for setting in wanted[name]} for name, topic in found.items()
    } == wanted


def test_before_they_are_made_check_names_each_as_missing(truceline: Truceline, prefix: str) -> None:
    assert truceline("check") == (1, "".join(f"error: {prefix}.{name} is missing\n" for name in TOPICS))


def test_list_shows_the_table_and_what_is_there(truceline: Truceline, prefix: str) -> None:
    code, said = truceline("list")
    assert code == 0
    assert [line.split()[:2] for line in said.splitlines()[1:]] == [[f"{prefix}.{name}", "missing"] for name in TOPICS]
    truceline("create", "--partitions", "2")
    _, said = truceline("list")
    rows = [line.split()[:4] for line in said.splitlines()[1:]]
    assert rows == [[f"{prefix}.{name}", "2", "1", str(topic.cleanup)] for name, topic in TOPICS.items()]


def test_topics_with_other_settings_are_named_and_not_changed(truceline: Truceline, kafka: str, prefix: str) -> None:
    theirs = [
        NewTopic(f"{prefix}.reports", 2, 1),
        NewTopic(f"{prefix}.ledger", 2, 1, topic_configs={"cleanup.policy": "delete"}),
        NewTopic(f"{prefix}.alerts", 1, 1),
    ]
    asyncio.run(make(kafka, *theirs))
    code, said = truceline("create", "--partitions", "4", "--replication", "1")
    assert code == 1
    made = [line.split()[1] for line in said.splitlines() if line.startswith("created ")]
    assert made == [f"{prefix}.{name}" for name in TOPICS if name not in {"reports", "ledger", "alerts"}]
    assert [line for line in said.splitlines() if line.startswith("error: ")] == [
        f"error: {prefix}.reports: retention.ms is 604800000, must be -1",
        f"error: {prefix}.ledger: cleanup.policy is delete, must be compact",
        f"error: {prefix}.alerts has 1 partition, the reports 2: a key lies in the same one",
    ]
    assert f"note: {prefix}.reports has 2 partitions and keeps them, not 4: a key would move to another\n" in said
    assert f"kafka-configs.sh --bootstrap-server {kafka} --alter --topic TOPIC --add-config NAME=VALUE\n" in said


def test_more_copies_than_brokers_are_refused_in_words(
    local_kafka: Callable[..., LocalKafka], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUCELINE_BOOTSTRAP_SERVERS", local_kafka().bootstrap_servers)
    run = CliRunner().invoke(app, ["topics", "create", "--replication", "3"])
    assert run.exit_code == 1
    assert run.output.count("\n") == 1
    assert " not created: Unable to replicate the partition 3 time(s)" in run.output


def test_no_broker_is_said_in_one_line() -> None:
    run = CliRunner().invoke(app, ["topics", "check", "--bootstrap-servers", "127.0.0.1:1"])
    assert (run.exit_code, run.output) == (
        69,
        "truceline: no Kafka broker answers at 127.0.0.1:1 (127.0.0.1:1: connection refused)\n",
    )


def test_a_bad_setting_is_a_usage_error() -> None:
    run = CliRunner().invoke(app, ["topics", "check", "--bootstrap-servers", "nowhere"])
    assert (run.exit_code, run.output) == (
        2,
        "truceline: --bootstrap-servers: 'nowhere' is not HOST:PORT\n",
    )
