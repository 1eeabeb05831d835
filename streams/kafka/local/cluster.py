"""A real Kafka for tests, demonstrations and benchmarks: the one that is named, or one of our own.

    with broker() as bootstrap_servers: ...          # KAFKA_BOOTSTRAP_SERVERS, else a temporary one
    with temporary(nodes=3) as kafka:                # always of our own: its nodes may be killed
        kafka.nodes[0].kill()

Nodes are KRaft, broker and controller in one, on loopback ports that no outgoing connection can take.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from streams.kafka.local.distribution import KafkaUnavailable
from streams.kafka.local.node import Address, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["KafkaUnavailable", "LocalKafka", "answers", "broker", "temporary"]

START_TIMEOUT_S = 90.0
NAMED_TIMEOUT_S = 15.0
PROBE_PAUSE_S = 0.1
NODES_AT_MOST = 3

# Below the range from which systems give ports to outgoing connections (32768 on Linux, 49152 elsewhere): one of
# those could sit on a node's port while the node is down.
OWN_PORTS = range(20_000, 32_000)


class LocalKafka:
    """One or three nodes in one folder, whoever started them; `create` a new one or `open` what is there."""

    def __init__(self, folder: Path, cluster_id: str, nodes: Sequence[Node]) -> None:
        self.folder = folder
        self.cluster_id = cluster_id
        self.nodes = tuple(nodes)

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        nodes: int = 1,
        port: int | None = None,
        properties: Mapping[str, str] | None = None,
        scram: Mapping[str, str] | None = None,
    ) -> LocalKafka:
        """Lay out and format a cluster in `folder` (empty or not there yet); starts nothing.

        `port` is the first node's, the next ones follow; free ones are found when it is None. `properties` are
        broker settings and win over ours; `scram` are users with their passwords. Raises KafkaUnavailable when a
        port is taken or formatting fails.
        """
        ports = _free_ports(nodes) if port is None else [port + n for n in range(nodes)]
        for taken in filter(_is_taken, ports):
            raise KafkaUnavailable(f"port {taken} is taken on 127.0.0.1: name another one")
        controller_ports = _free_ports(nodes, but=ports)
        addresses = [Address(n + 1, ports[n], controller_ports[n], _kafka_uuid()) for n in range(nodes)]
        kafka = cls(folder, _kafka_uuid(), [Node(_node_folder(folder, a), a) for a in addresses])
        try:
            kafka._format(properties or {}, scram or {})
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        description = {"cluster_id": kafka.cluster_id, "nodes": [asdict(address) for address in addresses]}
        (folder / "cluster.json").write_text(json.dumps(description, indent=1))
        return kafka

    @classmethod
    def open(cls, folder: Path) -> LocalKafka | None:
        """The cluster laid out in `folder`, running or not; None when there is none."""
        try:
            description = json.loads((folder / "cluster.json").read_text())
        except FileNotFoundError:
            return None
        addresses = [Address(**address) for address in description["nodes"]]
        return cls(folder, description["cluster_id"], [Node(_node_folder(folder, a), a) for a in addresses])

    @property
    def bootstrap_servers(self) -> str:
        """All nodes, as clients want them: `127.0.0.1:9092,127.0.0.1:9093`."""
        return ",".join(node.address.client for node in self.nodes)

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start the nodes that do not run and wait until all of them serve.

        Raises KafkaUnavailable when a node ends, or they take too long.
        """
        for node in self.nodes:
            if not node.running and _is_taken(node.address.port):
                raise KafkaUnavailable(f"port {node.address.port} is taken on 127.0.0.1: name another one")
            node.start()
        self.wait(timeout_s)

    def wait(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until all nodes serve. Raises KafkaUnavailable when a node ends, or it takes too long."""
        give_up_at = time.monotonic() + timeout_s
        while not (
            all(_is_taken(node.address.port) for node in self.nodes)
            and answers(self.bootstrap_servers, brokers=len(self.nodes))
        ):
            for node in self.nodes:
                node.must_run()
            if time.monotonic() > give_up_at:
                raise KafkaUnavailable(f"Kafka does not answer after {timeout_s:.0f} s, see {self.folder}")
            time.sleep(PROBE_PAUSE_S)

    def stop(self) -> None:
        """Stop every node in good order: data is kept, `start` goes on with it."""
        # Together: the last ones of a quorum would wait in vain for those already gone.
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.stop, self.nodes))

    def remove(self) -> None:
        """Kill every node and delete the folder with all data."""
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _format(self, properties: Mapping[str, str], scram: Mapping[str, str]) -> None:
        voters = ",".join(node.address.voter for node in self.nodes)
        shared = _shared_properties(self.nodes) | dict(properties)
        runs = [(node, node.format(self.cluster_id, voters, shared, scram)) for node in self.nodes]
        for node, run in runs:
            if run.wait(START_TIMEOUT_S) != 0:
                raise KafkaUnavailable(f"Kafka's folder cannot be formatted:\n{node.log_tail()}")


@contextlib.contextmanager
def temporary(
    *,
    nodes: int = 1,
    properties: Mapping[str, str] | None = None,
    scram: Mapping[str, str] | None = None,
    prepare: Callable[[LocalKafka], object] | None = None,
) -> Iterator[LocalKafka]:
    """A running cluster that is gone at the end, with its data, also when this process is killed.

    `prepare` is called once it is laid out, before it starts: to add to a node's server.properties.
    Raises KafkaUnavailable when there is none to be had.
    """
    folder = Path(tempfile.mkdtemp(prefix="truceline-kafka-"))
    # Its standard input ends when this process does, however it does.
    guard = subprocess.Popen(
        [sys.executable, "-m", "streams.kafka.local.reaper", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    with guard:
        kafka = LocalKafka.create(folder, nodes=nodes, properties=properties, scram=scram)
        try:
            if prepare is not None:
                prepare(kafka)
            kafka.start()
            yield kafka
        finally:
            kafka.remove()


@contextlib.contextmanager
def broker(*, properties: Mapping[str, str] | None = None) -> Iterator[str]:
    """Bootstrap servers of the broker named by KAFKA_BOOTSTRAP_SERVERS, else of a temporary one.

    `properties` are for the temporary one. Raises KafkaUnavailable when neither is to be had: never a silent skip.
    """
    if named := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        give_up_at = time.monotonic() + NAMED_TIMEOUT_S
        while not answers(named):
            if time.monotonic() > give_up_at:
                raise KafkaUnavailable(f"KAFKA_BOOTSTRAP_SERVERS names {named}, where no broker answers")
            time.sleep(PROBE_PAUSE_S)
        yield named
        return
    with temporary(properties=properties) as kafka:
        yield kafka.bootstrap_servers


def answers(bootstrap_servers: str, *, brokers: int = 1) -> bool:
    """Whether at least so many brokers are in service there now. Blocks; may be called beside a running loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _answers(bootstrap_servers, brokers)).result()


