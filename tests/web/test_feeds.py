"""Feeds over HTTP, over a real embedded store (contract section 12)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import icalendar
import pytest
from starlette.testclient import TestClient

from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from tests.support.build import REGISTRY, act, at, killed, report

REPORTS = [
    report("a", killed(50), act("took_effect"), url="https://a.example/1"),
    report("b", {**killed(71), "party": "south"}, source="mod.south", published_at=at(16)),
    report("a", killed(48), act("took_effect"), revision=2, published_at=at(17)),
    report("x", killed(1), episode="war-2", published_at=at(18)),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    with TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1") as client:
        assert client.post("/reports", json=REPORTS).status_code == 202
        yield client
    store.close()


def entries(client: TestClient, path: str) -> list[Any]:
    answer = client.get(path)
    assert answer.headers["content-type"].startswith("application/atom+xml"), answer.text
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    return list(feed.entries)


def test_all_episodes_are_in_one_feed(client: TestClient) -> None:
    found = entries(client, "/feed.atom")
    assert found[0].id == "urn:truceline:change:war-2/mod/north/killed/military@1"
    assert [entry.updated for entry in found] == sorted((entry.updated for entry in found), reverse=True)
    assert {entry.link.split("?")[0] for entry in found} == {"http://127.0.0.1/#/war", "http://127.0.0.1/#/war-2"}


def test_an_episode_has_a_feed_of_its_own(client: TestClient) -> None:
    found = entries(client, "/episodes/war-2/feed.atom")
    assert [entry.title for entry in found] == ["north killed, military: 1, says Ministry of the north"]
    assert len(json.loads(client.get("/episodes/war-2/feed.json").content)["items"]) == 1


def test_a_feed_is_filtered(client: TestClient) -> None:
    corrections = entries(client, "/episodes/war/feed.atom?corrections")
    assert [entry.title for entry in corrections if "killed" in entry.title] == [
        "north killed, military: 50 → 48, says Ministry of the north"
    ]
    assert {entry.author for entry in entries(client, "/feed.atom?source=mod.south")} == {"Ministry of the south"}


def test_an_unchanged_feed_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/feed.atom")
    assert client.get("/feed.atom", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_ceasefires_are_a_calendar(client: TestClient) -> None:
    answer = client.get("/episodes/war/ceasefires.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    events: list[Any] = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == ["Ceasefire, war: in effect"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/feed.rss", "unknown_format"),
        ("/episodes/peace/feed.atom", "unknown_episode"),
        ("/episodes/peace/ceasefires.ics", "unknown_episode"),
    ],
)
def test_a_feed_that_is_not_there_has_a_code(client: TestClient, path: str, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
