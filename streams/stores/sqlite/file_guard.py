"""Notice a ledger file that is removed, replaced or emptied, while the server runs and between two runs.

SQLite continues to write to a file that was deleted, and opens an empty one in its place: both lose reports that were
answered with 202.
"""

import os
from pathlib import Path
from typing import NamedTuple

import orjson

from streams.stores.store import StoreUnavailable

__all__ = [
    "MARKER",
    "FileGuard",
    "Marker",
    "MarkerFile",
    "marker_of",
    "read_marker",
    "require_marked",
    "require_present",
]

#: The marker beside `truceline.sqlite`: what the file must hold at least.
MARKER = "truceline.marker"

#: Longer than any marker, and within one sector: it is written as a whole.
_MARKER_BYTES = 128
_Inode = tuple[int, int]


class Marker(NamedTuple):
    """The identity of a file, and how many reports and ticks its log has reached."""

    identity: str
    reached: int


def marker_of(path: Path) -> Path:
    """Return the path of a ledger file's marker."""
    return path.with_suffix(".marker")


def read_marker(path: Path) -> Marker | None:
    """Return the marker of the ledger file at `path`, None without one; raises StoreUnavailable."""
    marker = marker_of(path)
    try:
        content = orjson.loads(marker.read_bytes())
        return Marker(str(content["identity"]), int(content["reached"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreUnavailable(f"{marker} cannot be read ({error}); delete it if {path.name} is intact") from error


class MarkerFile:
    """The marker of an open ledger file, written after each of its transactions."""

    def __init__(self, path: Path) -> None:
        """Keep the marker of the ledger file at `path`; writes nothing yet."""
        self._path = path
        self._descriptor = -1

    def write(self, marker: Marker) -> None:
        """Write a marker; raises OSError.

        After the first time in place, which costs no write of the disk: a rename would join the next one of the ledger.
        """
        content = orjson.dumps(marker._asdict()).ljust(_MARKER_BYTES)
        if self._descriptor >= 0:
            os.pwrite(self._descriptor, content, 0)
            return
        temporary = self._path.with_suffix(".marker.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.pwrite(descriptor, content, 0)
            temporary.replace(marker_of(self._path))
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def close(self) -> None:
        """Close the file; the next write makes a new one."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def require_present(path: Path) -> None:
    """Raise StoreUnavailable where a file that held reports is missing or empty: SQLite would begin a new one."""
    marker = read_marker(path)
    if marker is not None and (not path.exists() or path.stat().st_size == 0):
        raise StoreUnavailable(_gone(path, f"is missing or empty, but held {marker.reached:,} reports and ticks"))


def require_marked(path: Path, found: Marker) -> None:
    """Raise StoreUnavailable where a file lacks reports that it has held."""
    marker = read_marker(path)
    if marker is None or (marker.identity == found.identity and marker.reached <= found.reached):
        return
    if found.reached == 0:
        fault = f"is empty, but this folder was used before and held {marker.reached:,} reports and ticks"
    elif marker.identity != found.identity:
        fault = "is not the file that this folder held before"
    else:
        fault = f"ends at offset {found.reached - 1}, but had reached {marker.reached - 1}"
    raise StoreUnavailable(_gone(path, fault))


def _gone(path: Path, fault: str) -> str:
    return (
        f"{path} {fault}: it, or its write-ahead log, was deleted or replaced. Restore a backup; or, to continue"
        f" without the missing reports, delete {marker_of(path)}"
    )


class FileGuard:
    """The inodes of an open ledger file and its write-ahead log."""

    def __init__(self, path: Path) -> None:
        """Remember the file that is at `path` now."""
        self._path = path
        self._wal = Path(f"{path}-wal")
        self._inode = _inode(path)
        self._wal_inode = _inode(self._wal)

    def forget_wal(self) -> None:
        """Expect another write-ahead log from now on."""
        self._wal_inode = None

    def file_missing(self) -> bool:
        """Return whether the file itself was deleted or replaced."""
        return _inode(self._path) != self._inode

    def missing(self) -> str | None:
        """Return which file was deleted or replaced, None if both are the ones that were opened."""
        if self.file_missing():
            return f"{self._path} was deleted or replaced while the server runs"
        if self._wal_inode is None:
            self._wal_inode = _inode(self._wal)
        elif _inode(self._wal) != self._wal_inode:
            return f"{self._wal} was deleted or replaced while the server runs"
        return None


def _inode(path: Path) -> _Inode | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
