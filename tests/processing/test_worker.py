"""A worker process, as users start it."""

import asyncio
import os
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.kafka.local.cluster import LocalKafka
from streams.operations.verify.verify import verify
from tests.support.kafka_log import create_topics, read, send, settings_for, until_processed
from tests.support.numbered_reports import report
from tests.support.paths import ROOT
from tests.support.waiting import LIMIT_S
from tests.support.worker_process import BUGGY, COMMANDS, free_port, start_worker, wait_for_status


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_worker_takes_reports_in_and_stops_when_told(
    kafka: str, prefix: str, tmp_path: Path, command: str
) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 2)
    process, port = start_worker(command, tmp_path, kafka, prefix)
    try:
        assert (await wait_for_status(port, "/readyz", 200))["ready"]
        await send(settings, [report(1)])
        await until_processed(settings)
    finally:
        process.terminate()
        code = process.wait(LIMIT_S)
    assert code == 0
    assert len(await read(settings, "casualties", 2)) == 1
    assert sorted(os.listdir(tmp_path)) == ["data", "log"], "Faust makes no folder here"  # noqa: PTH208


async def test_a_bug_in_the_fold_rejects_its_record(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Degraded is 200: the worker works, and continues to get requests."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    process, port = start_worker(BUGGY, tmp_path, kafka, prefix)
    try:
        assert (await wait_for_status(port, "/readyz", 200))["status"] == "ready"
        await send(settings, [report(1), report(2, "a-bug"), report(3)])
        await until_processed(settings)
        body = await wait_for_status(port, "/readyz", 200)
    finally:
        process.terminate()
        process.wait(LIMIT_S)
    reasons = ["1 reports rejected as internal: a bug, see the log"]
    assert body == {"ready": True, "status": "degraded", "reasons": reasons}
    (rejected,) = await read(settings, "rejected", 1)
    headers = dict(rejected.headers)
    assert (headers["code"], headers["message"]) == (b"internal", b"ZeroDivisionError: a bug")
    assert len(await read(settings, "casualties", 1)) == 2
    log = (tmp_path / "log").read_text()
    assert re.search(rf"internal_error .*offset=1 partition=0 .*topic={prefix}.reports", log)
    assert "Traceback" in log
    assert "fold_or_fail" in log
    assert await verify(settings) == []


async def test_a_worker_without_a_broker_says_what_it_waits_for(tmp_path: Path) -> None:
    """A worker with no broker lives and says what it waits for."""
    nobody = f"127.0.0.1:{free_port()}"
    process, port = start_worker("truceline serve", tmp_path, nobody, "t")
    try:
        assert (await wait_for_status(port, "/healthz", 200))["status"] == "ok"
        body = await wait_for_status(port, "/readyz", 503)
        assert f"no Kafka broker answers at {nobody}" in " ".join(body["reasons"])
        await asyncio.sleep(2)
        assert process.poll() is None, "a Faust worker left to itself has ended by now"
    finally:
        process.terminate()
        code = process.wait(LIMIT_S)
    assert code == 0


def test_an_address_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = os.environ | {"TRUCELINE_HTTP_PORT": str(taken.getsockname()[1]), "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            COMMANDS["truceline serve"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            timeout=LIMIT_S,
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
    process, port = start_worker("truceline serve", tmp_path, kafka.bootstrap_servers, "away")
    try:
        await wait_for_status(port, "/readyz", 200)
        kafka.nodes[0].kill()
        body = await wait_for_status(port, "/readyz", 503)
        assert f"no Kafka broker answers at {kafka.bootstrap_servers}" in " ".join(body["reasons"])
        assert (await wait_for_status(port, "/healthz", 200))["status"] == "ok"
        await asyncio.to_thread(kafka.start)
        await wait_for_status(port, "/readyz", 200)
    finally:
        process.terminate()
        code = process.wait(LIMIT_S)
    assert code == 0
    said = [line for line in (tmp_path / "log").read_text().splitlines() if "Unable connect to node" in line]
    assert len(said) < 5, "not once for each try"
