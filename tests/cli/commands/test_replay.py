"""`truceline replay`: outputs that are whole or not there, exit codes, what is said on standard error."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.options import NO_REGISTRY
from tests.support.build import act, at, killed, report
from tests.support.waiting import LIMIT_S, eventually_sync

GOOD = json.dumps(report("a", killed(71)))
BAD = json.dumps(report("b", killed(-1)))
LATE = {"new": "2022-09-30T00:00:00Z", "old": "2022-08-31T00:00:00Z", "older": "2022-08-30T00:00:00Z"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TRUCELINE_")]:
        monkeypatch.delenv(name)


def written(*lines: str, name: str = "r.jsonl") -> str:
    Path(name).write_text("\n".join(lines) + "\n")
    return name


def run(*args: str, stdin: str | None = None) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(app, ["replay", *args], input=stdin)
    return result.exit_code, result.stdout, result.stderr


def names() -> list[str]:
    """Return the files in the working folder."""
    return sorted(path.name for path in Path().iterdir())


def records(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_refused_line_fails_only_with_strict() -> None:
    """It is counted and named."""
    path = written(GOOD, BAD, "x")
    code, _, errors = run(path, "--changes", "c")
    assert (code, errors.splitlines()) == (
        0,
        [
            "r.jsonl:2: invalid: claims[0].count.best: below zero only with basis incremental",
            "r.jsonl:3: not_json: unexpected character, expected a JSON value: line 1 column 1 (char 0)",
            "3 lines: 1 accepted, 2 refused (1 invalid, 1 not_json)",
            NO_REGISTRY,
        ],
    )
    assert run(path, "--strict", "--changes", "c")[0] == 1
    assert run(written(GOOD), "--strict", "--changes", "c")[0] == 0


def test_a_process_ends_with_its_code_and_all_that_it_said() -> None:
    # It ends at once, with the ledger as it is: what was written must be out before.
    command = [sys.executable, "-m", "streams", "replay", "--strict", "--changes", "-", written(GOOD, BAD)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        out, errors = process.communicate()
    (change,) = records(out)
    assert change["data"]["after"]["best"] == 71
    assert errors.endswith(f"2 lines: 1 accepted, 1 refused (1 invalid)\n{NO_REGISTRY}\n")
    assert process.returncode == 1


def test_rejected_lines_are_written_as_text() -> None:
    """Bytes that are not UTF-8 are U+FFFD."""
    Path("r.jsonl").write_bytes(b"\n\xff{\r\n" + GOOD.encode())
    _, out, _ = run("r.jsonl", "--rejected", "-", "-q")
    (record,) = records(out)
    assert {**record, "message": ""} == {"line": 2, "code": "not_json", "message": "", "value": "\ufffd{\r"}


def test_of_several_files_the_rejected_say_which() -> None:
    _, out, _ = run(written(GOOD), written(BAD, name="s.jsonl"), "--rejected", "-", "-q")
    assert [(record["file"], record["line"]) for record in records(out)] == [("s.jsonl", 1)]


def test_dash_reads_standard_input_and_prints() -> None:
    code, out, _ = run("-", "--changes", "-", "--snapshot", "-", stdin=GOOD)
    change, snapshot = records(out)
    assert (code, change["topic"], list(snapshot["episodes"])) == (0, "casualties", ["war"])


def test_a_tick_moves_every_episode_at_the_end_in_name_order() -> None:
    truce = act("announced", effective_at=at(20))
    lines = [json.dumps(report("a", truce, episode=episode)) for episode in ("south", "north", "east")]
    _, out, _ = run(written(*lines), "--tick", "2022-09-21T04:00:00+04:00", "--changes", "-")
    ticked = [change["data"] for change in records(out) if "tick" in change["data"]["cause"]]
    assert [(change["episode"], change["view"], change["after"]["status"]) for change in ticked] == [
        (episode, view, "in_effect") for episode in ("east", "north", "south") for view in ("joint", "source:mod")
    ]
    assert ticked[0]["cause"] == {"tick": "2022-09-21T00:00:00Z"}


def test_sources_that_the_registry_does_not_know_are_listed() -> None:
    """They are taken all the same; where no registry is named nobody is missing from it."""
    path = written(
        *(json.dumps(report(source, killed(1), source=source)) for source in ("mod", "zeta", "alpha", "zeta"))
    )
    Path("sources.yaml").write_text("mod: {name: A ministry, kind: official}\n")
    told = run(path, "--sources", "sources.yaml", "--snapshot", "s")[2].splitlines()
    unknown = "2 sources not in the source registry, taken as third parties: alpha, zeta"
    assert told == ["4 lines: 3 accepted, 1 duplicate", unknown]
    assert run(path, "--snapshot", "s")[2].splitlines() == [told[0], NO_REGISTRY]
    assert run(path, "--sources", "sources.yaml", "--snapshot", "s", "--quiet")[2] == ""
    many = written(*(json.dumps(report(f"r{n}", killed(1), source=f"s{n:02d}")) for n in range(22)))
    assert run(many, "--sources", "sources.yaml", "--snapshot", "s")[2].endswith("s18, s19 and 2 more\n")


def test_until_ignores_and_counts_later_reports() -> None:
    later = [json.dumps(report(name, killed(n), published_at=at(15, n))) for n, name in enumerate("bcd", 1)]
    path = written(GOOD, BAD, *later, json.dumps({"tick": at(16), "episode": "war"}))
    code, out, errors = run(path, "--until", at(15, 1), "--changes", "-")
    assert (code, [change["data"]["cause"]["report_id"] for change in records(out)]) == (0, ["a", "b"])
    assert errors.splitlines()[-2] == "6 lines: 2 accepted, 1 refused (1 invalid), 3 published later"
    assert run(path, "--until", "noon")[0] == 2


def test_late_lines_are_summed_up_with_a_horizon_that_takes_them() -> None:
    path = written(*(json.dumps(report(name, killed(1), published_at=time)) for name, time in LATE.items()))
    code, _, errors = run(path, "--horizon", "P10D", "--snapshot", "s")
    assert (code, errors.splitlines()[-3]) == (0, "2 lines too late: --horizon P31D takes them all")
    assert run(path, "--horizon", "P31D", "--strict", "--snapshot", "s")[0] == 0


def test_a_date_in_the_future_is_named_if_others_are_late_by_it() -> None:
    """One typing error, 2919 for 2019, makes every later line too late; `--until` leaves it out."""
    times = ("2019-03-01T00:00:00Z", "2919-03-02T00:00:00Z", "2019-03-03T00:00:00Z")
    path = written(*(json.dumps(report(f"r{n}", killed(n), published_at=time)) for n, time in enumerate(times)))
    (advice,) = [line for line in run(path, "--snapshot", "s")[2].splitlines() if "--until" in line]
    said = "1 line too late after a report published 2919-03-02T00:00:00Z, in the future: leave that one out with"
    assert advice.startswith(f"{said} --until ")
    errors = run(path, "--until", advice.split()[-1], "--snapshot", "s")[2]
    assert errors.splitlines()[0] == "3 lines: 2 accepted, 1 published later"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"[{GOOD}, {GOOD.replace('71', '72')}]", "2 lines: 1 accepted, 1 refused (1 revision_conflict)"),
        (json.dumps(json.loads(GOOD), indent=2), "1 line: 1 accepted"),
        ("\ufeff" + GOOD, "1 line: 1 accepted"),
    ],
)
def test_json_in_other_layouts_is_read(content: str, said: str) -> None:
    Path("r.json").write_text(content)
    assert said in run("r.json", "--snapshot", "s")[2]


@pytest.mark.parametrize(("content", "code"), [("", 1), ("x\ny\n", 1), (f"x\n{GOOD}\n", 0)])
def test_a_file_of_which_nothing_is_taken_ends_with_1(content: str, code: int) -> None:
    Path("r.jsonl").write_text(content)
    assert run("r.jsonl", "--snapshot", "s")[0] == code


def test_a_table_is_recognised() -> None:
    Path("r.csv").write_text("id,day,dead\n1,2024-03-01,4\n")
    assert "r.csv looks like a CSV file: truceline import csv r.csv --guess" in run("r.csv")[2].splitlines()


def test_a_date_is_its_first_moment() -> None:
    path = written(GOOD)
    assert run(path, "--until", "2022-09-16", "--snapshot", "s")[2].splitlines()[0] == (
        "--until 2022-09-16 is read as 2022-09-16T00:00:00Z"
    )


def test_with_no_output_named_the_result_is_shown() -> None:
    code, out, errors = run(written(GOOD))
    assert code == 0
    assert "war, as of 14 Sep 2022 12:00 UTC" in out
    assert "71" in out
    assert errors == f"1 line: 1 accepted\n{NO_REGISTRY}\n"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        pytest.param(["none.jsonl"], 74, "none.jsonl cannot be read: No such file or directory", id="no such file"),
        pytest.param(["."], 74, "Is a directory", id="a folder"),
        pytest.param(["cut.gz"], 74, "cut.gz cannot be read: Compressed file ended", id="breaks off"),
        pytest.param([], 2, "Missing argument", id="no file"),
        pytest.param(["-", "-"], 2, "standard input (-) can be read once", id="standard input twice"),
        pytest.param(
            ["-", "--jobs", "2"], 2, "standard input (-) can be read only once", id="standard input shared out"
        ),
        pytest.param(["pipe", "--jobs", "2"], 2, "pipe can be read only once", id="a pipe shared out"),
        pytest.param(["r.jsonl", "--horizon", "400"], 2, "not an ISO 8601 duration", id="a horizon with no unit"),
        pytest.param(["r.jsonl", "--tick", "now"], 2, "'now' is not", id="a tick that is no time"),
        pytest.param(["r.jsonl", "--changes", "x", "--snapshot", "./x"], 2, "named twice", id="an output twice"),
        pytest.param(["r.jsonl", "--changes", "r.jsonl"], 2, "named twice", id="an output onto an input"),
        pytest.param(["r.jsonl", "--changes", "no/x"], 2, "--changes no/x: No such file", id="no such folder"),
        pytest.param(["r.jsonl", "--sources", "none.yaml"], 2, "none.yaml cannot be read", id="no such registry"),
        pytest.param(["r.jsonl", "--sources", "bad.yaml"], 2, "bad.yaml:1: 'a' must have", id="bad registry"),
        pytest.param(["r.jsonl", "--nonsense"], 2, "No such option", id="unknown option"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(args: list[str], code: int, words: str) -> None:
    written(GOOD)
    Path("cut.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb")
    Path("bad.yaml").write_text("a: 1\n")
    os.mkfifo("pipe")
    found, out, errors = run(*args)
    assert (found, out) == (code, "")
    assert words in " ".join(errors.split())
    assert names() == ["bad.yaml", "cut.gz", "pipe", "r.jsonl"]


def test_an_input_that_breaks_off_leaves_what_was_there_before() -> None:
    Path("cut.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb")
    Path("c").write_text("of yesterday")
    assert run(written(GOOD), "cut.gz", "--changes", "c", "--snapshot", "s")[0] == 74
    assert Path("c").read_text() == "of yesterday"
    assert names() == ["c", "cut.gz", "r.jsonl"]


def test_an_output_keeps_the_mode_of_the_file_it_replaces() -> None:
    Path("c").touch(0o640)
    run(written(GOOD), "--changes", "c")
    assert Path("c").stat().st_mode & 0o777 == 0o640


def test_a_pipe_or_device_is_written_as_it_comes() -> None:
    assert run(written(GOOD), "--changes", "/dev/null", "--snapshot", "/dev/null", "-q")[0] == 0


@contextlib.contextmanager
def started(*args: str) -> Any:
    command = [sys.executable, "-m", "streams", "replay", *args]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def wait_for(path: str) -> None:
    eventually_sync(lambda: list(Path().glob(path)), f"a file {path}")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_half_way_it_leaves_no_half_file(number: signal.Signals, code: int) -> None:
    with started("-", "--changes", "c") as process:
        stdin: IO[bytes] = process.stdin
        stdin.write(GOOD.encode() + b"\n")
        stdin.flush()
        wait_for(".c.*.part")
        process.send_signal(number)
        # CPython ends by the signal itself where it met Ctrl-C inside exec(), as dataclasses do: a shell sees 130 too.
        assert process.wait(LIMIT_S) in {code, -number}
    assert names() == []


def test_a_closed_reader_ends_it_with_sigpipe() -> None:
    """Nothing is printed on standard error."""
    lines = "\n".join(json.dumps(report(f"r{n}", killed(n), source=f"s{n}")) for n in range(3_000))
    with started(written(lines), "--changes", "-") as process:
        process.stdout.close()
        assert process.wait(LIMIT_S) == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""
