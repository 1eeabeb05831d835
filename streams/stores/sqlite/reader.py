"""Reading beside the writer: the changes and the log, as far as they are committed."""

import sqlite3
import threading
from pathlib import Path
from typing import Any, NamedTuple

from streams.stores.sqlite.database import open_to_read
from streams.stores.store import StoreUnavailable

__all__ = ["LoggedReport", "PublishedChange", "Reader", "RejectedReport"]


class PublishedChange(NamedTuple):
    """A published change: `record` is JSON as in contract section 6; rows count from 1 with no gap."""

    row: int
    topic: str
    episode: str
    record: bytes


class LoggedReport(NamedTuple):
    """A report or tick as it came, with when it was taken in (µs)."""

    offset: int
    time_us: int
    value: bytes


class RejectedReport(NamedTuple):
    """A report that was refused for what was known already; rows count from 1."""

    row: int
    time_us: int
    code: str
    message: str
    value: bytes


class Reader:
    """A connection of its own, for any thread; each call sees the last commit before it."""

    def __init__(self, path: Path) -> None:
        """Open the file to read. Every method raises StoreUnavailable where it cannot be read."""
        self._path = path
        try:
            self._file = open_to_read(path)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"cannot read {path}: {error}") from error
        self._lock = threading.Lock()

    def changes(
        self, after: int = 0, *, limit: int = 1_000, episode: str | None = None, topic: str | None = None
    ) -> list[PublishedChange]:
        """Return up to `limit` changes behind row `after`, oldest first."""
        query = (
            'SELECT "row", topic, episode, record FROM changes'
            ' WHERE "row" > :after AND (:episode IS NULL OR episode = :episode) AND (:topic IS NULL OR topic = :topic)'
            ' ORDER BY "row" LIMIT :limit'
        )
        rows = self._rows(query, after=after, limit=limit, episode=episode, topic=topic)
        return [PublishedChange(*row) for row in rows]

    def latest(self, episode: str, limit: int) -> list[PublishedChange]:
        """Return the newest changes of an episode, up to `limit`, oldest first; alerts are none."""
        query = (
            'SELECT "row", topic, episode, record FROM changes'
            " WHERE episode = :episode AND topic <> 'alerts'"
            ' ORDER BY "row" DESC LIMIT :limit'
        )
        return [PublishedChange(*row) for row in self._rows(query, limit=limit, episode=episode)][::-1]

    def log(self, after: int = -1, *, limit: int = 1_000, episode: str | None = None) -> list[LoggedReport]:
        """Return up to `limit` reports and ticks behind offset `after`, oldest first."""
        query = (
            'SELECT "offset", time_us, value FROM log'
            ' WHERE "offset" > :after AND (:episode IS NULL OR episode = :episode) ORDER BY "offset" LIMIT :limit'
        )
        return [LoggedReport(*row) for row in self._rows(query, after=after, limit=limit, episode=episode)]

    def last_row(self) -> int:
        """Return the last row of changes, 0 where there is none."""
        row: int = self._rows('SELECT coalesce(max("row"), 0) FROM changes')[0][0]
        return row

    def episodes(self, after: int) -> list[str]:
        """Return the episodes with a change behind row `after`, by name."""
        query = 'SELECT DISTINCT episode FROM changes WHERE "row" > :after ORDER BY episode'
        return [episode for (episode,) in self._rows(query, after=after)]

    def identity(self) -> bytes:
        """Return four bytes that tell this file from another, zeros for one made before they were kept."""
        found = self._rows("SELECT value FROM meta WHERE name = 'identity'")
        return bytes.fromhex(found[0][0]) if found else bytes(4)

    def last_offset(self) -> int:
        """Return the offset of the newest report or tick, -1 where there is none."""
        return int(self._rows('SELECT coalesce(max("offset"), -1) FROM log')[0][0])

    def rejected(self, after: int = 0, *, limit: int = 1_000) -> list[RejectedReport]:
        """Return up to `limit` refused reports behind row `after`, oldest first."""
        query = (
            'SELECT "row", time_us, code, message, value FROM rejected WHERE "row" > :after ORDER BY "row" LIMIT :limit'
        )
        return [RejectedReport(*row) for row in self._rows(query, after=after, limit=limit)]

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._file.close()

    def _rows(self, query: str, **values: Any) -> list[Any]:
        try:
            with self._lock:
                return self._file.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"cannot read {self._path}: {error}") from error
