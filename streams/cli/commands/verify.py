"""`truceline verify`: every output topic checked against a recomputation from the log."""

from __future__ import annotations

import typer

from streams.cli import CHECK, options
from streams.cli.errors import EXIT_FAILED, UsageFailed, kafka_failed, settings_errors
from streams.cli.exit_handling import command_exit

_HELP = """\
Check every output topic against a recomputation from the log.

Lists extra, missing, wrong or reordered records, version gaps, open transactions, and stored state or offsets that
differ from the recomputation. It writes nothing and joins no group; reports not yet processed are no fault.
The horizon must be that of the workers (TRUCELINE_HORIZON). Source registries are read from the ledger, each
used from where the workers began to use it; TRUCELINE_SOURCES, if set, must name the last of them.
Exits with 1 if anything is wrong.

[bold]Examples[/]

  truceline verify

  TRUCELINE_SOURCES=sources.yaml truceline verify --topic-prefix truceline

  truceline verify > problems.txt || mail -s "truceline: outputs are wrong" desk < problems.txt
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=CHECK)(verify)


def verify(bootstrap_servers: options.Bootstrap = None, topic_prefix: options.Prefix = None) -> None:
    """Check the outputs; the help is in _HELP."""
    from aiokafka.errors import KafkaError

    from streams.files.source_registry import SourcesError
    from streams.kafka.range_reader import RangeUnreadable
    from streams.operations.verify.verify import verify_now

    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    try:
        with settings_errors(), command_exit("stopped before everything was checked"):
            problems = verify_now(settings)
    except SourcesError as fault:
        raise UsageFailed(str(fault)) from fault
    except (KafkaError, RangeUnreadable) as failure:
        raise kafka_failed(failure, settings) from failure
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(EXIT_FAILED)
    typer.echo(f"the outputs of {settings.topic_prefix} match its log")
