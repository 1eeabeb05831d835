"""kill -9 at any moment: what was answered with 202 is there, and the file is as a fold of its log."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from streams.embedded.file import DATABASE
from tests.core.build import act, at, killed, report
from tests.embedded.build import folded_again, stored, value

SOURCES = """\
mod: {name: Ministry of the north, kind: official, affiliation: north}
mod-2: {name: Another voice of the north, kind: official, affiliation: north}
mod.south: {name: Ministry of the south, kind: official, affiliation: south}
watch: {name: A monitor, kind: monitor}
"""
ROUNDS = 5
AT_MOST_S = 0.6


class Server:
    """`truceline serve --embedded`, to be killed."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            self.port = listener.getsockname()[1]
        sources = folder / "sources.yaml"
        sources.write_text(SOURCES)
        command = [sys.executable, "-m", "streams", "serve", "--embedded", str(folder / "ledger")]
        options = ["--http-port", str(self.port), "--sources", str(sources)]
        environment = {name: held for name, held in os.environ.items() if not name.startswith("TRUCELINE_")}
        self.process = subprocess.Popen([*command, *options], env=environment, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"
        give_up_at = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None
            assert time.monotonic() < give_up_at
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def sent_until_killed(server: Server, first: int, after_s: float) -> tuple[list[str], int]:
    """Post reports, some in batches, until the server is gone: those answered for, and the number of the next."""
    answered: list[str] = []
    number = first
    timer = threading.Timer(after_s, server.kill)
    timer.start()
    with httpx.Client(base_url=server.url, timeout=30) as client:
        while True:
            batch = [
                report(f"r{n}", killed(n), act("holding"), published_at=at(14, n % 24), source=f"s{n % 7}")
                for n in range(number, number + 1 + number % 5)
            ]
            number += len(batch)
            try:
                answer = client.post("/reports", content=b"\n".join(value(one) for one in batch))
            except httpx.HTTPError:
                break
            if answer.status_code == 202:
                answered += [one["report_id"] for one in batch]
    timer.join()
    return answered, number


@pytest.mark.parametrize("seed", [20220914])
def test_what_was_answered_for_is_there_after_kill_9(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    answered: list[str] = []
    number = 0
    for _ in range(ROUNDS):
        server = Server(tmp_path)
        safe, number = sent_until_killed(server, number, chance.uniform(0.01, AT_MOST_S))
        answered += safe
    server = Server(tmp_path)
    found = httpx.get(f"{server.url}/episodes/war").json()
    server.kill()
    tables = stored(tmp_path / "ledger" / DATABASE)
    assert answered
    assert set(answered) <= {json.loads(logged)["report_id"] for _, _, logged in tables["log"]}
    assert [offset for offset, *_ in tables["log"]] == list(range(len(tables["log"])))
    rows, snapshot = folded_again(tables["log"])
    assert [(*row[:3], json.loads(row[3])) for row in tables["changes"]] == rows
    assert {name: found[name] for name in snapshot["war"]} == snapshot["war"]
