"""Items of RSS and Atom feeds as documents."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
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


#: The end of a time that says its zone.
_ZONED = re.compile(r"([+-]\d\d:?\d\d|[A-Za-z]{1,5})\)?\s*$")


def feed_items(content: bytes, name: str, *, zone: tzinfo | None = None) -> Iterator[dict[str, Any]]:
    """Yield the fields of each item, as far as it has them; `name` is the file's or the address.

    `zone` is that of times without an offset. If given, `guid` and `publisher` (the item's `<source>`) are yielded too.
    """
    import feedparser  # noqa: PLC0415 - only feeds need it

    feed = feedparser.parse(content)
    site = _slug(feed.feed.get("title", "")) or (urlsplit(name).hostname or None)
    for entry in feed.entries:
        body = next((part.value for part in entry.get("content", ())), "") or entry.get("summary", "")
        publisher = _slug(entry.get("source", {}).get("title", ""))
        fields = {
            "title": entry.get("title"),
            "text": _plain(body),
            "lang": feed.feed.get("language"),
            "published_at": _published(entry, zone or UTC),
            "outlet": publisher or site,
            "url": entry.get("link"),
        }
        if zone is not None:
            fields |= {"guid": entry.get("id"), "publisher": publisher}
        yield {field: value for field, value in fields.items() if value}


def _plain(body: str) -> str:
    if "<" not in body:
        return body
    wrapped = f"<html><body><article>{body}</article></body></html>"
    found = page_fields(wrapped.encode(), None).get("text", "")
    return str(found) or re.sub(r"<[^>]{0,1000}>", " ", body)


def _published(entry: Any, zone: tzinfo) -> str | None:
    name = "published" if entry.get("published_parsed") else "updated"
    parsed = entry.get(f"{name}_parsed")
    if parsed is None:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        # feedparser turns a time with an offset into UTC, and takes one without for UTC.
        said = UTC if _ZONED.search(entry.get(name, "")) else zone
        return datetime(year, month, day, hour, minute, second, tzinfo=said).isoformat()
    except ValueError:
        return None


def _slug(name: str) -> str | None:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or None
