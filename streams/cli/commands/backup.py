"""`truceline backup`: copy an embedded server's ledger while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli import CHECK
from streams.cli.errors import InputFailed
from streams.cli.exit_handling import command_exit

_HELP = """\
Copy the ledger of an embedded server to FILE, as of one moment; the server may be running.

FILE must be new; it appears once the copy is complete, checked and on disk. To restore it, stop the server, and put it
as truceline.sqlite into a new folder.

[bold]Examples[/]

  truceline backup ./ledger ledger-2026-01-01.sqlite
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=CHECK)(backup)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the embedded server.", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file for the copy.", show_default=False)],
) -> None:
    """Back up a ledger; the help is in _HELP."""
    from streams.stores.sqlite.backup import back_up
    from streams.stores.store import StoreUnavailable

    try:
        with command_exit(f"stopped; {file} was not written"):
            size = back_up(folder, file)
    except StoreUnavailable as error:
        raise InputFailed(str(error)) from error
    typer.echo(f"{file}: {size:,} bytes")
