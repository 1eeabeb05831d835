"""`truceline reviews`: what people decided on drafts, as coded documents and as figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import PUT_IN
from streams.cli.errors import InputFailed
from streams.cli.exit_handling import command_exit
from streams.cli.help import PlainGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.stores.review_store import Reviewed

group = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="rich")

_EXPORT = """\
Print reviewed documents with the claims that people took, one a line: gold to score a reader against.

A claim is as drafted, as edited, or added by hand; a rejected document has none. The server may be running.

[bold]Examples[/]

  truceline reviews export ./ledger > gold.jsonl
"""

_QUALITY = """\
Print what people did with drafted claims, by tier and by reason: taken as drafted, edited, left out.

[bold]Examples[/]

  truceline reviews quality ./ledger
"""

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the embedded server.", show_default=False)]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline reviews`."""
    group.command(help=_EXPORT)(export)
    group.command(help=_QUALITY)(quality)
    root.add_typer(group, name="reviews", rich_help_panel=PUT_IN, help="Export and count decisions on drafts.")


def export(folder: Folder) -> None:
    """Print coded documents; the help is in _EXPORT."""
    import orjson

    from streams.review import coded_document

    count = 0
    with command_exit("stopped before the last document"):
        for each in _reviewed(folder):
            line = orjson.dumps(coded_document(each.draft, each.review), option=orjson.OPT_APPEND_NEWLINE)
            sys.stdout.write(line.decode())
            count += 1
    typer.echo(f"{count} reviewed document{'s' * (count != 1)}", err=True)


def quality(folder: Folder) -> None:
    """Print the quality of drafts; the help is in _QUALITY."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from streams.cli.render.console import Printed
    from streams.review import Quality

    found = Quality()
    with command_exit("stopped"):
        for each in _reviewed(folder):
            found.count(each.draft, each.review)
    table = Table("tier or reason", box=SIMPLE_HEAD, pad_edge=False)
    for header in ("as drafted", "edited", "left out", "right"):
        table.add_column(header, justify="right")
    for tallies in (found.tiers, found.reasons):
        for name, tally in sorted(tallies.items()):
            share = tally.kept / (tally.kept + tally.edited + tally.left)
            table.add_row(name, f"{tally.kept:,}", f"{tally.edited:,}", f"{tally.left:,}", f"{share:.0%}")
        table.add_section()
    Printed().print(table)
    typer.echo(f"{found.documents:,} documents; {found.added:,} claims added by hand", err=True)


def _reviewed(folder: Path) -> Iterator[Reviewed]:
    from streams.stores.sqlite.review import ReviewFile
    from streams.stores.store import StoreUnavailable

    file = ReviewFile(folder)
    after = 0
    try:
        while page := file.reviewed(after):
            yield from page
            after = page[-1].row
    except StoreUnavailable as error:
        raise InputFailed(str(error)) from error
