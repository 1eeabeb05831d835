"""Hours of steady work: whether memory, descriptors and tasks of a server level off.

Each report revises one of a fixed set, so that the state keeps its size while the log grows. Readers of every kind are
beside the writer: followers of /events, clients that connect, read and go, one that does not read, and one that asks
for each kind of answer in turn.
"""

import asyncio
import contextlib
import itertools
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import orjson
import psutil

from streams.web.server import listen, url_of
from tests.bench.contenders import Contender, Place, Running, truceline_command, truceline_environment
from tests.bench.embedded import ready
from tests.bench.throughput import laid_out

POSTS_A_SECOND = 10
EPISODES, SOURCES = 50, 8
FOLLOWERS, VISITORS = 20, 5
PATIENCE_S = 60
#: One of each kind of answer.
ASKED = (
    "/episodes", "/episodes/{e}", "/episodes/{e}/explain", "/episodes/{e}/changes", "/episodes/{e}/series.csv",
    "/audit?episode={e}", "/episodes/{e}/cells.csv", "/episodes/{e}/changes.csv", "/episodes/{e}/chart.svg",
    "/feed.atom", "/metrics", "/readyz",
)  # fmt: skip
_TASKS = re.compile(r"^truceline_tasks ([\d.]+)$", re.MULTILINE)


class Sample(NamedTuple):
    """A server at one moment: memory in MB, and seconds of processor time since its start."""

    at_s: float
    reports: int
    rss_mb: float
    descriptors: int
    threads: int
    tasks: int
    cpu_s: float


class _Load:
    """Writers and readers on one server, and what they saw."""

    def __init__(self, url: str, rate: int) -> None:
        self.url = url
        self.sent = 0
        self.answers: dict[str, int] = {}
        self.changes = 0
        self._batch = rate // POSTS_A_SECOND
        self._client = httpx2.AsyncClient(base_url=url, timeout=PATIENCE_S)

    async def run(self, seconds: float) -> None:
        """Write and read for a time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                group.create_task(self._write())
                group.create_task(self._ask())
                group.create_task(self._never_read())
                for number in range(FOLLOWERS + VISITORS):
                    group.create_task(self._follow(None if number < FOLLOWERS else 2.0))
        await self._client.aclose()

    async def _write(self) -> None:
        reports = _reports()
        begun_s = time.monotonic()
        for number in itertools.count():
            body = b"\n".join(itertools.islice(reports, self._batch))
            answer = await self._client.post("/reports", content=body, headers={"content-type": "application/x-ndjson"})
            self._note("POST /reports", answer)
            self.sent += self._batch
            await asyncio.sleep(begun_s + number / POSTS_A_SECOND - time.monotonic())

    async def _ask(self) -> None:
        for number, path in enumerate(itertools.cycle(ASKED)):
            try:
                self._note(path, await self._client.get(path.format(e=f"episode-{number % EPISODES}")))
            except httpx2.TimeoutException:
                self._count(f"{path} no answer in {PATIENCE_S} s")
            await asyncio.sleep(1)

    def _note(self, path: str, answer: httpx2.Response) -> None:
        self._count(f"{path} {answer.status_code}")

    def _count(self, what: str) -> None:
        self.answers[what] = self.answers.get(what, 0) + 1

    async def _follow(self, stay_s: float | None) -> None:
        """Read the stream of changes; with a time to stay, go and come again."""
        while True:
            with contextlib.suppress(TimeoutError, httpx2.HTTPError):
                async with asyncio.timeout(stay_s), self._client.stream("GET", "/events") as answer:
                    async for chunk in answer.aiter_bytes():
                        self.changes += chunk.count(b"event: casualties\n")
            await asyncio.sleep(0.2)

    async def _never_read(self) -> None:
        """Follow /events without reading, and come again when the server hangs up or a minute is over."""
        address = httpx2.URL(self.url)
        loop = asyncio.get_running_loop()
        while True:
            with socket.socket() as quiet:
                quiet.setblocking(False)
                await loop.sock_connect(quiet, (address.host, address.port or 80))
                await loop.sock_sendall(quiet, b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                await asyncio.sleep(60)


def _reports() -> Iterator[bytes]:
    """Yield revisions of the same reports: every count goes up by one a round."""
    for revision in itertools.count(1):
        for episode, source in itertools.product(range(EPISODES), range(SOURCES)):
            claim = {
                "type": "casualties", "party": "azerbaijan", "outcome": "killed", "population": "military",
                "basis": "cumulative", "count": {"best": revision},
            }  # fmt: skip
            yield orjson.dumps({
                "report_id": f"r-{episode}-{source}", "revision": revision, "episode": f"episode-{episode}",
                "source": f"source-{source}", "published_at": "2022-09-15T10:30:00Z", "claims": [claim],
            })  # fmt: skip


async def _sampled(process: psutil.Process, load: _Load, seconds: float, trace: Path) -> list[Sample]:
    """Return the samples; each is in the trace at once, so that a run that is ended has left its curve."""
    every_s = max(1.0, seconds / 360)
    begun_s = time.monotonic()
    samples = []
    trace.parent.mkdir(parents=True, exist_ok=True)
    async with httpx2.AsyncClient(base_url=load.url, timeout=PATIENCE_S) as client:
        while time.monotonic() - begun_s < seconds:
            tasks = _TASKS.search((await client.get("/metrics")).text)
            with process.oneshot():
                times = process.cpu_times()
                samples.append(
                    Sample(
                        round(time.monotonic() - begun_s, 1),
                        load.sent,
                        round(process.memory_info().rss / 1e6, 1),
                        process.num_fds(),
                        process.num_threads(),
                        int(float(tasks[1])) if tasks else -1,
                        round(times.user + times.system, 1),
                    )
                )
            with trace.open("ab") as file:
                file.write(orjson.dumps(samples[-1]._asdict()) + b"\n")
            await asyncio.sleep(every_s)
    return samples


async def _soaked(url: str, running: Running, seconds: float, rate: int, trace: Path) -> dict[str, Any]:
    async with httpx2.AsyncClient(base_url=url) as client:
        await ready(client)
    load = _Load(url, rate)
    samples, _ = await asyncio.gather(_sampled(running.server(), load, seconds, trace), load.run(seconds))
    return {
        "samples": [sample._asdict() for sample in samples],
        "sent": load.sent,
        "changes_read": load.changes,
        "answers": load.answers,
    }


def soaked(minutes: float, rate: int, kafka: str | None, trace: Path) -> dict[str, Any]:
    """Return the samples and answers of a server: a worker on brokers, or one on a SQLite file."""
    with listen("127.0.0.1", 0) as listener:
        url = url_of(listener)
    port = {"TRUCELINE_HTTP_PORT": url.rpartition(":")[2]}

    def commands(place: Place) -> list[tuple[list[str], dict[str, str]]]:
        more = [] if kafka else ["--embedded", str(place.folder / "ledger")]
        return [([truceline_command(), "serve", *more], truceline_environment(place) | port)]

    contender = Contender("soak", "exactly once", True, 0, commands)
    with contextlib.ExitStack() as stack:
        if kafka:
            place = stack.enter_context(laid_out(kafka, contender))
        else:
            place = Place("127.0.0.1:1", "soak", Path(stack.enter_context(tempfile.TemporaryDirectory())))
        running = stack.enter_context(Running(contender, place))
        return asyncio.run(_soaked(url, running, minutes * 60, rate, trace))
