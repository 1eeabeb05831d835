"""`truceline send`: over HTTP to a real server, and to Kafka; what is refused, and what cannot be reached."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr
from typer.testing import CliRunner

from streams import topics
from streams.cli import app
from streams.embedded.file import DATABASE
from streams.embedded.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.core.build import REGISTRY, killed, report
from tests.embedded.build import stored

TOKEN = "for this test"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def url(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that asks for a token, which the command finds in the environment."""
    monkeypatch.setenv("TRUCELINE_TOKEN", TOKEN)
    store = EmbeddedStore(folder, REGISTRY)
    with running(create_app(store, token=SecretStr(TOKEN), loopback=True), listen("127.0.0.1", 0)) as url:
        yield url
    store.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """2,500 good lines, one of them wrapped, a blank one, and two that are refused."""
    lines = [json.dumps(report(f"r{n}", killed(n), source=f"s{n % 50}")) for n in range(2_500)]
    lines[7] = f'{{"key": "war", "timestamp": "2022-09-14T12:00:00Z", "value": {lines[7]}}}'
    lines[10:10] = ["", "x"]
    lines.append(json.dumps(report("b" * 300_000, killed(1))))
    path = tmp_path / "reports.jsonl"
    path.write_text("\n".join(lines))
    return path


def sent(*args: str) -> tuple[int, list[str]]:
    run = CliRunner().invoke(app, ["send", *args])
    return run.exit_code, run.stderr.splitlines()


def test_every_line_is_accounted_for_and_a_second_time_does_no_harm(url: str, folder: Path, file: Path) -> None:
    rejected = file.with_name("rejected.jsonl")
    code, said = sent("--to", url, str(file), "--rejected", str(rejected))
    assert (code, said[-1]) == (0, "2,502 lines: 2,500 accepted, 2 refused")
    assert [line.partition(": ")[0] for line in said[:-1]] == [f"{file}:12", f"{file}:2503"]
    records = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [(record["line"], record["code"]) for record in records] == [(12, "not_json"), (2503, "too_large")]
    assert sent("--to", f"{url}/reports", str(file), "--strict")[0] == 1
    assert sent("--to", url, str(file))[1][-1] == "2,502 lines: 2,500 duplicate, 2 refused"
    assert len(stored(folder / DATABASE)["log"]) == 2_500


def test_a_wrong_token_is_said_at_once(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCELINE_TOKEN", "wrong")
    code, said = sent("--to", url, str(file))
    assert code == 69
    assert "401 POST /reports asks for Authorization: Bearer" in said[0]


def test_a_server_that_does_not_answer_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.sending.PAUSE_FIRST_S", 0.001)
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    code, said = sent("--to", f"http://127.0.0.1:{port}", str(file))
    assert code == 69
    assert said[0].startswith(f"truceline: http://127.0.0.1:{port}/reports: ")
    assert said[0].endswith("send again from the start")


@pytest.mark.parametrize(
    ("args", "code"), [(["none.jsonl"], 74), ([], 2), (["--to", "ftp://x", "-"], 2), (["--nonsense", "-"], 2)]
)
def test_what_cannot_be_done_has_its_exit_code(args: list[str], code: int) -> None:
    assert sent(*args)[0] == code


def test_to_kafka_each_report_goes_under_its_episode(kafka: str, prefix: str, file: Path) -> None:
    options = ["--bootstrap-servers", kafka, "--topic-prefix", prefix]
    code, said = sent(*options, str(file))
    assert code == 69
    assert f"no topic {prefix}.reports on {kafka}" in said[0]
    asyncio.run(_make(kafka, prefix))
    code, said = sent(*options, str(file))
    assert (code, said[-1]) == (0, "2,502 lines: 2,500 logged, 2 refused")
    records = asyncio.run(_read(kafka, f"{prefix}.reports", 2_500))
    assert {record.key for record in records} == {b"war"}
    assert [json.loads(record.value)["report_id"] for record in records] == [f"r{n}" for n in range(2_500)]
    assert records[7].timestamp == 1_663_156_800_000


async def _make(kafka: str, prefix: str) -> None:
    async with topics.admin({"bootstrap_servers": kafka}) as admin:
        await topics.create(admin, prefix, 3, 1)


async def _read(kafka: str, topic: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
