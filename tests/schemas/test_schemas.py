"""The generated schemas say what the shapes do, their examples are real, and whatever is published fits them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from schemas.generate import EXAMPLES, HERE, documents
from schemas.json_schema import SHAPES
from schemas.topics import TOPICS
from tests.property.folding import Fold, registry
from tests.property.strategies import SOURCES, history
from tests.schemas.recording import Recording, examples, versions
from tests.support.paths import TESTS
from tests.support.published_shapes import assert_fits

VECTORS = sorted((TESTS / "vectors").glob("*.json"))
OF_TOPIC = {"casualties": "count-change", "ceasefires": "status-change", "statements": "statement-change"}
THROUGH = {"partition": 0, "offset": 7}


@cache
def schema_of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((HERE / "json" / f"{name}.json").read_text(encoding="utf-8"))
    return schema


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(name), format_checker=FormatChecker())


def fits_schema(name: str, record: Any) -> None:
    assert [error.message for error in validator(name).iter_errors(record)] == []


# --- the documents ----------------------------------------------------------------------------------------------------


def test_what_is_generated_is_what_is_committed() -> None:
    """`python -m schemas.generate` writes them again."""
    for path, text in documents().items():
        assert (HERE / path).read_text(encoding="utf-8") == text, path


def test_nothing_else_lies_beside_them() -> None:
    made = {str(path) for path in documents()} | {"json/examples.json"}
    assert {str(path.relative_to(HERE)) for path in HERE.rglob("*") if path.suffix in {".json", ".yaml"}} == made


@pytest.mark.parametrize("name", SHAPES)
def test_each_is_a_json_schema(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:truceline:v2:{name}"
    assert schema["examples"]


@pytest.mark.parametrize("name", SHAPES)
def test_examples_fit(name: str) -> None:
    for example in schema_of(name)["examples"]:
        fits_schema(name, example)
        assert_fits(name, example)


def test_examples_come_from_a_real_fold() -> None:
    """`python -m tests.schemas.recording examples` picks them again."""
    shown = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    assert shown == examples(versions()[-1])


def test_each_topic_has_its_shapes() -> None:
    titles = {shape.title for shape in SHAPES.values()}
    named = {topic.name: set(topic.value.split(" | ")) - titles for topic in TOPICS.values()}
    assert {name: rest for name, rest in named.items() if rest} == {
        "rejected": {"original bytes"},
        "ledger": {"private"},
    }


def test_every_field_of_what_is_published_is_required() -> None:
    """One that holds nothing is null, but for a group and scope, a repeat, and where a record came from and when."""
    optional: set[str] = set()
    for name in SHAPES:
        if name not in {"report", "tick"}:
            schema = schema_of(name)
            for part in (schema, *schema.get("$defs", {}).values()):
                optional |= set(part.get("properties", {})) - set(part.get("required", ()))
    headers = {"ce_time", "time", "truncated_from", "traceparent", "tracestate"}
    assert optional == {"group", "scope", "origin", "repeats"} | headers


# --- what the core publishes ------------------------------------------------------------------------------------------


def published(fold: Fold) -> list[tuple[str, Any]]:
    """Everything that a fold published, with the name of its shape."""
    records = [(OF_TOPIC[change["topic"]], change["data"]) for change in fold.changes]
    for name, picture in fold.snapshot()["episodes"].items():
        records += [("snapshot", picture), ("picture", {"episode": name, "through": THROUGH, **picture})]
    return records


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_what_the_vectors_publish_fits(path: Path) -> None:
    vector = json.loads(path.read_text(encoding="utf-8"))
    fold = Fold(vector["sources"], 400 * 86_400_000_000)
    for number, line in enumerate(vector["input"], 1):
        fold.take_line(line, number)
    for name, record in published(fold):
        assert_fits(name, record)
        fits_schema(name, record)


def test_what_random_histories_publish_fits() -> None:
    """Hundreds of histories in which every rule is in play; the JSON Schemas are checked with the first of them."""
    for number in range(150):
        told = history(number, 30)
        fold = Fold(told.sources, told.horizon_us)
        for line_no, line in enumerate(told.lines, 1):
            fold.take_line(line, line_no)
        for name, record in published(fold):
            assert_fits(name, record)
            if number < 10:
                fits_schema(name, orjson.loads(orjson.dumps(record)))


def test_what_is_taken_in_fits() -> None:
    """A report or tick that the fold takes is one that the JSON Schema allows."""
    taken = 0
    for number in range(40):
        told = history(number, 30, wild=False)
        fold = Fold(told.sources, told.horizon_us)
        for line_no, line in enumerate(told.lines, 1):
            if fold.take_line(line, line_no) in {"accepted", "tick"}:
                record = orjson.loads(line)
                fits_schema("tick" if record.get("tick") else "report", record)
                taken += 1
    assert taken > 400


def test_a_change_of_the_registry_fits() -> None:
    fold = Fold(SOURCES, 400 * 86_400_000_000)
    claim = {"type": "ceasefire", "act": "agreed"}
    line = {"report_id": "a", "episode": "war", "source": "nobody", "published_at": "2022-09-14T12:00:00Z"}
    fold.take_line(orjson.dumps({**line, "claims": [claim]}), 1)
    fold.registry = registry({"nobody": {"name": "Somebody", "kind": "official", "affiliation": "north"}})
    fold.restart()
    changes = [change for step in fold.ledger.register() for _, change in step.changes()]
    assert [change["cause"] for change in changes] == [{"registry": fold.registry.digest}] * 2
    for change in changes:
        assert_fits("status-change", change)
        fits_schema("status-change", change)


def test_the_recorded_alerts_and_headers_fit() -> None:
    recording = Recording(versions()[-1])
    assert recording.alerts
    for alert in recording.alerts:
        assert_fits("alert", alert)
        fits_schema("alert", alert)
    for head in recording.headers:
        assert_fits("rejected-headers" if "code" in head else "event-headers", head)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("count-change", {"version": "1"}),
        ("count-change", {"kind": "sideways"}),
        ("count-change", {"delta": None}),
        ("status-change", {"view": "source:"}),
        ("status-change", {"cause": {}}),
        ("statement-change", {"claim": 64}),
        ("picture", {"through": {"partition": 0}}),
        ("tick", {"tick": "2022-09-14"}),
        ("report", {"claims": [{"type": "rumour"}]}),
        ("alert", {"severity": "dire"}),
        ("event-headers", {"ce_specversion": "0.3"}),
        ("rejected-headers", {"code": "too_dull"}),
    ],
)
def test_what_does_not_fit_is_refused_by_shape_and_schema_alike(name: str, broken: dict[str, Any]) -> None:
    record = schema_of(name)["examples"][0] | broken
    assert [*validator(name).iter_errors(record)]
    with pytest.raises(ValueError, match="validation error"):
        SHAPES[name].adapter.validate_python(record, strict=True)
