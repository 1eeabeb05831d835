"""`truceline import`: what it prints, where, and how it ends."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.commands.import_ import KindName
from streams.core.source_registry import Registry
from streams.files.zstd import zstd
from streams.operations.importers.registry import KINDS
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.operations.importers.imports import ARMAZ, PALESTINE_HISTORY, RUSSIAN, UCDP
from tests.support.waiting import eventually_sync

runner = CliRunner()


def test_the_command_offers_all_kinds() -> None:
    assert [str(kind) for kind in KindName] == list(KINDS)
    words = " ".join(runner.invoke(app, ["import", "--help"]).output.split())
    assert all(kind in words for kind in KINDS)


def test_reports_are_printed_with_the_summary_on_stderr() -> None:
    result = runner.invoke(app, ["import", "armaz", str(ARMAZ)])
    assert result.exit_code == 0
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    times = [report["published_at"] for report in reports]
    assert (len(reports), times) == (52, sorted(times))
    assert "armaz: 52 rows of claims.jsonl: 52 taken (30 of them changed), 0 left out" in result.stderr
    assert "the latest arrives 1 day late, within the default horizon (P3660D)" in result.stderr


def test_the_summary_names_the_horizon_that_a_replay_needs(table: Path) -> None:
    mapping = MAPPING.replace("basis: incremental", "basis: incremental, as_of: {column: url}")
    (table / "m.yaml").write_text(mapping.replace(", url: {column: url}", ""))
    (table / "t.csv").write_text("id,day,source,dead,url\n1,2024-03-01,monitor,5,\n2,2024-03-02,monitor,4,2010-03-01\n")
    said = imported("t.csv", "--mapping", "m.yaml", "-o", "r.jsonl")[2]
    horizon = said.split("--horizon ")[1].strip()
    codes = [
        runner.invoke(app, ["replay", "--strict", *more, "r.jsonl"]).exit_code for more in ([], ["--horizon", horizon])
    ]
    assert (horizon, codes) == ("P5115D", [1, 0])


def test_the_history_beside_a_file_is_used_and_named() -> None:
    result = runner.invoke(app, ["import", "russian-losses", str(RUSSIAN), "-o", "/dev/null"])
    assert "1,783 rows of russia_losses_personnel.revisions.jsonl.gz" in result.stderr
    result = runner.invoke(app, ["import", "russian-losses", str(RUSSIAN), "-o", "/dev/null", "--no-revisions"])
    assert "1,626 rows of russia_losses_personnel.json.gz" in result.stderr


def test_quiet_is_quiet() -> None:
    result = runner.invoke(app, ["import", "armaz", str(ARMAZ), "-q", "-o", "/dev/null"])
    assert (result.stdout, result.stderr) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["marsian", "x.csv"], 2, "is not one of"),
        (["armaz"], 2, "Missing argument"),
        (["csv", "x.csv"], 2, "draft one with truceline import csv x.csv --guess"),
        (["armaz", "x.jsonl", "--guess"], 2, "--guess drafts a mapping for one table"),
        (["armaz", "x.jsonl", "--mapping", "m.yaml"], 2, "armaz has no --mapping"),
        (["csv", "x.csv", "--mapping", "nowhere.yaml"], 74, "nowhere.yaml cannot be read: No such file"),
        (["armaz", "nowhere.jsonl"], 74, "nowhere.jsonl cannot be read: No such file"),
        (["armaz", str(UCDP)], 74, "conflict_data_ukr.sample.csv line 1 is not JSON"),
        (["ucdp-ged", str(ARMAZ)], 74, "has no column"),
        (["armaz", str(ARMAZ), "-o", str(ARMAZ)], 2, "would overwrite an input"),
        (["armaz", str(ARMAZ), "-o", "/nowhere/x"], 74, "cannot be written"),
        (["armaz", "-", "-"], 2, "standard input (-) can be read once"),
    ],
)
def test_what_cannot_be_done_ends_with_its_code_and_one_line(arguments: list[str], code: int, said: str) -> None:
    result = runner.invoke(app, ["import", *arguments])
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_a_file_cut_short_ends_with_74(tmp_path: Path) -> None:
    """No half-written file is left."""
    whole = zstd.compress(ARMAZ.read_bytes())
    cut, reports = tmp_path / "claims.jsonl.zst", tmp_path / "reports.jsonl"
    cut.write_bytes(whole[:-100])
    result = runner.invoke(app, ["import", "armaz", str(cut), "-o", str(reports)])
    assert result.exit_code == 74
    assert "cannot be read" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["claims.jsonl.zst"]


def test_a_lost_row_ends_with_1_unless_lenient(tmp_path: Path) -> None:
    claims = tmp_path / "claims.jsonl"
    claims.write_text('{"seq": 1}\n' + ARMAZ.read_text())
    result = runner.invoke(app, ["import", "armaz", str(claims)])
    assert result.exit_code == 1
    assert "claims.jsonl line 1: a field is missing" in result.stderr
    assert runner.invoke(app, ["import", "armaz", str(claims), "--lenient"]).exit_code == 0


MAPPING = """\
name: m
row: [id]
report: {episode: war, source: {column: source}, published_at: {column: day}, url: {column: url}}
claims:
  - {type: casualties, party: south, outcome: killed, basis: incremental, count: {best: {column: dead}}}
