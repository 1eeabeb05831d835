"""Feeds over HTTP, over a real embedded store (contract section 12)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import icalendar
import pytest
from lxml import etree
from starlette.testclient import TestClient

from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from tests.support.alerts import rules
from tests.support.build import REGISTRY, act, at, killed, report
from tests.support.paths import ROOT
from tests.support.waiting import eventually_sync

CAP_SCHEMA = ROOT / "tests" / "feeds" / "cap-1.2.xsd"

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


@pytest.fixture
def alerting(tmp_path: Path) -> Iterator[TestClient]:
    """A server with a rule on a thousand killed, and three revisions: below, above, below."""
    store = EmbeddedStore(tmp_path, REGISTRY, rules=rules("crosses: 1000, resolved: true"))
    with TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1") as client:
        for revision, best in enumerate((900, 1_200, 800), start=1):
            made = report("a", killed(best), revision=revision, published_at=at(revision))
            assert client.post("/reports", json=made).status_code == 202
        yield client
    store.close()


def test_alerts_are_a_feed_of_their_own(alerting: TestClient) -> None:
    eventually_sync(lambda: len(entries(alerting, "/alerts.atom")) == 2, "both alerts are stored")
    found = entries(alerting, "/alerts.atom?episode=war")
    assert [entry.title.startswith("Resolved: ") for entry in found] == [True, False]
    assert entries(alerting, "/alerts.atom?episode=other") == []
    assert len(alerting.get("/alerts.json").json()["items"]) == 2


def test_an_alert_is_a_cap_message(alerting: TestClient) -> None:
    """One that resolves another cancels it, by its identifier and time."""
    eventually_sync(lambda: len(alerting.get("/alerts.json").json()["items"]) == 2, "both alerts are stored")
    ids = [item["id"].removeprefix("urn:truceline:alert:") for item in alerting.get("/alerts.json").json()["items"]]
    schema = etree.XMLSchema(etree.parse(CAP_SCHEMA))
    kinds = []
    for name in ids:
        answer = alerting.get(f"/alerts/{name}.cap")
        assert answer.headers["content-type"] == "application/cap+xml"
        schema.assertValid(message := etree.fromstring(answer.content))
        kinds.append(message.findtext("{*}msgType"))
    assert kinds == ["Cancel", "Alert"]
    assert alerting.get("/alerts/none.cap").json()["code"] == "unknown_alert"
