"""Items of RSS and Atom feeds as documents."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from streams.operations.read.html import page_fields

__all__ = ["feed_items", "is_feed"]

_START = re.compile(
    rb"^(\xef\xbb\xbf)?\s*(<\?xml[^>]{0,200}\?>)?\s*(<!--.{0,2000}?-->\s*|<\?[^>]{0,500}\?>\s*)*<(rss|feed|rdf:RDF)\b",
    re.DOTALL,
)


def is_feed(content: bytes) -> bool:
    """Return True if some bytes begin like an RSS or Atom feed."""
    return _START.match(content[:8_192]) is not None


def feed_items(content: bytes, name: str) -> Iterator[dict[str, Any]]:
    """Yield the fields of each item, as far as it has them; `name` is the file's or the address."""
    import feedparser  # noqa: PLC0415 - only feeds need it

    feed = feedparser.parse(content)
    site = _slug(feed.feed.get("title", "")) or (urlsplit(name).hostname or None)
    for entry in feed.entries:
        body = next((part.value for part in entry.get("content", ())), "") or entry.get("summary", "")
        fields = {
            "title": entry.get("title"),
            "text": _plain(body),
            "lang": feed.feed.get("language"),
            "published_at": _time(entry.get("published_parsed") or entry.get("updated_parsed")),
            "outlet": _slug(entry.get("source", {}).get("title", "")) or site,
            "url": entry.get("link"),
        }
        yield {field: value for field, value in fields.items() if value}


def _plain(body: str) -> str:
    if "<" not in body:
        return body
    wrapped = f"<html><body><article>{body}</article></body></html>"
    found = page_fields(wrapped.encode(), None).get("text", "")
    return str(found) or re.sub(r"<[^>]{0,1000}>", " ", body)


def _time(parsed: Any) -> str | None:
    if parsed is None:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat()
    except ValueError:
        return None


def _slug(name: str) -> str | None:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or None
