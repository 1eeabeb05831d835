"""Documents, drafts and reviews of an embedded server, in tables of its one file."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from streams.stores.review_store import DocumentReceipt, ReviewConflict, Reviewed, draft_summary
from streams.stores.sqlite.database import DATABASE, open_to_read
from streams.stores.sqlite.ledger_file import LedgerFile
from streams.stores.sqlite.store import EmbeddedStore
from streams.stores.store import StoreUnavailable

__all__ = ["ReviewFile", "SqliteReviewStore"]

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    draft BLOB NOT NULL,          -- the draft as JSON, with the document's frozen text
    PRIMARY KEY (id, version)
);
CREATE TABLE IF NOT EXISTS reviews (
    "row" INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    version INTEGER NOT NULL,
    record BLOB NOT NULL,         -- the review as JSON
    UNIQUE (document, version)
);
"""
#: Makes the draft of a document's fields, given the draft of its version before. Raises ValueError where it cannot.
Reader = Callable[[dict[str, Any], dict[str, Any] | None], dict[str, Any]]


class ReviewFile:
    """Reads the documents, drafts and reviews in a ledger's folder; its server may be running.

    Each method raises StoreUnavailable where the file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / DATABASE

    def waiting(self, limit: int, after: str | None = None) -> list[dict[str, Any]]:
        """Return the drafts without a review, the oldest first."""
        query = """
            SELECT draft FROM documents AS latest
            WHERE version = (SELECT max(version) FROM documents WHERE id = latest.id)
            AND NOT EXISTS (SELECT 1 FROM reviews WHERE document = latest.id AND reviews.version = latest.version)
            AND latest.rowid > coalesce((SELECT max(rowid) FROM documents WHERE id = ?), 0)
            ORDER BY latest.rowid LIMIT ?
        """
        return [draft_summary(orjson.loads(draft)) for (draft,) in self._rows(query, after, limit)]

    def draft(self, document: str) -> dict[str, Any] | None:
        """Return the newest draft of a document."""
        rows = self._rows("SELECT draft FROM documents WHERE id = ? ORDER BY version DESC LIMIT 1", document)
        return orjson.loads(rows[0][0]) if rows else None

    def reviews(self, document: str | None = None) -> list[dict[str, Any]]:
        """Return reviews in the order in which they were recorded."""
        query = 'SELECT record FROM reviews WHERE ?1 IS NULL OR document = ?1 ORDER BY "row"'
        return [orjson.loads(record) for (record,) in self._rows(query, document)]

    def reviewed(self, after: int = 0, limit: int = 500) -> list[Reviewed]:
        """Return reviews with their drafts, in the order in which they were recorded, after row `after`."""
        query = """
            SELECT "row", draft, record FROM reviews
            JOIN documents ON documents.id = reviews.document AND documents.version = reviews.version
            WHERE "row" > ? ORDER BY "row" LIMIT ?
        """
        rows = self._rows(query, after, limit)
        return [Reviewed(row, orjson.loads(draft), orjson.loads(record)) for row, draft, record in rows]

    def _rows(self, query: str, *values: Any) -> list[Any]:
        try:
            connection = open_to_read(self._path)
            try:
                return connection.execute(query, values).fetchall()
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []  # nothing was written yet
            raise StoreUnavailable(f"cannot read {self._path}: {error}") from error
        except sqlite3.Error as error:
            raise StoreUnavailable(f"cannot read {self._path}: {error}") from error


class SqliteReviewStore:
    """The review store of an embedded server."""

    def __init__(self, store: EmbeddedStore, read: Reader) -> None:
        self._store = store
        self._read = read
        self._file = ReviewFile(store.folder)

    async def submit_documents(self, documents: Sequence[dict[str, Any]]) -> list[DocumentReceipt]:
        """Store documents and their drafts, each in a transaction of its own."""
        return [await self._submit(fields) for fields in documents]

    async def _submit(self, fields: dict[str, Any]) -> DocumentReceipt:
        try:
            first = await asyncio.to_thread(self._read, fields, None)
        except ValueError as error:
            return DocumentReceipt("refused", message=str(error))
        document = first["document"]
        before = await self.draft(document["id"])
        if before is not None and before["document"]["sha256"] == document["sha256"]:
            return DocumentReceipt("duplicate", document["id"], before["document"]["version"])
        draft = first
        if before is not None:
            fields = {**fields, "id": document["id"], "version": before["document"]["version"] + 1}
            draft = await asyncio.to_thread(self._read, fields, before)
        named = draft["document"]
        row = (named["id"], named["version"], named["sha256"], orjson.dumps(draft))
        await self._write("INSERT OR IGNORE INTO documents VALUES (?, ?, ?, ?)", row)
        return DocumentReceipt("accepted", named["id"], named["version"])

    async def waiting(self, limit: int, after: str | None = None) -> list[dict[str, Any]]:
        """Return the drafts without a review, the oldest first."""
        return await asyncio.to_thread(self._file.waiting, limit, after)

    async def draft(self, document: str) -> dict[str, Any] | None:
        """Return the newest draft of a document."""
        return await asyncio.to_thread(self._file.draft, document)

    async def reviews(self, document: str | None = None) -> list[dict[str, Any]]:
        """Return reviews in the order in which they were recorded."""
        return await asyncio.to_thread(self._file.reviews, document)

    async def reviewed(self, after: int, limit: int) -> list[Reviewed]:
        """Return reviews with their drafts."""
        return await asyncio.to_thread(self._file.reviewed, after, limit)

    async def record(self, review: dict[str, Any]) -> None:
        """Record a review; the first of a version wins."""
        row = (review["document"], review["version"], orjson.dumps(review))
        await self._write("INSERT OR IGNORE INTO reviews (document, version, record) VALUES (?, ?, ?)", row)
        recorded = next(each for each in await self.reviews(review["document"]) if each["version"] == review["version"])
        if recorded != review:
            raise ReviewConflict(f"{recorded['by']} {recorded['decision']} this version at {recorded['at']}")

    async def _write(self, statement: str, row: tuple[Any, ...]) -> None:
        def write(file: sqlite3.Connection) -> int:
            for table in _TABLES.split(";"):
                file.execute(table)
            file.execute(statement, row)
            return 0

        def append(ledger_file: LedgerFile) -> None:
            ledger_file.append(write)

        await self._store.ask(append)
