"""Read committed rows beside the writer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from streams.stores.sqlite.database import FILE_ERRORS, open_to_read
from streams.stores.store import StoreUnavailable

__all__ = ["LoggedReport", "PublishedChange", "Reader", "RejectedReport"]


_LOG = """
    SELECT "offset", time_us, value FROM log
    WHERE "offset" > :after AND (:episode IS NULL OR episode = :episode) ORDER BY "offset" LIMIT :limit
"""
_LOG_WITH_AUTHORS = """
    SELECT log."offset", time_us, value, name FROM log LEFT JOIN authors USING ("offset")
    WHERE log."offset" > :after AND (:episode IS NULL OR episode = :episode) ORDER BY log."offset" LIMIT :limit
"""
#: A file that no server of this version has opened has none.
_HAS_AUTHORS = "SELECT 1 FROM sqlite_master WHERE name = 'authors'"


class PublishedChange(NamedTuple):
    """A published change: `record` is the JSON of contract section 6; rows count from 1 without a gap."""

    row: int
    topic: str
    episode: str
    record: bytes


class LoggedReport(NamedTuple):
    """The original bytes of a report or tick, with its time of acceptance (µs)."""

    offset: int
    time_us: int
    value: bytes
    submitted_by: str | None = None


class RejectedReport(NamedTuple):
    """A report rejected because of the state; rows count from 1."""

    row: int
    time_us: int
    code: str
    message: str
    value: bytes


class Reader:
    """A read-only connection for any thread; each call sees the last commit before it."""

    def __init__(self, path: Path) -> None:
        """Open the file; like every method, raises StoreUnavailable where it cannot be read."""
        self._path = path
        try:
            self._file = open_to_read(path)
        except FILE_ERRORS as error:
            raise StoreUnavailable(f"cannot read {path}: {error}") from error
        self._lock = threading.Lock()
        self._authors = False

    def changes(
        self, after: int = 0, *, limit: int = 1_000, episode: str | None = None, topic: str | None = None
    ) -> list[PublishedChange]:
        """Return up to `limit` changes after row `after`, oldest first."""
        query = (
            'SELECT "row", topic, episode, record FROM changes'
            ' WHERE "row" > :after AND (:episode IS NULL OR episode = :episode) AND (:topic IS NULL OR topic = :topic)'
            ' ORDER BY "row" LIMIT :limit'
        )
        rows = self._rows(query, after=after, limit=limit, episode=episode, topic=topic)
        return [PublishedChange(*row) for row in rows]

    def newest(self, topic: str, limit: int) -> list[bytes]:
        """Return the newest records of a topic, newest first."""
        query = 'SELECT record FROM changes WHERE topic = :topic ORDER BY "row" DESC LIMIT :limit'
        return [record for (record,) in self._rows(query, topic=topic, limit=limit)]

    def row_before_newest(self, episode: str, limit: int) -> int:
        """Return the row before the newest `limit` changes of an episode, 0 without more; alerts are not counted."""
        query = (
            "SELECT \"row\" FROM changes WHERE episode = :episode AND topic <> 'alerts'"
            ' ORDER BY "row" DESC LIMIT 1 OFFSET :limit'
        )
        rows = self._rows(query, limit=limit, episode=episode)
        return int(rows[0][0]) if rows else 0

    def log(self, after: int = -1, *, limit: int = 1_000, episode: str | None = None) -> list[LoggedReport]:
        """Return up to `limit` reports and ticks after offset `after`, oldest first."""
        query = _LOG_WITH_AUTHORS if self._has_authors() else _LOG
        return [LoggedReport(*row) for row in self._rows(query, after=after, limit=limit, episode=episode)]

    def _has_authors(self) -> bool:
        """Return whether the file names who put reports in: a table that is there stays."""
        self._authors = self._authors or bool(self._rows(_HAS_AUTHORS))
        return self._authors

    def last_row(self) -> int:
        """Return the last row of changes, 0 without one."""
        row: int = self._rows('SELECT coalesce(max("row"), 0) FROM changes')[0][0]
        return row

    def episodes(self, after: int) -> list[str]:
        """Return the episodes with a change after row `after`, sorted by name."""
        query = 'SELECT DISTINCT episode FROM changes WHERE "row" > :after ORDER BY episode'
        return [episode for (episode,) in self._rows(query, after=after)]

    def identity(self) -> bytes:
        """Return four bytes that identify this file; zeros for a file from before they were stored."""
        found = self._rows("SELECT value FROM meta WHERE name = 'identity'")
        return bytes.fromhex(found[0][0]) if found else bytes(4)

    def last_offset(self) -> int:
        """Return the offset of the newest report or tick, -1 without one."""
        return int(self._rows('SELECT coalesce(max("offset"), -1) FROM log')[0][0])

    def rejected(self, after: int = 0, *, limit: int = 1_000) -> list[RejectedReport]:
        """Return up to `limit` rejected reports after row `after`, oldest first."""
        query = (
            'SELECT "row", time_us, code, message, value FROM rejected WHERE "row" > :after ORDER BY "row" LIMIT :limit'
        )
        return [RejectedReport(*row) for row in self._rows(query, after=after, limit=limit)]

    def state(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the entries of the stored ledger."""
        after = b""
        query = 'SELECT "key", value FROM state WHERE "key" > :after ORDER BY "key" LIMIT 1000'
        while rows := self._rows(query, after=after):
            yield from rows
            after = rows[-1][0]

    def meta(self) -> dict[str, str]:
        """Return the values that describe the file, by name."""
        return dict(self._rows("SELECT name, value FROM meta"))

    def has_registry_changes(self) -> bool:
        """Return whether a change of the source registry has published changes."""
        return bool(self._rows("SELECT 1 FROM changes WHERE \"offset\" IS NULL AND topic <> 'alerts' LIMIT 1"))

    def damage(self) -> list[str]:
        """Return the faults of the file's structure, none if it is intact."""
        try:
            found = [text for (text,) in self._rows("PRAGMA integrity_check(10)")]
        except StoreUnavailable as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads within the block see the same commit."""
        self._rows("BEGIN")
        try:
            yield
        finally:
            self._rows("COMMIT")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._file.close()

    def _rows(self, query: str, **values: Any) -> list[Any]:
        try:
            with self._lock:
                return self._file.execute(query, values).fetchall()
        except FILE_ERRORS as error:
            raise StoreUnavailable(f"cannot read {self._path}: {error}") from error
