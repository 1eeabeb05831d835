"""The `truceline` command: a root, and one module of `commands` a command or group of commands.

A module there joins in by a function `register(root: typer.Typer) -> None`:

    def register(root: typer.Typer) -> None:
        root.command(rich_help_panel=RUN)(replay)         # a command …
        root.add_typer(group, name="topics", rich_help_panel=KAFKA)   # … or a group

It imports at its top only what is light (typer, the standard library, `streams.cli`); Faust, aiokafka,
pydantic and the like inside the commands: `truceline --help` and completion load every module here.
A command that cannot go on raises one of `streams.cli.errors`.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from streams import __version__
from streams.cli import commands, exit_handling
from streams.cli.errors import CommandFailed

__all__ = ["KAFKA", "LOOK", "RUN", "app", "main"]

# Help panels, in the order in which they are shown.
RUN = "Run"
LOOK = "Feed and look"
KAFKA = "Kafka"

# The order in which commands are shown; a module that is not named comes last.
ORDER = ("demo", "replay", "serve", "send", "export", "topics", "kafka")


class Root(TyperGroup):
    """Turns a `CommandFailed` into its one line and exit code, for the shell and for tests alike."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CommandFailed as failure:
            typer.echo(f"truceline: {failure}", err=True)
            raise typer.Exit(failure.exit_code) from failure


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"truceline {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Reports of an armed conflict in, running casualty counts and ceasefire status out."""
    del version


def _build() -> typer.Typer:
    root = typer.Typer(
        name="truceline",
        cls=Root,
        callback=_root,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    names = {found.name for found in pkgutil.iter_modules(commands.__path__)}
    for name in sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)):
        importlib.import_module(f"{commands.__name__}.{name}").register(root)
    return root


app = _build()


def main() -> None:
    """Run the command line; exits with the command's code."""
    try:
        app()
    except SystemExit as end:
        if exit_handling.SKIP_TEARDOWN and isinstance(end.code, int):
            # To take a ledger of millions of reports apart, one by one, would keep the shell waiting for seconds.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise
