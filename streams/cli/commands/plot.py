"""`truceline plot` and `truceline table`: an episode's history as a picture and as a table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from streams.cli import LOOK, errors, options
from streams.cli.errors import CommandFailed, UsageFailed
from streams.cli.exit_handling import command_exit
from streams.cli.history import LogOptions, log_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.operations.plots.history import PlottedChange, PlottedHistory

STOPPED = "stopped; nothing was written"

_READ_FROM = f"""\
{options.READ_FROM}
A FILE may also hold the changes that `truceline replay --changes` wrote.
"""

_PLOT_HELP = f"""\
Draw the history of an EPISODE as SVG, PNG or HTML.

A step line for each source and party, ranges as bands, corrections and withdrawals marked, and the ceasefire's
status below. Without --output the picture is EPISODE.svg.

{_READ_FROM}
[bold]Examples[/]

  truceline plot armenia-azerbaijan-2022-09 --from reports.jsonl -o september.svg

  truceline plot armenia-azerbaijan-2022-09 --from reports.jsonl --title "Two days in September" -o september.png

  truceline plot armenia-azerbaijan-2022-09 --from reports.jsonl --outcome killed --party armenia -o armenia.svg

  truceline plot gaza-2023-10 --from reports.jsonl.zst --theme dark --width 1000 -o gaza.png
"""

_TABLE_HELP = f"""\
Print the history of an EPISODE as a table: a row for each count and status.

{_READ_FROM}
[bold]Examples[/]

  truceline table armenia-azerbaijan-2022-09 --from reports.jsonl --format csv > september.csv
