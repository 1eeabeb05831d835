"""The SQLite file: its tables, and how to open it.

WAL with synchronous=FULL: when a COMMIT returns, the transaction is on disk.
"""

import os
import sqlite3
from pathlib import Path

from filelock import FileLock, Timeout

from streams.stores.store import StoreUnavailable

__all__ = ["DATABASE", "FILE_ERRORS", "WAY_OUT", "claim_folder", "open_database", "open_to_read"]

DATABASE = "truceline.sqlite"
LOCK = "truceline.lock"
#: The second: SQLite quotes damaged text, which is not UTF-8, in its own messages.
FILE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
#: The end of every message about a damaged file.
WAY_OUT = (
    "Restore a backup; or export what can be read with `truceline export --embedded` and send it to a server on a new"
    " folder"
)

#: Identifies the file as a ledger ("trce"), and the version of its tables.
APPLICATION_ID = 0x74726365
VERSION = 1

#: A hundred reports change some 300 pages of 4 KiB, many of them repeatedly: a checkpoint every 16 MiB instead of
#: SQLite's 4 writes a quarter less (measured with strace).
CHECKPOINT_PAGES = 4_096
CACHE_KIB = 64 << 10

_TABLES = """
-- The log: original bytes of each report, but for repeats and invalid ones. The source of truth.
CREATE TABLE log (
    "offset" INTEGER PRIMARY KEY,  -- from 0, no gap
    time_us INTEGER NOT NULL,      -- time of acceptance
    episode TEXT NOT NULL,
    value BLOB NOT NULL
);
-- Published changes in fold order: the records of contract section 6.
CREATE TABLE changes (
    "row" INTEGER PRIMARY KEY,     -- from 1, no gap
    "offset" INTEGER,              -- the log entry that caused it; null: another source registry
    topic TEXT NOT NULL,           -- casualties, ceasefires or statements
    episode TEXT NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX changes_of_episode ON changes (episode, "row");
-- Reports rejected because of the state; invalid ones are only refused in the answer.
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
-- Identifies this file: a position in one file means nothing in another.
INSERT INTO meta VALUES ('identity', lower(hex(randomblob(4))));
"""


#: Made when a file is opened to write: files of earlier versions have none.
AUTHORS = """
CREATE TABLE IF NOT EXISTS authors (
    "offset" INTEGER PRIMARY KEY,  -- in the log
    name TEXT NOT NULL             -- the writer who put the report in
)
"""


def claim_folder(folder: Path) -> FileLock:
    """Create a folder if needed, and lock it for this process; the lock ends with the process.

    Raises StoreUnavailable where another server holds it, or where it cannot be written.
    """
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False, mode=0o600)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreUnavailable(f"another truceline server is running on {folder}") from None
    except OSError as error:
        raise StoreUnavailable(f"cannot write in {folder}: {error.strerror or error}") from error
    return lock


def open_database(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open the file for writing, with `create` also a new one.

    Transactions are explicit. Raises StoreUnavailable where the file cannot be used.
    """
    _must_be_writable(path)
    try:
        if create and not path.exists():
            # SQLite would make it readable by everyone; its other files take their mode from this one.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"cannot open {path}: {error}") from error
    try:
        _prepare(connection, path)
    except FILE_ERRORS as error:
        connection.close()
        raise StoreUnavailable(f"cannot use {path}: {error}. {WAY_OUT}") from error
    except StoreUnavailable:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the file for reading beside the writer: each statement sees the last commit before it."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def _must_be_writable(path: Path) -> None:
    """Refuse a read-only file, which SQLite would open all the same; raises StoreUnavailable."""
    effective = os.access in os.supports_effective_ids
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        # access(), not open(): closing a descriptor of the file would drop the locks that SQLite holds on it.
        if file.exists() and not os.access(file, os.W_OK, effective_ids=effective):
            raise StoreUnavailable(f"{file} is not writable by this user, or is on a read-only disk")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if version == VERSION and application == APPLICATION_ID:
        # SQLite opens a read-only file without an error; the first report would fail. Try a write now.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        raise StoreUnavailable(f"{path} is not a truceline ledger of version {VERSION}")
    connection.executescript(
        f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;"
    )
    # The file then has its tables and identity even if its write-ahead log is deleted.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
