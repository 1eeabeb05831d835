"""Detect damage to the stored state when a file is opened: SQLite checks no content."""

import sqlite3
import zlib
from collections.abc import Iterable

from streams.core.ledger import Ledger

__all__ = ["Damaged", "damage_text", "load_checked", "require_ends", "state_checksum", "store_checksum"]

_STATE = 'SELECT "key", value FROM state ORDER BY "key"'


class Damaged(Exception):
    """Stored rows that contradict each other; the message says which."""


def store_checksum(file: sqlite3.Connection) -> None:
    """Store a checksum of the state, which the next write removes; raises sqlite3.Error."""
    crc = state_checksum(file.execute(_STATE))
    file.execute("INSERT OR REPLACE INTO meta VALUES ('state_crc', ?)", (crc,))


def state_checksum(entries: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the checksum of entries of the state, in the order of their keys."""
    crc = 0
    for key, value in entries:
        crc = zlib.crc32(value, zlib.crc32(key, crc))
    return str(crc)


def load_checked(file: sqlite3.Connection, ledger: Ledger) -> None:
    """Load the state into a ledger; raises Damaged where it is not what was stored, and what a damaged entry raises."""
    stored = file.execute("SELECT value FROM meta WHERE name = 'state_crc'").fetchone()
    crc = 0
    for key, value in file.execute(_STATE):
        crc = zlib.crc32(value, zlib.crc32(key, crc))
        ledger.load(key, value)
    if stored is not None and stored[0] != str(crc):
        raise Damaged("the stored state is not what the server wrote when it stopped (its checksum differs)")
    ledger.loaded()


def require_ends(file: sqlite3.Connection, next_offset: int, last_row: int) -> None:
    """Raise Damaged where the log or the changes do not end where they were left."""
    meta = dict(file.execute("SELECT name, value FROM meta WHERE name IN ('next_offset', 'last_row')"))
    if meta.get("next_offset", str(next_offset)) != str(next_offset):
        raise Damaged(f"its log has {next_offset:,} reports and ticks, and {int(meta['next_offset']):,} were stored")
    (first,) = file.execute('SELECT min("offset") FROM log').fetchone()
    if first:
        raise Damaged(f"its log begins at offset {first:,}: the reports and ticks before are gone")
    if meta.get("last_row", str(last_row)) != str(last_row):
        raise Damaged(f"it has {last_row:,} changes, and {int(meta['last_row']):,} were stored")


def damage_text(error: Exception) -> str:
    """Return an error of reading a file as part of a sentence."""
    if isinstance(error, (Damaged, sqlite3.Error)):
        return str(error)
    return f"its stored state cannot be read ({type(error).__name__}: {error})"
