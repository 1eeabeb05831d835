"""`truceline verify`: every output topic checked against a recomputation from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from streams.cli import CHECK, options
from streams.cli.errors import EXIT_FAILED, InputFailed, UsageFailed, kafka_failed, settings_errors
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from pathlib import Path

    from streams.settings import Settings

_HELP = """\
Check every output topic against a recomputation from the log.

Lists extra, missing, wrong or reordered records, version gaps, open transactions, and stored state or offsets that
differ from the recomputation. It writes nothing and joins no group; reports not yet processed are no fault.
The horizon must be that of the workers (TRUCELINE_HORIZON). Source registries are read from the ledger, each
used from where the workers began to use it; TRUCELINE_SOURCES, if set, must name the last of them.
With --embedded it checks the file of an embedded server, which may be running: its structure, and its changes and state
against a recomputation from its log, with the same source registry (--sources) and horizon.
Exits with 1 if anything is wrong.

[bold]Examples[/]

  truceline verify

  TRUCELINE_SOURCES=sources.yaml truceline verify --topic-prefix truceline

  truceline verify --embedded ./ledger --sources sources.yaml

  truceline verify > problems.txt || mail -s "truceline: outputs are wrong" desk < problems.txt
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=CHECK)(verify)


def verify(
    *,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    sources: options.Sources = None,
) -> None:
    """Check the outputs; the help is in _HELP."""
    if embedded is not None:
        _verify_embedded(embedded, options.load_settings(topic_prefix=topic_prefix, sources=sources))
        return
    from aiokafka.errors import KafkaError

    from streams.files.source_registry import SourcesError
    from streams.kafka.range_reader import RangeUnreadable
    from streams.operations.verify.verify import verify_now

    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, sources=sources)
    try:
        with settings_errors(), command_exit("stopped before everything was checked"):
            problems = verify_now(settings)
    except SourcesError as fault:
        raise UsageFailed(str(fault)) from fault
    except (KafkaError, RangeUnreadable) as failure:
        raise kafka_failed(failure, settings) from failure
    _print(problems, f"the outputs of {settings.topic_prefix} match its log")


def _verify_embedded(folder: Path, settings: Settings) -> None:
    from streams.operations.verify.embedded import verify_embedded
    from streams.stores.sqlite.database import WAY_OUT
    from streams.stores.store import StoreUnavailable

    registry = options.read_registry(settings.sources)
    try:
        with command_exit("stopped before everything was checked"):
            problems = verify_embedded(
                folder, registry, horizon_us=settings.horizon_us, topic=settings.topic("reports")
            )
    except StoreUnavailable as error:
        raise InputFailed(str(error)) from error
    if problems:
        typer.echo(f"{WAY_OUT}.", err=True)
    _print(problems, f"the ledger in {folder} matches its log")


def _print(problems: list[str], intact: str) -> None:
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(EXIT_FAILED)
    typer.echo(intact)
