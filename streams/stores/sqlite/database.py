"""The SQLite file: its tables, and how it is opened.

WAL with synchronous=FULL: when a COMMIT returns, the transaction is on disk.
"""

import os
import sqlite3
from pathlib import Path

from filelock import FileLock, Timeout

from streams.stores.store import StoreUnavailable

__all__ = ["DATABASE", "claim_folder", "open_database"]

DATABASE = "truceline.sqlite"
LOCK = "truceline.lock"

#: Marks the file as ours ("trce"), and the version of its tables.
APPLICATION_ID = 0x74726365
VERSION = 1

#: A hundred reports touch some 300 pages of 4 KiB, many of them again and again: folded back into the file after
#: 16 MiB, not after SQLite's 4, a quarter less is written in all.
CHECKPOINT_PAGES = 4_096
CACHE_KIB = 64 << 10

_TABLES = """
-- What came in, as it came, but for repeats and what is refused at sight: the source of truth.
CREATE TABLE log (
    "offset" INTEGER PRIMARY KEY,  -- from 0, no gap
    time_us INTEGER NOT NULL,      -- when it was taken in
    episode TEXT NOT NULL,
    value BLOB NOT NULL
);
-- What was published, in fold order: the records of contract section 6.
CREATE TABLE changes (
    "row" INTEGER PRIMARY KEY,     -- from 1, no gap
    "offset" INTEGER,              -- the log entry that caused it; null: another source registry
    topic TEXT NOT NULL,           -- casualties, ceasefires or statements
    episode TEXT NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX changes_of_episode ON changes (episode, "row");
-- What was refused for what is already known; what is refused at sight goes back to its sender alone.
CREATE TABLE rejected (
    "row" INTEGER PRIMARY KEY,
    time_us INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    value BLOB NOT NULL
);
-- The ledger's entries, to restore from.
CREATE TABLE state (
    "key" BLOB PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
-- Tells this file from another: a place in the one says nothing of the other.
INSERT INTO meta VALUES ('identity', lower(hex(randomblob(4))));
"""


def claim_folder(folder: Path) -> FileLock:
    """Make a folder if need be, and hold it for this process; the lock goes with the process, however it ends.

    Raises StoreUnavailable where another server has it, or where it cannot be written.
    """
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreUnavailable(f"another truceline server is running on {folder}") from None
    except OSError as error:
        raise StoreUnavailable(f"cannot write in {folder}: {error.strerror or error}") from error
    return lock


def open_database(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open the file to write; with `create`, it may be a new one.

    Transactions are begun and ended by hand. Raises StoreUnavailable where the file cannot be used.
    """
    _must_be_writable(path)
    mode = "rwc" if create else "rw"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise StoreUnavailable(f"cannot open {path}: {error}") from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StoreUnavailable(f"cannot use {path}: {error}") from error
    except StoreUnavailable:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the file beside the writer: each statement sees what was committed when it began."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def _must_be_writable(path: Path) -> None:
    """Refuse what SQLite would open to be read alone, leaving read-only files beside it. Raises StoreUnavailable."""
    effective = os.access in os.supports_effective_ids
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        # Asked, not tried: to close a file of its own would drop the locks that SQLite holds on it.
        if file.exists() and not os.access(file, os.W_OK, effective_ids=effective):
            raise StoreUnavailable(f"{file} may not be written by this user, or lies on a read-only disk")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if version == VERSION and application == APPLICATION_ID:
        # SQLite opens what it may not write all the same, to be read: that would fail at the first report.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        raise StoreUnavailable(f"{path} is not a truceline file of version {VERSION}")
    connection.executescript(
        f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;"
    )
