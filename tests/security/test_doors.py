"""A broker with TLS, SASL and access control lists: each client connects by each door, and reports what stops it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from typer.testing import CliRunner

from schemas.topics import TOPICS
from streams.cli import app
from streams.core.source_registry import Registry
from streams.kafka.acl import Acl, rights
from streams.kafka.client import client_options
from streams.kafka.connectivity import diagnose, missing_acl_message, unreachable_brokers
from streams.settings import Settings, load
from streams.worker.event_loop import SHUTDOWN_S, EventLoop
from tests.support.faust_worker import WatchingApp, worker_running
from tests.support.kafka_log import create_topics, read, running_consumer, send, until_processed
from tests.support.mixed_log import mixed_records
from tests.support.numbered_reports import report
from tests.support.secured_cluster import CERTIFIED, PASSWORDS, Secured, secured
from tests.support.waiting import LIMIT_S, eventually
from tests.support.worker_process import start_worker, wait_for_status

pytestmark = pytest.mark.kafka

#: Door, SASL mechanism, and who comes in to the broker's eyes.
DOORS = [
    ("SASL_SSL", "SCRAM-SHA-512", "User:worker"),
    ("SASL_SSL", "PLAIN", "User:worker"),
    ("SASL_PLAINTEXT", "SCRAM-SHA-256", "User:worker"),
    ("SSL", "", "User:ANONYMOUS"),
    ("MUTUAL", "", f"User:{CERTIFIED}"),
]


KINDS = {"Topic": "topic", "Group": "group", "TransactionalId": "transactional_id", "Cluster": "cluster"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured(tmp_path_factory.mktemp("secured")) as made:
        yield made


def inside(cluster: Secured, prefix: str) -> Settings:
    """The test's own way in."""
    return load(
        bootstrap_servers=cluster.kafka.bootstrap_servers,
        topic_prefix=prefix,
        app_id=prefix,
        security_protocol="PLAINTEXT",
    )