"""


class Theme(StrEnum):
    """Backgrounds of a picture."""

    LIGHT = "light"
    DARK = "dark"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_PLOT_HELP, rich_help_panel=LOOK)(plot)
    root.command(help=_TABLE_HELP, rich_help_panel=LOOK)(table)


@log_options
def plot(
    episode: options.Episode,
    more: options.More = None,
    *,
    log: LogOptions,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Ends in .svg, .png or .html.", show_default="EPISODE.svg"),
    ] = None,
    until: options.Until = None,
    theme: Annotated[Theme, typer.Option(help="Background; HTML follows the reader's setting.")] = Theme.LIGHT,
    width: Annotated[int, typer.Option(min=400, max=4000, metavar="PIXELS", help="Width.")] = 700,
    scale: Annotated[int, typer.Option(min=1, max=4, help="Pixel density (PNG).")] = 2,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title.", show_default="EPISODE")] = None,
    subtitle: Annotated[str | None, typer.Option(metavar="TEXT", help="First words below the title.")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Credit or caveat at the foot.")] = None,
    outcome: Annotated[list[str] | None, typer.Option(metavar="OUTCOME", help="Only this outcome; repeatable.")] = None,
    party: Annotated[list[str] | None, typer.Option(metavar="PARTY", help="Only this party; repeatable.")] = None,
    source: Annotated[list[str] | None, typer.Option(metavar="SOURCE", help="Only this source; repeatable.")] = None,
) -> None:
    """Draw a picture; the help is in _PLOT_HELP."""
    del more  # already in `log`
    path = output or f"{episode}.svg"
    form = _picture_format(path)
    with command_exit(STOPPED):
        history = _history(episode, log, until)
        _keep(history, {"outcome": outcome, "party": party, "source": source})
        from streams.operations.plots.caption import CLAIMS, Caption
        from streams.operations.plots.output import picture

        caption = Caption(title, subtitle, CLAIMS if note is None else f"{note} {CLAIMS}", log.names())
        _write(picture(history, form, width_px=width, theme=theme, scale=scale, caption=caption), path)
    if not log.quiet:
        typer.echo(f"{path} written", err=True)


@log_options
def table(
    episode: options.Episode,
    more: options.More = None,
    *,
    log: LogOptions,
    form: Annotated[
        options.HistoryFormat, typer.Option("--format", help="CSV, JSON or Markdown.")
    ] = options.HistoryFormat.MD,
    output: options.Output = "-",
    until: options.Until = None,
) -> None:
    """Print a table; the help is in _TABLE_HELP."""
    from streams.operations.plots.table import written

    del more  # already in `log`
    with command_exit(STOPPED):
        _write(written(_history(episode, log, until), form).encode(), output)


def _keep(history: PlottedHistory, asked: dict[Literal["outcome", "party", "source"], list[str] | None]) -> None:
    for part, names in asked.items():
        try:
            history.keep(part, names or [])
        except LookupError as error:
            raise UsageFailed(f"--{part} {error.args[0]}") from None


def _picture_format(output: str) -> str:
    try:
        from streams.operations.plots.output import FORMATS, form_of
    except ModuleNotFoundError as error:
        raise CommandFailed(f"pictures need {error.name}: pip install 'truceline[plots]'") from error
    form = form_of(output)
    if form is None:
        raise UsageFailed(f"--output {output}: name a file that ends in .{', .'.join(FORMATS)}")
    return form


def _history(episode: str, log: LogOptions, until: str | None) -> PlottedHistory:
    from streams.core.queries.as_of import changes_of
    from streams.operations.plots.history import story_of

    until_us = None if until is None else options.time_us(until, "--until")
    registry, horizon_us = options.read_registry(log.sources), log.horizon_us()
    episodes: set[str] = set()
    changes: Iterator[PlottedChange]
    if log.files and log.embedded is None:
        changes = _changes(log, episodes, until_us)
    else:
        changes = changes_of(episode, log.records(episode), registry, horizon_us=horizon_us, at_us=until_us, timed=True)
    history = story_of(changes, episode, until_us=until_us)
    if not history.changes:
        known = f"; episodes: {', '.join(sorted(episodes)[: options.EPISODES_NAMED])}" if episodes else ""
        raise UsageFailed(f"nothing of episode {episode!r}{' until then' if until else ''}{known}")
    return history


def _changes(log: LogOptions, episodes: set[str], until_us: int | None) -> Iterator[PlottedChange]:
    """Yield the changes in the files, and add the name of each episode to `episodes`.

    Reports are folded as known at `until_us`; later ones among written changes are left to the caller.
    """
    from streams.cli.render.progress import progress, reading

    lines = _peeked(log.files)
    found = _written(lines) if lines.first_is_change else _folded(lines, log, until_us)
    with progress(reading(lines), quiet=log.quiet):
        for topic, record in found:
            episodes.add(record["episode"])
            yield topic, record


def _peeked(files: list[str]) -> Any:
    """Return the lines of some files, with whether the first is a change."""
    from streams.files.jsonl import Lines

    class Peeked(Lines):
        def __init__(self) -> None:
            super().__init__(files)
            self._rest = super().__iter__()
            self._first = next(self._rest, None)
            self.first_is_change = self._first is not None and self._first.startswith(b'{"topic"')

        def __iter__(self) -> Iterator[bytes]:
            if self._first is not None:
                yield self._first
            yield from self._rest

    return Peeked()


def _written(lines: Any) -> Iterator[PlottedChange]:
    import orjson

    for line in lines:
        try:
            change = orjson.loads(line)
            yield change["topic"], change["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise errors.InputFailed(f"{lines.path} line {lines.number} is not a change") from error


def _folded(lines: Any, log: LogOptions, until_us: int | None) -> Iterator[PlottedChange]:
    from streams.operations.replay.replay import Replay

    registry = options.read_registry(log.sources)
    replay = Replay(lines, registry, horizon_us=log.horizon_us(), until_us=until_us, tick_us=until_us, timed=True)
    yield from replay
    if replay.refused and not log.quiet:
        late = " (a backfill needs a longer --horizon)" if replay.counts["too_late"] else ""
        were = "1 line was" if replay.refused == 1 else f"{replay.refused:,} lines were"
        typer.echo(f"{were} refused and not drawn{late}: truceline replay lists them", err=True)


def _write(content: bytes, path: str) -> None:
    from streams.files.atomic_output import output

    with output(path) as file:
        file.write(content)
