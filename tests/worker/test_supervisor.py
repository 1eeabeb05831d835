"""`truceline serve --processes N`: one command, several workers, which begin and end together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.kafka.routing import partition_of
from streams.operations.verify.verify import verify
from streams.settings import Settings, SettingsError, load
from tests.support.kafka_log import create_topics, read, send, settings_for, until_processed
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import report
from tests.support.paths import ROOT
from tests.support.waiting import LIMIT_S, eventually

MODULE = [sys.executable, "-m", "streams", "serve"]
INSTALLED = [str(Path(sys.executable).parent / "truceline"), "serve"]
RUNNING = re.compile(r'^truceline_partition_running\{partition="(\d)"\} 1\.0$', re.MULTILINE)
NOBODY = load(bootstrap_servers="127.0.0.1:1", topic_prefix="t", app_id="t", http_port=0)


#: A line of the command itself, not of the log.
ADVICE = "no source registry: "


class Served:
    """The command in a session of its own, with all that it starts."""

    def __init__(self, command: list[str], settings: Settings, folder: Path) -> None:
        environment = os.environ | {
            "TRUCELINE_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
            "TRUCELINE_TOPIC_PREFIX": settings.topic_prefix,
            "TRUCELINE_APP_ID": settings.app_id,
            "TRUCELINE_HTTP_PORT": str(settings.http_port),
            "TRUCELINE_DATA_DIR": str(folder / "data"),
            "TRUCELINE_LOG_FORMAT": "json",
            "TRUCELINE_PROCESSES": "2",
            "PYTHONPATH": str(ROOT),
        }
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.parent = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self._seen: set[psutil.Process] = set()

    def said(self) -> list[dict[str, Any]]:
        """The log lines so far."""
        lines = self.log.read_text().rpartition("\n")[0].splitlines()
        # The command's own advice comes before the log is set up.
        logged = [line for line in lines if not line.startswith(ADVICE)]
        assert all(line.startswith("{") for line in logged), lines
        return [json.loads(line) for line in logged]

    async def workers(self) -> list[dict[str, Any]]:
        """The two workers once they are started: their `process`, `pid` and `url`."""
        started: list[dict[str, Any]] = []

        def are_there() -> bool:
            started[:] = [line for line in self.said() if line["event"] == "worker_process_started"]
            return len(started) == 2 or self.parent.poll() is not None

        await eventually(are_there, "two workers are started")
        with contextlib.suppress(psutil.NoSuchProcess):
            self._seen.update(psutil.Process(self.parent.pid).children(recursive=True))
        return started

    async def ends(self) -> int:
        """Return the exit code, once nothing that it started lives."""
        code = await asyncio.to_thread(self.parent.wait, LIMIT_S)
        await eventually(lambda: not any(map(lives, self._seen)), "all processes have ended")
        return code

    def remove(self) -> None:
        for process in self._seen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.parent.kill()
        self.parent.wait()


def lives(process: psutil.Process) -> bool:
    """Return True if the process runs; a zombie has ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    with contextlib.ExitStack() as stack:

        def start(settings: Settings, command: list[str] = MODULE) -> Served:
            served = Served(command, settings, tmp_path)
            stack.callback(served.remove)
            return served

        yield start


async def ask(url: str, path: str) -> str:
    """The answer's text; nothing where nobody answers yet."""
    async with httpx2.AsyncClient() as client:
        with contextlib.suppress(httpx2.TransportError):
            return (await client.get(f"{url}{path}", timeout=LIMIT_S)).text
    return ""


async def two_each(urls: list[str]) -> None:
    """Return once each worker runs two of the four partitions."""

    async def shared() -> bool:
        running = [RUNNING.findall(await ask(url, "/metrics")) for url in urls]
        return sorted(map(len, running)) == [2, 2] and len({*running[0], *running[1]}) == 4

    await eventually(shared, "two partitions each")


def reports(count: int) -> list[Sent]:
    """One report for each of a number of episodes, in four partitions."""
    made = [report(number, f"e-{number}") for number in range(count)]
    return [replace(one, partition=partition_of(one.key or b"", 4)) for one in made]


def free_port_before_another() -> tuple[int, socket.socket]:
    """A free port, and what listens on the one after it."""
    while True:
        taken = socket.create_server(("127.0.0.1", 0))
        port = taken.getsockname()[1] - 1
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port, taken
        taken.close()


