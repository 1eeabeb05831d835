"""Records of JSON from files, as every command reads them (contract section 7).

A file is plain, `.gz` or `.zst`, or `-` for standard input. It holds one record a line; or one JSON array of records;
or records over several lines, each beginning with a line `{`. Lines end at LF, are numbered from 1 in each file, and
those of spaces, tabs and CR alone are skipped; so is a byte order mark. A record may be wrapped, as `truceline export`
writes it: `{"timestamp": "<time>", "key": "…", "value": {report}}`.
"""

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

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
_BOM: Final = b"\xef\xbb\xbf"
#: First bytes of files that hold no lines of JSON, and what to do about them.
_OTHER_FORMATS: Final = {
    b"PK\x03\x04": "it is a zip archive or a spreadsheet: unpack it, or use truceline import csv for a spreadsheet",
    b"\xff\xfe": "it is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "it is UTF-16 text: save it as UTF-8",
}
#: Limit of a file that is one JSON array, which is read as a whole.
MAX_ARRAY_BYTES: Final = 512 << 20
#: Limit of a record over several lines.
MAX_OBJECT_BYTES: Final = 1 << 20


class InputUnreadable(Exception):
    """A file that is missing, not readable, cut short or of another format; the message names it and the reason."""


class Lines:
    """The records of some files, one after the other; file and position can be read meanwhile."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        """Begin at the first of `paths`; `-` is standard input.

        Raises InputUnreadable at once for a missing file or a folder.
        """
        self.paths = [str(path) for path in paths]
        self.path = self.paths[0] if self.paths else ""
        self.number = 0
        #: Number of records yielded so far, of all files.
        self.taken = 0
        self.bytes_total: int | None = 0
        self._bytes_before = 0
        self._raw: io.FileIO | None = None
        for path in self.paths:
            size = _size(path)
            self.bytes_total = None if size is None or self.bytes_total is None else self.bytes_total + size

    @property
    def bytes_done(self) -> int:
        """Bytes of the files on disk that have been read; may be read from another thread."""
        try:
            return self._bytes_before + (self._raw.tell() if self._raw is not None else 0)
        except (OSError, ValueError):
            # A pipe and a closed file have no position.
            return self._bytes_before

    def __iter__(self) -> Iterator[bytes]:
        """Iterate the records, each on one line without its LF; raises InputUnreadable."""
        for path in self.paths:
            self.path, self.number = path, 0
            try:
                with self._opened() as file:
                    yield from self._lines_of(file)
            except _OtherFormatError as error:
                raise InputUnreadable(f"{named(self.path)} cannot be read: {error}") from None
            except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                at = f", after line {self.number}" if self.number else ""
                raise InputUnreadable(f"{named(self.path)} cannot be read{at}: {reason}") from error

    def _lines_of(self, file: BinaryIO) -> Iterator[bytes]:
        start = _first_line(file)
        readline = file.readline
        if start.lstrip(_BLANK).startswith(b"["):
            content = start + file.read(MAX_ARRAY_BYTES)
            if (elements := _elements(content)) is not None:
                for self.number, element in elements:
                    self.taken += 1
                    yield element
                return
            start, readline = b"", io.BytesIO(content).readline
        while line := start or readline(MAX_LINE_BYTES):
            start = b""
            self.number += 1
            if line.endswith(b"\n"):
                line = line[:-1]
            elif len(line) >= MAX_LINE_BYTES:
                raise OSError(0, f"line {self.number} is longer than {MAX_LINE_BYTES >> 20} MiB")
            bare = line.strip(_BLANK)
            if bare == b"{":
                yield from self._joined(line, readline)
            elif bare:
                self.taken += 1
                yield line

    def _joined(self, first: bytes, readline: Callable[[int], bytes]) -> Iterator[bytes]:
        """Yield the record that begins with a line `{` as one line, or its lines where they are no JSON."""
        begins, lines, size = self.number, [first], len(first)
        while size < MAX_OBJECT_BYTES and (line := readline(MAX_LINE_BYTES)):
            lines.append(line.removesuffix(b"\n"))
            size += len(line)
            if line.lstrip(_BLANK).startswith(b"}") and _is_json(b" ".join(lines)):
                self.taken += 1
                yield b" ".join(lines)
                self.number = begins + len(lines) - 1
                return
        for self.number, line in enumerate(lines, begins):
            if line.strip(_BLANK):
                self.taken += 1
                yield line

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        if self.path == "-":
            yield sys.stdin.buffer
            return
        with open(self.path, "rb", buffering=0) as raw:  # noqa: PTH123 - the raw file has the position
            self._raw = raw
            with _unpacked(self.path, io.BufferedReader(raw, _BUFFER_BYTES)) as file:
                yield file
                done, self._raw = self.bytes_done, None
                self._bytes_before = done


class _OtherFormatError(Exception):
    """A file that is not text of JSON; the message says which format it has."""


def _first_line(file: BinaryIO) -> bytes:
    """Return the first line of a file without a byte order mark; raises _OtherFormatError."""
    line = file.readline(MAX_LINE_BYTES)
    for magic, advice in _OTHER_FORMATS.items():
        if line.startswith(magic):
            raise _OtherFormatError(advice)
    if line[:2] in {b"{\0", b"[\0", b"\0{", b"\0["}:
        raise _OtherFormatError("it is UTF-16 text: save it as UTF-8")
    return line.removeprefix(_BOM)


def _elements(content: bytes) -> Iterator[tuple[int, bytes]] | None:
    """Return the elements of a JSON array, each on one line, with the line it begins on; None for other content."""
    if len(content) > MAX_ARRAY_BYTES:
        raise OSError(0, f"a JSON array longer than {MAX_ARRAY_BYTES >> 20} MiB: write one record a line")
    try:
        elements = msgspec.json.decode(content, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return None
    return _numbered(content, elements)


def _numbered(content: bytes, elements: Sequence[msgspec.Raw]) -> Iterator[tuple[int, bytes]]:
    number, end = 1, 0
    for element in elements:
        raw = bytes(element)
        begins = content.index(raw, end)
        number += content.count(b"\n", end, begins)
        yield number, raw.replace(b"\n", b" ")
        end = begins + len(raw)
        number += content.count(b"\n", begins, end)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def records_of(lines: Lines) -> Iterator[Located]:
    """Yield each record with its file and line; skip one whose wrapping is refused, as a replay does."""
    for line in lines:
        try:
            record = unwrap(line)
        except Refusal:
            continue
        yield Located(*record, {"file": lines.path, "line": lines.number})


def _unpacked(path: str, file: io.BufferedReader) -> BinaryIO:
    # The name decides; for other names the first bytes do, since JSON cannot begin with them.
    start = b"" if path.endswith((".gz", ".zst")) else file.peek(4)[:4]
    if path.endswith(".gz") or start.startswith(_GZIP_MAGIC):
        return io.BufferedReader(gzip.GzipFile(fileobj=file), _BUFFER_BYTES)
    if path.endswith(".zst") or start == _ZSTD_MAGIC:
        return io.BufferedReader(zstd.ZstdFile(file), _BUFFER_BYTES)
    return file


def _size(path: str) -> int | None:
    """Return a file's size in bytes, None for standard input or a pipe."""
    if is_read_once(path):
        return None
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a folder is refused here
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}") from error


def is_read_once(path: str) -> bool:
    """Return whether a path can be read only once: standard input, or a pipe, which a second reader would break.

    Raises InputUnreadable for a missing file.
    """
    if path == "-":
        return True
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}") from error
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def named(path: str) -> str:
    """Return the name of a path in messages: `-` as standard input."""
    return "standard input (-)" if path == "-" else path
