"""`truceline tables`: every table of some episodes as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.errors import CommandFailed, UsageFailed
from streams.cli.exit_handling import command_exit
from streams.cli.history import LogOptions, log_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.tables.query import EpisodeData

_HELP = f"""\
Write the tables of episodes as files: cells, changes, series, reports, claims and places, and a list of the episodes.

They lie in DIR as a server serves them: DIR/episodes.csv, DIR/episodes/EPISODE/cells.csv and so on. The columns
are described in docs/reference/tables.md. A cell that a spreadsheet would take for a formula gets an apostrophe.
Without EPISODE... every episode of the files or of the embedded ledger is written; Kafka needs names.

{options.READ_FROM}
[bold]Examples[/]

  truceline tables out --from reports.jsonl --sources sources.yaml

  truceline tables out armenia-azerbaijan-2022-09 --format xlsx --format parquet --embedded ledger
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=LOOK)(tables)


@log_options
def tables(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; it is made.", show_default=False)],
    episodes: Annotated[
        list[str] | None, typer.Argument(metavar="[EPISODE...]", help="Only these episodes.", show_default=False)
    ] = None,
    *,
    log: LogOptions,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="NAME", help="csv, json, jsonl, parquet or xlsx; may be repeated."),
    ] = None,
    base_url: Annotated[
        str, typer.Option("--base-url", metavar="URL", help="Address of the server that permalinks lead to.")
    ] = "",
) -> None:
    """Write tables; the help is in _HELP."""
    from schemas.tables import MEDIA_TYPES
    from streams.operations.tables import write_tables
    from streams.tables import MissingLibrary
    from streams.tables.writers import TableTooLong

    names = formats or ["csv"]
    if unknown := [name for name in names if name not in MEDIA_TYPES]:
        raise UsageFailed(f"--format {unknown[0]}: not one of {', '.join(MEDIA_TYPES)}")
    with command_exit("stopped; the files written so far are whole"):
        found = _episodes(episodes or [], log, base_url)
        try:
            written = [*write_tables(folder, found, names)]
        except (MissingLibrary, TableTooLong) as error:
            raise CommandFailed(str(error)) from error
    if not log.quiet:
        rows = sum(file.rows for file in written)
        typer.echo(f"{len(written)} file{'s' * (len(written) != 1)}, {rows:,} rows in {folder}", err=True)
        log.note_missing_registry()


def _episodes(named: list[str], log: LogOptions, base_url: str) -> Iterator[EpisodeData]:
    from streams.core.queries.as_of import NoSuchEpisode
    from streams.operations.tables import episode_data, episodes_of
    from streams.tables import Links

    if not named and not log.files and log.embedded is None:
        raise UsageFailed("name the episodes to read from Kafka, or --from FILE... or --embedded DIR")
    quiet, registry, horizon_us = log._replace(quiet=True), log.registry(), log.horizon_us()
    names, links = options.read_atlas(log.atlas), Links(base_url.rstrip("/"))

    def data(name: str) -> EpisodeData:
        records = [*quiet.records(name)]
        return episode_data(name, lambda: records, registry, horizon_us=horizon_us, atlas=names, links=links)

    for name in named or episodes_of(log.all_records()):
        try:
            yield data(name)
        except NoSuchEpisode as error:
            raise options.episode_not_found(error) from error