async def test_two_processes_share_partitions_and_stop_together(
    kafka: str, prefix: str, serve: Callable[..., Served]
) -> None:
    """Two processes share the partitions and end with the command."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 4)
    served = serve(settings)
    urls = [worker["url"] for worker in await served.workers()]
    assert len(set(urls)) == 2
    await two_each(urls)
    await send(settings, reports(40))
    await until_processed(settings)
    assert [json.loads(await ask(url, "/readyz"))["ready"] for url in urls] == [True, True]
    served.parent.terminate()
    assert await served.ends() == 0
    assert {line["process"] for line in served.said() if line["logger"] != "streams.worker.supervisor"} == {0, 1}
    assert len(await read(settings, "casualties", 4)) == 40
    assert await verify(settings) == []


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGKILL, 128 + signal.SIGKILL), (signal.SIGTERM, 1)])
async def test_one_that_ends_by_itself_ends_all_and_is_named(
    kafka: str, prefix: str, serve: Callable[..., Served], sent: signal.Signals, code: int
) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 4)
    served = serve(settings)
    workers = await served.workers()
    await two_each([worker["url"] for worker in workers])
    os.kill(workers[1]["pid"], sent)
    assert await served.ends() == code
    (error,) = (line for line in served.said() if line["level"] == "error")
    assert (error["process"], error["pid"], error["exit_code"]) == (1, workers[1]["pid"], code)
    assert error["event"] == "worker_process_ended"


async def test_none_outlives_a_parent_that_is_killed(kafka: str, prefix: str, serve: Callable[..., Served]) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 4)
    served = serve(settings)
    await two_each([worker["url"] for worker in await served.workers()])
    served.parent.kill()
    assert await served.ends() == -signal.SIGKILL
    assert [line["event"] for line in served.said() if line["level"] == "error"] == []


def test_a_hanging_worker_does_not_outlive_its_parent() -> None:
    """A worker that does not heed it does not outlive its parent either."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.workers.deaf"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    asyncio.run(eventually(lambda: not lives(worker), "it has ended"))


async def test_ctrl_c_reaches_all_of_them_and_they_end_in_good_order(serve: Callable[..., Served]) -> None:
    """Also those that are about to start: `said` would meet with a traceback."""
    served = serve(NOBODY, INSTALLED)
    await served.workers()
    os.killpg(served.parent.pid, signal.SIGINT)
    assert await served.ends() == 0
    served.said()


async def test_each_has_a_port_of_its_own_from_the_first_on(serve: Callable[..., Served]) -> None:
    port, taken = free_port_before_another()
    taken.close()
    served = serve(NOBODY.model_copy(update={"http_port": port}))
    workers = await served.workers()
    assert [(worker["process"], worker["url"]) for worker in workers] == [
        (0, f"http://127.0.0.1:{port}"),
        (1, f"http://127.0.0.1:{port + 1}"),
    ]
    for worker in workers:
        await eventually(partial(ask, worker["url"], "/healthz"), "the worker answers")
    served.parent.terminate()
    assert await served.ends() == 0


async def test_a_port_that_is_taken_is_said_once_before_any_is_started(serve: Callable[..., Served]) -> None:
    port, taken = free_port_before_another()
    with taken:
        served = serve(NOBODY.model_copy(update={"http_port": port}))
        assert await asyncio.to_thread(served.parent.wait, LIMIT_S) == 69
    lines = [line for line in served.log.read_text().splitlines() if not line.startswith(ADVICE)]
    advice = "set TRUCELINE_HTTP_PORT to the first of 2 free ports, one for each process"
    assert lines == [f"truceline: cannot listen on 127.0.0.1:{port + 1}: Address already in use; {advice}"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--embedded", "new", "--processes", "2"], "an SQLite file has one writer"),
        (["--processes", "65"], "--processes: '65' is more than 64"),
        (["--processes", "0"], "--processes: '0' is less than 1"),
        (["--processes", "2", "--http-port", "65535"], "set it to 65534 or less"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["serve", *args])
    assert run.exit_code == 2
    assert words in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_settings_that_no_worker_could_run_with_are_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCELINE_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("TRUCELINE_SSL_CAFILE", "none.pem")
    run = CliRunner().invoke(app, ["serve", "--processes", "2", "--http-port", "0"])
    assert run.exit_code == 2
    assert [line for line in run.stderr.splitlines() if not line.startswith(ADVICE)] == [
        "truceline: TRUCELINE_SSL_CAFILE: there is no file 'none.pem'"
    ]


def test_the_last_process_has_a_port_too() -> None:
    assert load(processes=64, http_port=65472).processes == 64
    assert load(processes=64, http_port=0).processes == 64
    with pytest.raises(SettingsError, match="TRUCELINE_HTTP_PORT=65473 leaves no port"):
        load(processes=64, http_port=65473)
