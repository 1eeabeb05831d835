"""The exits of commands that cannot continue: Ctrl-C, a closed pipe, a truncated input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.files.zstd import zstd
from tests.operations.importers.imports import ARMAZ
from tests.support.build import at, killed, report

#: More than a pipe holds, so that once it is written the command is reading it.
REPORTS = "".join(f"{json.dumps(report(f'r{n}', killed(n), published_at=at(14, 1)))}\n" for n in range(2_000)).encode()
NOBODY = "http://127.0.0.1:1"

#: Commands that read standard input; those with an output of their own write it to `out`.
READING = [
    ["replay", "-", "--changes", "out", "--snapshot", "out2"],
    ["import", "armaz", "-", "-o", "out"],
    ["table", "war", "--from", "-", "-o", "out"],
    ["plot", "war", "--from", "-", "-o", "out.svg"],
    ["show", "war", "--from", "-"],
    ["diff", "war", at(1), at(30), "--from", "-"],
    ["explain", "war", "--from", "-"],
    ["alerts", "test", "rules.yaml", "-"],
    ["schema", "check", "-"],
]

#: Commands that print more than a pipe holds of a file of reports, and nothing on standard error.
PRINTING = [
    ["replay", "reports", "--changes", "-", "-q"],
    ["replay", "reports", "--tick", at(15)],
    ["import", "armaz", str(ARMAZ), "-q"],
    ["table", "war", "--from", "reports", "-q"],
    ["show", "war", "--from", "reports", "-q"],
    ["diff", "war", at(1), at(30), "--from", "reports", "--format", "json", "-q"],
    ["explain", "war", "killed", "--from", "reports", "--format", "json", "-q"],
    ["alerts", "test", "rules.yaml", "reports", "-q"],
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").write_bytes(REPORTS)
    (tmp_path / "rules.yaml").write_text(CliRunner().invoke(app, ["alerts", "example"]).stdout)
    return tmp_path


def left() -> set[str]:
    return {path.name for path in Path().iterdir()} - {"reports", "rules.yaml"}


def named(commands: list[list[str]]) -> list[object]:
    return [pytest.param(command, id=" ".join(command[:3])) for command in commands]


@pytest.mark.parametrize("command", named(READING))
def test_ctrl_c_ends_it_with_a_word_and_leaves_no_half_file(command: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "streams", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(REPORTS)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode().splitlines()
    # The signal itself: CPython met it inside exec(), as dataclasses do; a shell sees 130 too.
    assert process.returncode in {130, -signal.SIGINT}
    assert [line.partition(";")[0].partition(" before")[0] for line in said] == ["truceline: stopped"]
    assert left() == set()


@pytest.mark.parametrize("command", named(PRINTING))
def test_a_reader_that_has_gone_ends_it_quietly(command: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run([sys.executable, "-m", "streams", *command], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (run.returncode, run.stderr) == (141, b"")


@pytest.mark.parametrize("command", named([*READING, ["send", "-", "--to", NOBODY, "--rejected", "out"]]))
def test_an_input_cut_short_ends_with_74(command: list[str], here: Path) -> None:
    """No half-written file is left."""
    (here / "reports").write_bytes(b"")
    content = ARMAZ.read_bytes() if command[0] == "import" else b"\n" * 500_000
    (here / "cut.zst").write_bytes(zstd.compress(content)[:-3])
    run = CliRunner().invoke(app, ["cut.zst" if word == "-" else word for word in command])
    assert (run.exit_code, run.stdout) == (74, "")
    assert run.stderr.startswith("truceline: cut.zst cannot be read")
    assert left() == {"cut.zst"}


def test_an_output_that_cannot_be_written_is_said_by_its_name() -> None:
    run = CliRunner().invoke(app, ["table", "war", "--from", "reports", "-o", "no/such/folder/x", "-q"])
    assert run.exit_code == 74
    assert run.stderr == "truceline: no/such/folder/x cannot be written: No such file or directory\n"


def test_a_full_disk_is_said_and_leaves_nothing() -> None:
    """`/dev/full` is one: every write to it fails."""
    run = subprocess.run(
        [sys.executable, "-m", "streams", "replay", "reports", "--changes", "/dev/full", "-q"],
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (74, "truceline: /dev/full cannot be written: No space left on device\n")
