"""A worker process, as users start it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.local.cluster import LocalKafka
from streams.operations.verify.verify import verify
from tests.processing.test_poison import report
from tests.support.kafka_log import WAIT_S, create_topics, read, send, settings_for, taken_in
from tests.support.paths import ROOT

STARTS = {
    "truceline serve": [sys.executable, "-m", "streams", "serve"],
    "faust": [str(Path(sys.executable).parent / "faust"), "-A", "streams.worker", "worker"],
}
BUGGY = "with a bug in its fold"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(command: str, folder: Path, kafka: str, prefix: str) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    environment = os.environ | {
        "TRUCELINE_BOOTSTRAP_SERVERS": kafka, "TRUCELINE_TOPIC_PREFIX": prefix, "TRUCELINE_APP_ID": prefix,
        "TRUCELINE_HTTP_PORT": str(port), "TRUCELINE_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    argv = [sys.executable, "-m", "tests.support.workers.buggy"] if command == BUGGY else STARTS[command]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(argv, cwd=folder, env=environment, stdout=log, stderr=log), port


def ask(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


async def answers(port: int, path: str, status: int) -> Any:
    give_up_at = time.monotonic() + WAIT_S
    while True:
        try:
            found, body = await asyncio.to_thread(ask, port, path)
            if found == status:
                return body
        except urllib.error.URLError:
            found, body = 0, None
        assert time.monotonic() < give_up_at, f"never {status} from {path}: {found} {body}"
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("command", STARTS)
async def test_a_worker_takes_reports_in_and_stops_when_told(
    kafka: str, prefix: str, tmp_path: Path, command: str
) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 2)
    process, port = start(command, tmp_path, kafka, prefix)
    try:
        assert (await answers(port, "/readyz", 200))["ready"]
        await send(settings, [report(1)])
        await taken_in(settings)
    finally:
        process.terminate()
        code = process.wait(WAIT_S)
    assert code == 0
    assert len(await read(settings, "casualties", 2)) == 1
    assert sorted(os.listdir(tmp_path)) == ["data", "log"], "Faust makes no folder here"  # noqa: PTH208


async def test_a_bug_in_the_fold_is_rejected_logged_with_its_trace_and_shown_by_readyz(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    """Degraded is 200: the worker does its work, and goes on getting requests."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    process, port = start(BUGGY, tmp_path, kafka, prefix)
    try:
        assert (await answers(port, "/readyz", 200))["status"] == "ready"
        await send(settings, [report(1), report(2, "a-bug"), report(3)])
        await taken_in(settings)
        body = await answers(port, "/readyz", 200)
    finally:
        process.terminate()
        process.wait(WAIT_S)
    reasons = ["1 reports rejected as internal: a bug, see the log"]
    assert body == {"ready": True, "status": "degraded", "reasons": reasons}
    (rejected,) = await read(settings, "rejected", 1)
    headers = dict(rejected.headers)
    assert (headers["code"], headers["message"]) == (b"internal", b"ZeroDivisionError: a bug")
    assert len(await read(settings, "casualties", 1)) == 2
    log = (tmp_path / "log").read_text()
    assert f"a bug: {prefix}.reports partition 0 offset 1 is rejected as internal" in log
    assert "Traceback" in log
    assert "fold_or_fail" in log
    assert await verify(settings) == []


async def test_a_worker_with_no_broker_lives_and_says_what_it_waits_for(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    process, port = start("truceline serve", tmp_path, nobody, "t")
    try:
        assert (await answers(port, "/healthz", 200))["status"] == "ok"
        body = await answers(port, "/readyz", 503)
        assert f"no Kafka broker answers at {nobody}" in " ".join(body["reasons"])
        await asyncio.sleep(2)
        assert process.poll() is None, "a Faust worker left to itself has ended by now"
    finally:
        process.terminate()
        code = process.wait(WAIT_S)
    assert code == 0


def test_an_address_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = os.environ | {"TRUCELINE_HTTP_PORT": str(taken.getsockname()[1]), "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            STARTS["truceline serve"], cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=WAIT_S
        )
    assert run.returncode == 69
    assert b"cannot listen on 127.0.0.1" in run.stderr


async def test_a_broker_that_goes_away_is_said_by_readyz(
    local_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """Also by a worker that has nothing to do."""
    kafka = local_kafka()
    settings = settings_for(kafka.bootstrap_servers, "away")
    await create_topics(settings, 2)
    process, port = start("truceline serve", tmp_path, kafka.bootstrap_servers, "away")
    try:
        await answers(port, "/readyz", 200)
        kafka.nodes[0].kill()
        body = await answers(port, "/readyz", 503)
        assert f"no Kafka broker answers at {kafka.bootstrap_servers}" in " ".join(body["reasons"])
        assert (await answers(port, "/healthz", 200))["status"] == "ok"
        await asyncio.to_thread(kafka.start)
        await answers(port, "/readyz", 200)
    finally:
        process.terminate()
        code = process.wait(WAIT_S)
    assert code == 0
    said = [line for line in (tmp_path / "log").read_text().splitlines() if "Unable connect to node" in line]
    assert len(said) < 5, "not once for each try"
