"""`truceline series`: windows of a count, from files."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from tests.support.build import act, at, killed, more, report

REPORTS = [
    report("a", killed(50)),
    report("b", more(5), published_at=at(16)),
    report("c", more(2), published_at=at(18)),
]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    path = tmp_path / "reports.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in REPORTS))
    return path


def run(reports: Path, *arguments: str) -> tuple[int, list[dict[str, str]], str]:
    result = CliRunner().invoke(app, ["series", "war", *arguments, "--from", str(reports), "-q"])
    return result.exit_code, list(csv.DictReader(io.StringIO(result.stdout))), result.stderr


def test_a_row_is_a_window(reports: Path) -> None:
    """The first total says nothing of its own day; increments are added on theirs."""
    code, rows, _ = run(reports)
    assert (code, [(row["from"], row["best"]) for row in rows]) == (
        0, [("2022-09-14T00:00:00Z", ""), ("2022-09-16T00:00:00Z", "5"), ("2022-09-18T00:00:00Z", "2")],
    )  # fmt: skip
    assert [row["best"] for row in run(reports, "--per", "all", "--since", "2022-09-15")[1]] == ["7"]


def test_since_a_ceasefire_needs_one_in_effect(reports: Path) -> None:
    code, _, said = run(reports, "--since", "ceasefire")
    assert (code, "ceasefire 'main' is not in effect" in said) == (1, True)
    with reports.open("a") as file:
        file.write(json.dumps(report("t", act("took_effect"), published_at=at(17))) + "\n")
    assert [row["best"] for row in run(reports, "--per", "all", "--since", "ceasefire")[1]] == ["2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--zone", "Nowhere"], "--zone Nowhere: not a time zone"), (["--since", "noon"], "--since:")],
)
def test_a_wrong_option_is_named(reports: Path, arguments: list[str], message: str) -> None:
    code, _, said = run(reports, *arguments)
    assert (code, message in said) == (2, True)
