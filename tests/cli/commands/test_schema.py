"""`truceline schema`: what is shown is what is published, and what does not fit is named with its line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from schemas.json_schema import SHAPES, json_schema
from streams.cli import app
from streams.cli.commands.schema import ShapeName
from tests.schemas.recording import versions

GOLDEN = versions()[-1]
GOOD: dict[str, Any] = {
    "report_id": "a",
    "episode": "war",
    "source": "mod",
    "published_at": "2022-09-14T12:00:00Z",
    "claims": [{"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 7}}],
}


def run(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command."""
    result = CliRunner().invoke(app, ["schema", *arguments], input=given)
    return result.exit_code, result.stdout, result.stderr


def check(*records: Any, **options: str) -> tuple[int, str, str]:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    named = [part for name, value in options.items() for part in (f"--{name.strip('_')}", value)]
    return run("check", *named, "-", given="".join(f"{line}\n" for line in lines))


def test_the_names_are_those_of_the_published_shapes() -> None:
    assert [*ShapeName] == [*SHAPES]


def test_show_with_no_name_says_which_there_are() -> None:
    code, output, _ = run("show")
    assert code == 0
    for name in (*SHAPES, "asyncapi"):
        assert f" {name} " in output


@pytest.mark.parametrize("name", SHAPES)
def test_show_prints_the_schema_of_a_record(name: str) -> None:
    code, output, _ = run("show", name)
    shown = json.loads(output)
    examples = shown.pop("examples")
    assert (code, shown) == (0, json_schema(SHAPES[name]))
    assert examples


def test_show_prints_the_asyncapi_document() -> None:
    code, output, _ = run("show", "asyncapi")
    assert (code, yaml.safe_load(output)["asyncapi"]) == (0, "3.0.0")


def test_a_name_that_is_none_is_a_usage_error() -> None:
    code, _, error = run("show", "rumour")
    assert code == 2
    assert error.startswith("truceline: there is no schema 'rumour'; there are report, tick, count-change,")


def test_reports_and_ticks_fit_wrapped_or_not() -> None:
    wrapped = {"timestamp": GOOD["published_at"], "key": "war", "value": GOOD}
    ticked = {"tick": "2022-09-14T12:00:00Z", "episode": "war"}
    assert check(GOOD, "", wrapped, ticked) == (0, "3 records (2 report, 1 tick); all fit\n", "")


def test_what_does_not_fit_is_named_with_its_line_and_field() -> None:
    late = {**GOOD, "claims": [{**GOOD["claims"][0], "as_of": "2022-09-16T00:00:00Z"}]}
    ahead = {"timestamp": "2022-09-14T10:00:00Z", "value": GOOD}
    code, output, error = check(GOOD, late, "{", ahead, {"tick": "soon", "episode": "war"})
    assert (code, output) == (1, "5 records (4 report, 1 tick); 4 do not fit\n")
    future = f"published_at {GOOD['published_at']} is more than 1 h after the record's own timestamp"
    assert error.splitlines() == [
        "-:2: report: invalid: claims[0].as_of: more than 24 h after published_at",
        "-:3: report: not_json: unexpected end of data: line 1 column 2 (char 1)",
        f"-:4: report: from_the_future: {future} 2022-09-14T10:00:00Z",
        "-:5: tick: invalid: tick: not a time: write YYYY-MM-DDTHH:MM:SS[.ffffff] with Z or an offset such as +04:00",
    ]


def test_unknown_fields_are_no_fault_but_told() -> None:
    unknown = "ignored, since the field is unknown: "
    mistyped = {**GOOD, "mood": {}, "claims": [{**GOOD["claims"][0], "pupulation": "civilian"}]}
    assert check(GOOD, mistyped, mistyped) == (
        0,
        "3 records (3 report); all fit\n",
        f"{unknown}claims.pupulation (population?) in 2 reports, mood in 2 reports\n",
    )
    known = json.loads((GOLDEN / "changes.jsonl").read_text().splitlines()[0])
    known["data"]["mood"] = {"a": 1}
    assert check(known) == (0, "1 record (1 count-change); all fit\n", f"{unknown}mood in 1 report\n")


