"""`truceline rebuild`: recompute the log under another prefix, compare it, and switch to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import KAFKA, options
from streams.cli.errors import EXIT_FAILED, CommandFailed, UsageFailed, kafka_failed, mute_client_log, settings_errors
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from streams.cli.render.progress import Position
    from streams.operations.rebuild.run import Rebuild, RebuildResult
    from streams.settings import Settings

#: Differing episodes that are named.
SHOWN_AT_MOST = 20

_HELP = """\
Recompute the log into topics of another prefix; the live topics are only read.

It creates the topics, copies the log, processes it with today's source registry (TRUCELINE_SOURCES) and horizon,
checks the outputs as verify does, and compares them with the live ones, episode by episode.
It may be interrupted; run it again to continue, and to copy what has arrived since.

To switch: stop the senders and workers of the live prefix, run it again with --switch FILE, which writes the new
TRUCELINE_TOPIC_PREFIX and TRUCELINE_APP_ID into that file of settings, and start them with it. Run it again to copy
reports that still reached the old log. Exits with 1 if anything is wrong or differs.

[bold]Examples[/]

  truceline rebuild --to truceline-2

  truceline rebuild --to truceline-2 --switch truceline.env
"""

To = Annotated[str, typer.Option("--to", metavar="PREFIX", help="Prefix of the new topics.", show_default=False)]
AppId = Annotated[str | None, typer.Option(metavar="ID", help="App id of the new workers.", show_default="the prefix")]
Replication = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=100, help="Copies of each partition.", show_default="as the live ones"),
]
Switch = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the new settings into this file of NAME=VALUE lines.")
]
Accept = Annotated[bool, typer.Option("--accept-differences", help="Switch even if episodes differ.")]


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=KAFKA)(rebuild)


def rebuild(
    *,
    to: To,
    app_id: AppId = None,
    replication: Replication = None,
    switch: Switch = None,
    accept_differences: Accept = False,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    quiet: options.Quiet = False,
) -> None:
    """Rebuild; the help is in _HELP."""
    old, new = settings_of_both(bootstrap_servers, topic_prefix, to, app_id)
    carry_out(old, new, None, replication, switch, accept=accept_differences, quiet=quiet)


def settings_of_both(
    bootstrap_servers: str | None, topic_prefix: str | None, to: str, app_id: str | None
) -> tuple[Settings, Settings]:
    """Return the settings of the live prefix and of the new one; raises UsageFailed."""
    old = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    new = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=to, app_id=app_id or to)
    if new.topic_prefix == old.topic_prefix:
        raise UsageFailed(f"--to {to} is the live prefix: name another one")
    if new.app_id == old.app_id:
        raise UsageFailed(f"--app-id {new.app_id} is the live workers' app id: name another one")
    return old, new


def carry_out(
    old: Settings,
    new: Settings,
    partitions: int | None,
    replication: int | None,
    switch: Path | None,
    *,
    accept: bool,
    quiet: bool,
) -> None:
    """Rebuild, print the result, and switch where asked; raises typer.Exit or CommandFailed where it cannot."""
    from streams.operations.rebuild.run import Rebuild

    work = Rebuild(old, new, partitions=partitions, replication=replication)
    with command_exit("stopped; run it again to continue"):
        result = _run(work, quiet=quiet)
    sound = _print_result(old, new, result)
    if switch is None:
        _print_next_step(old, new)
        if not sound:
            raise typer.Exit(EXIT_FAILED)
        return
    if result.live_works or not result.complete:
        still = f"workers of {old.app_id} still run" if result.live_works else f"{old.topic('reports')} still grows"
        raise CommandFailed(f"not switched: {still}. Stop its senders and workers, and run this again")
    if result.problems or not (sound or accept):
        raise CommandFailed("not switched: see above" + ("" if result.problems else "; or use --accept-differences"))
    _write_settings(switch, new)
    typer.echo(f"{switch} now names {new.topic_prefix}: start workers and senders with it")


def _run(work: Rebuild, *, quiet: bool) -> RebuildResult:
    import asyncio

    from aiokafka.errors import KafkaError, ProducerFenced

    from streams.cli.render.progress import progress
    from streams.kafka.range_reader import RangeUnreadable
    from streams.kafka.topics import TopicsNotCreated
    from streams.operations.rebuild.copy_log import LogCut, NotItsCopy
    from streams.operations.rebuild.run import WrongShape
    from streams.processing.errors import NeedsOperator

    registry = options.read_registry(work.old.sources)
    brokers = work.old.bootstrap_servers
    try:
        with settings_errors(), mute_client_log(), progress(lambda: _position(work), quiet=quiet):
            return asyncio.run(work.run(registry))
    except ProducerFenced as failure:
        raise CommandFailed(f"another rebuild to {work.new.topic_prefix} has taken over") from failure
    except (NeedsOperator, LogCut, NotItsCopy, WrongShape, TopicsNotCreated, RangeUnreadable) as failure:
        raise CommandFailed(f"{brokers}: {failure}") from failure
    except (KafkaError, TimeoutError) as failure:
        raise kafka_failed(failure, work.old) from failure


def _position(work: Rebuild) -> Position:
    from streams.cli.render.progress import Position

    copy, folding = work.copy, work.folding
    if folding is None:
        return Position(copy.done, copy.total or None, f"{work.stage}, {copy.done:,} of {copy.total:,} offsets")
    if work.stage != "folding":
        return Position(0, None, work.stage)
    left = "" if folding.left is None else f", {folding.left:,} records left"
    trouble = f" ({folding.trouble})" if folding.trouble else ""
    return Position(copy.total - (folding.left or copy.total), copy.total or None, f"folding{left}{trouble}")


def _print_result(old: Settings, new: Settings, result: RebuildResult) -> bool:
    """Print the result; return whether nothing is wrong and no episode differs."""
    left_out = "".join(f", {count:,} left out ({kind})" for kind, count in result.left_out.items())
    typer.echo(f"{new.topic('reports')} is a copy of {old.topic('reports')}{left_out}")
    if result.problems is None or result.agreement is None:
        typer.echo(f"workers of {new.app_id} are running and process the copy; nothing was compared")
        return True
    for problem in result.problems:
        typer.echo(problem)
    if not result.problems:
        typer.echo(f"the outputs of {new.topic_prefix} match its log")
    agreement = result.agreement
    behind = f" (of {agreement.behind:,} the live one has not published all)" if agreement.behind else ""
    typer.echo(
        f"{agreement.agreeing:,} episodes agree with {old.topic_prefix}{behind}; {len(agreement.differing):,} differ"
    )
    for episode, where in list(agreement.differing.items())[:SHOWN_AT_MOST]:
        typer.echo(f"  {episode}: {where}")
    for topic in agreement.missing:
        typer.echo(f"  {topic} does not exist and was not compared")
    return not result.problems and not agreement.differing


def _print_next_step(old: Settings, new: Settings) -> None:
    typer.echo(
        f"To switch: stop the senders and workers of {old.topic_prefix}, run this again with --switch FILE, or set\n"
        f"  TRUCELINE_TOPIC_PREFIX={new.topic_prefix}\n  TRUCELINE_APP_ID={new.app_id}\nand start them again",
        err=True,
    )


def _write_settings(path: Path, new: Settings) -> None:
    """Set prefix and app id among a file's NAME=VALUE lines."""
    from streams.files.atomic_output import output

    wanted = {"TRUCELINE_TOPIC_PREFIX": new.topic_prefix, "TRUCELINE_APP_ID": new.app_id}
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if line.removeprefix("export ").partition("=")[0].strip() not in wanted]
        with output(str(path)) as file:
            file.writelines(f"{line}\n".encode() for line in (*kept, *(f"{n}={v}" for n, v in wanted.items())))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageFailed(f"--switch {path}: {error}") from error
