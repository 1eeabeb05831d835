"""Items of a feed, a page, a folder or a Telegram export, each as the fields of a document (contract section 9)."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from streams.operations.collect.feeds_file import Feed
from streams.operations.read.documents import Given, NotReadable, documents_of
from streams.operations.read.feed import feed_items
from streams.operations.read.html import page_fields
from streams.reading.document import Document, slug_of

__all__ = ["ItemsRead", "folder_items", "items_of"]

#: An item dated further ahead than this is mistaken (contract rule 2.1 has the same limit).
AHEAD = timedelta(hours=24)
NO_DATE = "without a date: it is the time of retrieval"
FUTURE = "dated in the future: it is the time of retrieval"
CUT_OFF = "the feed breaks off: its last item is left for the next time"
_END = re.compile(rb"</(rss|feed|rdf:RDF)\s*>\s*(<!--.{0,2000}?-->\s*)*$", re.DOTALL | re.IGNORECASE)
_JSON_FEED = "https://jsonfeed.org/version/"


@dataclass(slots=True)
class ItemsRead:
    """Documents read from one content, and notes on changed and left-out items."""

    documents: list[Document] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, feed: Feed, item: Mapping[str, Any], now: datetime) -> None:
        """Add an item as a document, or a note why it is left out."""
        guid, url = item.get("guid"), str(item.get("url") or "")
        named = str(item.get("url") or guid or item.get("title") or "an item")[:100]
        if not str(item.get("text") or item.get("title") or "").strip():
            self.notes.append(f"{named}: neither title nor text")
            return
        fields = {name: value for name, value in item.items() if name != "guid" and value}
        if url and not url.startswith(("http://", "https://")):
            del fields["url"]
        fields = {"outlet": feed.outlet, "lang": feed.lang, "episode": feed.episode, "zone": feed.zone} | fields
        fields["lang"] = feed.lang or str(fields.get("lang") or "en").partition("-")[0].lower()
        if guid and not fields.get("url") and not fields.get("id"):
            fields["id"] = f"{feed.outlet}-{hashlib.sha256(str(guid).encode()).hexdigest()[:8]}"
        fields["published_at"], note = _published(fields.get("published_at"), feed.zone, now)
        if note:
            self.notes.append(f"{named}: {note}")
        try:
            self.documents.append(Document.of(fields))
        except ValueError as error:
            self.notes.append(f"{named}: {error}")


def items_of(feed: Feed, content: bytes, url: str, now: datetime) -> ItemsRead:
    """Return the documents in what a feed's address or file holds. Raises NotReadable for no feed."""
    read = ItemsRead()
    if feed.kind == "page":
        for item in _page_items(content, url):
            read.add(feed, item, now)
        return read
    if feed.kind == "telegram":
        items = _telegram_items(content, feed)
    elif content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        items = _json_feed_items(content, url)
    else:
        items = _xml_items(content, url, feed, read)
    for item in items:
        read.add(feed, item, now)
    return read


def folder_items(feed: Feed, now: datetime) -> ItemsRead:
    """Return the documents in the files of a folder; a text without a time has the file's. Raises OSError."""
    read = ItemsRead()
    for path in sorted(Path(feed.place).iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
        try:
            for item in _file_items(path, feed, changed):
                read.add(feed, item, now)
        except (NotReadable, OSError) as error:
            read.notes.append(str(error))
    return read


def _file_items(path: Path, feed: Feed, changed: str) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    try:
        found = list(documents_of(content, path.name, Given(outlet=feed.outlet)))
    except NotReadable:
        found = list(documents_of(content, path.name, Given(outlet=feed.outlet, published_at=changed)))
    for item in found:
        yield item if item.get("url") else {"guid": path.name, **item}


def _page_items(content: bytes, url: str) -> Iterator[dict[str, Any]]:
    page = page_fields(content, url)
    page.pop("outlet", None)
    yield {**page, "url": url}


def _xml_items(content: bytes, url: str, feed: Feed, read: ItemsRead) -> Iterator[dict[str, Any]]:
    items = list(feed_items(content, url, zone=ZoneInfo(feed.zone)))
    whole = _END.search(content[-4_096:]) is not None
    if not items and not whole:
        raise NotReadable(f"{url} is no feed: RSS, Atom or JSON Feed is wanted; for a page say page: instead of url:")
    if not whole:
        # The text of the last item may be cut in the middle of a figure.
        read.notes.append(CUT_OFF)
        items.pop()
    for item in items:
        publisher = item.pop("publisher", None)
        item.pop("outlet", None)
        yield item | ({"outlet": publisher} if publisher else {})


def _json_feed_items(content: bytes, url: str) -> Iterator[dict[str, Any]]:
    try:
        feed = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise NotReadable(f"{url} is not JSON: {error}") from None
    if not str(feed.get("version", "")).startswith(_JSON_FEED) or not isinstance(feed.get("items"), list):
        raise NotReadable(f"{url} is JSON, but no JSON Feed: version and items are missing")
    for item in feed["items"]:
        if isinstance(item, dict):
            html = item.get("content_html")
            text = item.get("content_text") or (_text_of(html) if isinstance(html, str) else item.get("summary"))
            yield {
                "guid": item.get("id"),
                "url": item.get("url"),
                "title": item.get("title"),
                "text": text,
                "published_at": item.get("date_published") or item.get("date_modified"),
                "lang": item.get("language") or feed.get("language"),
            }


def _text_of(html: str) -> str:
    page = f"<html><body><article>{html}</article></body></html>"
    return str(page_fields(page.encode(errors="replace"), None).get("text") or re.sub(r"<[^>]{0,1000}>", " ", html))


def _telegram_items(content: bytes, feed: Feed) -> Iterator[dict[str, Any]]:
    try:
        export = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise NotReadable(f"{feed.place} is not JSON: {error}") from None
    messages = export.get("messages") if isinstance(export, dict) else None
    if not isinstance(messages, list):
        raise NotReadable(f"{feed.place} is no export of one chat of Telegram Desktop: messages are missing")
    for message in messages:
        if not isinstance(message, dict) or message.get("type") != "message":
            continue
        text = _telegram_text(message.get("text"))
        if text.strip():
            yield _telegram_item(message, text, feed)


def _telegram_item(message: Mapping[str, Any], text: str, feed: Feed) -> dict[str, Any]:
    moment: Any = message.get("date")
    if str(message.get("date_unixtime", "")).isdigit():
        moment = datetime.fromtimestamp(int(message["date_unixtime"]), UTC).isoformat()
    item = {"id": f"{feed.outlet}-{message.get('id')}", "text": text, "published_at": moment}
    forwarded = slug_of(str(message.get("forwarded_from") or ""))
    return item | ({"outlet": forwarded} if forwarded else {})


def _telegram_text(text: Any) -> str:
    parts = text if isinstance(text, list) else [text]
    return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts if part)


def _published(value: Any, zone: str, now: datetime) -> tuple[str, str | None]:
    """Return when an item was published, and a note where that is the time of retrieval."""
    retrieved = now.isoformat(timespec="seconds")
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return retrieved, NO_DATE
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return (retrieved, FUTURE) if moment > now + AHEAD else (moment.isoformat(), None)
