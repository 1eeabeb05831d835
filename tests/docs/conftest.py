"""A reader of the docs, with a Kafka that `truceline kafka up` has started."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streams.kafka.local.cluster import LocalKafka
from tests.docs.shell import Command, Installation, Reader
from tests.support.paths import ROOT


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """`installation(prefix)`: a reader with a folder, and a prefix on the one broker, which `kafka up` has started."""
    data = tmp_path_factory.mktemp("data")
    ports = {named: free_port() for named in (8080, 8081, 9000, 9092)}
    kept = {name: held for name, held in os.environ.items() if not name.startswith(("TRUCELINE_", "KAFKA_", "OTEL_"))}

    def reader(prefix: str) -> Reader:
        folder = tmp_path_factory.mktemp(prefix) / "truceline"
        folder.mkdir()
        for name in ("examples", "streams", "tests"):
            (folder / name).symlink_to(ROOT / name)
        (folder.parent / ".curlrc").write_text("no-progress-meter\n")  # which nobody sees at a terminal
        environment = kept | {
            "COLUMNS": "110",
            "EDITOR": "sed -i s/r-1/r-2/",
            "CURL_HOME": str(folder.parent),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "TRUCELINE_APP_ID": prefix,
            "TRUCELINE_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports[9092]}",
            "TRUCELINE_DATA_DIR": str(data),
            "TRUCELINE_HTTP_PORT": str(ports[8080]),
            "TRUCELINE_TOPIC_PREFIX": prefix,
        }
        made = Reader(folder, environment, ports)
        if not (data / "kafka").exists():
            made.types(Command(f"truceline kafka up --port {ports[9092]}", ""))
        return made

    yield reader
    if (kafka := LocalKafka.open(data / "kafka")) is not None:
        kafka.remove()
