"""Output files that are complete or absent; `-` prints."""

import gzip
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, cast

from streams.files.zstd import zstd

__all__ = ["output", "write_private"]

_BUFFER_BYTES = 1 << 20


@contextmanager
def output(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing, compressed if its name ends in .gz or .zst, or standard output for `-`.

    The content replaces the file when the block ends without an error; after an error or Ctrl-C the old file is
    unchanged. A pipe or device is written at once. Raises OSError, which names the file asked for.
    """
    try:
        with _opened(path) as file:
            yield file
    except OSError as error:
        error.filename = "standard output" if path == "-" else path
        raise


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by a content that its owner alone may read; the old file is whole until then. Raises OSError."""
    with _replacing(path, mode=0o600) as file:
        file.write(content)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(os.path.realpath(path))
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        with target.open("wb", buffering=_BUFFER_BYTES) as file:
            yield file
        return
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    with _replacing(target, mode) as file, _compressed(file, path) as compressed:
        yield compressed


@contextmanager
def _replacing(target: Path, mode: int | None) -> Iterator[BinaryIO]:
    """Open a new file that takes the target's place when the block ends without an error; `mode` from the start."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
        with os.fdopen(descriptor, "wb", buffering=_BUFFER_BYTES) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            part.chmod(mode)
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _compressed(file: BinaryIO, path: str) -> AbstractContextManager[BinaryIO]:
    """Return the file, compressed as its name says; the same content gives the same bytes."""
    if path.endswith(".gz"):
        return cast(BinaryIO, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0))
    return cast(BinaryIO, zstd.ZstdFile(file, "wb")) if path.endswith(".zst") else nullcontext(file)
