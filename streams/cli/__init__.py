"""The `truceline` command: a root, and one module of `commands` for each command or group of commands.

A module joins in by a function `register(root: typer.Typer) -> None`:

    def register(root: typer.Typer) -> None:
        root.command(help=_HELP, rich_help_panel=RUN)(replay)                  # a command …
        root.add_typer(group, name="topics", rich_help_panel=KAFKA, help="…")  # … or a group

It imports at its top only what is light (typer, the standard library, `streams.cli`); Faust, aiokafka,
pydantic and the like inside the commands: `truceline --help` and completion load every module here.
A command that fails raises one of `streams.cli.errors`.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Annotated, Any

import typer

from streams import __version__
from streams.cli import commands
from streams.cli.exit_handling import QuickExit, end_process
from streams.cli.help import PlainGroup

__all__ = ["CHECK", "KAFKA", "LOOK", "PUT_IN", "RUN", "Root", "app", "main"]

# Help panels, in the order in which they are shown.
RUN = "Run"
PUT_IN = "Put in"
LOOK = "Look"
CHECK = "Check"
KAFKA = "Kafka"

# Commands in the order in which they are shown; one that is not named comes last.
ORDER = [
    *("demo", "serve", "replay", "writers"),
    *("read", "collect", "add", "import", "send", "rejected", "reviews", "export"),
    *("show", "diff", "explain", "table", "tables", "series", "plot", "alerts"),
    *("doctor", "status", "schema", "verify", "backup"),
    *("kafka", "topics", "rebuild"),
]


class Root(PlainGroup):
    """The root command; shows commands in the order of use."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"truceline {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Feed in reports from a conflict; get running casualty counts and ceasefire status."""
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
    for module in pkgutil.iter_modules(commands.__path__):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(root)
    return root


app = _build()


def main() -> None:
    """Run the command line; exits with the command's code."""
    try:
        app()
    except SystemExit as end:
        cause = end.__context__
        if isinstance(cause, QuickExit):
            end_process(cause.exit_code)
        if isinstance(cause, BrokenPipeError) and (len(sys.argv) == 1 or not {"--help", "-h"}.isdisjoint(sys.argv)):
            # `truceline --help | head` has printed all that its reader wanted.
            end_process(0)
        raise
