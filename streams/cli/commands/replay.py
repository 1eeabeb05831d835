"""`truceline replay`: process files without Kafka (contract section 7)."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from streams.cli import RUN, options
from streams.cli.errors import EXIT_FAILED, UsageFailed
from streams.cli.exit_handling import QuickExit, command_exit

if TYPE_CHECKING:
    from streams.cli.render.progress import Position
    from streams.cli.render.refused_lines import Refusals
    from streams.core.phrases import Names
    from streams.operations.replay.parallel import ParallelReplay, ReplayOptions
    from streams.operations.replay.replay import Replay

EPISODES_SHOWN = 20
UNKNOWN_SHOWN = 20

_HELP = """\
Process report files without Kafka: counts, ceasefires and statements as they changed, and the end result.

FILE is JSON lines, a JSON array, or JSON objects over several lines; plain, .gz or .zst; - is standard input. With no
output asked for, the result is shown. Exits with 1 if no line could be used, or with --strict if any is refused.

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
    files: options.Files,
    *,
    sources: options.Sources = None,
    horizon: options.Horizon = None,
    atlas: options.AtlasFile = None,
    lang: options.Lang = None,
    until: options.Until = None,
    tick: options.Tick = None,
    changes: Annotated[str | None, typer.Option(metavar="FILE", help="Save each change, one a line.")] = None,
    snapshot: Annotated[str | None, typer.Option(metavar="FILE", help="Save the end result, one JSON object.")] = None,
    rejected: options.Rejected = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=1, max=64, help="Share the episodes among N processes.")
    ] = 1,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
) -> None:
    """Fold files; the help is in _HELP."""
    from streams.cli.render.refused_lines import Refusals
    from streams.core.phrases import Names
    from streams.operations.replay.parallel import ReplayOptions

    _check_paths(files, [path for path in (changes, snapshot, rejected) if path not in (None, "-")])
    show = not (changes or snapshot or rejected or quiet)
    registry = options.read_registry(sources)
    names = Names(options.read_atlas(atlas), registry, lang) if show else None
    orders = ReplayOptions(
        files,
        registry,
        horizon_us=options.horizon_us(horizon),
        until_us=None if until is None else options.time_us(until, "--until"),
        tick_us=None if tick is None else options.time_us(tick, "--tick"),
        changes=changes is not None,
        pictures=show or snapshot is not None,
    )
    with command_exit("stopped; nothing was written"), ExitStack() as outputs:
        refusals = Refusals(
            _open(outputs, rejected, "--rejected"),
            several=len(files) > 1,
            quiet=quiet,
            horizon_us=orders.horizon_us,
        )
        run = _replay(orders, jobs, refusals)
        _fold(run, _open(outputs, changes, "--changes"), quiet=quiet)
        if snapshot is not None:
            _write_snapshot(run, _open(outputs, snapshot, "--snapshot"))
    with command_exit("stopped"):
        _report(run, refusals, names, quiet=quiet)
        if not quiet:
            options.note_missing_registry(sources)
    taken = run.counts.total() + run.later - run.refused
    raise QuickExit(EXIT_FAILED if not taken or (strict and run.refused) else 0, kept=run)


def _replay(orders: ReplayOptions, jobs: int, refusals: Refusals) -> Replay | ParallelReplay:
    from streams.files.jsonl import Lines, is_read_once, named
    from streams.operations.replay.parallel import ParallelReplay

    if jobs == 1:
        return orders.replay(Lines(orders.paths), refusals.add)
    once = [str(path) for path in orders.paths if is_read_once(str(path))]
    if once:
        raise UsageFailed(f"{named(once[0])} can be read only once, so by one process: drop --jobs, or name a file")
    return ParallelReplay(orders, jobs, on_refusal=refusals.add)


def _fold(run: Replay | ParallelReplay, changes: BinaryIO | None, *, quiet: bool) -> None:
    import gc

    from streams.cli.render.progress import progress
    from streams.operations.replay.parallel import COLLECT_EVERY

    gc.set_threshold(COLLECT_EVERY, 20, 100)
    with progress(lambda: _position(run), quiet=quiet):
        run.run(None if changes is None else changes.write)
    if changes is not None:
        changes.flush()


def _write_snapshot(run: Replay | ParallelReplay, file: BinaryIO | None) -> None:
    import orjson

    if file is not None:
        file.write(orjson.dumps(run.snapshot(), option=orjson.OPT_APPEND_NEWLINE))


def _report(run: Replay | ParallelReplay, refusals: Refusals, names: Names | None, *, quiet: bool) -> None:
    """Print on standard error how the lines were taken; with names, show the result."""
    from streams.cli.render.console import Printed
    from streams.cli.render.picture import picture_tables
    from streams.cli.render.refused_lines import ignored_line
    from streams.cli.render.text import IN_UTC

    if names is not None:
        console = Printed()
        episodes = run.episodes()
        for episode in episodes[:EPISODES_SHOWN]:
            console.print(picture_tables(episode, run.picture(episode), IN_UTC, names))
        if len(episodes) > EPISODES_SHOWN:
            console.print(f"and {len(episodes) - EPISODES_SHOWN} more episodes: --snapshot FILE holds them all")
    refusals.report()
    if run.refused or not quiet:
        typer.echo(_counts(run), err=True)
    if not quiet:
        if ignored := ignored_line(run.ignored):
            typer.echo(ignored, err=True)
        _print_unknown(run.unknown_sources())


def _print_unknown(sources: list[str]) -> None:
    """List the sources that are not in the registry: allowed, but perhaps misspelt or forgotten."""
    from streams.cli.render.text import counted

    if sources:
        more = f" and {len(sources) - UNKNOWN_SHOWN:,} more" if len(sources) > UNKNOWN_SHOWN else ""
        names = ", ".join(sources[:UNKNOWN_SHOWN])
        found = f"{counted(len(sources), 'source')} not in the source registry, taken as third parties"
        typer.echo(f"{found}: {names}{more}", err=True)


def _counts(run: Replay | ParallelReplay) -> str:
    from streams.cli.render.text import counted
    from streams.core.state.step import Outcome

    counts = run.counts
    parts = [f"{counts[outcome]:,} {outcome.replace('_', ' ')}" for outcome in Outcome if counts[outcome]]
    codes = [f"{count:,} {code}" for code, count in sorted(counts.items()) if code not in set(Outcome)]
    if codes:
        parts.append(f"{run.refused:,} refused ({', '.join(codes)})")
    if run.later:
        parts.append(f"{run.later:,} published later")
    return f"{counted(counts.total() + run.later, 'line')}: {', '.join(parts) or 'no reports'}"


def _position(run: Replay | ParallelReplay) -> Position:
    from streams.cli.render.progress import Position

    where = run.where()
    return Position(where.bytes_done, where.bytes_total, f"{where.path} line {where.line:,}, {run.refused} refused")


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
