"""Refused lines: all of them to a file, the first few to standard error."""

import re
import sys
import time
from collections.abc import Mapping
from typing import Any, BinaryIO

import orjson

from streams.cli.render.text import counted
from streams.core.phrases import plain
from streams.core.times import DAY_US, format_time, parse_time

__all__ = ["Refusals", "ignored_line"]

SHOWN = 10
#: A line that is no JSON with at least this many delimiters looks like a row of a table.
MIN_DELIMITERS = 2
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+Z")


class _Late:
    """Lines that are too late: how many, and the horizon that would take them."""

    def __init__(self) -> None:
        self._count = 0
        self._needed_us = 0
        self._newest_us = 0

    def add(self, message: str, horizon_us: int) -> None:
        """Add a line by its message, which has the late time and the horizon's start."""
        times = [parse_time(found) for found in _TIME.findall(message)]
        if len(times) == 2:
            late_us, floor_us = times
            self._count += 1
            self._needed_us = max(self._needed_us, horizon_us + floor_us - late_us)
            self._newest_us = max(self._newest_us, floor_us + horizon_us)

    def advice(self, now_us: int) -> list[str]:
        """Return what to do about them."""
        if not self._count:
            return []
        late = f"{counted(self._count, 'line')} too late"
        if self._newest_us > now_us + DAY_US:
            newest, today = format_time(self._newest_us), format_time(now_us // DAY_US * DAY_US)
            return [f"{late} after a report published {newest}, in the future: leave that one out with --until {today}"]
        days = -(-self._needed_us // DAY_US)
        return [f"{late}: --horizon P{days}D takes {'it' if self._count == 1 else 'them all'}"]


class Refusals:
    """Collects refused lines; prints the first few, and how many there were, at the end."""

    def __init__(self, file: BinaryIO | None, *, several: bool, quiet: bool, horizon_us: int | None = None) -> None:
        """Write each to `file` as a line of JSON (contract section 7), with its file's name if there are `several`.

        With the horizon, late lines are summed up with one that would take them.
        """
        self.count = 0
        self._file = file
        self._several = several
        self._quiet = quiet
        self._first: list[str] = []
        self._hint: str | None = None
        self._horizon_us = horizon_us
        self._late = _Late()

    def add(self, path: str, line: int, code: str, message: str, value: bytes) -> None:
        """Add a refused line; `value` is the line as in the file."""
        self.count += 1
        if self.count == 1:
            self._hint = _hint(path, value)
        if code == "too_late" and self._horizon_us is not None:
            self._late.add(message, self._horizon_us)
        if not self._quiet and len(self._first) < SHOWN:
            self._first.append(f"{path}:{line}: {code}: {plain(message)}")
        if self._file is None:
            return
        record: dict[str, Any] = {
            "line": line,
            "code": code,
            "message": message,
            "value": value.decode("utf-8", "replace"),
        }
        if self._several:
            record["file"] = path
        self._file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    def report(self) -> None:
        """Print the first few, how many more there are, and what the file looks like if it is not JSON lines."""
        lines = list(self._first)
        if self.count > len(lines) and not self._quiet:
            lines.append(f"and {self.count - len(lines):,} more: --rejected FILE saves them all")
        if self._hint is not None and not self._quiet:
            lines.append(self._hint)
        if not self._quiet:
            lines += self._late.advice(time.time_ns() // 1_000)
        for line in lines:
            sys.stderr.write(f"{line}\n")


def ignored_line(counts: Mapping[str, int]) -> str | None:
    """Return the unknown fields with the number of reports that have each, most frequent first; None for none."""
    if not counts:
        return None
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{plain(name)} in {counted(count, 'report')}" for name, count in ranked[:SHOWN])
    more = f" and {len(ranked) - SHOWN:,} more" if len(ranked) > SHOWN else ""
    return f"ignored, since the field is unknown: {named}{more}"


def _hint(path: str, line: bytes) -> str | None:
    """Return what a file looks like whose line is a row of a table, None for other lines."""
    text = line.decode("utf-8", "replace").strip()
    delimiter = next((mark for mark in ";\t," if text.count(mark) >= MIN_DELIMITERS), None)
    if delimiter is None or text[:1] in "{[":
        return None
    return f"{path} looks like a CSV file: truceline import csv {path} --guess"
