"""`truceline status`: who holds which partition, how far behind, how much is kept."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK
from streams.cli.commands.topics import Brokers, Prefix
from streams.cli.errors import CommandFailed, UsageFailed, kafka_failed

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

    from streams.operations.diagnostics.status import InstallationStatus
    from streams.settings import Settings

_HELP = """\
Show the partitions of the log: owner, lag, standing reports, last commit.

On a terminal --watch keeps the table up to date until Ctrl-C; otherwise it is printed once, or with --watch again and
again. What Kafka tells is asked of Kafka; standing reports and troubles of the workers named by --url.
Lag is told in offsets: the mark that ends a transaction is one, so that 1 may be left where all is taken in.

[bold]Examples[/]

  truceline status

  truceline status --watch --url http://127.0.0.1:8080

  truceline status --format json | jq '[.rows[].lag] | add'
"""


class Format(StrEnum):
    """How it is told."""

    TABLE = "table"
    JSON = "json"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=LOOK)(status)


def status(
    *,
    url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A worker's address; may be given again.", show_default=False),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=0.2, help="How often to look, with --watch.")] = 2.0,
    bootstrap_servers: Brokers = None,
    topic_prefix: Prefix = None,
    form: Annotated[Format, typer.Option("--format", help="A table, or one JSON object a line.")] = Format.TABLE,
) -> None:
    """Show how it stands; the help is in _HELP."""
    import logging
    import signal

    from streams.settings import SettingsError, load

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    urls = url or []
    for address in urls:
        if not address.startswith(("http://", "https://")):
            raise UsageFailed(f"--url {address}: an address begins with http:// or https://")
    try:
        settings = load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault
    try:
        _show(settings, urls, form, every if watch else None)
    except KeyboardInterrupt:
        raise typer.Exit(128 + signal.SIGINT) from None


def _show(settings: Settings, urls: list[str], form: Format, every_s: float | None) -> None:
    import time

    from rich.console import Console
    from rich.live import Live

    console = Console()
    if every_s is not None and console.is_terminal and form is Format.TABLE:
        with Live(_now(settings, urls), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(every_s)
                live.update(_now(settings, urls), refresh=True)
    while True:
        found = _look(settings, urls)
        if form is Format.JSON:
            typer.echo(json.dumps(found.as_record()))
        else:
            console.print(_table(found))
        if every_s is None:
            return
        time.sleep(every_s)


def _now(settings: Settings, urls: list[str]) -> Group | Text:
    """Return the table, or what stands in its way: a broker that is away for a while does not end the watch."""
    from rich.text import Text

    try:
        return _table(_look(settings, urls))
    except CommandFailed as failure:
        return Text(str(failure), "red")


def _look(settings: Settings, urls: list[str]) -> InstallationStatus:
    import asyncio

    from aiokafka.errors import KafkaError

    from streams.operations.diagnostics.status import look
    from streams.settings import SettingsError

    try:
        return asyncio.run(look(settings, urls))
    except LookupError as missing:
        raise CommandFailed(f"{settings.bootstrap_servers}: {missing}") from missing
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault
    except (KafkaError, OSError, TimeoutError) as failure:
        raise kafka_failed(failure, settings, "worker") from failure


def _table(found: InstallationStatus) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from streams.cli.render.text import plain

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("partition", "owner", "lag", "next", "end", "standing", "last commit"):
        table.add_column(heading, justify="left" if heading in {"owner", "last commit"} else "right")
    for row in found.rows:
        table.add_row(
            str(row.partition),
            Text("nobody", "red") if row.owner is None else plain(row.owner),
            f"{row.lag:,}",
            "–" if row.committed is None else f"{row.committed:,}",
            f"{row.end:,}",
            "–" if row.standing is None else f"{row.standing:,}",
            _when(row.last_commit_s),
        )
    lag = sum(row.lag for row in found.rows)
    head = Text(f"group {found.group}: {found.state}, {len(found.rows)} partitions, lag {lag:,}")
    lines: list[Text | Table] = [head, table]
    for worker in found.workers:
        told = "; ".join(worker.reasons)
        lines.append(Text(f"{worker.url}: {worker.status}" + (f": {plain(told)}" if told else "")))
    return Group(*lines)


def _when(time_s: float | None) -> str:
    from datetime import UTC, datetime

    return "–" if time_s is None else f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}Z"
