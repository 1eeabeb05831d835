"""Measurements without a broker: each stage of the core, replay, restore, memory, the collector's pauses.

Times are of the processor (user and system), of this process or the one measured.
"""

import gc
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import psutil

from streams.core.ledger import Ledger
from streams.core.parse import parse
from streams.core.times import DAY_US
from streams.processing.pipeline import SLICE_RECORDS
from tests.bench.contenders import truceline_command
from tests.bench.expected import registry
from tests.bench.workloads import records, steady
from tests.support.paths import ROOT

BATCH = 1_000
Figures = dict[str, float]


def stages(reports: int) -> Figures:
    """Return µs a report of each stage, in slices as the desk folds them; a change is written where it is made."""
    lines = [report.value for report in records("steady", reports)]
    ledger = Ledger(registry())
    spent = dict.fromkeys(("parse", "intake and counts", "ceasefires", "encode ledger", "forget"), 0.0)
    _calm()

    def note(stage: str, since_s: float) -> float:
        now_s = time.process_time()
        spent[stage] += now_s - since_s
        return now_s

    for first in range(0, reports, SLICE_RECORDS):
        now = time.process_time()
        messages = [parse(line) for line in lines[first : first + SLICE_RECORDS]]
        now = note("parse", now)
        steps = []
        for offset, message in enumerate(messages):
            step = ledger.intake(message, ("truceline.reports", 0, offset))
            ledger.fold_counts(step)
            steps.append(step)
        now = note("intake and counts", now)
        for step in steps:
            ledger.fold_ceasefires(step)
        now = note("ceasefires", now)
        for _ in ledger.entries(chain.from_iterable(step.touched for step in steps)):
            pass
        now = note("encode ledger", now)
        ledger.forget()
        note("forget", now)
    return {stage: seconds / reports * 1e6 for stage, seconds in spent.items()}


def replay(reports: int) -> float:
    """Return the reports a second of processor time of `truceline replay`, its start not counted."""
    few, many = (_replay_s(count).of_processor for count in (1_000, reports))
    return (reports - 1_000) / (many - few)


def replay_shared_out(reports: int, jobs: int = 2, rounds: int = 3) -> list[float]:
    """Return the sorted speed-ups with a number of jobs, by the wall clock, without their start."""
    return sorted(_replay_net_s(reports, 1) / _replay_net_s(reports, jobs) for _ in range(rounds))


def _replay_net_s(reports: int, jobs: int) -> float:
    return _replay_s(reports, jobs).of_clock - _replay_s(1_000, jobs).of_clock


class _Seconds(NamedTuple):
    of_processor: float
    of_clock: float


def _replay_s(reports: int, jobs: int = 1) -> _Seconds:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reports.jsonl"
        with path.open("wb") as file:
            file.writelines(report.value + b"\n" for report in records("steady", reports))
        command = [truceline_command(), "replay", "-q", "--changes", str(Path(folder) / "changes.jsonl")]
        used, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*command, "--jobs", str(jobs), str(path)], cwd=ROOT, check=True)
        after, of_clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started_s
        return _Seconds(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, of_clock)


def restore(reports: int) -> float:
    """Return the standing reports a second that a ledger is restored with, from entries in memory."""
    ledger, stored = Ledger(registry()), dict[bytes, bytes]()
    for report in records("steady", reports):
        step = ledger.take(parse(report.value))
        stored.update({key: value for key, value in ledger.entries(step.touched) if value is not None})
    del ledger
    _calm()
    restored = Ledger(registry())
    started_s = time.process_time()
    for key, value in stored.items():
        restored.load(key, value)
    restored.loaded()
    return reports / (time.process_time() - started_s)


def memory(at: Sequence[int], *, settled: bool = False) -> list[dict[str, float]]:
    """Return resident bytes a report beyond the cells, at each count, in a process of its own.

    With `settled`, all but the last reports lie behind a horizon of a day.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "wb") as out:
            out.write(orjson.dumps(list(_memory(at, settled=settled))))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        rows: list[dict[str, float]] = orjson.loads(answer.read())
    os.waitpid(child, 0)
    return rows


def _memory(at: Sequence[int], *, settled: bool) -> Iterator[dict[str, float]]:
    ledger = Ledger(registry(), horizon_us=DAY_US if settled else 400 * DAY_US)
    made = (orjson.dumps(report) for report in steady(max(at)))
    # The cells are all there after a tenth: what comes then is the reports alone.
    first = max(at) // 10
    _taken(ledger, islice(made, first))
    gc.collect()
    base, taken = psutil.Process().memory_info().rss, first
    for count in sorted(at):
        if count > taken:
            _taken(ledger, islice(made, count - taken))
            taken = count
            gc.collect()
            used = psutil.Process().memory_info().rss
            yield {"reports": count, "rss_mb": used / 1e6, "bytes_a_report": (used - base) / (count - first)}


def _taken(ledger: Ledger, values: Iterator[bytes]) -> None:
    for number, value in enumerate(values):
        ledger.take(parse(value))
        if number % BATCH == 0:
            ledger.forget()


def pauses(reports: int) -> Figures:
    """Return the collector's longest pause and its share of the time, in ms and %, as the worker sets it."""
    longest = total = began = 0.0

    def note(phase: str, _: dict[str, Any]) -> None:
        nonlocal longest, total, began
        if phase == "start":
            began = time.perf_counter()
        else:
            took = time.perf_counter() - began
            longest, total = max(longest, took), total + took

    _calm()
    ledger = Ledger(registry())
    gc.callbacks.append(note)
    started_s = time.perf_counter()
    for number, report in enumerate(records("steady", reports), 1):
        ledger.take(parse(report.value))
        if number % 200_000 == 0:
            gc.freeze()
    took_s = time.perf_counter() - started_s
    gc.callbacks.remove(note)
    return {"longest_ms": longest * 1e3, "share_percent": total / took_s * 100}


def growth(small: int, large: int) -> float:
    """Return the core's speed with `large` standing reports over that with `small`."""
    ledger = Ledger(registry())
    values = (report.value for report in records("steady", large + BATCH * 20))
    _taken(ledger, islice(values, small))
    before = _speed(ledger, islice(values, BATCH * 10))
    _taken(ledger, islice(values, large - small - BATCH * 10))
    return _speed(ledger, islice(values, BATCH * 10)) / before


def _speed(ledger: Ledger, values: Iterator[bytes]) -> float:
    lines = list(values)
    _calm()
    started_s = time.process_time()
    for line in lines:
        ledger.take(parse(line))
    return len(lines) / (time.process_time() - started_s)


def _calm() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
