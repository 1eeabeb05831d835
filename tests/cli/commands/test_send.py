"""`truceline send`: over HTTP to a real server, and to Kafka; what is refused, and what cannot be reached."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr
from typer.testing import CliRunner

from schemas.topics import CHANGE_TOPICS
from streams.cli import app
from streams.kafka import topics
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.support.build import REGISTRY, at, killed, report
from tests.support.kafka_log import create_topics, read, running_consumer, settings_for, until_processed
from tests.support.ledger_file import stored
from tests.support.waiting import LIMIT_S, eventually_sync

TOKEN = "for-this-test"


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
    # A busy machine takes long enough for a line of progress.
    return run.exit_code, [line for line in run.stderr.splitlines() if not re.match(r"\d+ %, ", line)]


def test_every_line_is_counted_and_sending_twice_is_safe(url: str, folder: Path, file: Path) -> None:
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
    assert "401 wrong or missing token" in said[0]


def test_a_server_that_does_not_answer_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.operations.send.targets.PAUSE_FIRST_S", 0.001)
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    code, said = sent("--to", f"http://127.0.0.1:{port}", str(file))
    assert code == 69
    assert said[0].startswith(f"truceline: http://127.0.0.1:{port}/reports: ")
    assert said[0].endswith("repeats do no harm")


def started(*args: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "streams", "send", *args], stderr=subprocess.PIPE, **options)


def taken(folder: Path) -> int:
    return len(stored(folder / DATABASE)["log"])


def test_ctrl_z_stops_it_between_two_batches_and_fg_goes_on(url: str, folder: Path, file: Path) -> None:
    with started("--to", url, "--rate", "2", str(file), stdout=subprocess.DEVNULL) as process:
        eventually_sync(lambda: taken(folder) > 0)
        process.send_signal(signal.SIGTSTP)
        eventually_sync(lambda: Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
        before = taken(folder)
        time.sleep(1)
        assert taken(folder) == before
        process.send_signal(signal.SIGCONT)
        eventually_sync(lambda: taken(folder) > before)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert b"stopped; what was accepted is safe" in process.stderr.read()
    assert process.returncode == 130


def test_space_on_a_terminal_pauses_and_goes_on(url: str, folder: Path, file: Path) -> None:
    """Two hours a second: the last of three reports is a week off, unless somebody ends it."""
    times = [at(14, 0), at(14, 1), at(21, 1)]
    lines = [json.dumps(report(f"r{n}", killed(n), published_at=time)) for n, time in enumerate(times)]
    file.write_text("\n".join(lines))
    ours, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    # A session of its own, with the terminal as its own, as a shell gives it.
    login = ["setsid", "--ctty", "--wait", sys.executable, "-m", "streams", "send"]
    with subprocess.Popen(
        [*login, "--to", url, "--speed", "7200x", str(file)], stdin=its, stdout=its, stderr=its, env=environment
    ) as process:
        os.close(its)
        read_until(ours, "Space pauses")
        eventually_sync(lambda: taken(folder) == 2)
        os.write(ours, b" ")
        read_until(ours, "paused, Space resumes")
        os.write(ours, b"p")
        read_until(ours, "next in 0:0")
        os.write(ours, b"\x03")
        read_until(ours, "stopped; what was accepted is safe")
        assert process.wait() == 130
    os.close(ours)


def read_until(terminal: int, words: str) -> None:
    seen = ""
    while words not in seen:
        seen += os.read(terminal, 65_536).decode(errors="replace")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--rate", "0", "-"], "--rate 0: must be more than 0"),
        (["--speed", "fast", "-"], "--speed: 'fast' is not a speed such as 60x, more than 0"),
        (["--speed", "60x", "--rate", "5", "-"], "use only one of --rate, --speed and --as-fast"),
        (["--speed", "60x", "--as-fast", "-"], "use only one of --rate, --speed and --as-fast"),
    ],
)
def test_a_pace_that_makes_no_sense_is_a_usage_error(args: list[str], said: str) -> None:
    assert sent(*args) == (2, [f"truceline: {said}"])


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


async def test_a_replay_into_the_same_topics_is_all_duplicates(kafka: str, prefix: str, file: Path) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings)
    options = ["--bootstrap-servers", kafka, "--topic-prefix", prefix, str(file)]
    async with running_consumer(settings):
        published = []
        for pace in ("--as-fast", "--speed=60x"):
            sending = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "streams", "send", *options, pace, "-q"
            )
            assert await sending.wait() == 0
            await until_processed(settings)
            published.append({topic: len(await read(settings, topic)) for topic in OUTPUTS})
    assert published[0] == published[1]
    assert published[0]["casualties"] > 50
    assert len(await read(settings, "reports")) == 5_000


OUTPUTS = (*CHANGE_TOPICS, "rejected")


async def _make(kafka: str, prefix: str) -> None:
    async with topics.admin({"bootstrap_servers": kafka}) as admin:
        await topics.create(admin, prefix, 3, 1)


async def _read(kafka: str, topic: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(LIMIT_S):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
