"""The headers that the desk writes, read by the CloudEvents SDK: Kafka protocol binding, binary mode."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from schemas.topics import CHANGE_TOPICS
from streams.core.cloudevents import Headers
from streams.core.model import Registration
from streams.core.state.step import Outcome, Step
from tests.schemas.recording import recorded, versions

CHANGES = recorded(versions()[-1], "changes.jsonl")


def read(headers: list[tuple[str, bytes | None]], key: bytes, value: bytes) -> Any:
    message = KafkaMessage({name: head or b"" for name, head in headers}, key, value)
    return from_binary(message, JSONFormat(), CloudEvent)


@pytest.mark.parametrize("topic", CHANGE_TOPICS)
def test_a_change_is_a_cloud_event(topic: str) -> None:
    changes = [each["data"] for each in CHANGES if each["topic"] == topic]
    assert changes
    for change in changes:
        key = change["episode"].encode()
        moment = change["cause"].get("published_at") or change["cause"]["tick"]
        event = read(Headers("p", topic).event(change["change_id"], key, moment), key, _dumps(change))
        assert event.get_specversion() == "1.0"
        assert event.get_id() == change["change_id"]
        assert event.get_type() == f"p.{topic}"
        assert event.get_source() == "p.reports"
        assert event.get_subject() == change["episode"]
        assert event.get_datacontenttype() == "application/json"
        assert event.get_time() == datetime.fromisoformat(moment)
        assert event.get_data() == change


def test_a_change_of_the_registry_has_no_time() -> None:
    """The header is left out; the SDK puts the time of reading in its place."""
    step = Step(Registration("war", "0123456789ab"), Outcome.REGISTERED)
    assert step.cause() == '{"registry":"0123456789ab"}'
    head = Headers("p", "ceasefires").event("war/main/joint@2", b"war", step.time)
    assert "ce_time" not in dict(head)
    assert read(head, b"war", b"{}").get_id() == "war/main/joint@2"


def test_an_id_may_hold_any_character_of_a_report_id() -> None:
    event = read(Headers("p", "statements").event("war/statement/\xe4 \U0001f54a/0@1", b"war", None), b"war", b"{}")
    assert event.get_id() == "war/statement/\xe4 \U0001f54a/0@1"


def test_a_refused_record_is_a_cloud_event_around_its_own_bytes() -> None:
    head = Headers("p", "rejected").rejected("not_json", "nothing in it", ("p.reports", 3, 17), 1_663_156_800_000)
    event = read(head, b"any", b"\xff\x00")
    assert (event.get_id(), event.get_type(), event.get_subject()) == ("p.reports/3/17", "p.rejected", "not_json")
    assert event.get_time() == datetime(2022, 9, 14, 12, tzinfo=UTC)
    assert event.get_datacontenttype() == "application/octet-stream"
    assert event.get_data() == b"\xff\x00"


def _dumps(record: Any) -> bytes:
    return json.dumps(record).encode()
