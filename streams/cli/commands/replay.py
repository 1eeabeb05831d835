"""`truceline replay`: fold files with no broker (contract section 7)."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from streams.cli import RUN, options
from streams.cli.commands.serve import read_registry
from streams.cli.errors import EXIT_FAILED, UsageFailed
from streams.cli.exit_handling import SKIP_TEARDOWN, command_exit

if TYPE_CHECKING:
    from streams.cli.render.progress import Position
    from streams.cli.render.refused_lines import Refusals
    from streams.operations.replay.parallel import ParallelReplay, ReplayOptions
    from streams.operations.replay.replay import Replay

EPISODES_SHOWN = 20
UNKNOWN_SHOWN = 20

_HELP = """\
Fold files of reports with no broker: counts, ceasefires and statements as they changed, and the end result.

FILE is JSON lines, .gz and .zst too, - for standard input. With no output asked for, the result is shown.

[bold]Examples[/]

  truceline replay reports.jsonl

  truceline replay --sources sources.yaml --changes changes.jsonl --snapshot snapshot.json 2022.jsonl.zst

  truceline replay --jobs 4 --snapshot snapshot.json 2022.jsonl.zst 2023.jsonl.zst

  truceline replay --until 2022-09-14T12:00:00Z --snapshot - reports.jsonl

  zcat old.gz | truceline replay --horizon P4000D --changes - -
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=RUN)(replay)


def replay(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", show_default=False)],
    *,
    sources: options.Sources = None,
    horizon: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            envvar="TRUCELINE_HORIZON",
            help="How late a report may come, ISO 8601; backfills set more.",
            show_default="P400D",
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Leave out what was published later.")] = None,
    tick: Annotated[
        str | None, typer.Option(metavar="TIME", help="Move every episode's clock to this time at the end.")
    ] = None,
    changes: Annotated[str | None, typer.Option(metavar="FILE", help="Write each change, a line each.")] = None,
    snapshot: Annotated[str | None, typer.Option(metavar="FILE", help="Write the result, one object.")] = None,
    rejected: Annotated[str | None, typer.Option(metavar="FILE", help="Write each refused line.")] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=1, max=64, help="Processes to share the episodes out to.")
    ] = 1,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a line was refused.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Fold files; the help is in _HELP."""
    from streams.cli.render.refused_lines import Refusals
    from streams.operations.replay.parallel import ReplayOptions

    _check_paths(files, [path for path in (changes, snapshot, rejected) if path not in (None, "-")])
    show = not (changes or snapshot or rejected or quiet)
    orders = ReplayOptions(
        files,
        read_registry(sources),
        horizon_us=options.horizon_us(horizon),
        until_us=None if until is None else options.time_us(until, "--until"),
        tick_us=None if tick is None else options.time_us(tick, "--tick"),
        changes=changes is not None,
        pictures=show or snapshot is not None,
    )
    with command_exit("stopped; nothing was written"), ExitStack() as outputs:
        refusals = Refusals(_open(outputs, rejected, "--rejected"), several=len(files) > 1, quiet=quiet)
        story = _story(orders, jobs, refusals)
        _fold(story, _open(outputs, changes, "--changes"), quiet=quiet)
        if snapshot is not None:
            _write_snapshot(story, _open(outputs, snapshot, "--snapshot"))
    with command_exit("stopped"):
        _report(story, refusals, show=show, quiet=quiet)
    if strict and story.refused:
        raise typer.Exit(EXIT_FAILED)


def _story(orders: ReplayOptions, jobs: int, refusals: Refusals) -> Replay | ParallelReplay:
    from streams.files.jsonl import Lines, is_read_once, named
    from streams.operations.replay.parallel import ParallelReplay

    if jobs == 1:
        SKIP_TEARDOWN[:] = [story := orders.replay(Lines(orders.paths), refusals.add)]
        return story
    once = [str(path) for path in orders.paths if is_read_once(str(path))]
    if once:
        raise UsageFailed(f"{named(once[0])} can be read once, so by one process: leave --jobs out, or name a file")
    return ParallelReplay(orders, jobs, on_refusal=refusals.add)


def _fold(story: Replay | ParallelReplay, changes: BinaryIO | None, *, quiet: bool) -> None:
    import gc

    from streams.cli.render.progress import progress
    from streams.operations.replay.parallel import COLLECT_EVERY

    gc.set_threshold(COLLECT_EVERY, 20, 100)
    with progress(lambda: _position(story), quiet=quiet):
        story.run(None if changes is None else changes.write)
    if changes is not None:
        changes.flush()


def _write_snapshot(story: Replay | ParallelReplay, file: BinaryIO | None) -> None:
    import orjson

    if file is not None:
        file.write(orjson.dumps(story.snapshot(), option=orjson.OPT_APPEND_NEWLINE))


def _report(story: Replay | ParallelReplay, refusals: Refusals, *, show: bool, quiet: bool) -> None:
    """Say on standard error how the lines were taken; show the result where no file was asked for."""
    from streams.cli.render.console import Printed
    from streams.cli.render.picture import picture_tables

    if show:
        console = Printed()
        episodes = story.episodes()
        for episode in episodes[:EPISODES_SHOWN]:
            console.print(picture_tables(episode, story.picture(episode)))
        if len(episodes) > EPISODES_SHOWN:
            console.print(f"and {len(episodes) - EPISODES_SHOWN} more episodes: --snapshot FILE holds them all")
    refusals.report()
    if story.refused or not quiet:
        typer.echo(_counts(story), err=True)
    if not quiet:
        _tell_unknown(story.unknown_sources())


def _tell_unknown(sources: list[str]) -> None:
    """List the sources that the registry does not know: allowed, but perhaps misspelt or forgotten."""
    if sources:
        more = f" and {len(sources) - UNKNOWN_SHOWN:,} more" if len(sources) > UNKNOWN_SHOWN else ""
        names = ", ".join(sources[:UNKNOWN_SHOWN])
        typer.echo(f"{len(sources):,} not in the source registry, so third parties: {names}{more}", err=True)


def _counts(story: Replay | ParallelReplay) -> str:
    from streams.core.state.step import Outcome

    counts = story.counts
    parts = [f"{counts[outcome]:,} {outcome.replace('_', ' ')}" for outcome in Outcome if counts[outcome]]
    codes = [f"{count:,} {code}" for code, count in sorted(counts.items()) if code not in set(Outcome)]
    if codes:
        parts.append(f"{story.refused:,} refused ({', '.join(codes)})")
    if story.later:
        parts.append(f"{story.later:,} published later")
    return f"{counts.total() + story.later:,} lines: {', '.join(parts) or 'nothing in them'}"


def _position(story: Replay | ParallelReplay) -> Position:
    from streams.cli.render.progress import Position

    where = story.where()
    return Position(where.bytes_done, where.bytes_total, f"{where.path} line {where.line:,}, {story.refused} refused")


def _open(outputs: ExitStack, path: str | None, option: str) -> BinaryIO | None:
    from streams.files.atomic_output import output

    if path is None:
        return None
    try:
        return outputs.enter_context(output(path))
    except OSError as error:
        raise UsageFailed(f"{option} {path}: {error.strerror}") from error


def _check_paths(files: list[str], outputs: list[str | None]) -> None:
    if files.count("-") > 1:
        raise UsageFailed("standard input (-) can be read once")
    taken: set[str] = {os.path.realpath(file) for file in files if file != "-"}
    for path in outputs:
        real = os.path.realpath(str(path))
        if real in taken and not real.startswith("/dev/"):
            raise UsageFailed(f"{path} is named twice; it would be overwritten")
        taken.add(real)
