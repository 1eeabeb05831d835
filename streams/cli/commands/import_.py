"""`truceline import`: public data sets, and any table, as reports."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import PUT_IN
from streams.cli.errors import EXIT_FAILED, UsageFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from schemas.reports import ReportShape
    from streams.operations.importers.base import ImportOptions, ImportTally

_HELP = """\
Read a public data set as reports: JSON lines on standard output, in the order of their publication.

KIND is one of:

  [bold]armaz[/]               hand-coded claims of the press on Armenia and Azerbaijan
  [bold]palestine-datasets[/]  daily casualties in Gaza, and the history of the file
  [bold]russian-losses[/]      Russian personnel losses as claimed by Ukraine, history and corrections
  [bold]ucdp-ged[/]            events of UCDP GED
  [bold]eth-prio[/]            declarations of ceasefires (ETH/PRIO)
  [bold]csv[/]                 any CSV file, by a mapping of its columns

FILE is plain, .gz or .zst, - for standard input. Ids are made from the rows: a second import is all duplicates.

[bold]Examples[/]

  truceline import russian-losses russia_losses_personnel.json > reports.jsonl

  truceline import csv survey.csv --mapping survey.yaml -o reports.jsonl
"""


class KindName(StrEnum):
    """Kinds of data sets, as in `streams.operations.importers.registry` (a test compares them)."""

    ARMAZ = "armaz"
    PALESTINE = "palestine-datasets"
    RUSSIAN_LOSSES = "russian-losses"
    UCDP_GED = "ucdp-ged"
    ETH_PRIO = "eth-prio"
    CSV = "csv"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(name="import", help=_HELP, rich_help_panel=PUT_IN)(import_)


def import_(
    kind: Annotated[KindName, typer.Argument(show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False)],
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to, .gz and .zst too; - prints.")
    ] = "-",
    mapping: Annotated[Path | None, typer.Option(metavar="FILE", help="Which column is which field (csv).")] = None,
    episode: Annotated[
        str | None, typer.Option(metavar="SLUG", help="The episode of all reports, in place of the data set's own.")
    ] = None,
    revision: Annotated[
        int, typer.Option(min=1, help="The (first) revision: higher for a later edition of the same data set.")
    ] = 1,
    history: Annotated[
        bool, typer.Option("--revisions/--no-revisions", help="Use the .revisions.jsonl given or beside the file.")
    ] = True,
    send: Annotated[bool, typer.Option("--send", help="Put the reports on the log, as `truceline send` does.")] = False,
    to: Annotated[str | None, typer.Option(metavar="URL", help="With --send: over HTTP to this server.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a row could not be read.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Read a data set; the help is in _HELP."""
    from streams.operations.importers.base import ImportOptions, ImportTally

    _check(kind, mapping, output, files, send=send, to=to)
    tally = ImportTally()
    with command_exit("stopped; the import is not complete"):
        options = ImportOptions(episode, revision, mapping, history)
        reports = _read(kind, files, options, tally, quiet=quiet)
        _summarise(kind, reports, tally, quiet=quiet)
        if send:
            _send(reports, to, strict=strict, quiet=quiet)
        else:
            _write(reports, output)
    if strict and tally.faults:
        raise typer.Exit(EXIT_FAILED)


def _check(kind: KindName, mapping: Path | None, output: str, files: list[Path], *, send: bool, to: str | None) -> None:
    if (mapping is None) is (kind is KindName.CSV):
        raise UsageFailed("csv needs --mapping FILE" if mapping is None else f"{kind} has no --mapping")
    if to is not None and not send:
        raise UsageFailed("--to is where --send sends")
    if send and output != "-":
        raise UsageFailed("--send puts the reports on the log; it writes no --output")
    if output != "-" and os.path.realpath(output) in {os.path.realpath(file) for file in files}:
        raise UsageFailed(f"--output {output} would overwrite an input")
    if files.count(Path("-")) > 1:
        raise UsageFailed("standard input (-) can be read once")


def _read(
    kind: KindName, files: list[Path], options: ImportOptions, tally: ImportTally, *, quiet: bool
) -> list[ReportShape]:
    from streams.cli.render.progress import Position, progress
    from streams.operations.importers.base import horizon_of, in_order_of_publication, take
    from streams.operations.importers.csv_mapping import MappingError
    from streams.operations.importers.registry import KINDS

    def position() -> Position:
        return Position(tally.rows.total(), None, f"{tally.rows.total():,} rows, {tally.reports:,} reports")

    try:
        with progress(position, quiet=quiet):
            reports = in_order_of_publication(take(KINDS[kind].read(files, options), tally))
            tally.horizon = horizon_of(reports, later_edition=options.revision > 1)
    except MappingError as error:
        raise UsageFailed(str(error)) from error
    return reports


def _write(reports: list[ReportShape], path: str) -> None:
    from streams.files.atomic_output import output
    from streams.operations.importers.base import encode

    with output(path) as file:
        for report in reports:
            file.write(encode(report) + b"\n")


def _send(reports: list[ReportShape], to: str | None, *, strict: bool, quiet: bool) -> None:
    from tempfile import TemporaryDirectory

    from streams.cli.commands.send import send

    with TemporaryDirectory(prefix="truceline-import-") as folder:
        path = str(Path(folder) / "reports.jsonl")
        _write(reports, path)
        send([path], to=to, strict=strict, quiet=quiet)


def _summarise(kind: KindName, reports: list[ReportShape], tally: ImportTally, *, quiet: bool) -> None:
    from streams.operations.importers.summary import summary_lines

    if quiet:
        return
    for line in summary_lines(kind, reports, tally):
        typer.echo(line, err=True)
