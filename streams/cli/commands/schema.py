"""`truceline schema`: show record schemas, and check files against them."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Annotated

import typer

from streams.cli import CHECK, options
from streams.cli.errors import EXIT_FAILED, UsageFailed
from streams.cli.exit_handling import command_exit
from streams.cli.help import PlainGroup

FAULTS_SHOWN = 20
ASYNCAPI = "asyncapi"

group = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="rich")


class ShapeName(StrEnum):
    """The schemas of schemas/json_schema.py, named here so that --help need not load them (a test compares them)."""

    REPORT = "report"
    TICK = "tick"
    COUNT_CHANGE = "count-change"
    STATUS_CHANGE = "status-change"
    STATEMENT_CHANGE = "statement-change"
    PICTURE = "picture"
    SNAPSHOT = "snapshot"
    DIFFERENCE = "difference"
    ALERT = "alert"
    UNDELIVERED = "undelivered"
    EVENT_HEADERS = "event-headers"
    REJECTED_HEADERS = "rejected-headers"


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline schema`."""
    root.add_typer(group, name="schema", rich_help_panel=CHECK, help="Show and check record schemas.")


@group.command()
def show(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Name of a schema.", show_default=False)] = None,
) -> None:
    """Print a record's JSON Schema; without NAME list all schemas.

    NAME asyncapi prints all topics as one AsyncAPI 3.0 document.

    [bold]truceline schema show report > report.json[/]
    """
    from importlib.resources import files

    if name is None:
        _list()
        return
    if name not in {*ShapeName, ASYNCAPI}:
        raise UsageFailed(f"there is no schema {name!r}; there are {', '.join([*ShapeName, ASYNCAPI])}")
    file = "asyncapi.yaml" if name == ASYNCAPI else f"json/{name}.json"
    typer.echo(files("schemas").joinpath(file).read_text(encoding="utf-8"), nl=False)


@group.command()
def check(
    files: options.Files,
    *,
    shape: Annotated[
        ShapeName | None,
        typer.Option("--as", metavar="NAME", help="Schema of the records; by default found from their fields."),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Check each record of files against its schema; exit with 1 if one does not fit.

    FILE is JSON lines: reports, ticks, outputs of replay, or records of the topics; or, if its name ends in .yaml,
    a source registry or an atlas.

    Rules that depend on other reports are not checked; replay does that.

    [bold]truceline schema check reports.jsonl[/]

    [bold]truceline schema check sources.yaml atlas.yaml[/]
    """
    from streams.cli.render.progress import progress, reading
    from streams.cli.render.refused_lines import ignored_line
    from streams.core.phrases import plain
    from streams.core.words import count_ignored, ignored_fields
    from streams.files.jsonl import Lines
    from streams.files.schema_check import check_names, is_names_file, verdicts

    counts: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    faults = 0
    with command_exit("stopped before the end"):
        for named in filter(is_names_file, files):
            names = check_names(named)
            counts[names.shape] += 1
            faults += bool(names.faults)
            for fault in names.faults:
                typer.echo(plain(fault), err=True)
        source = Lines([path for path in files if not is_names_file(path)])
        with progress(reading(source), quiet=quiet):
            for line in source:
                for verdict in verdicts(line, shape):
                    counts[verdict.shape] += 1
                    count_ignored(ignored, ignored_fields(verdict.unknown))
                    faults += bool(verdict.faults)
                    if verdict.faults and faults <= FAULTS_SHOWN:
                        said = plain("; ".join(verdict.faults[:3]))
                        typer.echo(f"{source.path}:{source.number}: {verdict.shape}: {said}", err=True)
    if faults > FAULTS_SHOWN:
        typer.echo(f"and {faults - FAULTS_SHOWN:,} more", err=True)
    typer.echo(_summary(counts, faults))
    if unknown := ignored_line(ignored):
        typer.echo(unknown, err=True)
    if faults or not counts:
        raise typer.Exit(EXIT_FAILED)


def _list() -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from schemas.json_schema import SHAPES, VERSION
    from schemas.topics import TOPICS

    table = Table("name", "topic", "description", box=SIMPLE_HEAD, pad_edge=False)
    for shape in SHAPES.values():
        topics = [topic.name for topic in TOPICS.values() if shape.title in topic.value.split(" | ")]
        table.add_row(shape.name, ", ".join(topics) or "–", shape.says.split(". ")[0].rstrip("."))
    table.add_row(ASYNCAPI, "all", "All topics as one AsyncAPI 3.0 document")
    Console().print(f"Version {VERSION} of the contract:", table, sep="\n")


def _summary(counts: Counter[str], faults: int) -> str:
    from streams.cli.render.text import counted

    if not counts:
        return "no records"
    kinds = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    parts = [f"{counted(counts.total(), 'record')} ({kinds})"]
    parts.append(f"{faults:,} {'does' if faults == 1 else 'do'} not fit" if faults else "all fit")
    return "; ".join(parts)