"""
TABLE = "id,day,source,dead,url\n1,2024-03-01,monitor,5,nowhere\n2,soon,monitor,4,\n3,2024-03-03,monitor,2,\n"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path


def imported(*arguments: str) -> tuple[int, list[str], str]:
    """The exit code, the ids of the reports, and what is said."""
    run = runner.invoke(app, ["import", "csv", *arguments])
    return run.exit_code, [json.loads(line)["report_id"] for line in run.stdout.splitlines()], run.stderr


def test_rejected_rows_are_fixed_and_imported_again(table: Path) -> None:
    code, ids, said = imported("t.csv", "--mapping", "m.yaml", "--rejected", "faults.csv")
    assert (code, ids) == (1, ["m-1", "m-3"])
    assert "lost from rows taken:\n       1  field lost: url" in said
    faults = (table / "faults.csv").read_text()
    assert faults.splitlines()[0].startswith("id,day,source,dead,url,rejected_row,rejected_lost")
    assert [line.split(",")[5:8] for line in faults.splitlines()[1:]] == [
        ["t.csv line 2", "field", "url"],
        ["t.csv line 3", "row", "published_at"],
    ]
    (table / "faults.csv").write_text(faults.replace("soon", "2024-03-02").replace("nowhere", "https://example.org"))
    assert imported("faults.csv", "--mapping", "m.yaml", "--revision", "2")[:2] == (0, ["m-1", "m-2"])


def test_strict_fails_for_a_lost_field_too(table: Path) -> None:
    (table / "t.csv").write_text("".join(line for line in TABLE.splitlines(keepends=True) if "soon" not in line))
    assert imported("t.csv", "--mapping", "m.yaml")[0] == 0
    assert imported("t.csv", "--mapping", "m.yaml", "--strict")[0] == 1


def test_no_row_taken_ends_with_1(table: Path) -> None:
    (table / "t.csv").write_text(TABLE.splitlines()[0] + "\n")
    assert imported("t.csv", "--mapping", "m.yaml", "--lenient")[:2] == (1, [])


def test_an_edition_gives_the_changes_since_the_one_before(table: Path) -> None:
    (table / "now.csv").write_text("id,day,source,dead,url\n1,2024-03-01,monitor,5,\n3,2024-03-03,monitor,9,\n")
    (table / "t.csv").write_text(
        "id,day,source,dead,url\n1,2024-03-01,monitor,5,\n3,2024-03-03,monitor,2,\n4,2024-03-04,monitor,1,\n"
    )
    code, ids, said = imported("now.csv", "--mapping", "m.yaml", "--edition", "t.csv")
    assert (code, ids) == (0, ["m-3", "m-4"])
    assert said.startswith("0 new, 1 changed, 1 withdrawn, 1 unchanged since the earlier edition\n")


def test_a_guessed_mapping_is_printed_and_works(table: Path) -> None:
    run = runner.invoke(app, ["import", "csv", "t.csv", "--guess"])
    assert (run.exit_code, run.stderr) == (0, "")
    (table / "guessed.yaml").write_text(run.stdout)
    assert imported("t.csv", "--mapping", "guessed.yaml", "--lenient")[:2] == (0, ["t-1", "t-3"])


def test_a_spreadsheet_goes_straight_in(table: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["id", "day", "source", "dead", "url"], [1, dt.date(2024, 3, 1), "monitor", 5, None]):
        book.active.append(row)
    book.save(table / "t.xlsx")
    assert imported("t.xlsx", "--mapping", "m.yaml")[:2] == (0, ["m-1"])


def test_one_episode_can_be_named_for_all() -> None:
    result = runner.invoke(app, ["import", "armaz", str(ARMAZ), "--episode", "karabakh"])
    assert {json.loads(line)["episode"] for line in result.stdout.splitlines()} == {"karabakh"}


def started(*arguments: str, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streams", "import", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE)


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    with started("palestine-datasets", str(PALESTINE_HISTORY), "-q", stdout=write) as process:
        os.close(write)
        assert process.stderr
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


def test_ctrl_c_ends_it_with_a_word_and_no_half_file(tmp_path: Path) -> None:
    reports = tmp_path / "reports.jsonl"
    with started("armaz", "-", "-o", str(reports), "-q") as process:
        assert process.stdin
        process.stdin.write(ARMAZ.read_bytes())
        process.stdin.flush()
        eventually_sync(lambda: _waits(process.pid), "it waits for input")
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert b"stopped" in process.stderr.read()
    assert process.returncode == 128 + signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def _waits(pid: int) -> bool:
    """Return True if a process waits for more on its pipe with all of its modules loaded."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return "msgspec" in maps and "orjson" in maps and "_zoneinfo" in maps and state == "S"


def test_send_hands_the_reports_to_truceline_send(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, dict[str, object]]] = []

    def send(files: list[str], **options: object) -> None:
        sent.append((sum(len(Path(file).read_bytes().splitlines()) for file in files), options))

    monkeypatch.setattr("streams.cli.commands.send.send", send)
    result = runner.invoke(app, ["import", "armaz", str(ARMAZ), "--send", "--to", "http://127.0.0.1:1"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert sent == [(52, {"to": "http://127.0.0.1:1", "strict": False, "quiet": False})]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    store = EmbeddedStore(tmp_path / "ledger", Registry())
    with running(create_app(store, loopback=True), listen("127.0.0.1", 0)) as url:
        yield url
    store.close()


def test_it_goes_straight_to_send_by_a_pipe_and_by_an_option(url: str) -> None:
    words = f"{sys.executable} -m streams"
    piped = f"set -o pipefail; {words} import armaz {ARMAZ} -q | {words} send --to {url} -"
    run = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "52 lines: 52 accepted\n")
    result = runner.invoke(app, ["import", "armaz", str(ARMAZ), "--send", "--to", url])
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (0, "52 lines: 52 duplicate")


@pytest.mark.parametrize("arguments", [["--send", "-o", "x"], ["--to", "http://127.0.0.1:1"]])
def test_send_and_its_options_go_together(arguments: list[str]) -> None:
    assert runner.invoke(app, ["import", "armaz", str(ARMAZ), *arguments]).exit_code == 2
