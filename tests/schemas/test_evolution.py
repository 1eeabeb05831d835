"""Records of every version stay readable; a breaking change fails here (docs/explanation/evolution.md).

A corpus in tests/schemas/golden is what went in and what came out under one version, with the schemas of then. It is
never changed: what it holds lies on somebody's log.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.json_schema import SHAPES, VERSION, json_schema
from tests.schemas.evolution import breaks_readers, breaks_writers, places
from tests.schemas.recording import Recording, recorded, versions

TAKEN_IN = ("report", "tick")
GIVEN_OUT = tuple(name for name in SHAPES if name not in TAKEN_IN)
CURRENT = f"v{VERSION.split('.', maxsplit=1)[0]}"
OF_TOPIC = {"casualties": "count-change", "ceasefires": "status-change", "statements": "statement-change"}
FOLDERS = pytest.mark.parametrize("folder", versions(), ids=lambda path: path.name)
Schema = dict[str, Any]


def then(folder: Path, name: str) -> Schema:
    """A schema as it was."""
    schema: Schema = json.loads((folder / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def was_there(folder: Path, name: str) -> bool:
    """Return True if the shape existed then: a later one breaks no reader."""
    return (folder / "schemas" / f"{name}.json").exists()


def covers(known: Any, now: Any) -> bool:
    """Return True if everything known before is still there; more may be."""
    if isinstance(known, dict):
        return isinstance(now, dict) and all(name in now and covers(known[name], now[name]) for name in known)
    if isinstance(known, list):
        return isinstance(now, list) and len(known) == len(now) and all(map(covers, known, now))
    return type(known) is type(now) and bool(known == now)


# --- the corpus -------------------------------------------------------------------------------------------------------


def test_the_version_of_today_has_a_corpus() -> None:
    assert CURRENT in {folder.name for folder in versions()}


@FOLDERS
def test_what_was_taken_in_then_is_taken_in_the_same_way_now(folder: Path) -> None:
    """Each line of the log has the outcome, or the refusal, that it had."""
    outcomes = [each["outcome"] for each in recorded(folder, "outcomes.jsonl")]
    assert Recording(folder).outcomes == outcomes
    taken = {"accepted", "duplicate", "stale", "tick", "ignored_tick"}
    codes = {"revision_conflict", "not_json", "invalid", "from_the_future", "too_late"}
    assert taken | codes == set(outcomes)


@FOLDERS
def test_rebuild_gives_the_recorded_changes(folder: Path) -> None:
    """New fields may be added, messages be worded differently; another major version makes other pictures."""
    rebuilt = Recording(folder).files()
    pictures = ["pictures.jsonl"] if folder.name == CURRENT else []
    for name in ("changes.jsonl", "headers.jsonl", *pictures):
        before = recorded(folder, name)
        assert len(before) == len(rebuilt[name])
        for known, now in zip(before, rebuilt[name], strict=True):
            known.pop("message", None)
            assert covers(known, now), name
    assert [(each["line"], each["code"], each["value"]) for each in rebuilt["rejected.jsonl"]] == [
        (each["line"], each["code"], each["value"]) for each in recorded(folder, "rejected.jsonl")
    ]


@FOLDERS
def test_what_was_published_then_is_read_by_the_shapes_of_today(folder: Path) -> None:
    records = [(OF_TOPIC[each["topic"]], each["data"]) for each in recorded(folder, "changes.jsonl")]
    if folder.name == CURRENT:
        records += [("picture", each) for each in recorded(folder, "pictures.jsonl")]
    records += [("alert", each) for each in recorded(folder, "alerts.jsonl")]
    for head in recorded(folder, "headers.jsonl"):
        records.append(("rejected-headers" if "code" in head else "event-headers", head))
    for name, record in records:
        assert covers(SHAPES[name].adapter.validate_python(record, strict=True), record)


@FOLDERS
def test_what_is_published_today_is_read_by_the_schemas_of_then(folder: Path) -> None:
    """Programs built on a version continue to work within one number of VERSION."""
    if folder.name != CURRENT:
        pytest.skip("another major version: its readers have topics of their own")
    recording = Recording(folder)
    records = [(OF_TOPIC[each["topic"]], each["data"]) for each in recording.changes]
    records += [("picture", each) for each in recording.pictures] + [("alert", each) for each in recording.alerts]
    validators = {name: Draft202012Validator(then(folder, name)) for name in SHAPES if was_there(folder, name)}
    for name, record in records:
        assert [error.message for error in validators[name].iter_errors(record)] == []


# --- the schemas ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_no_schema_breaks_those_who_were_there_before(name: str) -> None:
    now = json_schema(SHAPES[name])
    for folder in versions():
        if folder.name == CURRENT and was_there(folder, name):
            breaks = breaks_writers if name in TAKEN_IN else breaks_readers
            assert breaks(then(folder, name), now) == []


def field(schema: Schema, path: str) -> tuple[Schema, str]:
    """Return the properties around a field, and its name: `CellValue.best` looks into `$defs`."""
    title, _, name = path.rpartition(".")
    home = schema["$defs"][title] if title else schema
    return home, name


def remove(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    del home["properties"][name]
    home["required"] = [each for each in home.get("required", ()) if each != name]


def retype(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name] = {"type": "boolean"}


def make_optional(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["required"].remove(name)


def make_required(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home.setdefault("required", []).append(name)


def allow_null(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name] = {"anyOf": [home["properties"][name], {"type": "null"}]}


def add(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name] = {"type": "string"}


def value_more(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name]["enum"].append("new")


def value_less(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name]["enum"].pop()


def narrow(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name]["maximum"] = 5


def widen(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name].pop("minimum")


def repattern(schema: Schema, path: str) -> None:
    home, name = field(schema, path)
    home["properties"][name]["pattern"] = "^x$"


FIGURE, TRUCE = "record.claims[]<CasualtiesClaim>", "record.claims[]<CeasefireClaim>"
CHANGES: list[tuple[str, Callable[[Schema, str], None], str, list[str]]] = [
    ("count-change", remove, "kind", ["record.kind: gone"]),
    ("count-change", remove, "CellValue.low", ["record.after.low: gone", "record.before.low: gone"]),
    ("count-change", retype, "version", ["record.version: may now be boolean"]),
    ("count-change", make_optional, "delta", ["record.delta: no longer always there"]),
    ("count-change", allow_null, "delta", ["record.delta: may now be null"]),
    ("count-change", value_more, "kind", ["record.kind: may now be new"]),
    ("count-change", widen, "version", ["record.version: may now be beyond minimum 1"]),
    ("count-change", repattern, "episode", ["record.episode: may now be written otherwise"]),
    ("status-change", remove, "TickCause.tick", ["record.cause<TickCause>.tick: gone"]),
    ("picture", remove, "Cell.report_id", ["record<FullPicture>.cells[].report_id: gone"]),
    ("count-change", add, "mood", []),
    ("count-change", value_less, "kind", []),
    ("count-change", narrow, "version", []),
    ("report", remove, "headline", ["record.headline: passed over"]),
    ("report", retype, "revision", [f"record.revision: may no longer be {kind}" for kind in ("integer", "null")]),
    ("report", make_required, "url", ["record.url: now required"]),
    ("report", value_less, "CeasefireClaim.act", [f"{TRUCE}.act: may no longer be not_confirmed"]),
    ("report", narrow, "Count.best", [f"{FIGURE}.count.best: may no longer be beyond maximum 5"]),
    ("report", repattern, "episode", ["record.episode: may no longer be written otherwise"]),
    ("report", add, "mood", []),
    ("report", value_more, "CeasefireClaim.act", []),
    ("report", widen, "Count.best", []),
    ("report", make_optional, "source", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "path", "faults"),
    CHANGES,
    ids=[f"{change.__name__} {name} {path}" for name, change, path, _ in CHANGES],
)
def test_a_breaking_change_is_found_and_named(
    name: str, change: Callable[[Schema, str], None], path: str, faults: list[str]
) -> None:
    before = json_schema(SHAPES[name])
    now = copy.deepcopy(before)
    change(now, path)
    assert (breaks_writers if name in TAKEN_IN else breaks_readers)(before, now) == faults


@pytest.mark.parametrize("name", GIVEN_OUT)
def test_no_field_of_what_is_published_can_go_unnoticed(name: str) -> None:
    before = json_schema(SHAPES[name])
    titles = [title for title in before.get("$defs", {}) if "properties" in before["$defs"][title]]
    for title in ["", *titles]:
        home = before["$defs"][title] if title else before
        for each in home.get("properties", {}):
            now = copy.deepcopy(before)
            remove(now, f"{title}.{each}" if title else each)
            assert breaks_readers(before, now), f"{title} {each}"


def test_a_field_of_a_record_is_named_by_its_path() -> None:
    found = places(json_schema(SHAPES["report"]))
    assert found["record.claims[]<CasualtiesClaim>.count.best"].limits == {"minimum": -(10**9), "maximum": 10**9}
    assert found["record.claims[]<StatementClaim>.act"].values == frozenset({"asserted", "denied", "accused"})
