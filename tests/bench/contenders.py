"""The contenders, and the command that starts each as a process of its own."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import psutil

from tests.bench.expected import registry
from tests.support.paths import ROOT

BUILD = ROOT / ".build" / "bench"
#: The output of `make compiled`, which `make bench` runs first.
COMPILED = ROOT / ".build" / "compiled"
PEERS = Path(__file__).parent / "peers"
PEERS_PYTHON = BUILD / "peers" / "bin" / "python"
STREAMS_JAR = BUILD / "kafka-streams" / "kafka-streams-peer.jar"
STOP_TIMEOUT_S = 20.0
QUIET = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}

Environment = dict[str, str]


class Place(NamedTuple):
    """The surroundings of a contender: the broker, the topics' prefix, a folder of its own."""

    servers: str
    prefix: str
    folder: Path


class Contender(NamedTuple):
    """One of those measured."""

    name: str
    guarantee: str
    #: True if it folds the whole contract, False for the simple fold of the peers.
    whole: bool
    #: Most reports it is given: a slow contender is measured on fewer.
    reports: int
    commands: Callable[[Place], list[tuple[list[str], Environment]]]

    @property
    def latency_guarantee(self) -> str:
        """The event that the latency figures of this contender wait for."""
        return "commit" if "exactly" in self.guarantee else "send"


class Running:
    """The processes of a contender, their log in its folder; ends them by their own ids."""

    def __init__(self, contender: Contender, place: Place) -> None:
        place.folder.mkdir(parents=True, exist_ok=True)
        self.log = place.folder / "log"
        self._processes: list[subprocess.Popen[bytes]] = []
        with self.log.open("ab") as log:
            for command, environment in contender.commands(place):
                self._processes.append(
                    subprocess.Popen(
                        command,
                        env=os.environ | QUIET | environment,
                        cwd=ROOT,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        give_up_at = time.monotonic() + STOP_TIMEOUT_S
        for process in self._processes:
            try:
                process.wait(max(0.1, give_up_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def alive(self) -> bool:
        """Return whether all of its processes are alive."""
        return all(process.poll() is None for process in self._processes)

    def server(self) -> psutil.Process:
        """Return the first of its processes."""
        return psutil.Process(self._processes[0].pid)

    def cpu_s(self) -> float:
        """Return the seconds of processor time used so far, children too."""
        times = self._of_each(psutil.Process.cpu_times)
        return float(sum(one.user + one.system for one in times))

    def rss_mb(self) -> float:
        """Return the resident memory now, children too; what they share counts for each."""
        return float(sum(one.rss for one in self._of_each(psutil.Process.memory_info))) / 1e6

    def _of_each(self, figure: Callable[[psutil.Process], Any]) -> list[Any]:
        """Ask every process that lives, and its children."""
        found = []
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                root = psutil.Process(process.pid)
                for one in (root, *root.children(recursive=True)):
                    found.append(figure(one))  # noqa: PERF401 - what was asked before one is gone is kept
        return found


def truceline_environment(place: Place) -> Environment:
    """Return the settings of a worker."""
    place.folder.mkdir(parents=True, exist_ok=True)
    sources = place.folder / "sources.yaml"
    sources.write_text(_sources_yaml())
    return {
        "TRUCELINE_BOOTSTRAP_SERVERS": place.servers,
        "TRUCELINE_TOPIC_PREFIX": place.prefix,
        "TRUCELINE_APP_ID": place.prefix,
        "TRUCELINE_SOURCES": str(sources),
        "TRUCELINE_HTTP_PORT": "0",
        "TRUCELINE_DATA_DIR": str(place.folder / "data"),
        "TRUCELINE_LOG_LEVEL": "warning",
    }


def truceline_command() -> str:
    """Return the path of the installed command."""
    return str(Path(sys.executable).parent / "truceline")


def _sources_yaml() -> str:
    lines = []
    for slug, source in registry().sources.items():
        affiliation = f", affiliation: {source.affiliation}" if source.affiliation else ""
        lines.append(f"{slug}: {{name: {source.name}, kind: {source.kind}{affiliation}}}\n")
    return "".join(lines)


def _truceline(
    workers: int = 1, processes: int = 1, *, compiled: bool = False
) -> Callable[[Place], list[tuple[list[str], Environment]]]:
    def commands(place: Place) -> list[tuple[list[str], Environment]]:
        environment = truceline_environment(place) | {"TRUCELINE_PROCESSES": str(processes)}
        if compiled:
            environment["PYTHONPATH"] = str(COMPILED)
        return [([truceline_command(), "serve"], environment)] * workers

    return commands


def _kafka_streams(store: str, threads: int) -> Callable[[Place], list[tuple[list[str], Environment]]]:
    def commands(place: Place) -> list[tuple[list[str], Environment]]:
        jars = f"{STREAMS_JAR}{os.pathsep}{STREAMS_JAR.parent / 'lib' / '*'}"
        command = [shutil.which("java") or "java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars]
        return [([*command, "bench.Peer"], _environment(place) | {"STORE": store, "THREADS": str(threads)})]

    return commands


def _quix(guarantee: str) -> Callable[[Place], list[tuple[list[str], Environment]]]:
    def commands(place: Place) -> list[tuple[list[str], Environment]]:
        command = [str(PEERS_PYTHON), str(PEERS / "quix_peer.py")]
        return [(command, _environment(place) | {"GUARANTEE": guarantee})]

    return commands


def _faust(place: Place) -> list[tuple[list[str], Environment]]:
    command = [sys.executable, str(PEERS / "faust_peer.py"), "worker", "--loglevel", "warn", "--without-web"]
    return [(command, _environment(place))]


def _environment(place: Place) -> Environment:
    return {
        "BOOTSTRAP_SERVERS": place.servers,
        "PREFIX": place.prefix,
        "APP_ID": f"{place.prefix}-app",
        "STATE_DIR": str(place.folder / "state"),
    }


def _table() -> dict[str, Contender]:
    million = 1_000_000
    eos, once = "exactly once", "at least once"
    rows: list[tuple[Any, ...]] = [
        ("truceline", eos, True, million, _truceline()),
        ("truceline, 2 workers", eos, True, million, _truceline(2)),
        ("truceline, compiled", eos, True, million, _truceline(compiled=True)),
        ("truceline, compiled, 2 processes", eos, True, million, _truceline(processes=2, compiled=True)),
        ("Kafka Streams, memory, 1 thread", eos, False, million, _kafka_streams("memory", 1)),
        ("Kafka Streams, memory, 2 threads", eos, False, million, _kafka_streams("memory", 2)),
        ("Kafka Streams, RocksDB, 1 thread", eos, False, million, _kafka_streams("rocksdb", 1)),
        ("Kafka Streams, RocksDB, 2 threads", eos, False, million, _kafka_streams("rocksdb", 2)),
        ("Quix Streams, exactly once", eos, False, 400_000, _quix("exactly-once")),
        ("Quix Streams, at least once", once, False, 400_000, _quix("at-least-once")),
        ("Faust, table and send", once, False, 40_000, _faust),
    ]
    return {row[0]: Contender(*row) for row in rows}


CONTENDERS = _table()
