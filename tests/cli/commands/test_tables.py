"""`truceline tables`: files of every table, wherever the log lies."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.tables import EPISODE_TABLES
from streams.cli import app
from tests.support.build import act, at, killed, report, says

REPORTS = [
    report("a", killed(50), act("announced"), url="https://a.example/1"),
    report("b", {**killed(71), "party": "south"}, says(text="…"), source="mod.south", published_at=at(16)),
    report("x", killed(1), episode="war-2", published_at=at(18)),
]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    path = tmp_path / "reports.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in REPORTS))
    return path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["tables", *arguments], env={"COLUMNS": "130", "TERM": "dumb"})
    return result.exit_code, result.stderr


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_episode_and_table_is_written(tmp_path: Path, reports: Path) -> None:
    out = tmp_path / "out"
    code, said = run(str(out), "--from", str(reports), "--base-url", "https://t.example/")
    assert (code, said.splitlines()[-2]) == (0, f"13 files, 22 rows in {out}")
    assert {str(path.relative_to(out)) for path in out.rglob("*.csv")} == {
        "episodes.csv",
        *(f"episodes/{name}/{table}.csv" for name in ("war", "war-2") for table in EPISODE_TABLES),
    }
    assert [row["episode"] for row in rows(out / "episodes.csv")] == ["war", "war-2"]
    cells = rows(out / "episodes" / "war" / "cells.csv")
    assert [(row["source"], row["best"]) for row in cells] == [("mod", "50"), ("mod.south", "71")]
    assert cells[0]["permalink"] == f"https://t.example/#/war?at={at(14, 12).replace(':', '%3A')}"


def test_named_episodes_and_formats_alone_are_written(tmp_path: Path, reports: Path) -> None:
    code, _ = run(str(tmp_path / "out"), "war-2", "--format", "json", "--format", "parquet", "--from", str(reports))
    assert code == 0
    folder = tmp_path / "out" / "episodes" / "war-2"
    assert sorted(path.suffix for path in folder.iterdir()) == [".json"] * len(EPISODE_TABLES) + [".parquet"] * len(
        EPISODE_TABLES
    )
    assert json.loads((folder / "cells.json").read_text())[0]["best"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--format", "pdf", "--from", "REPORTS"], 2, "--format pdf: not one of csv, json, jsonl, parquet, xlsx"),
        (["peace", "--from", "REPORTS"], 2, "no report of peace; there is war, war-2"),
        ([], 2, "name the episodes to read from Kafka, or --from FILE... or --embedded DIR"),
        (["--from", "nowhere.jsonl"], 74, "nowhere.jsonl"),
        (["--atlas", "nowhere.yaml", "--from", "REPORTS"], 2, "the atlas nowhere.yaml cannot be read"),
    ],
)
def test_a_wrong_call_says_why(tmp_path: Path, reports: Path, arguments: list[str], code: int, message: str) -> None:
    given = [str(reports) if each == "REPORTS" else each for each in arguments]
    ended, said = run(str(tmp_path / "out"), *given)
    assert (ended, message in said) == (code, True), said
