"""Refused lines: all of them to a file, the first few to standard error."""

import sys
from typing import Any, BinaryIO

import orjson

from streams.cli.render.text import plain

__all__ = ["Refusals"]

SHOWN = 10


class Refusals:
    """Takes refused lines one by one and says at the end how many there were."""

    def __init__(self, file: BinaryIO | None, *, several: bool, quiet: bool) -> None:
        """`file` gets each as a line of JSON (contract section 7), with its file's name where there are `several`."""
        self.count = 0
        self._file = file
        self._several = several
        self._quiet = quiet
        self._first: list[str] = []

    def add(self, path: str, line: int, code: str, message: str, value: bytes) -> None:
        """Take a refused line; `value` is the line as it stands in the file."""
        self.count += 1
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
        """Say the first few, and how many more there are."""
        lines = list(self._first)
        if self.count > len(lines) and not self._quiet:
            lines.append(f"and {self.count - len(lines):,} more: --rejected FILE holds them all")
        for line in lines:
            sys.stderr.write(f"{line}\n")
