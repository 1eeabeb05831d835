"""`truceline rebuild`: the log folded anew beside the live one, compared, and switched to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import KAFKA, options
from streams.cli.errors import EXIT_FAILED, CommandFailed, UsageFailed, kafka_failed, mute_client_log
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from streams.cli.render.progress import Position
    from streams.operations.rebuild.run import Rebuild, RebuildResult
    from streams.settings import Settings

#: Episodes that differ and are named.
SHOWN_AT_MOST = 20

_HELP = """\
Fold the log anew into topics of another prefix, beside the live ones, which are only read.

It makes the topics, brings the log over, folds it with today's source registry (TRUCELINE_SOURCES) and horizon,
holds the outputs against the log as verify does, and compares them with the live ones, episode by episode.
It may be interrupted; run again, it goes on and brings over what has come since.

To switch: stop the senders and workers of the live prefix, run it once more with --switch FILE, which writes the new
TRUCELINE_TOPIC_PREFIX and TRUCELINE_APP_ID into that file of settings, and start them again with it. What still comes
to the old log after that is brought over by running it again. Exits with 1 when anything is wrong or differs.

[bold]Examples[/]

  truceline rebuild --to truceline-2

  truceline rebuild --to truceline-2 --switch truceline.env
"""

To = Annotated[str, typer.Option("--to", metavar="PREFIX", help="Prefix of the new topics.", show_default=False)]
AppId = Annotated[
    str | None, typer.Option(metavar="ID", help="App id of the workers of the new ones.", show_default="the prefix")
]
Replication = Annotated[
    int | None, typer.Option(min=1, max=100, help="Copies of each partition.", show_default="as the live ones")
]
Switch = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the new settings into this file of NAME=VALUE lines.")
]
Accept = Annotated[bool, typer.Option("--accept-differences", help="Switch although episodes differ.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


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
    quiet: Quiet = False,
) -> None:
    """Rebuild; the help is in _HELP."""
    old, new = settings_of_both(bootstrap_servers, topic_prefix, to, app_id)
    carry_out(old, new, None, replication, switch, accept=accept_differences, quiet=quiet)


def settings_of_both(
    bootstrap_servers: str | None, topic_prefix: str | None, to: str, app_id: str | None
) -> tuple[Settings, Settings]:
    """Return the settings of the live prefix and of the new one; raises UsageFailed."""
    from streams.settings import SettingsError, load

    try:
        old = load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
        new = load(bootstrap_servers=bootstrap_servers, topic_prefix=to, app_id=app_id or to)
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault
    if new.topic_prefix == old.topic_prefix:
        raise UsageFailed(f"--to {to} is the live prefix: name another one")
    if new.app_id == old.app_id:
        raise UsageFailed(f"--app-id {new.app_id} is that of the live workers: name another one")
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
    """Rebuild, say what came of it, and switch where asked and possible; raises typer.Exit where it was not."""
    from streams.operations.rebuild.run import Rebuild

    work = Rebuild(old, new, partitions=partitions, replication=replication)
    with command_exit("stopped; run again, it goes on"):
        verdict = _run(work, quiet=quiet)
    sound = _tell(old, new, verdict)
    if switch is None:
        _tell_how(old, new)
        if not sound:
            raise typer.Exit(EXIT_FAILED)
        return
    if verdict.live_works or not verdict.complete:
        still = f"workers of {old.app_id} still run" if verdict.live_works else f"{old.topic('reports')} still grows"
        raise CommandFailed(f"not switched: {still}. Stop its senders and workers, and run this again")
    if verdict.problems or not (sound or accept):
        raise CommandFailed("not switched: see above" + ("" if verdict.problems else "; --accept-differences does it"))
    _write_settings(switch, new)
    typer.echo(f"{switch} names {new.topic_prefix} now: start workers and senders with it")


def _run(work: Rebuild, *, quiet: bool) -> RebuildResult:
    import asyncio

    from aiokafka.errors import KafkaError, ProducerFenced

    from streams.cli.commands.serve import read_registry
    from streams.cli.render.progress import progress
    from streams.kafka.range_reader import RangeUnreadable
    from streams.kafka.topics import TopicsNotCreated
    from streams.operations.rebuild.copy_log import NotItsCopy
    from streams.operations.rebuild.run import WrongShape
    from streams.processing.errors import NeedsOperator
    from streams.settings import SettingsError

    registry = read_registry(work.old.sources)
    brokers = work.old.bootstrap_servers
    try:
        with mute_client_log(), progress(lambda: _position(work), quiet=quiet):
            return asyncio.run(work.run(registry))
    except ProducerFenced as failure:
        raise CommandFailed(f"another rebuild to {work.new.topic_prefix} has taken over") from failure
    except (NeedsOperator, NotItsCopy, WrongShape, TopicsNotCreated, RangeUnreadable) as failure:
        raise CommandFailed(f"{brokers}: {failure}") from failure
    except (KafkaError, TimeoutError) as failure:
        raise kafka_failed(failure, work.old) from failure
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault


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


def _tell(old: Settings, new: Settings, verdict: RebuildResult) -> bool:
    """Say what the rebuild has come to; return whether nothing is wrong and no episode differs."""
    left_out = "".join(f", {count:,} left out ({kind})" for kind, count in verdict.left_out.items())
    typer.echo(f"{new.topic('reports')} has what {old.topic('reports')} has{left_out}")
    if verdict.problems is None or verdict.agreement is None:
        typer.echo(f"workers of {new.app_id} run: they fold what was brought over; nothing was compared")
        return True
    for problem in verdict.problems:
        typer.echo(problem)
    if not verdict.problems:
        typer.echo(f"the outputs of {new.topic_prefix} are what its log says")
    agreement = verdict.agreement
    behind = f", of which the live one has not published all of {agreement.behind:,}" if agreement.behind else ""
    typer.echo(
        f"{agreement.agreeing:,} episodes agree with {old.topic_prefix}{behind}; {len(agreement.differing):,} differ"
    )
    for episode, where in list(agreement.differing.items())[:SHOWN_AT_MOST]:
        typer.echo(f"  {episode}: {where}")
    for topic in agreement.missing:
        typer.echo(f"  {topic} is not there: it could not be compared")
    return not verdict.problems and not agreement.differing


def _tell_how(old: Settings, new: Settings) -> None:
    typer.echo(
        f"To switch: stop the senders and workers of {old.topic_prefix}, run this again with --switch FILE, or set\n"
        f"  TRUCELINE_TOPIC_PREFIX={new.topic_prefix}\n  TRUCELINE_APP_ID={new.app_id}\nand start them again",
        err=True,
    )


def _write_settings(path: Path, new: Settings) -> None:
    """Put prefix and app id in their place among a file's NAME=VALUE lines."""
    from streams.files.atomic_output import output

    wanted = {"TRUCELINE_TOPIC_PREFIX": new.topic_prefix, "TRUCELINE_APP_ID": new.app_id}
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if line.removeprefix("export ").partition("=")[0].strip() not in wanted]
        with output(str(path)) as file:
            file.writelines(f"{line}\n".encode() for line in (*kept, *(f"{n}={v}" for n, v in wanted.items())))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageFailed(f"--switch {path}: {error}") from error
