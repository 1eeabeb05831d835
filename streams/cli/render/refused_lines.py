"""Refused lines: all of them to a file, the first few to standard error."""

import sys
from typing import Any, BinaryIO

import orjson

from streams.cli.render.text import plain

__all__ = ["Refusals"]

SHOWN = 10
#: A line that is no JSON with at least this many delimiters looks like a row of a table.
MIN_DELIMITERS = 2


class Refusals:
    """Collects refused lines; prints the first few, and how many there were, at the end."""

    def __init__(self, file: BinaryIO | None, *, several: bool, quiet: bool) -> None:
        """Write each to `file` as a line of JSON (contract section 7), with its file's name if there are `several`."""
        self.count = 0
        self._file = file
        self._several = several
        self._quiet = quiet
        self._first: list[str] = []
        self._hint: str | None = None

    def add(self, path: str, line: int, code: str, message: str, value: bytes) -> None:
        """Add a refused line; `value` is the line as in the file."""
        self.count += 1
        if self.count == 1:
            self._hint = _hint(path, value)
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
        for line in lines:
            sys.stderr.write(f"{line}\n")


def _hint(path: str, line: bytes) -> str | None:
    """Return what a file looks like whose line is a row of a table, None for other lines."""
    text = line.decode("utf-8", "replace").strip()
    delimiter = next((mark for mark in ";\t," if text.count(mark) >= MIN_DELIMITERS), None)
    if delimiter is None or text[:1] in "{[":
        return None
    return f"{path} looks like a CSV file: truceline import csv {path} --guess"
