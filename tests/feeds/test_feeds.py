"""Feeds read back by the parsers that their readers use."""

import json
from pathlib import Path
from typing import Any

import feedparser
import icalendar
import lxml.etree
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.atlas import Atlas, AtlasEpisode, AtlasParty
from streams.core.ledger import Ledger
from streams.core.phrases import Names
from streams.core.source_registry import Registry, Source
from streams.core.times import DEFAULT_HORIZON_US
from streams.feeds import Entry, FeedInfo, alert_entry, atom, calendar, cap, change_entry, json_feed
from tests.support.build import act, at, killed, read, report, says, withdrawal

SCHEMA = Path(__file__).parent / "cap-1.2.xsd"
REPORTS = [
    report("a", killed(50, qualifier="at_least"), act("announced", by="north", effective_at=at(15), expires_at=at(20)),
           url="https://a.example/1", headline="Fifty <dead> & more"),
    report("b", says(text="They lied\u202e\x00"), source="watch", published_at=at(16)),
    report("a", killed(48), act("announced", by="north", effective_at=at(15), expires_at=at(20)),
           revision=2, published_at=at(17)),
    withdrawal("b", published_at=at(18), source="watch"),
]  # fmt: skip
NAMES = Names(
    Atlas({"north": AtlasParty("The North")}, {"war": AtlasEpisode("The war, 2022")}),
    Registry({"mod": Source("Ministry of Defence", "official", "north")}),
)
INFO = FeedInfo("The war, 2022", "https://t.example/episodes/war/feed.atom", "https://t.example/#/war")


def fold() -> tuple[list[Entry], dict[str, Any]]:
    ledger = Ledger(NAMES.registry, horizon_us=DEFAULT_HORIZON_US)
    changes = [change for each in REPORTS for change in ledger.take(read(each)).changes()]
    entries = [change_entry(topic, record, NAMES, INFO.page_url) for topic, record in changes]
    return entries[::-1], {"episode": "war", **ledger.picture("war")}


def test_atom_is_read_by_feedparser() -> None:
    entries, _ = fold()
    feed = feedparser.parse(atom(INFO, entries))
    assert not feed.bozo
    assert (feed.feed.title, feed.feed.updated, len(feed.entries)) == ("The war, 2022", at(18), len(entries))
    first = feed.entries[-1]
    assert first.id == "urn:truceline:change:war/mod/north/killed/military@1"
    assert first.title == "The North killed, military: at least 50, says Ministry of Defence"
    assert "“Fifty <dead> & more”" in first.content[0].value
    assert [link.href for link in first.links if link.rel == "via"] == ["https://a.example/1"]
    assert first.link == f"https://t.example/#/war?at={at(14, 12).replace(':', '%3A')}"


def test_ids_are_stable_and_come_once() -> None:
    """A rerun of the same log gives the same bytes; an id never comes twice."""
    entries, _ = fold()
    assert len({entry.id for entry in entries}) == len(entries)
    assert atom(INFO, entries) == atom(INFO, fold()[0])
    assert json_feed(INFO, entries) == json_feed(INFO, fold()[0])


def test_corrections_are_marked() -> None:
    entries, _ = fold()
    corrected = [entry for entry in entries if entry.is_correction]
    assert [entry.title for entry in corrected] == [
        "Withdrawn: watch asserted (territory)",
        "The North killed, military: at least 50 → 48, says Ministry of Defence",
    ]
    assert corrected[1].text.startswith("A correction: the report was revised.")


def test_json_feed_has_what_atom_has() -> None:
    entries, _ = fold()
    feed = json.loads(json_feed(INFO, entries))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in feed["items"]] == [entry.id for entry in entries]
    assert feed["items"][-1]["external_url"] == "https://a.example/1"


def test_an_empty_feed_is_a_feed() -> None:
    feed = feedparser.parse(atom(INFO, []))
    assert (feed.bozo, feed.entries, feed.feed.updated) == (False, [], "1970-01-01T00:00:00Z")
    assert json.loads(json_feed(INFO, []))["items"] == []


@given(st.text())
def test_any_text_makes_well_formed_xml(text: str) -> None:
    entry = Entry("urn:x", text, text, at(15), "https://t.example/", text, None, (text,))
    lxml.etree.fromstring(atom(INFO, [entry]))
    assert icalendar.Calendar.from_ical(calendar(FeedInfo(text, "", ""), {"episode": "war", "ceasefires": []}, NAMES))


def test_a_ceasefire_is_an_event() -> None:
    _, picture = fold()
    events: list[Any] = icalendar.Calendar.from_ical(calendar(INFO, picture, NAMES)).walk("VEVENT")
    assert len(events) == 1
    assert str(events[0]["SUMMARY"]) == "Ceasefire, The war, 2022: in effect"
    assert (events[0]["DTSTART"].dt.isoformat(), events[0]["DTEND"].dt.isoformat()) == (
        "2022-09-15T00:00:00+00:00", "2022-09-20T00:00:00+00:00",
    )  # fmt: skip
    assert str(events[0]["UID"]) == "war/main@truceline"


ALERT = {
    "alert_id": "rule:war/mod/north, x@1", "rule": "own-dead", "state": "raised", "resolves": [], "severity": "severe",
    "episode": "war", "at": "2022-09-15T00:00:00.5Z", "condition": "crosses", "subject": {"party": "north"},
    "message": "north counts 100 dead", "facts": {}, "suppressed": 0, "topic": "casualties", "change_id": "war/…@1",
    "cause": {"url": "https://a.example/1"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "resolves", "kind", "references"),
    [
        ("raised", [], "Alert", None),
        ("raised", ["rule:old"], "Update", "truceline,rule:old,2022-09-14T00:00:00-00:00"),
        ("resolved", ["rule:old", "rule:unknown"], "Cancel", "truceline,rule:old,2022-09-14T00:00:00-00:00"),
    ],
)
def test_cap_messages_are_valid(state: str, resolves: list[str], kind: str, references: str | None) -> None:
    """They are valid by the schema of CAP 1.2; what is resolved is referred to."""
    alert = {**ALERT, "state": state, "resolves": resolves}
    message = lxml.etree.fromstring(cap(alert, NAMES, INFO.page_url, sent_at={"rule:old": at(14)}))
    lxml.etree.XMLSchema(lxml.etree.parse(SCHEMA)).assertValid(message)
    assert message.findtext("{*}msgType") == kind
    assert message.findtext("{*}references") == references
    assert message.findtext("{*}identifier") == "rule:war/mod/north%2C%20x@1"


def test_an_alert_is_an_entry() -> None:
    entry = alert_entry(ALERT, INFO.page_url)
    assert (entry.title, entry.time, entry.source_url) == ("north counts 100 dead", ALERT["at"], "https://a.example/1")
    assert alert_entry({**ALERT, "state": "resolved"}, INFO.page_url).title == "Resolved: north counts 100 dead"
