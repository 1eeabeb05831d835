"""The contract's vectors through the command line and the Python interface: lines unchanged, and wrapped."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from streams.cli import app
from streams.operations.replay.replay import replay
from tests.support.paths import TESTS

VECTORS = sorted((TESTS / "vectors").glob("*.json"))
COUNTED = {
    "accepted": "accepted",
    "duplicate": "duplicates",
    "stale": "stale",
    "tick": "ticks",
    "ignored_tick": "ticks",
}

Vector = dict[str, Any]


@pytest.fixture(params=VECTORS, ids=lambda path: path.stem)
def vector(request: pytest.FixtureRequest) -> Vector:
    loaded: Vector = json.loads(request.param.read_text())
    return loaded


def replayed(vector: Vector, reports: Path, folder: Path) -> dict[str, Any]:
    """Return the outputs of `truceline replay` for a file: changes, snapshot, rejected lines, as in a vector."""
    sources = folder / "sources.yaml"
    sources.write_text(yaml.safe_dump(vector["sources"]))
    outputs = {name: folder / f"{name}.json" for name in ("changes", "snapshot", "rejected")}
    options = [option for name, path in outputs.items() for option in (f"--{name}", str(path))]
    horizon = f"P{vector['horizon_days']}D"
    run = CliRunner().invoke(app, ["replay", "--sources", str(sources), "--horizon", horizon, *options, str(reports)])
    assert run.exit_code == 0, run.output
    rejected = [json.loads(line) for line in outputs["rejected"].read_text().splitlines()]
    lines = vector["input"]
    assert all(record["value"] == lines[record["line"] - 1] and record["message"] for record in rejected)
    return {
        "changes": [json.loads(line) for line in outputs["changes"].read_text().splitlines()],
        "snapshot": json.loads(outputs["snapshot"].read_text()),
        "rejected": [{"line": record["line"], "code": record["code"]} for record in rejected],
    }


def expected(vector: Vector) -> dict[str, Any]:
    return {name: vector["expected"][name] for name in ("changes", "snapshot", "rejected")}


def test_through_the_command_line(vector: Vector, tmp_path: Path) -> None:
    reports = tmp_path / "reports.jsonl"
    reports.write_text("\n".join(vector["input"]) + "\n")
    assert replayed(vector, reports, tmp_path) == expected(vector)


def test_compressed(vector: Vector, tmp_path: Path) -> None:
    reports = tmp_path / "reports.jsonl.gz"
    reports.write_bytes(gzip.compress("\n".join(vector["input"]).encode()))
    assert replayed(vector, reports, tmp_path) == expected(vector)


def test_wrapped_as_export_writes_them(vector: Vector, tmp_path: Path) -> None:
    """Limits, depth and repeated keys of a wrapped line are its value's; it says the same as the bare one."""
    reports = tmp_path / "reports.jsonl"
    vector["input"] = [wrapped(line) for line in vector["input"]]
    reports.write_text("\n".join(vector["input"]) + "\n")
    assert replayed(vector, reports, tmp_path) == expected(vector)


def wrapped(line: str) -> str:
    try:
        value = json.loads(line)
    except ValueError:
        return line
    already = isinstance(value, dict) and "value" in value
    return line if already or not line else f'{{"key": "anything", "timestamp": null, "value": {line}}}'


def test_through_the_python_interface(vector: Vector, tmp_path: Path) -> None:
    reports, sources = tmp_path / "reports.jsonl", tmp_path / "sources.yaml"
    reports.write_text("\n".join(vector["input"]))
    sources.write_text(json.dumps(vector["sources"]))
    refused: list[dict[str, Any]] = []
    fold = replay(
        reports,
        sources=sources,
        horizon=timedelta(days=vector["horizon_days"]),
        on_refusal=lambda _path, line, code, _message, _value: refused.append({"line": line, "code": code}),
    )
    changes = [{"topic": change.topic, "data": change.record} for change in fold]
    assert {"changes": changes, "snapshot": fold.snapshot(), "rejected": refused} == expected(vector)
    counts = dict.fromkeys(COUNTED.values(), 0)
    for outcome, name in COUNTED.items():
        counts[name] += fold.counts[outcome]
    assert counts == vector["expected"]["counts"]
    assert fold.refused == len(refused)
