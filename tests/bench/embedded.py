"""Reports a second that a worker on one SQLite file takes over HTTP, each batch durable before its 202."""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

import httpx2

from tests.bench.contenders import Contender, Place, Running, truceline_command, truceline_environment
from tests.bench.workloads import records

PORT = 18_231
START_LIMIT_S = 30.0


def posted(reports: int, *, batch: int = 100, clients: int = 1) -> float:
    """Return the reports a second, each client sending a batch after the other."""

    def commands(place: Place) -> list[tuple[list[str], dict[str, str]]]:
        command = [truceline_command(), "serve", "--embedded", str(place.folder / "ledger")]
        return [(command, truceline_environment(place) | {"TRUCELINE_HTTP_PORT": str(PORT)})]

    contender = Contender("embedded", "exactly once", True, reports, commands)
    with tempfile.TemporaryDirectory() as folder, Running(contender, Place("127.0.0.1:1", "embedded", Path(folder))):
        return asyncio.run(_posted(reports, batch, clients))


async def _posted(reports: int, batch: int, clients: int) -> float:
    lines = [report.value for report in records("steady", reports)]
    bodies = [b"\n".join(lines[first : first + batch]) for first in range(0, reports, batch)]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", timeout=30) as client:
        await ready(client)
        started_s = time.monotonic()
        await asyncio.gather(*(_post(client, bodies[first::clients]) for first in range(clients)))
        return reports / (time.monotonic() - started_s)


async def _post(client: httpx2.AsyncClient, bodies: list[bytes]) -> None:
    for body in bodies:
        answer = await client.post("/reports", content=body, headers={"content-type": "application/x-ndjson"})
        if answer.status_code != 202:
            raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")


async def ready(client: httpx2.AsyncClient) -> None:
    """Wait until the server is; raises TimeoutError."""
    give_up_at = time.monotonic() + START_LIMIT_S
    while time.monotonic() < give_up_at:
        with contextlib.suppress(httpx2.HTTPError):
            if (await client.get("/readyz")).is_success:
                return
        await asyncio.sleep(0.1)
    raise TimeoutError("the embedded worker is not ready")
