"""Output files that are there whole or not at all; `-` prints."""

import gzip
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, cast

from streams.files.zstd import zstd

__all__ = ["output"]

_BUFFER_BYTES = 1 << 20


@contextmanager
def output(path: str) -> Iterator[BinaryIO]:
    """Open a file to write, which its name packs (.gz, .zst), or standard output for `-`.

    What is written takes the file's place when the block ends well, and is gone when it does not: an error
    or Ctrl-C leaves what was there before. A pipe or device is written as it comes. Raises OSError,
    which names the file that was asked for.
    """
    try:
        with _opened(path) as file:
            yield file
    except OSError as error:
        error.filename = "standard output" if path == "-" else path
        raise


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
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("xb", buffering=_BUFFER_BYTES) as file:
            with _packed(file, path) as packed:
                yield packed
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _packed(file: BinaryIO, path: str) -> AbstractContextManager[BinaryIO]:
    """What is read again by such a name is written so; the same content gives the same bytes."""
    if path.endswith(".gz"):
        return cast(BinaryIO, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0))
    return cast(BinaryIO, zstd.ZstdFile(file, "wb")) if path.endswith(".zst") else nullcontext(file)