def test_registry_and_atlas_are_checked_by_line(tmp_path: Path) -> None:
    """`.yaml` files hold names; every fault has its line."""
    sources, atlas = tmp_path / "sources.yaml", tmp_path / "atlas.yaml"
    sources.write_text("a: {name: A, kind: media}\n")
    atlas.write_text("parties:\n  a: {name: A,\n    nmae: B}\nplaces:\n  x: {name: X, lat: 99, lon: 1}\n")
    code, output, error = run("check", str(sources), str(atlas))
    assert (code, output) == (1, "2 records (1 source registry, 1 atlas); 1 does not fit\n")
    assert error.splitlines() == [
        f"{atlas}:3: 'a': unknown field 'nmae'; the fields are name, names, also, zone",
        f"{atlas}:5: 'x': lat '99' is not in degrees, -90 to 90",
    ]
    assert run("check", str(sources)) == (0, "1 record (1 source registry); all fit\n", "")
    assert run("check", str(tmp_path / "none.yaml"))[0] == 74


def test_what_was_published_is_told_by_its_fields() -> None:
    code, output, error = run(
        "check", *[str(GOLDEN / f"{name}.jsonl") for name in ("changes", "pictures", "headers", "alerts")]
    )
    assert (code, error) == (0, "")
    assert output == (
        "151 records (22 count-change, 5 statement-change, 37 status-change, 1 picture, 64 event-headers,"
        " 6 rejected-headers, 16 alert); all fit\n"
    )
    bare = [json.loads(line)["data"] for line in (GOLDEN / "changes.jsonl").read_text().splitlines()]
    assert check(*bare)[1] == "64 records (22 count-change, 5 statement-change, 37 status-change); all fit\n"


def test_a_snapshot_is_checked_episode_by_episode() -> None:
    (picture,) = [json.loads(line) for line in (GOLDEN / "pictures.jsonl").read_text().splitlines()]
    del picture["episode"], picture["through"]
    broken = {**picture, "cells": [{**picture["cells"][0], "version": 0}]}
    assert check({"episodes": {"a": picture, "b": broken}}) == (
        1,
        "2 records (2 snapshot); 1 does not fit\n",
        "-:1: snapshot: b.cells[0].version: Input should be greater than or equal to 1\n",
    )


def test_what_the_records_are_may_be_said() -> None:
    assert check(GOOD, _as="report")[0] == 0
    code, _, error = check(GOOD, _as="tick")
    assert (code, error) == (1, "-:1: tick: it is a report\n")
    code, _, error = check(GOOD, _as="alert")
    assert code == 1
    assert error.startswith("-:1: alert: alert_id: Field required")
    assert check("[", _as="picture")[2].startswith("-:1: picture: not_json: ")
    assert check("[]", _as="picture")[0] == 1


def test_a_cause_is_told_apart_by_its_fields() -> None:
    change = json.loads((GOLDEN / "changes.jsonl").read_text().splitlines()[0])["data"]
    code, _, error = check({**change, "cause": {"tick": "soon"}})
    assert code == 1
    assert error.startswith("-:1: count-change: cause.tick: String should match pattern")
    assert ";" not in error


def test_many_faults_are_counted_not_all_told() -> None:
    code, output, error = check(*["{"] * 25)
    assert (code, output) == (1, "25 records (25 report); 25 do not fit\n")
    assert error.splitlines()[20:] == ["and 5 more"]


def test_a_file_with_nothing_in_it_ends_with_1(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert run("check", str(empty)) == (1, "no records\n", "")


def test_a_file_that_cannot_be_read_is_exit_74(tmp_path: Path) -> None:
    code, _, error = run("check", str(tmp_path / "none.jsonl"))
    assert code == 74
    assert "none.jsonl cannot be read" in error


def test_hostile_text_cannot_steer_the_terminal() -> None:
    _, _, error = check({**GOOD, "source": "\x1b[2J"})
    assert "\x1b" not in error
