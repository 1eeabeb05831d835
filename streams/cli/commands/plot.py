"""`truceline plot` and `truceline table`: an episode's history as a picture and as a table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from streams.cli import LOOK, errors, options
from streams.cli.errors import CommandFailed, UsageFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams.core.source_registry import Registry
    from streams.operations.plots.history import PlottedChange, PlottedHistory

STOPPED = "stopped; nothing was written"

_SOURCES = """\
Each FILE holds reports, which are folded as `truceline replay` does it, or the changes that its --changes wrote.
With no file the log is read, of an embedded server (--embedded) or else from Kafka.
"""

_PLOT_HELP = f"""\
Draw the history of an episode: a step line for each source and party, ranges as bands, downward corrections and
withdrawals marked, and the ceasefire's status below with what was said of it.

{_SOURCES}
[bold]Examples[/]

  truceline plot armenia-azerbaijan-2022-09 --from reports.jsonl -o september.svg

  truceline plot gaza-2023-10 --from reports.jsonl.zst --theme dark --width 1000 -o gaza.png
"""

_TABLE_HELP = f"""\
Print the history of an episode as a table: what `truceline plot` draws, a row for each figure and status.

{_SOURCES}
[bold]Examples[/]

  truceline table armenia-azerbaijan-2022-09 --from reports.jsonl --format csv > september.csv
"""


class Theme(StrEnum):
    """Grounds of a picture."""

    LIGHT = "light"
    DARK = "dark"


class Form(StrEnum):
    """Formats of a table."""

    CSV = "csv"
    JSON = "json"
    MD = "md"


Episode = Annotated[str, typer.Argument(metavar="EPISODE", show_default=False)]
More = Annotated[list[str] | None, typer.Argument(metavar="[FILE...]", show_default=False)]
From = Annotated[list[str] | None, typer.Option("--from", metavar="FILE...", help="Reports or changes, - for stdin.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only what was published until then.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and no word on refused lines.")]


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_PLOT_HELP, rich_help_panel=LOOK)(plot)
    root.command(help=_TABLE_HELP, rich_help_panel=LOOK)(table)


def plot(
    episode: Episode,
    more: More = None,
    *,
    from_: From = None,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE.{svg,png,html}", show_default=False)],
    sources: options.Sources = None,
    horizon: options.Horizon = None,
    until: Until = None,
    theme: Annotated[Theme, typer.Option(help="The ground; html follows its reader's.")] = Theme.LIGHT,
    width: Annotated[int, typer.Option(min=400, max=4000, metavar="PIXELS", help="How wide.")] = 700,
    scale: Annotated[int, typer.Option(min=1, max=4, help="Dots a pixel (png).")] = 2,
    quiet: Quiet = False,
) -> None:
    """Draw a picture; the help is in _PLOT_HELP."""
    form = _form(output)
    with command_exit(STOPPED):
        files, kafka = [*(from_ or ()), *(more or ())], options.Kafka(bootstrap_servers, topic_prefix)
        story = _story(_Asked(episode, files, embedded, kafka, sources, horizon, until, quiet))
        from streams.operations.plots.output import picture

        _write(picture(story, form, width_px=width, theme=theme, scale=scale), output)


def table(
    episode: Episode,
    more: More = None,
    *,
    from_: From = None,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.MD,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to, - prints.")] = "-",
    sources: options.Sources = None,
    horizon: options.Horizon = None,
    until: Until = None,
    quiet: Quiet = False,
) -> None:
    """Print a table; the help is in _TABLE_HELP."""
    from streams.operations.plots.table import written

    with command_exit(STOPPED):
        files, kafka = [*(from_ or ()), *(more or ())], options.Kafka(bootstrap_servers, topic_prefix)
        story = _story(_Asked(episode, files, embedded, kafka, sources, horizon, until, quiet))
        _write(written(story, form).encode(), output)


def _form(output: str) -> str:
    try:
        from streams.operations.plots.output import FORMATS, form_of
    except ModuleNotFoundError as error:
        raise CommandFailed(f"pictures need {error.name}: pip install 'truceline[plots]'") from error
    form = form_of(output)
    if form is None:
        raise UsageFailed(f"--output {output}: name a file that ends in .{', .'.join(FORMATS)}")
    return form


class _Asked(NamedTuple):
    """What is asked for, from where, and how it is folded."""

    episode: str
    files: list[str]
    embedded: Path | None
    kafka: options.Kafka
    sources: str | None
    horizon: str | None
    until: str | None
    quiet: bool


def _story(asked: _Asked) -> PlottedHistory:
    from streams.cli.commands.serve import read_registry
    from streams.core.queries.as_of import changes_of
    from streams.operations.plots.history import story_of

    until_us = None if asked.until is None else options.time_us(asked.until, "--until")
    registry, horizon_us = read_registry(asked.sources), options.horizon_us(asked.horizon)
    episodes: set[str] = set()
    changes: Iterator[PlottedChange]
    if asked.files and asked.embedded is None:
        changes = _changes(asked.files, registry, horizon_us, episodes, until_us=until_us, quiet=asked.quiet)
    else:
        records = options.records(asked.episode, asked.files, asked.embedded, asked.kafka, quiet=asked.quiet)
        changes = changes_of(asked.episode, records, registry, horizon_us=horizon_us, at_us=until_us)
    story = story_of(changes, asked.episode, until_us=until_us)
    if not story.changes:
        known = f"; episodes: {', '.join(sorted(episodes)[:10])}" if episodes else ""
        raise UsageFailed(f"nothing of episode {asked.episode!r}{' until then' if asked.until else ''}{known}")
    return story


def _changes(
    files: list[str],
    registry: Registry,
    horizon_us: int,
    episodes: set[str],
    *,
    until_us: int | None,
    quiet: bool,
) -> Iterator[PlottedChange]:
    """Yield the changes of the files, and add to `episodes` the names that they tell of.

    Reports are folded as they were known at `until_us`; of changes the later ones are left to the
    caller.
    """
    from streams.cli.render.progress import progress, reading

    lines = _peeked(files)
    found = _written(lines) if lines.first_is_change else _folded(lines, registry, horizon_us, until_us, quiet=quiet)
    with progress(reading(lines), quiet=quiet):
        for topic, record in found:
            episodes.add(record["episode"])
            yield topic, record


def _peeked(files: list[str]) -> Any:
    """Return the lines of some files, which know of the first whether it is a change or a report."""
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


def _folded(
    lines: Any, registry: Registry, horizon_us: int, until_us: int | None, *, quiet: bool
) -> Iterator[PlottedChange]:
    from streams.operations.replay.replay import Replay

    story = Replay(lines, registry, horizon_us=horizon_us, until_us=until_us, tick_us=until_us)
    yield from story
    if story.refused and not quiet:
        late = " (backfills need a longer --horizon)" if story.counts["too_late"] else ""
        typer.echo(f"{story.refused:,} lines were refused and are not shown{late}", err=True)


def _write(content: bytes, path: str) -> None:
    from streams.files.atomic_output import output

    with output(path) as file:
        file.write(content)
