"""One broker for all processes of a test run: a broker each would start, warm up and fill memory once a process."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from streams.kafka.local.cluster import broker
from tests.support.waiting import eventually_sync

__all__ = ["shared_broker"]

#: Seconds for the other processes of the run to end: a file of tests may take minutes.
OTHERS_END_S = 3600.0


@contextlib.contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """Yield the bootstrap servers of the broker whose users share `folder`.

    The first process starts the broker, and stops it when no other process uses it.
    """
    run = _Run(folder)
    with contextlib.ExitStack() as owned:
        with run.lock:
            state = run.read()
            if not state:
                state = {"bootstrap_servers": owned.enter_context(broker()), "users": [], "owner": os.getpid()}
            state["users"].append(os.getpid())
            run.write(state)
        try:
            yield state["bootstrap_servers"]
        finally:
            run.leave()
            if state["owner"] == os.getpid():
                eventually_sync(run.close, "the other processes end", limit_s=OTHERS_END_S)


class _Run:
    """The state that the processes share: a file under a lock."""

    def __init__(self, folder: Path) -> None:
        self.lock = FileLock(folder / "broker.lock")
        self._file = folder / "broker.json"

    def read(self) -> dict[str, Any]:
        """Return the state; empty where no broker runs."""
        state: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}
        return state if state and _is_alive(state["owner"]) else {}

    def write(self, state: dict[str, Any]) -> None:
        self._file.write_text(json.dumps(state))

    def leave(self) -> None:
        """Remove this process from the users."""
        with self.lock:
            if state := self.read():
                state["users"].remove(os.getpid())
                self.write(state)

    def close(self) -> bool:
        """Remove the state if no living process uses the broker; return whether that is so."""
        with self.lock:
            if any(_is_alive(user) for user in self.read()["users"]):
                return False
            self._file.unlink()
            return True


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False
