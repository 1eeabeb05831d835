"""`truceline rebuild`: recompute the log under another prefix, compare it, and switch to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import KAFKA, options
from streams.cli.errors import (
    EXIT_FAILED,
    CommandFailed,
    InputFailed,
    UsageFailed,
    kafka_failed,
    mute_client_log,
    settings_errors,
)
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.cli.render.progress import Position
    from streams.operations.rebuild.embedded import EmbeddedResult
    from streams.operations.rebuild.run import Rebuild, RebuildResult
    from streams.settings import Settings

#: Differing episodes that are named.
SHOWN_AT_MOST = 20

_HELP = """\
Recompute the log beside the live outputs: into topics of another prefix, or (--embedded) into another folder.

On Kafka the live topics are only read. It creates the topics, copies the log, processes it with today's source registry
(TRUCELINE_SOURCES) and horizon, checks the outputs as verify does, and compares them with the live ones, episode by
episode. It may be interrupted; run it again to continue, and to copy what has arrived since.

To switch: stop the senders and workers of the live prefix, run it again with --switch FILE, which writes the new
TRUCELINE_TOPIC_PREFIX and TRUCELINE_APP_ID into that file of settings, and start them with it. Run it again to copy
reports that still reached the old log.

With --embedded DIR it folds the log of an embedded server, which may be running, into DIR/rebuilt, under --horizon and
--sources; this is how a ledger gets a longer horizon. It checks and compares in the same way. To switch, stop the
server, and run it again with --replace: the old ledger is kept in DIR/before-rebuild.

Exits with 1 if anything is wrong or differs.

[bold]Examples[/]

  truceline rebuild --to truceline-2

  truceline rebuild --to truceline-2 --switch truceline.env

  truceline rebuild --embedded ./ledger --horizon P3660D --sources sources.yaml

  truceline rebuild --embedded ./ledger --horizon P3660D --sources sources.yaml --replace
"""

To = Annotated[
    str | None, typer.Option("--to", metavar="PREFIX", help="Prefix of the new topics (Kafka).", show_default=False)
]
Embedded = Annotated[Path | None, typer.Option(metavar="DIR", help="Rebuild the ledger of an embedded server.")]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Replace the ledger by the rebuilt one; its server must be stopped (embedded)."),
]
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
    to: To = None,
    app_id: AppId = None,
    replication: Replication = None,
    switch: Switch = None,
    embedded: Embedded = None,
    replace: Replace = False,
    horizon: options.Horizon = None,
    sources: options.Sources = None,
    accept_differences: Accept = False,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    quiet: options.Quiet = False,
) -> None:
    """Rebuild; the help is in _HELP."""
    if (to is None) == (embedded is None):
        raise UsageFailed("name either --to PREFIX (Kafka) or --embedded DIR")
    if embedded is not None:
        settings = options.load_settings(topic_prefix=topic_prefix, horizon=horizon, sources=sources)
        _rebuild_embedded(embedded, settings, replace=replace, accept=accept_differences, quiet=quiet)
        return
    if replace:
        raise UsageFailed("--replace is for --embedded DIR; on Kafka --switch FILE names the new topics")
    assert to is not None  # noqa: S101 - checked above
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
    _print_agreement(agreement.agreeing, agreement.differing, f"agree with {old.topic_prefix}{behind}")
    for topic in agreement.missing:
        typer.echo(f"  {topic} does not exist and was not compared")
    return not result.problems and not agreement.differing


def _rebuild_embedded(folder: Path, settings: Settings, *, replace: bool, accept: bool, quiet: bool) -> None:
    from streams.cli.render.progress import Position, progress
    from streams.operations.rebuild.embedded import EmbeddedRebuild
    from streams.stores.store import StoreUnavailable

    registry = options.read_registry(settings.sources)
    work = EmbeddedRebuild(folder, registry, horizon_us=settings.horizon_us, topic=settings.topic("reports"))
    refold = work.refold

    def position() -> Position:
        count = f", {refold.done:,} of {refold.total:,} reports and ticks" if work.stage == "folding" else ""
        return Position(refold.done, refold.total or None, work.stage + count)

    def may_replace(result: EmbeddedResult) -> bool:
        return not result.problems and (accept or not result.differing)

    try:
        with command_exit(f"stopped; the ledger in {folder} is as it was"), progress(position, quiet=quiet):
            result = work.run(replace=replace, may_replace=may_replace)
    except StoreUnavailable as error:
        raise InputFailed(str(error)) from error
    sound = _print_embedded(folder, settings, result)
    if result.kept is not None:
        typer.echo(f"{folder} now has the rebuilt ledger; the old one is in {result.kept}")
    elif replace:
        raise CommandFailed("not replaced: see above" + ("" if result.problems else "; or use --accept-differences"))
    else:
        typer.echo("To switch: stop the server, and run this again with --replace", err=True)
        if not sound:
            raise typer.Exit(EXIT_FAILED)


def _print_embedded(folder: Path, settings: Settings, result: EmbeddedResult) -> bool:
    from streams.operations.rebuild.embedded import REBUILT
    from streams.settings import duration_text

    new, old = duration_text(settings.horizon_us), result.old_horizon_us
    was = "" if old in {None, settings.horizon_us} else f" (it was {duration_text(old or 0)})"
    typer.echo(f"{folder / REBUILT} is the log of {folder}, folded under a horizon of {new}{was}")
    if result.refused[0] != result.refused[1]:
        typer.echo(f"refused reports: {result.refused[0]:,} before, {result.refused[1]:,} now")
    for problem in result.problems:
        typer.echo(problem)
    if not result.problems:
        typer.echo("the rebuilt ledger matches the log")
    _print_agreement(result.agreeing, result.differing, f"agree with {folder}")
    return not result.problems and not result.differing


def _print_agreement(agreeing: int, differing: Mapping[str, str], with_what: str) -> None:
    typer.echo(f"{agreeing:,} episodes {with_what}; {len(differing):,} differ")
    for episode, where in list(differing.items())[:SHOWN_AT_MOST]:
        typer.echo(f"  {episode}: {where}")


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
