"""The AsyncAPI document against the standard's own JSON Schema, and against the table of topics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from schemas.generate import HERE
from schemas.json_schema import VERSION
from schemas.topics import TOPICS

OFFICIAL = Path(__file__).parent / "official" / "asyncapi-3.0.0.json"


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load((HERE / "asyncapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def resolved(document: Any, reference: str) -> Any:
    """Return the target of a reference within the document. Raises KeyError without one."""
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for inner in part.values() for each in references(inner)]
    return [each for inner in part for each in references(inner)] if isinstance(part, list) else []


def test_it_is_asyncapi_3(document: Any, official: Draft7Validator) -> None:
    assert [f"{[*error.path]}: {error.message}" for error in official.iter_errors(document)] == []
    assert (document["asyncapi"], document["info"]["version"]) == ("3.0.0", VERSION)


@pytest.mark.parametrize("broken", [{"channels": []}, {"info": {}}, {"operations": {"x": {"action": "shout"}}}])
def test_the_standards_schema_refuses_what_is_none(document: Any, official: Draft7Validator, broken: Any) -> None:
    assert [*official.iter_errors(document | broken)]


def test_every_reference_points_at_something(document: Any) -> None:
    found = references(document)
    assert len(found) > 50
    for reference in found:
        assert resolved(document, reference), reference


def test_every_topic_is_a_channel(document: Any) -> None:
    """Each channel has the topic's key, clean-up and messages."""
    assert {
        name: (
            channel["address"],
            channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"],
            channel["bindings"]["kafka"]["topicConfiguration"]["max.message.bytes"],
        )
        for name, channel in document["channels"].items()
    } == {
        topic.name: (f"{{prefix}}.{topic.name}", [str(topic.cleanup)], topic.max_message_bytes)
        for topic in TOPICS.values()
    }
    assert {name: list(channel["messages"]) for name, channel in document["channels"].items()} == {
        "reports": ["Report", "Tick"],
        "casualties": ["CountChange"],
        "ceasefires": ["StatusChange"],
        "statements": ["StatementChange"],
        "episodes": ["Picture"],
        "rejected": ["RejectedRecord"],
        "ledger": ["LedgerRecord"],
        "alerts": ["Alert"],
        "undelivered": ["Undelivered"],
    }


def test_reports_are_received_all_else_is_sent(document: Any) -> None:
    """Reports are received; all other public records are sent."""
    actions = {each["channel"]["$ref"].split("/")[-1]: each["action"] for each in document["operations"].values()}
    assert actions == {name: "receive" if name == "reports" else "send" for name in TOPICS if name != "ledger"}


def test_examples_of_messages_fit_their_payload(document: Any) -> None:
    checked = 0
    for name, message in document["components"]["messages"].items():
        schema = {**message["payload"], "components": document["components"]}
        for example in message.get("examples", ()):
            assert [error.message for error in Draft202012Validator(schema).iter_errors(example["payload"])] == [], name
            checked += 1
    assert checked >= 12
