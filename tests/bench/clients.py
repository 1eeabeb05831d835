"""A thousand listeners on /events at once: from sending a report to each of them having its change.

    python -m tests.bench.clients URL CLIENTS RATE SECONDS      (the listeners' own process)

Latency counts from when a report is due, so it holds the request, the durable commit, and the way to the listener.
A run in which a listener misses a change, or gets one twice, fails.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import httpx2
import orjson
import uvloop

from streams.web.server import listen, url_of
from tests.bench.contenders import Contender, Place, Running, truceline_command, truceline_environment
from tests.bench.embedded import ready
from tests.support.paths import ROOT

WARM_S = 5.0
LAST_WAIT_S = 30.0
CHANGE = b"event: casualties\n"


def told(clients: int, rate: int, seconds: int) -> dict[str, Any]:
    """Return the percentiles in ms over all listeners and changes, of a worker on one SQLite file."""

    with listen("127.0.0.1", 0) as listener:
        url = url_of(listener)

    def commands(place: Place) -> list[tuple[list[str], dict[str, str]]]:
        command = [truceline_command(), "serve", "--embedded", str(place.folder / "ledger")]
        return [(command, truceline_environment(place) | {"TRUCELINE_HTTP_PORT": url.rpartition(":")[2]})]

    contender = Contender("embedded", "exactly once", True, 0, commands)
    with tempfile.TemporaryDirectory() as folder, Running(contender, Place("127.0.0.1:1", "clients", Path(folder))):
        return asyncio.run(_driven(url, clients, rate, seconds))


async def _driven(url: str, clients: int, rate: int, seconds: int) -> dict[str, Any]:
    async with httpx2.AsyncClient(base_url=url) as client:
        await ready(client)
    command = [sys.executable, "-m", "tests.bench.clients", url, str(clients), str(rate), str(seconds)]
    driver = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    output, _ = await driver.communicate()
    if driver.returncode:
        raise RuntimeError("the listeners failed")
    figures: dict[str, Any] = orjson.loads(output)
    return figures


class _Listener(asyncio.Protocol):
    """Notes when each change came."""

    def __init__(self) -> None:
        self.came_s: list[float] = []
        self.begun = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.WriteTransport, transport).write(
            b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        )

    def data_received(self, received: bytes) -> None:
        now_s = asyncio.get_running_loop().time()
        frames = (self._rest + received).split(b"\n\n")
        self._rest = frames.pop()
        for frame in frames:
            self.begun = True
            if CHANGE in frame:
                self.came_s.append(now_s)


async def _listened(url: str, clients: int, rate: float, seconds: float) -> dict[str, Any]:
    loop, host = asyncio.get_running_loop(), httpx2.URL(url)
    listeners = []
    for _ in range(clients):
        _, listener = await loop.create_connection(_Listener, host.host, host.port or 80)
        listeners.append(listener)
    while not all(listener.begun for listener in listeners):
        await asyncio.sleep(0.05)
    count = int(rate * (WARM_S + seconds))
    first_s = loop.time() + 0.5
    due_s = [first_s + number / rate for number in range(count)]
    answered_s: list[float] = []
    async with httpx2.AsyncClient(base_url=url) as client:
        for number, at_s in enumerate(due_s):
            await asyncio.sleep(max(0.0, at_s - loop.time()))
            answer = await client.post("/reports", content=_report(number))
            answer.raise_for_status()
            answered_s.append(loop.time())
    give_up_s = loop.time() + LAST_WAIT_S
    while loop.time() < give_up_s and any(len(listener.came_s) < count for listener in listeners):
        await asyncio.sleep(0.05)
    if wrong := [len(listener.came_s) for listener in listeners if len(listener.came_s) != count]:
        raise RuntimeError(f"{len(wrong)} listeners did not get {count} changes: {wrong[:5]}")
    warm = int(rate * WARM_S)
    waits = [listener.came_s[n] - due_s[n] for listener in listeners for n in range(warm, count)]
    answers = [answered_s[n] - due_s[n] for n in range(warm, count)]
    figures = {"clients": clients, "rate": rate, "changes": count - warm}
    return figures | _percentiles(waits, "") | _percentiles(answers, "answer_")


def _percentiles(waits_s: list[float], name: str) -> dict[str, float]:
    waits_s.sort()
    return {
        f"{name}p{p}_ms": round(1e3 * waits_s[min(len(waits_s) - 1, len(waits_s) * p // 100)], 1) for p in (50, 99, 100)
    }


def _report(number: int) -> bytes:
    claim = {"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": number + 1}}
    published = "2022-09-15T10:30:00Z"
    head = {"report_id": "a", "revision": number + 1, "episode": "war", "source": "ministry", "published_at": published}
    return orjson.dumps({**head, "headline": "x" * 60, "url": "https://north.example/reports/1", "claims": [claim]})


def main() -> None:
    """Listen, and print the percentiles."""
    url, clients, rate, seconds = sys.argv[1:]
    figures = uvloop.run(_listened(url, int(clients), float(rate), float(seconds)))
    sys.stdout.write(orjson.dumps(figures).decode() + "\n")


if __name__ == "__main__":
    main()
