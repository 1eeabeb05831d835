"""The folder of a collection: documents.jsonl, only ever appended to, and feeds.json, the state of each feed.

The documents collected are known from documents.jsonl itself: a process that is killed before it writes the state asks
the feed again, and appends nothing twice.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Self

import orjson

from streams.files.atomic_output import output
from streams.files.jsonl import InputUnreadable
from streams.reading.document import Document

__all__ = ["FeedState", "Journal", "read_state"]

DOCUMENTS = "documents.jsonl"
STATE = "feeds.json"


@dataclass(slots=True)
class FeedState:
    """State of a feed between requests; times are RFC 3339 in UTC."""

    place: str = ""
    etag: str = ""
    modified: str = ""
    answered_at: str = ""
    new_at: str = ""
    failures: int = 0
    failing_since: str = ""
    fault: str = ""
    not_before: str = ""
    gone: bool = False


class Journal:
    """The documents that were collected, and the states of the feeds."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made if it is missing. Raises InputUnreadable for a damaged file, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / DOCUMENTS
        self._state_path = folder / STATE
        self._texts: dict[str, list[bytes]] = {}
        self._file = self.path.open("a+b")
        self._drop_half_line()
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            try:
                document = orjson.loads(line)
                self._texts.setdefault(document["id"], []).append(_digest(document["title"], document["text"]))
            except (orjson.JSONDecodeError, KeyError, TypeError):
                raise InputUnreadable(f"{self.path} line {number} is not a collected document") from None
        self._feeds, self.sent = read_state(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def state(self, name: str, place: str) -> FeedState:
        """Return the state of a feed, a new one if its place is another than before."""
        known = self._feeds.get(name)
        if known is None or known.place != place:
            known = self._feeds[name] = FeedState(place)
        return known

    def add(self, documents: Iterable[Document]) -> int:
        """Append the documents whose text is new under their id, with the next version, and return how many."""
        lines = []
        for document in documents:
            known = self._texts.setdefault(document.id, [])
            digest = _digest(document.title, document.text)
            if digest not in known:
                known.append(digest)
                lines.append(orjson.dumps(_line(document, len(known))) + b"\n")
        if lines:
            self._file.write(b"".join(lines))
            self._file.flush()
            os.fsync(self._file.fileno())
        return len(lines)

    def save(self) -> None:
        """Write the states of the feeds. Raises OSError."""
        feeds = {name: asdict(state) for name, state in sorted(self._feeds.items())}
        with output(str(self._state_path)) as file:
            file.write(orjson.dumps({"feeds": feeds, "sent": self.sent}, option=orjson.OPT_INDENT_2) + b"\n")

    def after(self, offset: int, limit: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield up to `limit` documents from an offset in bytes, each with the offset after it."""
        with self.path.open("rb") as file:
            file.seek(offset)
            for _ in range(limit):
                line = file.readline()
                if not line:
                    return
                yield file.tell(), orjson.loads(line)

    def _drop_half_line(self) -> None:
        # A process that was killed, or a full disk, leaves half a line at the end.
        end = _end_of_lines(self._file)
        if end < self._file.seek(0, os.SEEK_END):
            self._file.truncate(end)


def read_state(folder: Path) -> tuple[dict[str, FeedState], dict[str, int]]:
    """Return the states of the feeds by name, and the offsets sent by address. Raises InputUnreadable, OSError."""
    path = folder / STATE
    try:
        state = orjson.loads(path.read_bytes())
        return {name: _feed_state(kept) for name, kept in state["feeds"].items()}, dict(state["sent"])
    except FileNotFoundError:
        return {}, {}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise InputUnreadable(
            f"{path} is not the state of a collection; without it every feed is read again from the start"
        ) from None


def _feed_state(kept: dict[str, Any]) -> FeedState:
    names = {field.name for field in fields(FeedState)}
    return FeedState(**{name: value for name, value in kept.items() if name in names})


def _digest(title: str, text: str) -> bytes:
    return hashlib.sha256(f"{title}\n{text}".encode()).digest()


def _line(document: Document, version: int) -> dict[str, Any]:
    line = {**asdict(document), "version": version}
    return {name: value for name, value in line.items() if value is not None}


def _end_of_lines(file: BinaryIO) -> int:
    """Return the offset after the last line feed."""
    position = file.seek(0, os.SEEK_END)
    while position:
        start = max(0, position - 65_536)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0
