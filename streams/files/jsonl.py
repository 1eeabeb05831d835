"""Lines of JSON from files, as every command reads them (contract section 7).

A file is plain, `.gz` or `.zst`, or `-` for standard input. Lines end at LF, are numbered from 1 in each
file, and those of spaces, tabs and CR alone are skipped. A line may be wrapped, as `truceline export`
writes it: `{"timestamp": "<time>", "key": "…", "value": {report}}`.
"""

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from streams.core.log_record import Located
from streams.core.parse import Refusal
from streams.core.wire import unwrap
from streams.files.zstd import zstd

__all__ = ["InputUnreadable", "Lines", "is_read_once", "named", "records_of"]

MAX_LINE_BYTES: Final = 64 << 20
_BUFFER_BYTES: Final = 1 << 20
_BLANK: Final = b" \t\r\n"
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"


class InputUnreadable(Exception):
    """A file that is not there, may not be read, or breaks off: the message names it and the reason."""


class Lines:
    """The lines of some files, one after the other; which file and how far can be asked meanwhile."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        """Take paths, `-` for standard input.

        Raises InputUnreadable at once for a file that is not there or is a folder.
        """
        self.paths = [str(path) for path in paths]
        self.path = self.paths[0] if self.paths else ""
        self.number = 0
        #: How many lines of all files have been given out.
        self.taken = 0
        self.bytes_total: int | None = 0
        self._bytes_before = 0
        self._raw: io.FileIO | None = None
        for path in self.paths:
            size = _size(path)
            self.bytes_total = None if size is None or self.bytes_total is None else self.bytes_total + size

    @property
    def bytes_done(self) -> int:
        """How many bytes of the files, as they lie on disk, are read; may be asked from another thread."""
        try:
            return self._bytes_before + (self._raw.tell() if self._raw is not None else 0)
        except (OSError, ValueError):
            # A pipe tells nobody, and a file that was just closed neither.
            return self._bytes_before

    def __iter__(self) -> Iterator[bytes]:
        """Iterate the lines that are not blank, without their LF; raises InputUnreadable."""
        for path in self.paths:
            self.path, self.number = path, 0
            try:
                with self._opened() as file:
                    yield from self._lines_of(file)
            except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                at = f", after line {self.number}" if self.number else ""
                raise InputUnreadable(f"{named(self.path)} cannot be read{at}: {reason}") from error

    def _lines_of(self, file: BinaryIO) -> Iterator[bytes]:
        readline = file.readline
        while line := readline(MAX_LINE_BYTES):
            self.number += 1
            if line.endswith(b"\n"):
                line = line[:-1]
            elif len(line) >= MAX_LINE_BYTES:
                raise OSError(0, f"line {self.number} is longer than {MAX_LINE_BYTES >> 20} MiB")
            if line.strip(_BLANK):
                self.taken += 1
                yield line

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        if self.path == "-":
            yield sys.stdin.buffer
            return
        with open(self.path, "rb", buffering=0) as raw:  # noqa: PTH123 - the raw file tells how far
            self._raw = raw
            with _unpacked(self.path, io.BufferedReader(raw, _BUFFER_BYTES)) as file:
                yield file
                done, self._raw = self.bytes_done, None
                self._bytes_before = done


def records_of(lines: Lines) -> Iterator[Located]:
    """Yield the record in each line and where it lies; one whose wrapping is refused is passed over, as in a replay."""
    for line in lines:
        try:
            record = unwrap(line)
        except Refusal:
            continue
        yield Located(*record, {"file": lines.path, "line": lines.number})


def _unpacked(path: str, file: io.BufferedReader) -> BinaryIO:
    # The name decides; where it does not say, the first bytes do, for none of them begins JSON.
    start = b"" if path.endswith((".gz", ".zst")) else file.peek(4)[:4]
    if path.endswith(".gz") or start.startswith(_GZIP_MAGIC):
        return io.BufferedReader(gzip.GzipFile(fileobj=file), _BUFFER_BYTES)
    if path.endswith(".zst") or start == _ZSTD_MAGIC:
        return io.BufferedReader(zstd.ZstdFile(file), _BUFFER_BYTES)
    return file


def _size(path: str) -> int | None:
    """Return a file's bytes, None where they cannot be known."""
    if is_read_once(path):
        return None
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a folder is refused here
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}") from error


def is_read_once(path: str) -> bool:
    """Whether what a path names is gone once read: standard input, or a pipe, which opening it twice would break.

    Raises InputUnreadable where there is nothing.
    """
    if path == "-":
        return True
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}") from error
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def named(path: str) -> str:
    """Return how a path is told: `-` as standard input."""
    return "standard input (-)" if path == "-" else path
