"""`truceline show` and `truceline diff`: an episode as it was known at a time, and what changed between two."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.commands.serve import read_registry
from streams.cli.errors import UsageFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from streams.core.queries.as_of import EpisodeDifference

STOPPED = "stopped before the end of the log"

_KNOWN = """\
Known at TIME is what the reports published by then say, with the clock at TIME: what was to take effect or to expire
by then has done so. The log is read from files (--from), an embedded server's folder (--embedded), or else from Kafka.
"""

_SHOW_HELP = f"""\
Show an EPISODE as it stands, or with --at as it was known at a time.

{_KNOWN}
[bold]Examples[/]

  truceline show armenia-azerbaijan-2022-09 --at 2022-09-14T12:00:00Z --from reports.jsonl --sources sources.yaml

  truceline show armenia-azerbaijan-2022-09 --embedded ./ledger --format json
"""

_DIFF_HELP = f"""\
List what changed in an EPISODE from T1 to T2, and because of which reports; corrections are marked.

{_KNOWN}
[bold]Examples[/]

  truceline diff armenia-azerbaijan-2022-09 2022-09-14T00:00:00Z 2022-09-16T00:00:00Z --from reports.jsonl

  truceline diff gaza-2023-10 2024-05-01T00:00:00Z 2024-06-01T00:00:00Z --embedded ./ledger --format md > may.md
"""


class Form(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


class DiffForm(StrEnum):
    """How a difference is written."""

    TABLE = "table"
    JSON = "json"
    MD = "md"


Episode = Annotated[str, typer.Argument(metavar="EPISODE", show_default=False)]
Time = typer.Argument(show_default=False)


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_SHOW_HELP, rich_help_panel=LOOK)(show)
    root.command(help=_DIFF_HELP, rich_help_panel=LOOK)(diff)


def show(
    episode: Episode,
    more: options.More = None,
    *,
    from_: options.From = None,
    embedded: options.Embedded = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As it was known then.")] = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    sources: options.Sources = None,
    horizon: options.Horizon = None,
    quiet: options.Quiet = False,
    form: Annotated[Form, typer.Option("--format", help="For people, or for programs.")] = Form.TEXT,
) -> None:
    """Show an episode; the help is in _SHOW_HELP."""
    from streams.core.queries.as_of import NoSuchEpisode, known_at

    at_us = None if at is None else options.time_us(at, "--at")
    registry, horizon_us = read_registry(sources), options.horizon_us(horizon)
    with command_exit(STOPPED):
        files = [*(from_ or ()), *(more or ())]
        kafka = options.Kafka(bootstrap_servers, topic_prefix)
        records = options.records(episode, files, embedded, kafka, quiet=quiet)
        try:
            picture = known_at(episode, records, registry, horizon_us=horizon_us, at_us=at_us)
        except NoSuchEpisode as error:
            raise options.unknown(error, " at that time" if at else "") from error
        if form is Form.JSON:
            import orjson

            record = {"episode": episode, **picture}
            sys.stdout.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE).decode())
            return

        from streams.cli.render.console import Printed
        from streams.cli.render.picture import picture_tables

        Printed().print(picture_tables(episode, picture))


def diff(
    episode: Episode,
    from_time: Annotated[str, typer.Argument(metavar="T1", show_default=False)],
    to_time: Annotated[str, typer.Argument(metavar="T2", show_default=False)],
    more: options.More = None,
    *,
    from_: options.From = None,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    sources: options.Sources = None,
    horizon: options.Horizon = None,
    quiet: options.Quiet = False,
    form: Annotated[DiffForm, typer.Option("--format", help="How it is written.")] = DiffForm.TABLE,
) -> None:
    """List what changed; the help is in _DIFF_HELP."""
    from streams.core.queries.as_of import NoSuchEpisode, difference

    from_us, to_us = options.time_us(from_time, "T1"), options.time_us(to_time, "T2")
    if to_us < from_us:
        raise UsageFailed(f"T2 {to_time} is before T1 {from_time}")
    registry, horizon_us = read_registry(sources), options.horizon_us(horizon)
    with command_exit(STOPPED):
        files = [*(from_ or ()), *(more or ())]
        kafka = options.Kafka(bootstrap_servers, topic_prefix)
        records = options.records(episode, files, embedded, kafka, quiet=quiet)
        try:
            found = difference(episode, records, registry, horizon_us=horizon_us, from_us=from_us, to_us=to_us)
        except NoSuchEpisode as error:
            raise options.unknown(error, f" until {to_time}") from error
        _print(found, form)


def _print(found: EpisodeDifference, form: DiffForm) -> None:
    if form is DiffForm.JSON:
        import orjson

        sys.stdout.write(orjson.dumps(found.as_record(), option=orjson.OPT_APPEND_NEWLINE).decode())
    elif form is DiffForm.MD:
        from streams.cli.render.difference import markdown

        sys.stdout.writelines(markdown(found))
    else:
        from streams.cli.render.console import Printed
        from streams.cli.render.difference import difference_text

        Printed().print(difference_text(found))
