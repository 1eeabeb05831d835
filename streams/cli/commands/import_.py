"""`truceline import`: public data sets, and any table, as reports."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import PUT_IN, options
from streams.cli.errors import EXIT_FAILED, UsageFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from schemas.reports import ReportShape
    from streams.operations.importers.base import ImportOptions, ImportTally
    from streams.operations.importers.rejected_rows import RejectedRows

_HELP = """\
Turn a spreadsheet or a public data set into reports.

KIND is one of:

  [bold]csv[/]                 any table (CSV, XLSX, ODS, JSON), by a mapping of its columns
  [bold]armaz[/]               hand-coded claims of the press on Armenia and Azerbaijan
  [bold]palestine-datasets[/]  daily casualties in Gaza, and the history of the file
  [bold]russian-losses[/]      Russian personnel losses as claimed by Ukraine, history and corrections
  [bold]ucdp-ged[/]            events of UCDP GED
  [bold]eth-prio[/]            declarations of ceasefires (ETH/PRIO)

FILE is plain, .gz or .zst; - is standard input. Reports are printed as JSON lines, in the order of their publication.
Ids are made from the rows, so importing twice is safe. Exits with 1 if a row was lost, unless --lenient, and if no row
was taken.

[bold]Examples[/]

  truceline import csv survey.csv --guess > draft.yaml

  truceline import csv survey.csv --mapping survey.yaml --lenient --rejected faults.csv -o survey.jsonl

  truceline import csv survey.csv --mapping survey.yaml --lenient --edition survey.jsonl -o changes.jsonl

  truceline import russian-losses russia_losses_personnel.json > reports.jsonl
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
    kind: Annotated[KindName, typer.Argument(metavar="KIND", help="Kind of the data.", show_default=False)],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Tables, or files of the data set.", show_default=False)
    ],
    *,
    output: options.Output = "-",
    mapping: Annotated[Path | None, typer.Option(metavar="FILE", help="Columns to fields, YAML (csv).")] = None,
    guess: Annotated[bool, typer.Option("--guess", help="Print a mapping drafted from FILE (csv).")] = False,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save rows with faults to FILE, to fix and import again.")
    ] = None,
    edition: Annotated[
        Path | None,
        typer.Option(
            metavar="BEFORE", help="Earlier edition, or its reports: revise what changed, withdraw what is gone."
        ),
    ] = None,
    episode: Annotated[str | None, typer.Option(metavar="SLUG", help="Episode of all reports.")] = None,
    revision: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Revision of the reports; higher for a later edition.", show_default="1"),
    ] = None,
    history: Annotated[
        bool, typer.Option("--revisions/--no-revisions", help="Use the .revisions.jsonl given or beside the file.")
    ] = True,
    allow_future: Annotated[bool, typer.Option("--allow-future", help="Take rows dated in the future (csv).")] = False,
    send: Annotated[bool, typer.Option("--send", help="Send the reports, as `truceline send` does.")] = False,
    to: Annotated[str | None, typer.Option(metavar="URL", help="With --send: over HTTP to this server.")] = None,
    lenient: Annotated[bool, typer.Option("--lenient", help="Exit with 0 even if rows were lost.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 also if a claim or field of a row was lost.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Read a data set; the help is in _HELP."""
    from datetime import UTC, datetime

    from streams.operations.importers.base import ImportOptions, ImportTally

    if guess:
        _guess(kind, files, output)
        return
    _check(kind, mapping, output, files, send=send, to=to)
    tally = ImportTally()
    with command_exit("stopped; the import is not complete"):
        first = revision or (1 if edition is None else 2)
        asked = ImportOptions(episode, first, mapping, history, None if allow_future else datetime.now(UTC))
        reports, faulty = _read(kind, files, asked, tally, quiet=quiet)
        changes = None if edition is None else _since(edition, reports, kind, asked)
        if changes is not None:
            reports, edition_note = changes
            asked.notes.append(edition_note)
        _summarise(kind, reports, tally, asked, quiet=quiet)
        if rejected is not None:
            _write_rejected(faulty, rejected, mapping)
        if send:
            _send(reports, to, strict=strict, quiet=quiet)
        else:
            _write(reports, output)
    if not tally.taken or (tally.faults and not lenient) or (strict and (tally.faults or tally.lost)):
        raise typer.Exit(EXIT_FAILED)


def _guess(kind: KindName, files: list[Path], output: str) -> None:
    from streams.files.atomic_output import output as opened
    from streams.operations.importers.guess import guess_mapping

    if kind is not KindName.CSV or len(files) != 1:
        raise UsageFailed("--guess drafts a mapping for one table: truceline import csv FILE --guess")
    with command_exit("stopped"), opened(output) as file:
        file.write(guess_mapping(files[0]).encode())


def _check(kind: KindName, mapping: Path | None, output: str, files: list[Path], *, send: bool, to: str | None) -> None:
    if kind is KindName.CSV and mapping is None:
        raise UsageFailed(f"csv needs --mapping FILE; draft one with truceline import csv {files[0]} --guess")
    if kind is not KindName.CSV and mapping is not None:
        raise UsageFailed(f"{kind} has no --mapping")
    if to is not None and not send:
        raise UsageFailed("--to needs --send")
    if send and output != "-":
        raise UsageFailed("use either --send or --output")
    if output != "-" and os.path.realpath(output) in {os.path.realpath(file) for file in files}:
        raise UsageFailed(f"--output {output} would overwrite an input")
    if files.count(Path("-")) > 1:
        raise UsageFailed("standard input (-) can be read once")


def _read(
    kind: KindName, files: list[Path], asked: ImportOptions, tally: ImportTally, *, quiet: bool
) -> tuple[list[ReportShape], RejectedRows]:
    from streams.cli.render.progress import Position, progress
    from streams.operations.importers.base import horizon_of, in_order_of_publication, take
    from streams.operations.importers.csv_mapping import MappingError
    from streams.operations.importers.registry import KINDS
    from streams.operations.importers.rejected_rows import RejectedRows

    def position() -> Position:
        return Position(tally.rows.total(), None, f"{tally.rows.total():,} rows, {tally.reports:,} reports")

    faulty = RejectedRows()
    try:
        with progress(position, quiet=quiet):
            reports = in_order_of_publication(take(KINDS[kind].read(files, asked), tally, faulty.add))
            tally.horizon = horizon_of(reports, later_edition=asked.revision > 1)
    except MappingError as error:
        raise UsageFailed(str(error)) from error
    return reports, faulty


def _since(
    before: Path, reports: list[ReportShape], kind: KindName, asked: ImportOptions
) -> tuple[list[ReportShape], str]:
    """Return the reports that changed since an edition that is given as a file of its kind, or as its reports."""
    from dataclasses import replace

    from streams.operations.importers.base import ImportTally, in_order_of_publication, take
    from streams.operations.importers.editions import edition_changes, reports_of
    from streams.operations.importers.registry import KINDS

    earlier = reports_of(before)
    if earlier is None:
        first = replace(asked, revision=1, notes=[], warnings=[])
        earlier = list(take(KINDS[kind].read([before], first), ImportTally()))
    changes, counts = edition_changes(earlier, reports, asked.revision)
    return in_order_of_publication(changes), str(counts)


def _write(reports: list[ReportShape], path: str) -> None:
    from streams.files.atomic_output import output
    from streams.operations.importers.base import encode

    with output(path) as file:
        for report in reports:
            file.write(encode(report) + b"\n")


def _write_rejected(faulty: RejectedRows, path: Path, mapping: Path | None) -> None:
    """Write the rows with faults in the format of the mapping, so that it reads them again."""
    from streams.files.atomic_output import output
    from streams.operations.importers.csv_mapping import read_mapping

    given = None if mapping is None else read_mapping(mapping).file
    with output(str(path)) as file:
        faulty.write(file, (given and given.delimiter) or ",", (given and given.encoding) or "utf-8")


def _send(reports: list[ReportShape], to: str | None, *, strict: bool, quiet: bool) -> None:
    from tempfile import TemporaryDirectory

    from streams.cli.commands.send import send

    with TemporaryDirectory(prefix="truceline-import-") as folder:
        path = str(Path(folder) / "reports.jsonl")
        _write(reports, path)
        send([path], to=to, strict=strict, quiet=quiet)


def _summarise(
    kind: KindName, reports: list[ReportShape], tally: ImportTally, asked: ImportOptions, *, quiet: bool
) -> None:
    from streams.operations.importers.summary import summary_lines

    if quiet:
        return
    for line in summary_lines(kind, reports, tally, asked):
        typer.echo(line, err=True)
