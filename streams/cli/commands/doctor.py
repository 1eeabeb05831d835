"""`truceline doctor`: what is not as it should be, and what to do about it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK
from streams.cli.commands.topics import Brokers, Prefix
from streams.cli.errors import EXIT_FAILED, UsageFailed

if TYPE_CHECKING:
    from rich.text import Text

    from streams.operations.diagnostics.doctor import Finding

_HELP = """\
Check all that a worker needs, and say what to do where it is not so.

Brokers, versions, the topics' shape, rights, the group, lag, transactions left open, clocks, disk. It writes nothing
to Kafka and joins no group. Exits with 1 when something keeps a worker from its work; a note is worth a look and no
failure.

[bold]Examples[/]

  truceline doctor

  truceline doctor --embedded ./ledger

  truceline doctor --format json | jq '.findings[] | select(.state != "ok")'
"""
COLOURS = {"ok": "green", "note": "yellow", "fault": "bold red", "skipped": "dim"}


class Format(StrEnum):
    """How it is told."""

    TEXT = "text"
    JSON = "json"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=LOOK)(doctor)


def doctor(
    *,
    embedded: Annotated[
        str | None, typer.Option(metavar="DIR", help="Look at an embedded ledger; no broker is asked.")
    ] = None,
    bootstrap_servers: Brokers = None,
    topic_prefix: Prefix = None,
    form: Annotated[Format, typer.Option("--format", help="For people, or one JSON object.")] = Format.TEXT,
) -> None:
    """Check everything; the help is in _HELP."""
    import asyncio
    import logging
    from pathlib import Path

    from streams.operations.diagnostics.doctor import CheckResult, examine
    from streams.settings import SettingsError, load

    # What cannot be reached is told below.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = None if embedded is None else Path(embedded)
    try:
        settings = load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
        findings = asyncio.run(examine(settings, embedded=folder))
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault
    well = all(finding.state is not CheckResult.FAULT for finding in findings)
    if form is Format.JSON:
        listed = [{name: getattr(finding, name) for name in finding.__slots__} for finding in findings]
        typer.echo(json.dumps({"ok": well, "findings": listed}))
    else:
        _tell(findings)
    if not well:
        raise typer.Exit(EXIT_FAILED)


def _tell(findings: list[Finding]) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        console.print(_line(finding))
        for line in finding.do.splitlines():
            console.print(f"           → {line}", markup=False)


def _line(finding: Finding) -> Text:
    from rich.text import Text

    from streams.cli.render.text import plain

    return Text.assemble((f"{finding.state:<7}", COLOURS[finding.state]), f" {finding.check:<9} ", plain(finding.says))
