"""A real Kafka for tests, demonstrations and benchmarks: the broker that is named, or a local one.

    with broker() as bootstrap_servers: ...          # KAFKA_BOOTSTRAP_SERVERS, else a temporary one
    with temporary(nodes=3) as kafka:                # always a local one: its nodes may be killed
        kafka.nodes[0].kill()

Nodes are KRaft, broker and controller in one, on loopback ports that no outgoing connection uses.
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
#: The file that marks the folder of a local cluster.
DESCRIPTION = "cluster.json"

# Below the ports of outgoing connections (from 32768 on Linux, 49152 elsewhere): one of those could take a node's port
# while the node is down.
OWN_PORTS = range(20_000, 32_000)


class LocalKafka:
    """One or three nodes in one folder; `create` new ones or `open` existing ones."""

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
        """Create and format a cluster in a folder that is empty or does not exist; starts nothing.

        `port` is the first node's, the next ones follow; None: free ports. `properties` override broker settings;
        `scram` are users with their passwords. Raises KafkaUnavailable if the folder is not empty, a port is taken or
        formatting fails; then everything it made is deleted, and nothing else.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise KafkaUnavailable(f"{folder} is neither empty nor the folder of a local Kafka: name another one")
        ports = _free_ports(nodes) if port is None else [port + n for n in range(nodes)]
        for taken in filter(_is_taken, ports):
            raise KafkaUnavailable(f"port {taken} is taken on 127.0.0.1: name another one")
        controller_ports = _free_ports(nodes, but=ports)
        addresses = [Address(n + 1, ports[n], controller_ports[n], _kafka_uuid()) for n in range(nodes)]
        kafka = cls(folder, _kafka_uuid(), [Node(_node_folder(folder, a), a) for a in addresses])
        try:
            kafka._format(properties or {}, scram or {})
            description = {"cluster_id": kafka.cluster_id, "nodes": [asdict(address) for address in addresses]}
            (folder / DESCRIPTION).write_text(json.dumps(description, indent=1))
        except BaseException:
            kafka._delete()
            raise
        return kafka

    @classmethod
    def open(cls, folder: Path) -> LocalKafka | None:
        """Return the cluster in `folder`, running or not; None if there is none."""
        try:
            description = json.loads((folder / DESCRIPTION).read_text())
        except FileNotFoundError:
            return None
        addresses = [Address(**address) for address in description["nodes"]]
        return cls(folder, description["cluster_id"], [Node(_node_folder(folder, a), a) for a in addresses])

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all nodes, for clients: `127.0.0.1:9092,127.0.0.1:9093`."""
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
        """Stop every node cleanly; data is kept for the next `start`."""
        # Together: the last ones of a quorum would wait in vain for those already gone.
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.stop, self.nodes))

    def remove(self) -> None:
        """Kill every node and delete all data. Files of others in the folder stay, and the folder with them."""
        for node in self.nodes:
            node.kill()
        self._delete()

    def _delete(self) -> None:
        for node in self.nodes:
            shutil.rmtree(node.folder, ignore_errors=True)
        (self.folder / DESCRIPTION).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not empty, or is gone already
            self.folder.rmdir()

    def _format(self, properties: Mapping[str, str], scram: Mapping[str, str]) -> None:
        voters = ",".join(node.address.voter for node in self.nodes)
        shared = _shared_properties(self.nodes) | dict(properties)
        runs: list[tuple[Node, subprocess.Popen[bytes]]] = []
        try:
            # As it goes along: those that were started are ended, whichever fails.
            runs.extend((node, node.format(self.cluster_id, voters, shared, scram)) for node in self.nodes)
            for node, run in runs:
                if run.wait(START_TIMEOUT_S) != 0:
                    raise KafkaUnavailable(f"Kafka's folder cannot be formatted:\n{node.log_tail()}")
        finally:
            for _, run in runs:
                run.kill()  # of those that have not ended, it would write on into a folder that is deleted
                run.wait()


@contextlib.contextmanager
def temporary(
    *,
    nodes: int = 1,
    properties: Mapping[str, str] | None = None,
    scram: Mapping[str, str] | None = None,
    prepare: Callable[[LocalKafka], object] | None = None,
) -> Iterator[LocalKafka]:
    """Run a cluster that is deleted at the end, also if this process is killed.

    `prepare` is called after `create` and before `start`, to add to server.properties. Raises KafkaUnavailable.
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
    """Give the bootstrap servers in KAFKA_BOOTSTRAP_SERVERS, else those of a temporary cluster.

    `properties` are for the temporary one. Raises KafkaUnavailable if neither answers: never a silent skip.
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
    """Return True if at least `brokers` are in service. Blocks; may be called while an event loop runs."""
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
        # The shortest session that a test may ask for; the clients' own default is longer.
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
