"""`truceline doctor`: a check of all that a worker needs, with what to do about each fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import CHECK, options
from streams.cli.errors import EXIT_FAILED, settings_errors

if TYPE_CHECKING:
    from rich.text import Text

    from streams.operations.diagnostics.doctor import Finding

_HELP = """\
Check all that a worker needs, and say how to fix what is wrong.

Brokers, versions, topics, access rights, the consumer group, lag, open transactions, clocks, disk. It writes nothing
to Kafka and joins no group. Exits with 1 if a fault would stop a worker; a note is worth a look.

[bold]Examples[/]

  truceline doctor

  truceline doctor --embedded ./ledger

  truceline doctor --format json | jq '.findings[] | select(.state != "ok")'
"""
COLOURS = {"ok": "green", "note": "yellow", "fault": "bold red", "skipped": "dim"}


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=CHECK)(doctor)


def doctor(
    *,
    embedded: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Check an embedded ledger; does not contact Kafka.")
    ] = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    form: Annotated[
        options.TextFormat, typer.Option("--format", help="Human-readable, or one JSON object.")
    ] = options.TextFormat.TEXT,
) -> None:
    """Check everything; the help is in _HELP."""
    import asyncio
    import logging

    from streams.operations.diagnostics.doctor import CheckResult, examine

    # The findings name each broker that cannot be reached.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    with settings_errors():
        findings = asyncio.run(examine(settings, embedded=embedded))
    healthy = all(finding.state is not CheckResult.FAULT for finding in findings)
    if form is options.TextFormat.JSON:
        listed = [{name: getattr(finding, name) for name in finding.__slots__} for finding in findings]
        typer.echo(json.dumps({"ok": healthy, "findings": listed}))
    else:
        _print_findings(findings)
    if not healthy:
        raise typer.Exit(EXIT_FAILED)


def _print_findings(findings: list[Finding]) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        console.print(_finding_text(finding))
        for line in finding.do.splitlines():
            console.print(f"           → {line}", markup=False)


def _finding_text(finding: Finding) -> Text:
    from rich.text import Text

    from streams.core.phrases import plain

    return Text.assemble((f"{finding.state:<7}", COLOURS[finding.state]), f" {finding.check:<9} ", plain(finding.says))
