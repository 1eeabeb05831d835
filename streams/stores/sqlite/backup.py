"""Back up a ledger while its server runs."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from streams.stores.sqlite.database import DATABASE, FILE_ERRORS, open_to_read
from streams.stores.store import StoreUnavailable

__all__ = ["back_up"]

#: Pages copied at a time; the server can write between two steps.
STEP_PAGES = 1_000


def back_up(folder: Path, target: Path) -> int:
    """Copy the ledger in a folder to the file `target`, as of one moment; return its size in bytes.

    `target` must not exist; it appears only once the copy is complete, checked and on disk. Raises StoreUnavailable.
    """
    source = folder / DATABASE
    if not source.is_file():
        raise StoreUnavailable(f"no ledger in {folder}: no embedded server has run there ({source} is missing)")
    if target.exists():
        raise StoreUnavailable(f"{target} exists already: name a new file")
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(open_to_read(source)) as reader, closing(sqlite3.connect(part)) as copy:
            reader.backup(copy, pages=STEP_PAGES, sleep=0.01)
            # As one file: a copy in WAL mode would leave two more beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            _require_intact(copy)
        _sync(part)
        part.rename(target)
        _sync(target.parent)
    except (OSError, *FILE_ERRORS) as error:
        part.unlink(missing_ok=True)
        raise StoreUnavailable(f"cannot back up {source} to {target}: {error}") from error
    return target.stat().st_size


def _require_intact(copy: sqlite3.Connection) -> None:
    (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {found}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
