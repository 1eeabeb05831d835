"""Feeds that are followed, from a server of the tests' own: gone, moved, slow, too large, edited, damaged."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from streams.operations.collect import Collector, Feed, Journal
from streams.operations.collect.collector import Visit
from streams.operations.collect.journal import read_state
from streams.operations.collect.outbox import Outbox
from tests.operations.collect.feed_server import FeedServer, Reply, feed_server, item, rss

NOW = datetime(2022, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as serving:
        yield serving


@dataclass
class Collection:
    """A folder of collected documents, looked at again and again, each time by a new process."""

    folder: Path
    server: FeedServer
    now: datetime = NOW
    visits: list[Visit] = field(default_factory=list)

    def look(self, *feeds: Feed, to: str | None = None) -> list[Visit]:
        """Look at each feed one time."""
        self.visits.clear()
        with Journal(self.folder) as journal:
            outbox = Outbox(journal, to, None) if to else None
            collector = Collector(
                feeds,
                journal,
                self.visits.append,
                outbox=outbox,
                allow_private=True,
                clock=lambda: self.now,
            )
            anyio.run(collector.once)
        return list(self.visits)

    def feed(self, path: str = "rss", **fields: Any) -> Feed:
        return Feed(path, fields.pop("kind", "url"), f"{self.server.url}/{path}", "wire", **fields)

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "documents.jsonl").read_bytes().splitlines()]

    @property
    def texts(self) -> list[tuple[str, int]]:
        return [(each["text"], each["version"]) for each in self.documents]


@pytest.fixture
def collection(tmp_path: Path, server: FeedServer) -> Collection:
    return Collection(tmp_path / "collected", server)


def test_an_item_becomes_a_document_of_the_feeds_outlet(collection: Collection, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(rss(item(1, "Nine soldiers were killed.")))
    feed = collection.feed(zone="Asia/Baku", episode="north-south")
    assert collection.look(feed) == [Visit("rss", 1)]
    document = collection.documents[0]
    assert document.pop("id").startswith("example.org-")
    assert document == {
        "version": 1,
        "title": "Item 1",
        "text": "Nine soldiers were killed.",
        "lang": "en",
        "published_at": "2022-09-13T05:00:00+00:00",
        "outlet": "wire",
        "url": "https://example.org/1",
        "zone": "Asia/Baku",
        "episode": "north-south",
    }


def test_nothing_is_collected_twice_and_an_edit_is_a_version(collection: Collection, server: FeedServer) -> None:
    """Also after a kill between the documents and the state, and when a feed has a guid twice with two texts."""
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead."), item(1, "Ten dead.")))
    assert collection.look(collection.feed()) == [Visit("rss", 2)]
    (collection.folder / "feeds.json").unlink()
    with (collection.folder / "documents.jsonl").open("ab") as file:
        file.write(b'{"id": "half a line of a process that was ki')
    assert collection.look(collection.feed()) == [Visit("rss", 0)]
    server.replies["/rss"] = Reply(rss(item(1, "Eleven dead.")))
    collection.look(collection.feed())
    assert collection.texts == [("Nine dead.", 1), ("Ten dead.", 2), ("Eleven dead.", 3)]


def test_an_unchanged_feed_is_asked_with_its_etag(collection: Collection, server: FeedServer) -> None:
    stamp = "Tue, 13 Sep 2022 06:00:00 GMT"
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead.")), headers={"ETag": '"a"', "Last-Modified": stamp})
    collection.look(collection.feed())
    assert collection.look(collection.feed()) == [Visit("rss", 0)]
    second = server.asked[1][1]
    assert (second["if-none-match"], second["if-modified-since"]) == ('"a"', stamp)


def test_a_feed_that_is_gone_is_not_asked_again(collection: Collection, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(status=410)
    assert collection.look(collection.feed())[0].fault == "the server answered 410 Gone"
    assert collection.look(collection.feed())[0].fault == "the server answered 410 Gone; it is not asked again"
    assert len(server.asked) == 1


@pytest.mark.parametrize("after", ["3600", "Wed, 14 Sep 2022 13:00:00 GMT"])
def test_retry_after_is_obeyed(collection: Collection, server: FeedServer, after: str) -> None:
    server.replies["/rss"] = Reply(status=429, headers={"Retry-After": after})
    collection.look(collection.feed())
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead.")))
    collection.now = NOW + timedelta(minutes=59)
    fault = "the server answered 429 Too Many Requests; not asked before 2022-09-14T13:00:00+00:00"
    assert collection.look(collection.feed()) == [Visit("rss", fault=fault)]
    collection.now = NOW + timedelta(minutes=60)
    assert collection.look(collection.feed()) == [Visit("rss", 1)]


def test_the_state_says_since_when_a_feed_is_dead(collection: Collection, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(status=500)
    collection.look(collection.feed())
    collection.now = NOW + timedelta(hours=5)
    collection.look(collection.feed())
    state = read_state(collection.folder)[0]["rss"]
    assert (state.failures, state.failing_since) == (2, "2022-09-14T12:00:00+00:00")
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead.")))
    collection.look(collection.feed())
    state = read_state(collection.folder)[0]["rss"]
    assert (state.failures, state.failing_since, state.new_at) == (0, "", "2022-09-14T17:00:00+00:00")


def test_a_feed_that_moved_is_followed_and_named(collection: Collection, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(status=301, headers={"Location": "/new"})
    server.replies["/new"] = Reply(rss(item(1, "Nine dead.")))
    note = f"moved for good to {server.url}/new: change its url in the file"
    assert collection.look(collection.feed()) == [Visit("rss", 1, (note,))]


def test_a_slow_feed_does_not_hold_up_another(collection: Collection, server: FeedServer) -> None:
    """The slow one answers only when the documents of the other are there."""
    answered = threading.Event()
    server.replies["/slow"] = Reply(rss(item(1, "Late.")), wait=answered)
    server.replies["/rss"] = Reply(rss(item(2, "Early.")))

    class Seen(list[Visit]):
        def append(self, visit: Visit) -> None:
            super().append(visit)
            answered.set()

    collection.visits = Seen()
    assert [visit.feed for visit in collection.look(collection.feed("slow"), collection.feed())] == ["rss", "slow"]
    assert collection.texts == [("Early.", 1), ("Late.", 1)]


def test_a_gzip_bomb_and_a_long_item_are_refused(collection: Collection, server: FeedServer) -> None:
    bomb = gzip.compress(rss(item(1, " " * (12 << 20))))
    server.replies["/bomb"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    server.replies["/long"] = Reply(rss(item(1, "word " * 60_000), item(2, "Nine dead.")))
    visits = {visit.feed: visit for visit in collection.look(collection.feed("bomb"), collection.feed("long"))}
    assert visits["bomb"].fault == f"{server.url}/bomb: longer than 10 MiB"
    assert visits["long"].new == 1
    assert visits["long"].notes[0].startswith("https://example.org/1: the text is over 262144 bytes")


def test_wrong_dates_are_the_time_of_retrieval(collection: Collection, server: FeedServer) -> None:
    items = [
        item(1, "One.", date=""),
        item(2, "Two.", date="Fri, 13 Sep 2919 09:00:00 GMT"),
        item(3, "Three.", date="2022-09-13 09:00:00"),
    ]
    server.replies["/rss"] = Reply(rss(*items))
    notes = collection.look(collection.feed(zone="Asia/Baku"))[0].notes
    assert [note.partition(": ")[2] for note in notes] == [
        "without a date: it is the time of retrieval",
        "dated in the future: it is the time of retrieval",
    ]
    assert [each["published_at"] for each in collection.documents] == [
        "2022-09-14T12:00:00+00:00",
        "2022-09-14T12:00:00+00:00",
        "2022-09-13T09:00:00+04:00",
    ]


def test_the_last_item_of_half_a_feed_waits(collection: Collection, server: FeedServer) -> None:
    """The count in it may be cut: `1,2` of 1,204."""
    whole = rss(item(1, "Nine dead."), item(2, "1,204 dead."))
    server.replies["/rss"] = Reply(whole[: whole.index(b"204 dead")])
    note = "the feed breaks off: its last item is left for the next time"
    assert collection.look(collection.feed()) == [Visit("rss", 1, (note,))]
    server.replies["/rss"] = Reply(whole)
    collection.look(collection.feed())
    assert collection.texts == [("Nine dead.", 1), ("1,204 dead.", 1)]


def test_the_charset_of_the_feed_is_read(collection: Collection, server: FeedServer) -> None:
    content = rss(item(1, "Погибли девять."), encoding="windows-1251")
    server.replies["/rss"] = Reply(content, headers={"Content-Type": "text/xml"})
    collection.look(collection.feed())
    assert collection.texts == [("Погибли девять.", 1)]


def test_an_items_source_is_its_outlet(collection: Collection, server: FeedServer) -> None:
    more = '<source url="https://example.com/rss">Coast Wire</source>'
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead.", more=more)))
    collection.look(collection.feed())
    assert collection.documents[0]["outlet"] == "coast-wire"


def test_what_is_no_feed_is_said(collection: Collection, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(b"<!doctype html><html><body>Please log in</body></html>")
    fault = collection.look(collection.feed())[0].fault
    assert fault.startswith(f"{server.url}/rss is no feed: RSS, Atom or JSON Feed is wanted")


def test_a_json_feed_is_read(collection: Collection, server: FeedServer) -> None:
    one = {
        "id": "1",
        "title": "T",
        "content_html": "<p>Nine dead.</p>",
        "date_published": "2022-09-13T09:00:00Z",
    }
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": [one]}
    server.replies["/rss"] = Reply(json.dumps(feed).encode())
    assert collection.look(collection.feed()) == [Visit("rss", 1)]
    document = collection.documents[0]
    assert (" ".join(document["text"].split()), document["outlet"]) == ("Nine dead.", "wire")
    assert document["id"].startswith("wire-")


def test_a_page_is_watched(collection: Collection, server: FeedServer) -> None:
    page = "<!doctype html><html><body><article><h1>Losses</h1><p>{} soldiers were killed.</p></article></body></html>"
    for count in (9, 9, 10):
        server.replies["/page"] = Reply(page.format(count).encode(), headers={"Content-Type": "text/html"})
        collection.look(collection.feed("page", kind="page"))
    assert [(each["version"], each["url"]) for each in collection.documents] == [
        (1, f"{server.url}/page"),
        (2, f"{server.url}/page"),
    ]


def test_a_telegram_export_is_read(collection: Collection, tmp_path: Path) -> None:
    bold = {"type": "bold", "text": "dead"}
    messages = [
        {"id": 1, "type": "service", "date": "2022-09-13T09:00:00", "text": ""},
        {"id": 2, "type": "message", "date": "2022-09-13T09:00:00", "text": ["Nine ", bold, "."]},
        {"id": 3, "type": "message", "date_unixtime": "1663059600", "text": "Ten.", "forwarded_from": "Coast Wire"},
    ]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"name": "Channel", "messages": messages}))
    collection.look(Feed("posts", "telegram", str(path), "channel", zone="Asia/Baku"))
    assert [(each["id"], each["text"], each["outlet"], each["published_at"]) for each in collection.documents] == [
        ("channel-2", "Nine dead.", "channel", "2022-09-13T09:00:00+04:00"),
        ("channel-3", "Ten.", "coast-wire", "2022-09-13T09:00:00+00:00"),
    ]


def test_a_folder_is_read(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text("Losses\n\nNine dead.")
    os.utime(folder / "a.txt", (1_663_059_600, 1_663_059_600))
    (folder / "b.bin").write_bytes(b"\x00\x01\x02\xff" * 10)
    feed = Feed("articles", "folder", str(folder), "wire")
    first = collection.look(feed)[0]
    assert (first.new, len(first.notes)) == (1, 1)
    (folder / "a.txt").write_text("Losses\n\nTen dead.")
    collection.look(feed)
    assert collection.texts == [("Nine dead.", 1), ("Ten dead.", 2)]
    assert collection.documents[0]["published_at"] == "2022-09-13T09:00:00+00:00"


def test_documents_are_sent_on_once(collection: Collection, server: FeedServer) -> None:
    """A server that is away gets them the next time."""
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead.")))
    server.replies["/documents"] = Reply(status=503)
    visits = collection.look(collection.feed(), to=server.url)
    assert visits[1].fault.startswith(f"{server.url}/documents answered 503")
    server.replies["/documents"] = Reply(status=202)
    server.posted.clear()
    collection.look(collection.feed(), to=server.url)
    collection.look(collection.feed(), to=server.url)
    assert [[each["text"] for each in json.loads(body)] for body in server.posted] == [["Nine dead."]]


def test_a_refused_document_does_not_block_the_others(collection: Collection, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead."), item(2, "Ten dead.")))
    server.replies["/documents"] = Reply(status=400)
    fault = collection.look(collection.feed(), to=server.url)[1].fault
    assert fault.startswith(f"{server.url}/documents refused 2 documents, left out: example.org-")
    server.posted.clear()
    assert collection.look(collection.feed(), to=server.url) == [Visit("rss", 0)]
    assert server.posted == []


async def test_feeds_are_followed_until_they_are_gone(tmp_path: Path, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(rss(item(1, "Nine dead.")))
    visits: list[Visit] = []

    def on_visit(visit: Visit) -> None:
        visits.append(visit)
        server.replies["/rss"] = Reply(rss(item(2, "Ten dead."))) if len(visits) == 1 else Reply(status=410)

    with Journal(tmp_path) as journal, anyio.fail_after(20):
        feed = Feed("rss", "url", f"{server.url}/rss", "wire", every_s=0.01)
        await Collector([feed], journal, on_visit, allow_private=True).follow()
    assert [(visit.new, bool(visit.fault)) for visit in visits] == [(1, False), (1, False), (0, True)]
