"""Reports a second, from a full log to the last change that a read_committed reader holds.

Each run has topics of its own, filled before the contender starts. The first fifth of the changes warms it up and is
not counted; the clock runs from the moment the reader holds them to the moment it holds all. It must hold exactly
the expected changes.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.topics import CHANGE_TOPICS
from tests.bench import expected, log, workloads
from tests.bench.contenders import PEERS_PYTHON, Contender, Place, Running, truceline_command, truceline_environment
from tests.bench.digest import Expected
from tests.support.paths import ROOT

WARM_SHARE = 0.2
RUN_LIMIT_S = 900.0
#: For the reader: glibc gives no memory back that will be wanted again at once.
KEEP_MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_MMAP_THRESHOLD_": str(1 << 32)}


class Broken(Exception):
    """A contender that ended, fell silent, or wrote something else than expected."""


class Run(NamedTuple):
    """One run of one contender. Times in seconds from the start of its process."""

    contender: str
    workload: str
    reports: int
    changes: int
    first_s: float
    last_s: float
    reports_a_second: float
    cpu_s: float
    rss_mb: float


@cache
def _filled(workload: str, reports: int) -> list[workloads.Keyed]:
    return list(workloads.records(workload, reports))


@cache
def _expected(workload: str, reports: int, *, whole: bool) -> Expected:
    if whole:
        return expected.of_truceline(_filled(workload, reports))
    return expected.of_peers(workloads.WORKLOADS[workload](reports))


def rounds(servers: str, contenders: Sequence[Contender], workload: str, *, reports: int, count: int) -> Iterator[Run]:
    """Yield the runs: each contender once a round, each round beginning with another one."""
    for number in range(count):
        turn = number % len(contenders)
        for contender in (*contenders[turn:], *contenders[:turn]):
            yield run(servers, contender, workload, min(reports, contender.reports))


def run(servers: str, contender: Contender, workload: str, reports: int) -> Run:
    """Run a contender once. Raises Broken, with the end of its log."""
    with laid_out(servers, contender) as place:
        asyncio.run(log.fill(servers, f"{place.prefix}.reports", _filled(workload, reports)))
        return _timed(place, contender, workload, reports)


@contextmanager
def laid_out(servers: str, contender: Contender) -> Iterator[Place]:
    """Give a contender topics and a folder of its own, for as long as it runs."""
    folder = Path(tempfile.mkdtemp(prefix="truceline-bench-"))
    place = Place(servers, f"bench-{time.time_ns()}", folder)
    try:
        _lay_out(place, contender)
        yield place
    finally:
        asyncio.run(log.drop_topics(servers, place.prefix))
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(place: Place, contender: Contender) -> None:
    if contender.whole:
        create = [truceline_command(), "topics", "create", "--partitions", str(log.PARTITIONS), "--replication", "1"]
        environment = truceline_environment(place)
        subprocess.run(create, env=os.environ | environment, cwd=ROOT, check=True, capture_output=True)
    else:
        names = [f"{place.prefix}.reports", f"{place.prefix}.casualties"]
        asyncio.run(log.make_topics(place.servers, names))


def _timed(place: Place, contender: Contender, workload: str, reports: int) -> Run:
    goal = _expected(workload, reports, whole=contender.whole)
    outputs = CHANGE_TOPICS if contender.whole else CHANGE_TOPICS[:1]
    topics = [f"{place.prefix}.{name}" for name in outputs]
    command = [str(PEERS_PYTHON), "-m", "tests.bench.reader", place.servers]
    command += [str(int(goal.changes * WARM_SHARE)), str(goal.changes), *topics]
    environment = os.environ | KEEP_MEMORY
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as reader:
        try:
            assert reader.stdout is not None
            reader.stdout.readline()
            with Running(contender, place) as running:
                started_s = time.monotonic()
                held, cpu_s, rss_mb = _wait(reader, running)
        finally:
            reader.kill()
    if Expected(held["changes"], held["digest"]) != goal:
        raise Broken(
            f"{contender.name}: {held['changes']} of {goal.changes} changes, digest"
            f" {'as' if held['digest'] == goal.digest else 'other than'} expected\n{_tail(running)}"
        )
    counted = goal.changes - held["warmed"]
    rate = reports * counted / goal.changes / (held["last_s"] - held["warm_s"])
    first_s, last_s = held["first_s"] - started_s, held["last_s"] - started_s
    return Run(contender.name, workload, reports, goal.changes, first_s, last_s, rate, cpu_s, rss_mb)


def _wait(reader: subprocess.Popen[str], running: Running) -> tuple[dict[str, Any], float, float]:
    """Wait for what the reader says; a contender that ends before is Broken."""
    assert reader.stdout is not None
    give_up_at = time.monotonic() + RUN_LIMIT_S
    cpu_s = rss_mb = 0.0
    while reader.poll() is None:
        if not running.alive or time.monotonic() > give_up_at:
            raise Broken(f"the contender ended or takes too long\n{_tail(running)}")
        cpu_s, rss_mb = running.cpu_s(), max(rss_mb, running.rss_mb())
        time.sleep(0.25)
    return orjson.loads(reader.stdout.read()), cpu_s, rss_mb


def _tail(running: Running) -> str:
    return "\n".join(running.log.read_text(errors="replace").splitlines()[-15:])
