"""A worker in a process of its own, started by command as users start it, and asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT
from tests.support.waiting import eventually

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
    """Return the body of the first answer that has this status."""
    last: tuple[int, Any] = (0, None)

    async def answered() -> bool:
        nonlocal last
        try:
            last = await asyncio.to_thread(ask, port, path)
        except urllib.error.URLError:
            last = (0, None)
        return last[0] == status

    try:
        await eventually(answered, poll_s=0.1)
    except AssertionError:
        raise AssertionError(f"{path} never answered {status}; last answer: {last}") from None
    return last[1]
