"""`truceline verify`: everything the outputs say, held against the log folded anew."""

from __future__ import annotations

import typer

from streams.cli import KAFKA
from streams.cli.commands.topics import Brokers, Prefix
from streams.cli.errors import EXIT_FAILED, UsageFailed, kafka_failed
from streams.cli.exit_handling import command_exit

_HELP = """\
Hold every output topic against the log, folded anew, and list what is not as it should be.

Extra, missing, wrong or reordered records, version gaps, open transactions, stored state or offsets that are
not the fold's. It writes nothing and joins no group; what has not been taken in yet is no fault.
The horizon must be that of the workers (TRUCELINE_HORIZON). Source registries are read from the ledger, each
used from where the workers took it up; one that TRUCELINE_SOURCES names must be the last of them.
Exits with 1 when anything is wrong.

[bold]Examples[/]

  truceline verify

  TRUCELINE_SOURCES=sources.yaml truceline verify --topic-prefix truceline

  truceline verify > problems.txt || mail -s "truceline: outputs are wrong" desk < problems.txt
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=KAFKA)(verify)


def verify(bootstrap_servers: Brokers = None, topic_prefix: Prefix = None) -> None:
    """Check the outputs; the help is in _HELP."""
    from aiokafka.errors import KafkaError

    from streams.files.source_registry import SourcesError
    from streams.kafka.range_reader import RangeUnreadable
    from streams.operations.verify.verify import verify_now
    from streams.settings import SettingsError, load

    try:
        settings = load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
        with command_exit("stopped before everything was looked at"):
            problems = verify_now(settings)
    except (SettingsError, SourcesError) as fault:
        raise UsageFailed(str(fault)) from fault
    except (KafkaError, RangeUnreadable) as failure:
        raise kafka_failed(failure, settings) from failure
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(EXIT_FAILED)
    typer.echo(f"the outputs of {settings.topic_prefix} are what its log says")
