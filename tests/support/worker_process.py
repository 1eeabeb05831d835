"""A worker in a process of its own, started by command as users start it, and asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.kafka_log import WAIT_S
from tests.support.paths import ROOT

COMMANDS = {
    "truceline serve": [sys.executable, "-m", "streams", "serve"],
    "faust": [str(Path(sys.executable).parent / "faust"), "-A", "streams.worker", "worker"],
}
BUGGY = "with a bug in its fold"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start_worker(command: str, folder: Path, kafka: str, prefix: str) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    environment = os.environ | {
        "TRUCELINE_BOOTSTRAP_SERVERS": kafka, "TRUCELINE_TOPIC_PREFIX": prefix, "TRUCELINE_APP_ID": prefix,
        "TRUCELINE_HTTP_PORT": str(port), "TRUCELINE_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    argv = [sys.executable, "-m", "tests.support.workers.buggy"] if command == BUGGY else COMMANDS[command]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(argv, cwd=folder, env=environment, stdout=log, stderr=log), port


def ask(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


async def wait_for_status(port: int, path: str, status: int) -> Any:
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
