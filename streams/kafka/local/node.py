"""One Kafka node as a process of its own, known by a pid file and never by its name.

The pid file holds when the process started too: a number that another process has got since is not ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from streams.kafka.local.distribution import KafkaUnavailable, distribution

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STOP_TIMEOUT_S = 30.0
LOG_TAIL_LINES = 15
GONE_PAUSE_S = 0.02
#: The start of a process is relative to the boot time, which may move by a second when the clock is set.
SAME_START_S = 2.0


@dataclass(frozen=True, slots=True)
class Address:
    """The ports of a node on the loopback, and the id of its data folder (a Kafka UUID)."""

    number: int
    port: int
    controller_port: int
    directory_id: str

    @property
    def client(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def controller(self) -> str:
        """`host:port` for the other nodes of the quorum."""
        return f"127.0.0.1:{self.controller_port}"

    @property
    def voter(self) -> str:
        """This node as `format --initial-controllers` wants it (KIP-853)."""
        return f"{self.number}@{self.controller}:{self.directory_id}"


class Node:
    """A broker and controller in one (KRaft), in a folder with its configuration, data, log and pid file."""

    def __init__(self, folder: Path, address: Address) -> None:
        self.folder = folder
        self.address = address
        self._child: subprocess.Popen[bytes] | None = None

    def format(
        self, cluster_id: str, voters: str, properties: Mapping[str, str], scram: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Write server.properties and begin to format the data folder; the caller waits for the process.

        `scram` are users and their passwords, known to the cluster from its first record on (KIP-900).
        """
        self.folder.mkdir(parents=True)
        lines = [f"{key}={value}\n" for key, value in (self._own_properties() | dict(properties)).items()]
        self._configuration.write_text("".join(lines))
        options = ["format", "-t", cluster_id, "--initial-controllers", voters, "-c", str(self._configuration)]
        for user, password in scram.items():
            options += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]"]
            options += ["--add-scram", f"SCRAM-SHA-256=[name={user},password={password}]"]
        return self._spawn("kafka.tools.StorageTool", options)

    def start(self) -> None:
        """Start the process, in a session of its own so that Ctrl-C does not reach it; does not wait."""
        if self.running:
            return
        self._child = self._spawn("kafka.Kafka", [str(self._configuration)])
        mark = {"pid": self._child.pid, "started": psutil.Process(self._child.pid).create_time()}
        writing = self._pid_file.with_suffix(".new")
        writing.write_text(json.dumps(mark))
        writing.replace(self._pid_file)

    @property
    def process(self) -> psutil.Process | None:
        """Return the live process of this node, also of another parent; None without one or with a stale pid file."""
        try:
            mark = json.loads(self._pid_file.read_text())
            process = psutil.Process(mark["pid"])
            off_s = abs(process.create_time() - mark["started"])
            same = off_s < SAME_START_S and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None
        return process if same else None

    @property
    def running(self) -> bool:
        """Return True if the process lives (a paused one does too)."""
        return self.process is not None

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """SIGTERM: the node hands over its partitions and closes its logs; SIGKILL when that takes too long."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        self._gone(timeout_s)

    def kill(self) -> None:
        """SIGKILL, as a power cut; returns when the process is gone."""
        self._signal(signal.SIGKILL)
        self._gone(STOP_TIMEOUT_S)

    def pause(self) -> None:
        """Stop the process with SIGSTOP, so that it is alive and silent; return once it has stopped."""
        self._signal(signal.SIGSTOP)
        with contextlib.suppress(psutil.NoSuchProcess):
            while (process := self.process) is not None and process.status() != psutil.STATUS_STOPPED:
                time.sleep(GONE_PAUSE_S)

    def resume(self) -> None:
        """SIGCONT after `pause`."""
        self._signal(signal.SIGCONT)

    def log_tail(self) -> str:
        """The last lines that the node logged."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])

    @property
    def log(self) -> Path:
        """Return the log of the node, also of earlier runs."""
        return self.folder / "server.log"

    @property
    def _configuration(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "node.pid"

    def _own_properties(self) -> dict[str, str]:
        listeners = f"PLAINTEXT://{self.address.client},CONTROLLER://{self.address.controller}"
        return {
            "process.roles": "broker,controller",
            "node.id": str(self.address.number),
            "listeners": listeners,
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
        }

    def _spawn(self, main_class: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                distribution().command(main_class, arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _signal(self, number: int) -> None:
        if (process := self.process) is not None:
            os.kill(process.pid, number)

    def _gone(self, timeout_s: float) -> None:
        # Polled, not waited for: the parent may leave the process a zombie, and that counts as gone.
        give_up_at = time.monotonic() + timeout_s
        while self.running:
            if time.monotonic() > give_up_at:
                self._signal(signal.SIGKILL)
            time.sleep(GONE_PAUSE_S)
        if self._child is not None:
            self._child.wait(STOP_TIMEOUT_S)
            self._child = None
        self._pid_file.unlink(missing_ok=True)

    def must_run(self) -> None:
        """Raise KafkaUnavailable, with the end of its log, when the process has ended."""
        if not self.running:
            raise KafkaUnavailable(f"Kafka node {self.address.number} ended, see {self.log}:\n{self.log_tail()}")