def environ(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.model_fields_set:
        monkeypatch.setenv(f"TRUCELINE_{name.upper()}", str(getattr(settings, name)))


def command(*arguments: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command with these settings in the environment; a secret goes by its file."""
    environ(settings, monkeypatch)
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("way", DOORS, ids=" ".join)
def test_worker_and_commands_come_in_by_every_door(
    cluster: Secured, way: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, mechanism, user = way
    prefix = f"d{door}{mechanism}".lower().replace("_", "-")
    settings = cluster.settings(door, mechanism=mechanism, topic_prefix=prefix, app_id=prefix, data_dir=tmp_path)
    if user != "User:ANONYMOUS":
        cluster.grant(user, [*rights("operator", settings), *rights("sender", settings), *rights("worker", settings)])
    made = command("topics", "create", "--partitions", "2", settings=settings, monkeypatch=monkeypatch)
    assert (made.exit_code, made.output.count("created ")) == (0, len(TOPICS)), made.output
    (tmp_path / "reports.jsonl").write_bytes(report(7).value or b"")
    sent = command("send", str(tmp_path / "reports.jsonl"), settings=settings, monkeypatch=monkeypatch)
    assert sent.exit_code == 0, sent.output
    asyncio.run(worked_on(settings, inside(cluster, prefix)))
    verified = command("verify", settings=settings, monkeypatch=monkeypatch)
    assert verified.exit_code == 0, verified.output


async def worked_on(settings: Settings, ours: Settings) -> None:
    """A whole worker takes the one report in: the desk, and Faust with an agent on a topic."""
    worker = WatchingApp(settings, Registry())
    worker.finalize()
    seen = worker.watch(settings.topic("casualties"))
    async with worker_running(worker):
        await eventually(lambda: bool(seen), "Faust's consumer has the change")
        await until_processed(ours)
    assert json.loads(seen[0])["after"]["best"] == 7


async def test_the_worker_uses_the_rights_of_the_table_and_no_other(
    cluster: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the broker's own account: what it was asked for this user, over all kinds of records and a restore."""
    settings = cluster.settings("SASL_SSL", mechanism="PLAIN", user="least", topic_prefix="least", app_id="least")
    ours = inside(cluster, "least")
    await create_topics(ours, 2)
    listed = rights("worker", settings)
    cluster.grant("User:least", listed)
    environ(settings, monkeypatch)
    monkeypatch.setenv("TRUCELINE_LOG_LEVEL", "debug")
    # Nothing listens at the address that alerts are sent to.
    (tmp_path / "alerts.yaml").write_text("any: {crosses: 1}\n")
    alerting = {"ALERTS": tmp_path / "alerts.yaml", "NOTIFY_URLS": "json://127.0.0.1:1", "NOTIFY_MAX_AGE": "P36500D"}
    for name, value in (alerting | {"NOTIFY_TRIES": 1}).items():
        monkeypatch.setenv(f"TRUCELINE_{name}", str(value))
    for records in (mixed_records(3, 80, 2), [report(1)]):
        await send(ours, records)
        process, port = start_worker("truceline serve", tmp_path, settings.bootstrap_servers, "least")
        try:
            await wait_for_status(port, "/readyz", 200)
            await until_processed(ours)
            await eventually(lambda: is_written(ours, "undelivered"), "the undelivered alert is written")
        finally:
            process.terminate()
            assert process.wait(LIMIT_S) == 0
        said = (tmp_path / "log").read_text()
        assert "restored" in said
        assert PASSWORDS["least"] not in said
    for name in TOPICS:
        assert await is_written(ours, name), f"nothing was written to {name}"
    [transactions] = [right.name for right in listed if right.resource == "transactional_id"]
    used = {
        (operation, KINDS[resource], transactions if name.startswith(transactions) else name)
        for operation, resource, name in cluster.used("User:least")
    }
    table = {(right.operation, right.resource, right.name) for right in listed}
    implied = {("DESCRIBE", right.resource, right.name) for right in listed}
    assert used - table - implied == set(), "used and not listed"
    # For what did not happen here: a client of /events, a rule about ceasefires, a lost ledger.
    seldom = {
        ("READ", "least.ceasefires"),
        ("READ", "least.statements"),
        ("READ", "least.rejected"),
    }
    assert {(operation, name) for operation, _, name in table - used} <= seldom, "listed and not used"


def test_close_over_tls_does_not_wait_for_a_held_fetch(cluster: Secured) -> None:
    """By uvloop's own measure it takes half a minute; a restore closes a consumer, and so does a worker that stops."""
    ours, settings = inside(cluster, "closing"), cluster.settings("SSL", topic_prefix="closing")

    async def read_and_close() -> None:
        place = TopicPartition(settings.topic("reports"), 0)
        consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False, fetch_max_wait_ms=60_000)
        await consumer.start()
        consumer.assign([place])
        consumer.seek(place, 0)
        # The next fetch is under way once this one has come.
        await consumer.getone()
        async with asyncio.timeout(20 * SHUTDOWN_S):
            await consumer.stop()

    asyncio.run(create_topics(ours, 1))
    asyncio.run(send(ours, [report(1)]))
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        runner.run(read_and_close())


async def is_written(settings: Settings, topic: str) -> bool:
    return bool(await read(settings, topic, 2))


async def test_worker_names_missing_right_and_resumes_when_granted(cluster: Secured) -> None:
    """The worker names the right it lacks, and resumes once it is granted."""
    settings = cluster.settings("SASL_SSL", user="least", topic_prefix="named", app_id="named")
    ours = inside(cluster, "named")
    await create_topics(ours, 1)
    missing = next(right for right in rights("worker", settings) if str(right) == "WRITE topic named.ledger")
    cluster.grant("User:least", [right for right in rights("worker", settings) if right != missing])
    async with running_consumer(settings) as desk:
        told = (
            "not allowed to WRITE topic named.ledger as User:least: grant it with kafka-acls.sh --add"
            " --allow-principal 'User:least' --operation Write --topic 'named.ledger', or see `truceline doctor`"
        )
        await eventually(lambda: told in desk.status.reasons(), "it says so")
        cluster.grant("User:least", [missing])
        await send(ours, [report(1)])
        await until_processed(ours)


@pytest.mark.parametrize("missing", [right for right in rights("worker", load()) if right.needed], ids=str)
async def test_each_missing_right_of_a_worker_is_found(cluster: Secured, missing: Acl) -> None:
    settings = cluster.settings("SASL_SSL", user="sender")
    await create_topics(inside(cluster, "truceline"), 1)
    cluster.revoke("User:sender")
    cluster.grant("User:sender", [right for right in rights("worker", settings) if right != missing])

    async def found() -> bool:
        message = await missing_acl_message(settings, "worker") or ""
        return message.startswith(f"not allowed to {missing} as User:sender")

    await eventually(found, "the broker has what its controller has taken")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["topics", "check"], "not allowed to READ topic truceline.reports, CREATE topic truceline.reports,"),
        (["verify"], "not allowed to READ topic truceline.reports, CREATE topic truceline.reports,"),
        (["send", "-"], "not allowed to WRITE topic truceline.reports as User:nobody: grant it with kafka-acls.sh"),
    ],
)
def test_a_command_names_the_right_that_it_lacks(
    cluster: Secured, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(create_topics(inside(cluster, "truceline"), 1))
    settings = cluster.settings("SASL_SSL", user="nobody")
    run = command(*arguments, settings=settings, monkeypatch=monkeypatch)
    assert run.exit_code != 0
    assert told in run.output
    assert run.output.count("\n") == 1


def test_the_doctor_lists_each_missing_right_with_what_grants_it(
    cluster: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(create_topics(inside(cluster, "truceline"), 1))
    settings = cluster.settings("SASL_SSL", user="nobody")
    run = command("doctor", "--format", "json", settings=settings, monkeypatch=monkeypatch)
    found = {finding["check"]: finding for finding in json.loads(run.output)["findings"]}
    listed = [right.granted_by("User:nobody") for right in rights("worker", settings)]
    assert run.exit_code == 1
    assert found["rights"]["do"].splitlines() == listed
    assert found["brokers"]["state"] == "ok"


async def test_why_a_door_stays_shut_is_said(cluster: Secured) -> None:
    stranger, key = cluster.folder / "stranger.pem", cluster.folder / "client.key"
    tls = {"security_protocol": "SSL", "ssl_cafile": cluster.ca}
    closed = "it closed the connection: does it expect another TRUCELINE_SECURITY_PROTOCOL than"
    shut = {
        "it refuses user 'worker' with SCRAM-SHA-512": cluster.settings("SASL_SSL", sasl_password_file=key),
        "it refuses user 'worker' with PLAIN": cluster.settings("SASL_SSL", mechanism="PLAIN", sasl_password_file=key),
        "its certificate is not trusted": cluster.settings("SASL_SSL", ssl_cafile=stranger),
        f"{closed} PLAINTEXT": load(bootstrap_servers=cluster.doors["SSL"]),
        f"{closed} SSL": load(bootstrap_servers=cluster.kafka.bootstrap_servers, **tls),
        "it requires a client certificate": load(bootstrap_servers=cluster.doors["MUTUAL"], **tls),
        "connection refused": load(bootstrap_servers="127.0.0.1:1"),
    }
    for told, settings in shut.items():
        [reason] = (await unreachable_brokers(settings)).values()
        assert reason.startswith(told)
        words = await diagnose(ConnectionError(), settings, "worker")
        assert words.startswith(
            f"no Kafka broker answers at {settings.bootstrap_servers} ({settings.bootstrap_servers}"
        )
    assert await unreachable_brokers(cluster.settings("MUTUAL")) == {}