async def _answers(bootstrap_servers: str, brokers: int) -> bool:
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415 - slow to load, and not for `status` of nothing
    from aiokafka.errors import KafkaError  # noqa: PLC0415

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=3_000)
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
    return len(cluster["brokers"]) >= brokers


def _shared_properties(nodes: Sequence[Node]) -> dict[str, str]:
    copies = len(nodes)
    in_sync = (copies + 1) // 2
    return {
        "controller.quorum.bootstrap.servers": ",".join(node.address.controller for node in nodes),
        # A topic that is missing is an error to be seen, not a topic of one partition.
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(in_sync),
        "offsets.topic.replication.factor": str(copies),
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(in_sync),
        "transaction.state.log.num.partitions": "4",
        # A killed node's partitions move within seconds.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        "group.initial.rebalance.delay.ms": "0",
        # How short a session a test may ask for; the clients' own default is longer.
        "group.min.session.timeout.ms": "1000",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def _node_folder(folder: Path, address: Address) -> Path:
    return folder / f"node-{address.number}"


def _kafka_uuid() -> str:
    """22 characters of URL-safe base64, as Kafka's own Uuid: not beginning with a dash."""
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()).startswith("-"):
        pass
    return made


def _is_taken(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _free_ports(count: int, but: Sequence[int] = ()) -> list[int]:
    tried = secrets.SystemRandom().sample(OWN_PORTS, 200)
    return [port for port in tried if port not in but and not _is_taken(port)][:count]
