"""A file of a long export, which can be interrupted at any moment and resumed; complete in the end, or absent.

Data goes to `FILE.part`. At intervals it is flushed to the disk, and `FILE.part.json` gets its length and the position
to resume from; a resume truncates the rest. Each interval is a frame (`.zst`) or member (`.gz`) of its own, so that
the part before is complete. At the end the part gets the file's name.
"""

import gzip
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import orjson

from streams.files.zstd import zstd

__all__ = ["ResumableFile", "ResumeError"]

KEEP_EVERY_S = 5.0
KEEP_EVERY_BYTES = 64 << 20


class ResumeError(Exception):
    """The file cannot be resumed; the message says what to do."""


class ResumableFile:
    """The unfinished file, and the position to resume from by part of the log."""

    def __init__(self, path: Path, of: dict[str, Any], *, resume: bool) -> None:
        """Begin, or with `resume` continue the same export; `of` names what is exported.

        Raises ResumeError where a part lies there and is not to be gone on with, or is of something else, and OSError.
        """
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        self._note = path.with_name(f"{path.name}.part.json")
        self._of = of
        self.positions: dict[int, int] = {}
        self.written = 0
        length = 0
        if not resume and self._note.exists():
            raise ResumeError(f"{self._part} is an interrupted export: continue it with --resume, or delete it")
        if resume and self._note.exists():
            length = self._go_on()
        self._raw: BinaryIO = self._part.open("r+b" if length else "wb")
        self._raw.truncate(length)
        self._raw.seek(length)
        self._frame: BinaryIO | None = None
        self._frame_bytes = 0
        self._kept_at_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        """Rename to the final name after success; else keep the part, to be resumed."""
        try:
            self.keep()
        except OSError:
            # The position kept before is still valid.
            if kind is None:
                raise
        finally:
            self._raw.close()
        if kind is None:
            self._part.replace(self.path)
            self._note.unlink(missing_ok=True)

    def write(self, line: bytes, part: int, next_position: int) -> None:
        """Write a line, with the position of a part of the log after it."""
        if self._frame is None:
            self._frame = self._begin_frame()
        self._frame.write(line)
        self._frame_bytes += len(line)
        self.written += 1
        self.passed(part, next_position)

    def passed(self, part: int, next_position: int) -> None:
        """Note a position after a record that is not written."""
        self.positions[part] = next_position
        if self._frame_bytes > KEEP_EVERY_BYTES or time.monotonic() - self._kept_at_s > KEEP_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Sync the written lines and the positions to disk."""
        if self._frame is not None and self._frame is not self._raw:
            self._frame.close()
        self._frame, self._frame_bytes = None, 0
        self._raw.flush()
        os.fsync(self._raw.fileno())
        note = {"of": self._of, "bytes": self._raw.tell(), "lines": self.written, "positions": self._named()}
        new = self._note.with_suffix(".new")
        with new.open("wb") as file:
            file.write(orjson.dumps(note))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._note)
        self._kept_at_s = time.monotonic()

    def _named(self) -> dict[str, int]:
        return {str(part): position for part, position in self.positions.items()}

    def _go_on(self) -> int:
        try:
            note = orjson.loads(self._note.read_bytes())
            length, of = note["bytes"], note["of"]
            self.positions = {int(part): position for part, position in note["positions"].items()}
            self.written = note["lines"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ResumeError(f"{self._note} cannot be read: delete it and {self._part}, and start again") from error
        if of != self._of:
            was = ", ".join(f"{name} {value}" for name, value in of.items() if value != self._of.get(name))
            raise ResumeError(f"{self._part} is another export ({was}): name another file, or delete it and its note")
        with suppress(OSError):
            if self._part.stat().st_size >= length:
                return int(length)
        raise ResumeError(f"{self._part} is shorter than {self._note} says: delete both, and start again")

    def _begin_frame(self) -> BinaryIO:
        if self.path.name.endswith(".gz"):
            return cast("BinaryIO", gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", mtime=0))
        if self.path.name.endswith(".zst"):
            return cast("BinaryIO", zstd.ZstdFile(self._raw, "wb"))
        return self._raw
