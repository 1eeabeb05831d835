"""`truceline show` and `truceline diff`: an episode as known at a time, and what changed between two times."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.errors import UsageFailed
from streams.cli.exit_handling import command_exit
from streams.cli.history import LogOptions, log_options

if TYPE_CHECKING:
    from streams.core.queries.as_of import EpisodeDifference

STOPPED = "stopped before the end of the log"

_KNOWN = f"""\
Known at TIME: the reports published by then, and what was to take effect or to expire by then.

{options.READ_FROM}"""

_SHOW_HELP = f"""\
Show the counts and ceasefires of an EPISODE, now or as known at a time.

{_KNOWN}
[bold]Examples[/]

  truceline show armenia-azerbaijan-2022-09 --at 2022-09-14T12:00:00Z --from reports.jsonl --sources sources.yaml

  truceline show armenia-azerbaijan-2022-09 --embedded ./ledger --format json
"""

_DIFF_HELP = f"""\
List what changed in an EPISODE from T1 to T2, and which reports changed it.

Corrections are marked. {_KNOWN}
[bold]Examples[/]

  truceline diff armenia-azerbaijan-2022-09 2022-09-14T00:00:00Z 2022-09-16T00:00:00Z --from reports.jsonl

  truceline diff gaza-2023-10 2024-05-01T00:00:00Z 2024-06-01T00:00:00Z --embedded ./ledger --format md > may.md
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_SHOW_HELP, rich_help_panel=LOOK)(show)
    root.command(help=_DIFF_HELP, rich_help_panel=LOOK)(diff)


@log_options
def show(
    episode: options.Episode,
    more: options.More = None,
    *,
    log: LogOptions,
    at: options.At = None,
    form: Annotated[
        options.TextFormat, typer.Option("--format", help="Human-readable or JSON.")
    ] = options.TextFormat.TEXT,
) -> None:
    """Show an episode; the help is in _SHOW_HELP."""
    from streams.core.queries.as_of import NoSuchEpisode, known_at

    del more  # already in `log`
    at_us = None if at is None else options.time_us(at, "--at")
    registry, horizon_us = log.registry(), log.horizon_us()
    with command_exit(STOPPED):
        try:
            picture = known_at(episode, log.records(episode), registry, horizon_us=horizon_us, at_us=at_us)
        except NoSuchEpisode as error:
            raise options.episode_not_found(error, " at that time" if at else "") from error
        if form is options.TextFormat.JSON:
            import orjson

            record = {"episode": episode, **picture}
            sys.stdout.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE).decode())
            return

        from streams.cli.render.console import Printed
        from streams.cli.render.picture import picture_tables
        from streams.cli.render.text import IN_UTC

        Printed().print(picture_tables(episode, picture, IN_UTC, log.names()))
    log.note_missing_registry()


@log_options
def diff(
    episode: options.Episode,
    from_time: Annotated[str, typer.Argument(metavar="T1", help="First time.", show_default=False)],
    to_time: Annotated[str, typer.Argument(metavar="T2", help="Second time.", show_default=False)],
    more: options.More = None,
    *,
    log: LogOptions,
    form: Annotated[
        options.DiffFormat, typer.Option("--format", help="Table, JSON or Markdown.")
    ] = options.DiffFormat.TABLE,
) -> None:
    """List what changed; the help is in _DIFF_HELP."""
    from streams.core.queries.as_of import NoSuchEpisode, difference

    del more  # already in `log`
    from_us, to_us = options.time_us(from_time, "T1"), options.time_us(to_time, "T2")
    if to_us < from_us:
        raise UsageFailed(f"T2 {to_time} is before T1 {from_time}")
    registry, horizon_us = log.registry(), log.horizon_us()
    with command_exit(STOPPED):
        records = log.records(episode)
        try:
            found = difference(episode, records, registry, horizon_us=horizon_us, from_us=from_us, to_us=to_us)
        except NoSuchEpisode as error:
            raise options.episode_not_found(error, f" until {to_time}") from error
        _print_difference(found, form, log)


def _print_difference(found: EpisodeDifference, form: options.DiffFormat, log: LogOptions) -> None:
    if form is options.DiffFormat.JSON:
        import orjson

        sys.stdout.write(orjson.dumps(found.as_record(), option=orjson.OPT_APPEND_NEWLINE).decode())
    elif form is options.DiffFormat.MD:
        from streams.cli.render.difference import markdown

        sys.stdout.writelines(markdown(found, names=log.names()))
    else:
        from streams.cli.render.console import Printed
        from streams.cli.render.difference import difference_text

        Printed().print(difference_text(found, names=log.names()))
        log.note_missing_registry()
