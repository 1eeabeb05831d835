"""`truceline series`: the persons added in each day, week or month."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.errors import CommandFailed, UsageFailed
from streams.cli.exit_handling import command_exit
from streams.cli.history import LogOptions, log_options

_HELP = f"""\
Print the persons that each count of an EPISODE gained in each day, week or month.

A row is a count and a window of time: best after less best before, with bounds; a negative number is a correction. A
window in which no claim of the count is dated is left out. --since ceasefire counts from the start of the ceasefire
that is in effect.

{options.READ_FROM}
[bold]Examples[/]

  truceline series armenia-azerbaijan-2022-09 --from reports.jsonl --zone Asia/Yerevan

  truceline series gaza-2023-10 --per month --format json --embedded ledger

  truceline series armenia-azerbaijan-2022-09 --per all --since ceasefire --from reports.jsonl
"""


class SeriesFormat(StrEnum):
    """Formats of a series."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class Windows(StrEnum):
    """Windows of a series."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=LOOK)(series)


@log_options
def series(
    episode: options.Episode,
    more: options.More = None,
    *,
    log: LogOptions,
    per: Annotated[Windows, typer.Option("--per", help="Length of a window.")] = Windows.DAY,
    since: Annotated[
        str | None, typer.Option(metavar="TIME|ceasefire[:NAME]", help="Begin at TIME, or with the ceasefire.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="End before TIME.")] = None,
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Time zone in which days begin.")] = "UTC",
    form: Annotated[SeriesFormat, typer.Option("--format", help="CSV, JSON or JSON lines.")] = SeriesFormat.CSV,
) -> None:
    """Print a series; the help is in _HELP."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from schemas.tables import TABLES
    from streams.core.queries.as_of import NoSuchEpisode
    from streams.core.queries.series import NotInEffect
    from streams.operations.tables import episode_data
    from streams.tables import Links, write
    from streams.tables.query import RowFilter, SeriesOptions, table_rows

    del more  # already in `log`
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageFailed(f"--zone {zone}: not a time zone, such as Asia/Yerevan or UTC") from None
    name = since.partition(":")[2] or "main" if since and since.partition(":")[0] == "ceasefire" else None
    since_us = options.time_us(since, "--since") if since and name is None else None
    until_us = None if until is None else options.time_us(until, "--until")
    atlas = options.read_atlas(log.atlas)
    with command_exit("stopped before the end of the log"):
        records = [*log.records(episode)]
        try:
            data = episode_data(
                episode, lambda: records, log.registry(), horizon_us=log.horizon_us(), atlas=atlas, links=Links()
            )
            data.series = SeriesOptions(per.value, known, since_us, until_us, name)
            write(TABLES["series"], table_rows(data, "series", RowFilter()), form.value, sys.stdout.buffer)
        except NoSuchEpisode as error:
            raise options.episode_not_found(error) from error
        except NotInEffect as error:
            raise CommandFailed(str(error)) from error
