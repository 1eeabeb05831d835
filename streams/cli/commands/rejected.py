"""`truceline rejected`: what was refused, why, and sent again once it is mended."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.errors import EXIT_FAILED, CommandFailed, InputFailed, Unavailable, UsageFailed, kafka_failed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from streams.operations.rejected import RejectedFilter, RejectedRecord
    from streams.settings import Settings

group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

#: Lines of a table, unless all are asked for.
SHOWN_AT_MOST = 100

_LIST = """\
List what was refused, the oldest first: where it lay, when, its code, and why.

ORIGIN is PARTITION/OFFSET of the log; embedded, a number. For a table the last 100 are shown, with --all every one.

[bold]Examples[/]

  truceline rejected list --code invalid --code not_json --since 2022-09-15T00:00:00Z

  truceline rejected list --episode armenia-azerbaijan-2022-09 --format json | jq .message
"""

_SHOW = """\
Print the original bytes of a refused record, and on standard error why it was refused.

[bold]Examples[/]

  truceline rejected show 3/41

  truceline rejected show 3/41 > report.json
"""

_RESEND = """\
Send refused reports again, as they were or mended, and say what became of each.

Each is checked first, and not sent where it would be refused at sight. The original stays on the topic of the
rejected; to send the same twice is a duplicate and moves nothing. Exits with 1 when any was not sent.

[bold]Examples[/]

  truceline rejected resend 3/41 --editor              # mend it in $VISUAL or $EDITOR

  truceline rejected resend 3/41 --edit report.json    # send what the file holds, - for standard input

  truceline rejected resend --code internal --since 2022-09-15T00:00:00Z --dry-run

  truceline rejected resend 1 --edit report.json --embedded ./ledger --to http://127.0.0.1:8080
"""


class Form(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


Codes = Annotated[list[str] | None, typer.Option("--code", metavar="CODE", help="Refused with this code; repeatable.")]
Episode = Annotated[str | None, typer.Option(metavar="EPISODE", help="Of this episode, or under it as key.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Put on the log at this time or later (RFC 3339).")]
Embedded = Annotated[
    Path | None, typer.Option(metavar="DIR", help="What an embedded server refused, which may be running.")
]
Format = Annotated[Form, typer.Option("--format", help="For people, or for programs: one object a line.")]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline rejected`."""
    group.command("list", help=_LIST)(list_)
    group.command(help=_SHOW)(show)
    group.command(help=_RESEND)(resend)
    root.add_typer(
        group, name="rejected", rich_help_panel=LOOK, help="What was refused: listed, shown, mended and sent again."
    )


