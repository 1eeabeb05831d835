"""`truceline plot` and `truceline table`: pictures and tables out of files of reports or changes."""

import csv
import io
import json
import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.core.source_registry import Registry
from streams.stores.sqlite.database import DATABASE
from tests.operations.plots.stories import EPISODE, ceasefire, killed, report
from tests.support.ledger_file import Clock, opened

runner = CliRunner()


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A file of reports."""
    told = [
        report("01", killed(10), url="https://example.org/a?b=|c"),
        report("02", killed(8)),
        report("03", ceasefire("announced")),
    ]
    path = tmp_path / "reports.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, told)))
    return path


def table(*arguments: str) -> str:
    result = runner.invoke(app, ["table", EPISODE, *arguments, "-q"])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize(
    ("name", "start"), [("a.svg", b"<?xml"), ("a.png", b"\x89PNG"), ("a.html", b"<!doctype html>")]
)
def test_the_name_of_the_output_says_its_format(reports: Path, tmp_path: Path, name: str, start: bytes) -> None:
    output = tmp_path / name
    result = runner.invoke(app, ["plot", EPISODE, "--from", str(reports), "-o", str(output)])
    assert (result.exit_code, result.stderr) == (0, f"{output} written\n")
    assert output.read_bytes().startswith(start)


def test_reports_and_their_changes_give_one_table(reports: Path, tmp_path: Path) -> None:
    changes = tmp_path / "changes.jsonl"
    runner.invoke(app, ["replay", str(reports), "--changes", str(changes)])
    assert table("--from", str(changes)) == table("--from", str(reports))


def test_a_table_for_people(reports: Path) -> None:
    assert table("--from", str(reports)).splitlines() == [
        "| Known (UTC) | What | By | Figure or status | Change | Report |",
        "|---|---|---|--:|---|---|",
        "| 2024-03-01 00:00 | north killed, military | mod | 10 | first | [r-01](<https://example.org/a?b=%7Cc>) |",
        "| 2024-03-02 00:00 | north killed, military | mod | 8 | down | r-02 |",
        "| 2024-03-03 00:00 | ceasefire main |  | announced |  | r-03 |",
    ]


def test_tables_for_programs_hold_the_same_rows(reports: Path) -> None:
    objects = json.loads(table("--from", str(reports), "--format", "json"))
    records = list(csv.DictReader(io.StringIO(table("--from", str(reports), "--format", "csv"))))
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in objects] == records
    assert [(row["kind"], row["best"], row["status"]) for row in objects] == [
        ("count", 10, None),
        ("count", 8, None),
        ("ceasefire", None, "announced"),
    ]


def test_until_shows_what_was_known_then(reports: Path) -> None:
    shown = table("--from", str(reports), "--until", "2024-03-01T12:00:00Z", "--format", "json")
    assert [row["report_id"] for row in json.loads(shown)] == ["r-01"]


def test_until_is_by_publication_and_by_the_clock(tmp_path: Path) -> None:
    """The order of the reports in the file does not matter."""
    path = tmp_path / "reports.jsonl"
    truce = ceasefire("announced", effective_at="2024-03-02T00:00:00Z")
    late = [report("09", killed(20)), report("01", killed(10), truce)]
    path.write_bytes(b"\n".join(map(orjson.dumps, late)))
    rows = json.loads(table("--from", str(path), "--until", "2024-03-03T00:00:00Z", "--format", "json"))
    assert [(row["best"], row["status"]) for row in rows] == [(10, None), (None, "announced"), (None, "in_effect")]


def test_an_embedded_ledger_gives_the_same_as_the_file(reports: Path, tmp_path: Path) -> None:
    ledger = opened(tmp_path / DATABASE, Clock("2024-04-01T00:00:00Z"), Registry())
    ledger.write(reports.read_bytes().splitlines())
    ledger.close()
    until = ["--until", "2024-03-02T12:00:00Z"]
    assert table("--embedded", str(tmp_path)) == table("--from", str(reports))
    assert table("--embedded", str(tmp_path), *until) == table("--from", str(reports), *until)


def test_several_files_may_follow_from(reports: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_bytes(orjson.dumps(report("04", killed(20))))
    assert "| 20 | up | r-04 |" in table("--from", str(reports), str(more))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["plot", EPISODE, "--embedded", ".", "--from", "x", "-o", "a.svg"], 2, "name either --from FILE... or --emb"),
        (["plot", EPISODE, "--embedded", "/nowhere", "-o", "a.svg"], 74, "no ledger in /nowhere"),
        (["plot", EPISODE, "--from", "x", "-o", "a.pdf"], 2, "name a file that ends in .svg, .png, .html"),
        (["plot", EPISODE, "--from", "/nowhere.jsonl", "-o", "a.svg"], 74, "/nowhere.jsonl cannot be read"),
        (["table", EPISODE, "--from", "x", "--until", "noon"], 2, "--until: 'noon' is not"),
    ],
)
def test_what_cannot_be_done_ends_with_its_code_and_one_line(arguments: list[str], code: int, said: str) -> None:
    result = runner.invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_an_unknown_episode_is_answered_with_the_known_ones(reports: Path) -> None:
    result = runner.invoke(app, ["table", "southland", "--from", str(reports)])
    assert result.exit_code == 2
    assert "nothing of episode 'southland'; episodes: northland" in result.stderr


def test_refused_lines_are_said(reports: Path) -> None:
    reports.write_bytes(reports.read_bytes() + b"\nnonsense\n")
    result = runner.invoke(app, ["table", EPISODE, "--from", str(reports)])
    assert result.exit_code == 0
    assert "1 line was refused and not drawn" in result.stderr


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, reports: Path) -> None:
    for name in [name for name in sys.modules if name.startswith("streams.operations.plots.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = runner.invoke(app, ["plot", EPISODE, "--from", str(reports), "-o", "a.svg"])
    assert result.exit_code == 1
    assert "pip install 'truceline[plots]'" in result.stderr
    assert table("--from", str(reports)).count("\n") == 5


def test_a_picture_of_a_party_without_figures_is_refused(reports: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.svg"
    result = runner.invoke(app, ["plot", EPISODE, "--from", str(reports), "--party", "south", "-o", str(output)])
    assert (result.exit_code, output.exists()) == (2, False)
    assert "--party 'south' has no figures here; there are figures of north" in " ".join(result.stderr.split())
