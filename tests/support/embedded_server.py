"""`truceline serve --embedded` in a process of its own, to be killed, starved or locked out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import httpx2

from streams.stores.sqlite.database import DATABASE
from tests.support.build import Json
from tests.support.waiting import LIMIT_S, eventually_sync

#: `tests.support.build.REGISTRY`, as a file.
SOURCES = """\
mod: {name: Ministry of the north, kind: official, affiliation: north}
mod-2: {name: Another voice of the north, kind: official, affiliation: north}
mod.south: {name: Ministry of the south, kind: official, affiliation: south}
watch: {name: A monitor, kind: monitor}
"""


def start(
    folder: Path,
    port: int,
    *,
    under: Sequence[str] = (),
    first: Callable[[], object] | None = None,
    stderr: int = subprocess.DEVNULL,
) -> subprocess.Popen[str]:
    """Start a server on a folder; `under` is a command that runs it, `first` is called in the child before it."""
    sources = folder.parent / "sources.yaml"
    sources.write_text(SOURCES)
    command = [*under, sys.executable, "-m", "streams", "serve", "--embedded", str(folder)]
    options = ["--http-port", str(port), "--sources", str(sources)]
    environment = {name: held for name, held in os.environ.items() if not name.startswith("TRUCELINE_")}
    return subprocess.Popen([*command, *options], env=environment, stderr=stderr, text=True, preexec_fn=first)  # noqa: PLW1509 - no thread runs yet that matters


class Server:
    """A server that answers."""

    def __init__(self, folder: Path, *, under: Sequence[str] = (), first: Callable[[], object] | None = None) -> None:
        """Start it, and wait until it is ready."""
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        self.file = folder / DATABASE
        self.process = start(folder, port, under=under, first=first)
        self.url = f"http://127.0.0.1:{port}"
        # One for all requests: each makes a TLS context of its own, which takes longer than the request.
        self._client = httpx2.Client(base_url=self.url, timeout=LIMIT_S)
        eventually_sync(lambda: self.ready() or self.process.poll() is not None, "the server is ready", poll_s=0.02)
        assert self.process.poll() is None

    def ready(self) -> bool:
        """Return whether `GET /readyz` answers 200."""
        try:
            return self._client.get("/readyz").status_code == 200
        except httpx2.HTTPError:
            return False

    def post(self, *reports: Json) -> httpx2.Response:
        """Send reports, as an array."""
        return self._client.post("/reports", json=reports)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop it with SIGTERM."""
        self.process.terminate()
        assert self.process.wait(LIMIT_S) == 0
