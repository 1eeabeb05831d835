"""Read the files of data sets: JSON, JSON lines and CSV, plain, .gz or .zst, `-` for standard input."""

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from streams.files.jsonl import InputUnreadable, Lines
from streams.files.zstd import zstd
from streams.operations.importers.base import RowPlace

STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row of a table: its place, for messages, and its fields."""

    where: RowPlace
    fields: Mapping[str, Any]


_UNPACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".zst": zstd.decompress}


def read_bytes(path: Path) -> bytes:
    """Return a whole file, unpacked; raises InputUnreadable."""
    try:
        packed = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        return _UNPACK.get(path.suffix, bytes)(packed)
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error, zstd.ZstdError) as error:
        raise InputUnreadable(f"{path} cannot be read: {error}") from error


def json_rows(path: Path) -> Iterator[DataRow]:
    """Yield the objects of a file that holds one JSON array of them; raises InputUnreadable."""
    content = read_bytes(path)
    try:
        rows = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if content.lstrip().startswith(b"{"):
            raise InputUnreadable(
                f"{path} is JSON lines; this kind reads one JSON array, or a .revisions.jsonl"
            ) from error
        raise InputUnreadable(f"{path} is not JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputUnreadable(f"{path} is not a JSON array of objects")
    for number, fields in enumerate(rows, start=1):
        yield DataRow(RowPlace(path.name, "row", number), fields)


def json_lines(path: Path) -> Iterator[DataRow]:
    """Yield the objects of a file that holds one a line; raises InputUnreadable."""
    lines = Lines([path])
    for line in lines:
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputUnreadable(f"{path} line {lines.number} is not JSON: {error}") from error
        if not isinstance(fields, dict):
            raise InputUnreadable(f"{path} line {lines.number} is not a JSON object")
        yield DataRow(RowPlace(path.name, "line", lines.number), fields)


def csv_rows(
    path: Path, *, columns: tuple[str, ...] = (), delimiter: str = ",", encoding: str = "utf-8-sig"
) -> Iterator[DataRow]:
    """Yield the rows of a CSV file with a line of headings; lines are numbered from 1, the headings' included.

    A row's number is that of its first line. A missing cell of a short row is empty.
    Raises InputUnreadable for a file that lacks one of `columns`, or is not CSV in that encoding.
    """
    try:
        text = io.StringIO(read_bytes(path).decode(encoding), newline="")
    except UnicodeDecodeError as error:
        raise InputUnreadable(f"{path} is not {encoding}: {error.reason} at byte {error.start}") from error
    reader = csv.DictReader(text, delimiter=delimiter, restval="", strict=True)
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise InputUnreadable(f"{path} has no column {', '.join(missing)}")
        before = reader.line_num
        for fields in reader:
            yield DataRow(RowPlace(path.name, "line", before + 1), fields)
            before = reader.line_num
    except csv.Error as error:
        raise InputUnreadable(f"{path} line {reader.line_num} is not CSV: {error}") from error
