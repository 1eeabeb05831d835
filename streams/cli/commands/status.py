"""`truceline status`: owner, lag and size of each partition."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import CHECK, options
from streams.cli.errors import CommandFailed, UsageFailed, kafka_failed, settings_errors

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

    from streams.operations.diagnostics.status import InstallationStatus
    from streams.settings import Settings

_HELP = """\
Show the partitions of the log: owner, lag, reports, last commit.

On a terminal --watch keeps the table up to date until Ctrl-C; elsewhere it prints the table again and again. The
number of reports and the state of a worker come from the workers named by --url, all else from Kafka.
Lag is in offsets; the end marker of a transaction is one, so a lag of 1 may remain when all reports are processed.

[bold]Examples[/]

  truceline status

  truceline status --watch --url http://127.0.0.1:8080

  truceline status --format json | jq '[.rows[].lag] | add'
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=CHECK)(status)


def status(
    *,
    url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Address of a worker; repeatable.", show_default=False),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Update until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=0.2, help="Interval of --watch.")] = 2.0,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    form: Annotated[
        options.TableFormat, typer.Option("--format", help="Table, or one JSON object a line.")
    ] = options.TableFormat.TABLE,
) -> None:
    """Show the partitions; the help is in _HELP."""
    import logging
    import signal

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    urls = url or []
    for address in urls:
        if not address.startswith(("http://", "https://")):
            raise UsageFailed(f"--url {address}: an address begins with http:// or https://")
    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    try:
        _print_status(settings, urls, form, every if watch else None)
    except KeyboardInterrupt:
        raise typer.Exit(128 + signal.SIGINT) from None


def _print_status(settings: Settings, urls: list[str], form: options.TableFormat, every_s: float | None) -> None:
    import time

    from rich.console import Console
    from rich.live import Live

    console = Console()
    if every_s is not None and console.is_terminal and form is options.TableFormat.TABLE:
        with Live(_now(settings, urls), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(every_s)
                live.update(_now(settings, urls), refresh=True)
    while True:
        found = _look(settings, urls)
        if form is options.TableFormat.JSON:
            typer.echo(json.dumps(found.as_record()))
        else:
            console.print(_table(found))
        if every_s is None:
            return
        time.sleep(every_s)


def _now(settings: Settings, urls: list[str]) -> Group | Text:
    """Return the table, or the error: a broker that is away for a while does not end the watch."""
    from rich.text import Text

    try:
        return _table(_look(settings, urls))
    except CommandFailed as failure:
        return Text(str(failure), "red")


def _look(settings: Settings, urls: list[str]) -> InstallationStatus:
    import asyncio

    from aiokafka.errors import KafkaError

    from streams.operations.diagnostics.status import look

    try:
        with settings_errors():
            return asyncio.run(look(settings, urls))
    except LookupError as missing:
        raise CommandFailed(f"{settings.bootstrap_servers}: {missing}") from missing
    except (KafkaError, OSError, TimeoutError) as failure:
        raise kafka_failed(failure, settings, "worker") from failure


def _table(found: InstallationStatus) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from streams.core.phrases import plain

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("partition", "owner", "lag", "next", "end", "reports", "last commit"):
        table.add_column(heading, justify="left" if heading in {"owner", "last commit"} else "right")
    for row in found.rows:
        table.add_row(
            str(row.partition),
            Text("none", "red") if row.owner is None else plain(row.owner),
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
        reasons = "; ".join(worker.reasons)
        lines.append(Text(f"{worker.url}: {worker.status}" + (f": {plain(reasons)}" if reasons else "")))
    return Group(*lines)


def _when(time_s: float | None) -> str:
    from datetime import UTC, datetime

    return "–" if time_s is None else f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}Z"