def list_(
    *,
    code: Codes = None,
    episode: Episode = None,
    since: Since = None,
    all_: Annotated[bool, typer.Option("--all", help="Every one, not the last 100 alone.")] = False,
    form: Format = Form.TEXT,
    embedded: Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """List the rejected; the help is in _LIST."""
    with command_exit("stopped"):
        found = _found(_filter([], code, episode, since), embedded, _settings(bootstrap_servers, topic_prefix))
        if form is Form.JSON:
            _print_json(found)
            return
        from streams.cli.render.console import Printed
        from streams.cli.render.rejected import rejected_table

        shown = found if all_ else found[-SHOWN_AT_MOST:]
        if not found:
            typer.echo("nothing was refused", err=True)
            return
        Printed().print(rejected_table(shown))
        if len(shown) < len(found):
            typer.echo(f"the last {len(shown)} of {len(found):,}; --all shows every one", err=True)


def show(
    origin: Annotated[str, typer.Argument(metavar="ORIGIN", show_default=False)],
    *,
    form: Format = Form.TEXT,
    embedded: Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """Print one; the help is in _SHOW."""
    from streams.cli.render.rejected import reason_text

    with command_exit("stopped"):
        found = _found(_filter([origin], None, None, None), embedded, _settings(bootstrap_servers, topic_prefix))
        if form is Form.JSON:
            _print_json(found)
            return
        for one in found:
            typer.echo(reason_text(one), err=True)
            sys.stdout.buffer.write(one.value)
            sys.stdout.buffer.flush()
            if sys.stdout.isatty():
                typer.echo()


def resend(
    origin: Annotated[list[str] | None, typer.Argument(metavar="ORIGIN", show_default=False)] = None,
    *,
    code: Codes = None,
    episode: Episode = None,
    since: Since = None,
    editor: Annotated[bool, typer.Option("--editor", "-e", help="Open each in $VISUAL or $EDITOR first.")] = False,
    edit: Annotated[
        str | None, typer.Option(metavar="FILE", help="Send what FILE holds instead, for one ORIGIN; - reads it.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="URL", help="Send over HTTP to this server (with TRUCELINE_TOKEN).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and say what would be sent; send nothing.")] = False,
    embedded: Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """Send again; the help is in _RESEND."""
    from streams.cli import resend as resending

    wanted = _filter(origin or [], code, episode, since)
    if wanted.everything:
        raise UsageFailed("say which: an ORIGIN, or --code, --episode or --since")
    if embedded is not None and to is None and not dry_run:
        raise UsageFailed("an embedded server takes reports over HTTP: name it with --to http://127.0.0.1:8080")
    if edit is not None and (editor or len(wanted.origins) != 1):
        raise UsageFailed("--edit FILE goes with one ORIGIN, and without --editor")
    settings = _settings(bootstrap_servers, topic_prefix)
    with command_exit("stopped; what was said to be sent is safe"):
        found = _found(wanted, embedded, settings)
        prepared = [resending.prepared(one, editor=editor, edit=edit) for one in found]
        ready = [one for one in prepared if one.fault is None]
        for one in prepared:
            if one.fault is not None:
                typer.echo(f"{one.origin} not sent: {one.fault}", err=True)
        if dry_run:
            for one in ready:
                typer.echo(f"{one.origin} would be sent: {one.name}")
            sent_all = True
        else:
            sent_all = resending.deliver(ready, to, settings)
    if not sent_all or len(ready) < len(prepared):
        raise typer.Exit(EXIT_FAILED)


def _filter(named: list[str], codes: list[str] | None, episode: str | None, since: str | None) -> RejectedFilter:
    from streams.operations.rejected import RejectedFilter

    since_us = None if since is None else options.time_us(since, "--since")
    return RejectedFilter(frozenset(named), frozenset(codes or ()), episode, since_us)


def _settings(bootstrap_servers: str | None, topic_prefix: str | None) -> Settings:
    from streams.settings import SettingsError, load

    try:
        return load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault


def _found(wanted: RejectedFilter, embedded: Path | None, settings: Settings) -> list[RejectedRecord]:
    """Return what is meant, the oldest first. Raises CommandFailed where a named one is not there."""
    found = _of_kafka(wanted, settings) if embedded is None else _of_embedded(wanted, embedded)
    if missing := wanted.origins - {one.origin for one in found}:
        place = settings.topic("rejected") if embedded is None else str(embedded)
        raise CommandFailed(f"nothing in {place} has the origin {', '.join(sorted(missing))}")
    return sorted(found, key=lambda one: one.time or "")


def _of_embedded(wanted: RejectedFilter, folder: Path) -> list[RejectedRecord]:
    from streams.operations.rejected import rejected_embedded
    from streams.stores.sqlite.database import DATABASE
    from streams.stores.store import StoreUnavailable

    path = folder / DATABASE
    if not path.is_file():
        raise InputFailed(f"{path} is not there: no embedded server has run in {folder}")
    try:
        return list(rejected_embedded(path, wanted))
    except StoreUnavailable as error:
        raise InputFailed(str(error)) from error


def _of_kafka(wanted: RejectedFilter, settings: Settings) -> list[RejectedRecord]:
    import asyncio

    from aiokafka.errors import KafkaConnectionError, KafkaError

    from streams.kafka.range_reader import RangeUnreadable
    from streams.operations.rejected import rejected_on_kafka
    from streams.settings import SettingsError

    async def gather() -> list[RejectedRecord]:
        return [one async for one in rejected_on_kafka(settings, wanted)]

    try:
        return asyncio.run(gather())
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault
    except KafkaConnectionError as failure:
        raise Unavailable(
            f"no Kafka broker answers on {settings.bootstrap_servers}; or name --embedded DIR"
        ) from failure
    except RangeUnreadable as failure:
        raise CommandFailed(str(failure)) from failure
    except KafkaError as failure:
        raise kafka_failed(failure, settings) from failure


def _print_json(found: list[RejectedRecord]) -> None:
    import orjson

    for one in found:
        sys.stdout.buffer.write(orjson.dumps(one.as_record(), option=orjson.OPT_APPEND_NEWLINE))
