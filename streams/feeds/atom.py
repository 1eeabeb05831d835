"""Atom 1.0 (RFC 4287)."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from streams.feeds.entries import EPOCH, Entry, FeedInfo
from streams.feeds.xml import add, document

__all__ = ["atom"]

_NAMESPACE = "http://www.w3.org/2005/Atom"


def atom(info: FeedInfo, entries: Sequence[Entry]) -> bytes:
    """Return an Atom feed of entries, newest first; its time is that of the newest."""
    feed = ET.Element("feed", xmlns=_NAMESPACE)
    add(feed, "id", info.url)
    add(feed, "title", info.title)
    add(feed, "updated", max((entry.time for entry in entries), default=EPOCH))
    add(feed, "link", rel="self", href=info.url, type="application/atom+xml")
    add(feed, "link", rel="alternate", href=info.page_url, type="text/html")
    for entry in entries:
        node = add(feed, "entry")
        add(node, "id", entry.id)
        add(node, "title", entry.title)
        add(node, "updated", entry.time)
        add(add(node, "author"), "name", entry.author)
        add(node, "link", rel="alternate", href=entry.url, type="text/html")
        if entry.source_url:
            add(node, "link", rel="via", href=entry.source_url)
        for tag in entry.tags:
            add(node, "category", term=tag)
        add(node, "content", entry.text, type="text")
    return document(feed)
