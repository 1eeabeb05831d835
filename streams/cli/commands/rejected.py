"""`truceline rejected`: list, inspect, fix and resend rejected reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import PUT_IN, options
from streams.cli.errors import EXIT_FAILED, CommandFailed, Unavailable, UsageFailed, store_failed
from streams.cli.exit_handling import command_exit
from streams.cli.help import PlainGroup

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.stores.rejected import RejectedFilter, RejectedRecord

group = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="rich")

#: Lines of a table without --all.
SHOWN_AT_MOST = 100

_LIST = """\
List rejected reports, oldest first: where they were on the log, when, the code and the reason.

ORIGIN is PARTITION/OFFSET on the log; on an embedded server, a number. A table shows the last 100, with --all all.

[bold]Examples[/]

  truceline rejected list --code invalid --code not_json --since 2022-09-15T00:00:00Z

  truceline rejected list --episode armenia-azerbaijan-2022-09 --format json | jq .message
"""

_SHOW = """\
Print the original bytes of a rejected report, and on standard error why it was rejected.

[bold]Examples[/]

  truceline rejected show 3/41

  truceline rejected show 3/41 > report.json
"""

_RESEND = """\
Send rejected reports again, as they were or fixed, and print the outcome of each.

Each is checked first, and not sent if it would be rejected again. The original stays on the topic of rejected
reports; sending one twice is safe. Exits with 1 if any was not sent.

[bold]Examples[/]

  truceline rejected resend 3/41 --editor              # fix it in $VISUAL or $EDITOR

  truceline rejected resend 3/41 --edit report.json    # send the content of a file; - for standard input

  truceline rejected resend --code internal --since 2022-09-15T00:00:00Z --dry-run

  truceline rejected resend 1 --edit report.json --embedded ./ledger --to http://127.0.0.1:8080
"""


Codes = Annotated[list[str] | None, typer.Option("--code", metavar="CODE", help="Only this code; repeatable.")]
Episode = Annotated[str | None, typer.Option(metavar="EPISODE", help="Only this episode (in the report, or as key).")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Only those sent at TIME or later.")]
Format = Annotated[options.TextFormat, typer.Option("--format", help="Human-readable or JSON, one object a line.")]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline rejected`."""
    group.command("list", help=_LIST)(list_)
    group.command(help=_SHOW)(show)
    group.command(help=_RESEND)(resend)
    root.add_typer(
        group, name="rejected", rich_help_panel=PUT_IN, help="List, inspect, fix and resend rejected reports."
    )


def list_(
    *,
    code: Codes = None,
    episode: Episode = None,
    since: Since = None,
    all_: Annotated[bool, typer.Option("--all", help="Show all, not just the last 100.")] = False,
    form: Format = options.TextFormat.TEXT,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """List the rejected; the help is in _LIST."""
    with command_exit("stopped"):
        found = _found(_filter([], code, episode, since), embedded, _settings(bootstrap_servers, topic_prefix))
        if form is options.TextFormat.JSON:
            _print_json(found)
            return
        from streams.cli.render.console import Printed
        from streams.cli.render.rejected import rejected_table

        shown = found if all_ else found[-SHOWN_AT_MOST:]
        if not found:
            typer.echo("no rejected reports", err=True)
            return
        Printed().print(rejected_table(shown))
        if len(shown) < len(found):
            typer.echo(f"the last {len(shown)} of {len(found):,}; --all shows all", err=True)


def show(
    origin: Annotated[str, typer.Argument(metavar="ORIGIN", help="PARTITION/OFFSET, or a number.", show_default=False)],
    *,
    form: Format = options.TextFormat.TEXT,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """Print one; the help is in _SHOW."""
    from streams.cli.render.rejected import reason_text

    with command_exit("stopped"):
        found = _found(_filter([origin], None, None, None), embedded, _settings(bootstrap_servers, topic_prefix))
        if form is options.TextFormat.JSON:
            _print_json(found)
            return
        for one in found:
            typer.echo(reason_text(one), err=True)
            sys.stdout.buffer.write(one.value)
            sys.stdout.buffer.flush()
            if sys.stdout.isatty():
                typer.echo()


def resend(
    origin: Annotated[
        list[str] | None, typer.Argument(metavar="ORIGIN", help="PARTITION/OFFSET, or a number.", show_default=False)
    ] = None,
    *,
    code: Codes = None,
    episode: Episode = None,
    since: Since = None,
    editor: Annotated[bool, typer.Option("--editor", "-e", help="Fix each in $VISUAL or $EDITOR first.")] = False,
    edit: Annotated[
        str | None, typer.Option(metavar="FILE", help="Send the content of FILE instead (one ORIGIN); - is stdin.")
    ] = None,
    to: options.To = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; send nothing.")] = False,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """Send again; the help is in _RESEND."""
    from streams.cli import resend as resending

    wanted = _filter(origin or [], code, episode, since)
    if wanted.everything:
        raise UsageFailed("name the reports: an ORIGIN, or --code, --episode or --since")
    if embedded is not None and to is None and not dry_run:
        raise UsageFailed("an embedded server takes reports over HTTP: add --to http://127.0.0.1:8080")
    if edit is not None and (editor or len(wanted.origins) != 1):
        raise UsageFailed("--edit FILE needs exactly one ORIGIN, and no --editor")
    settings = _settings(bootstrap_servers, topic_prefix)
    with command_exit("stopped; reports printed as sent are safe"):
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
    from streams.stores.rejected import RejectedFilter

    since_us = None if since is None else options.time_us(since, "--since")
    return RejectedFilter(frozenset(named), frozenset(codes or ()), episode, since_us)


def _settings(bootstrap_servers: str | None, topic_prefix: str | None) -> Settings:
    return options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)


def _found(wanted: RejectedFilter, embedded: Path | None, settings: Settings) -> list[RejectedRecord]:
    """Return the rejected reports that were asked for, oldest first; raises CommandFailed if a named one is missing."""
    import asyncio

    from aiokafka.errors import KafkaConnectionError

    from streams.stores.store import StoreUnavailable

    store = options.stored(settings, embedded)

    async def gather() -> list[RejectedRecord]:
        return [one async for one in store.rejected(wanted)]

    try:
        found = asyncio.run(gather())
    except StoreUnavailable as error:
        if isinstance(error.__cause__, KafkaConnectionError):
            brokers = settings.bootstrap_servers
            raise Unavailable(
                f"name --embedded DIR; without it Kafka is read, and no broker answers on {brokers}"
            ) from error
        raise store_failed(error, settings, embedded) from error
    if missing := wanted.origins - {one.origin for one in found}:
        place = store.location("rejected")
        raise CommandFailed(f"no rejected report in {place} has the origin {', '.join(sorted(missing))}")
    return sorted(found, key=lambda one: one.time or "")


def _print_json(found: list[RejectedRecord]) -> None:
    import orjson

    for one in found:
        sys.stdout.buffer.write(orjson.dumps(one.as_record(), option=orjson.OPT_APPEND_NEWLINE))
