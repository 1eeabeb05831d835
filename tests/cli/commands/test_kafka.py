"""`truceline kafka`: up, status and down of a Kafka that stays when the command ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.kafka.local.cluster import LocalKafka


def truceline(*arguments: object) -> tuple[int, str]:
    run = CliRunner().invoke(app, ["kafka", *map(str, arguments)])
    return run.exit_code, run.output


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "kafka"
    yield place
    if (kafka := LocalKafka.open(place)) is not None:
        kafka.remove()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.kafka
def test_up_stays_up_until_down_and_goes_on_where_it_was(folder: Path) -> None:
    port = free_port()
    code, said = truceline("up", "--dir", folder, "--port", port)
    assert code == 0, said
    assert f"export TRUCELINE_BOOTSTRAP_SERVERS=127.0.0.1:{port}\n" in said
    assert truceline("status", "--dir", folder)[0] == 0
    kafka = LocalKafka.open(folder)
    assert kafka is not None
    process = kafka.nodes[0].process
    assert process is not None
    assert f"pid {process.pid}" in truceline("status", "--dir", folder)[1]

    assert truceline("up", "--dir", folder)[0] == 0
    assert kafka.nodes[0].process == process, "up beside a running one changes nothing"
    code, said = truceline("up", "--dir", folder, "--nodes", 3)
    assert (code, said) == (2, f"truceline: {folder} holds a Kafka of 1 node: name another folder with --dir\n")

    assert truceline("down", "--dir", folder) == (0, f"Stopped 1 node\n  {folder} kept\n")
    assert truceline("status", "--dir", folder)[0] == 1
    assert truceline("down", "--dir", folder, "--wipe") == (0, f"Kafka was not running\n  {folder} deleted\n")
    assert not folder.exists()


@pytest.mark.kafka
def test_up_names_a_port_that_is_taken_and_leaves_nothing_behind(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, said = truceline("up", "--dir", folder, "--port", port)
    assert (code, said) == (69, f"truceline: port {port} is taken on 127.0.0.1: name another one\n")
    assert not folder.exists()


@pytest.mark.parametrize("command", ["status", "down"])
def test_where_nothing_was_laid_out_the_command_says_so(command: str, tmp_path: Path) -> None:
    expected = f"truceline: there is no Kafka in {tmp_path}; truceline kafka up sets one up\n"
    assert truceline(command, "--dir", tmp_path) == (1, expected)
