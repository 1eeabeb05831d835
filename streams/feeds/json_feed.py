"""JSON Feed 1.1."""

from collections.abc import Sequence

import orjson

from streams.feeds.entries import Entry, FeedInfo

__all__ = ["json_feed"]


def json_feed(info: FeedInfo, entries: Sequence[Entry]) -> bytes:
    """Return a JSON Feed of entries, newest first."""
    items = [
        {
            "id": entry.id,
            "url": entry.url,
            **({"external_url": entry.source_url} if entry.source_url else {}),
            "title": entry.title,
            "content_text": entry.text,
            "date_published": entry.time,
            "authors": [{"name": entry.author}],
            "tags": entry.tags,
        }
        for entry in entries
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": info.title,
        "home_page_url": info.page_url,
        "feed_url": info.url,
        "items": items,
    }
    return orjson.dumps(feed, option=orjson.OPT_APPEND_NEWLINE)
