"""`truceline read`: articles become drafts of reports."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import PUT_IN, options
from streams.cli.errors import CommandFailed, InputFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.core.phrases import Names

_HELP = """\
Read articles, bulletins and posts, and draft the reports that they make: who says what of whose losses.

FILE is text, Markdown, HTML, an RSS or Atom feed, or JSON documents (.json, .jsonl); - is standard input; an
address is fetched. The reader works by rules, offline, and invents no number. Each claim has a tier: ready (every
field from explicit words), check (a field by default or from a distance), ask (a person must decide).

--format table shows the text with its spans and the claims, json the drafts, reports the report lines of tiers
ready and check, which `truceline replay` and `truceline send` read.

[bold]Examples[/]

  truceline read article.txt --outlet coast-wire --published-at 2022-09-15T14:05:00+04:00 --atlas atlas.yaml

  truceline read https://example.org/article --atlas atlas.yaml --sources sources.yaml --explain

  truceline read article.html --format reports --atlas atlas.yaml | truceline replay - --snapshot -
"""


class DraftFormat(StrEnum):
    """Formats of drafts."""

    TABLE = "table"
    JSON = "json"
    REPORTS = "reports"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=PUT_IN)(read)


def read(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE|-|URL...", show_default=False)],
    *,
    outlet: Annotated[str | None, typer.Option(metavar="SLUG", help="Publisher of the text.")] = None,
    published_at: Annotated[str | None, typer.Option(metavar="TIME", help="When it was published (RFC 3339).")] = None,
    episode: Annotated[str | None, typer.Option(metavar="SLUG", help="The episode that it is about.")] = None,
    lang: Annotated[str | None, typer.Option(metavar="LANG", help="Its language: en, ar, uk, ru.")] = None,
    atlas: options.AtlasFile = None,
    sources: options.Sources = None,
    html: Annotated[bool, typer.Option("--html", help="Read the input as a page.")] = False,
    form: Annotated[
        DraftFormat, typer.Option("--format", help="Text with claims, drafts, or report lines.")
    ] = DraftFormat.TABLE,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each number was left out.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from addresses of this machine and of private networks.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Read documents; the help is in _HELP."""
    from streams.core.phrases import Names

    registry, names_of = options.read_registry(sources), options.read_atlas(atlas)
    if not names_of.parties and not quiet:
        typer.echo("no atlas with parties: the names of the shipped one are used; --atlas FILE names another", err=True)
    given = {"outlet": outlet, "published_at": published_at, "episode": episode, "lang": lang}
    count = 0
    with command_exit("stopped before the last document"):
        for draft in _drafts(inputs, names_of, registry, given, html=html, allow_private=allow_private):
            _print(draft, form, Names(names_of, registry), explain=explain)
            count += len(draft["claims"])
    if not quiet:
        typer.echo(f"{count} claim{'s' * (count != 1)} drafted", err=True)


def _drafts(
    inputs: list[str], atlas: Any, registry: Any, given: dict[str, str | None], *, html: bool, allow_private: bool
) -> Iterator[dict[str, Any]]:
    import asyncio

    from streams.operations.read import FetchFailed, Given, NotReadable
    from streams.operations.read.run import ReadOptions, drafts_of, reading_context

    read_options = ReadOptions(Given(**given), html=html, allow_private=allow_private)
    context = reading_context(atlas, registry)
    for name in inputs:
        stdin = sys.stdin.buffer.read() if name == "-" else None
        try:
            yield from asyncio.run(drafts_of(name, read_options, context, stdin))
        except (FetchFailed, NotReadable) as error:
            raise InputFailed(str(error)) from error
        except OSError as error:
            raise InputFailed(f"{name} cannot be read: {error.strerror}") from error
        except ModuleNotFoundError as error:
            raise CommandFailed(f"pages and feeds need {error.name}: pip install 'truceline[read]'") from error


def _print(draft: dict[str, Any], form: DraftFormat, names: Names, *, explain: bool) -> None:
    import orjson

    if form is DraftFormat.JSON:
        sys.stdout.write(orjson.dumps(draft).decode() + "\n")
    elif form is DraftFormat.REPORTS:
        from streams.operations.read import NotReadable
        from streams.operations.read.run import report_lines

        try:
            sys.stdout.writelines(line.decode() for line in report_lines(draft))
        except NotReadable as error:
            raise InputFailed(str(error)) from error
    else:
        from streams.cli.render.console import Printed
        from streams.cli.render.draft import draft_view

        Printed(highlight=False).print(draft_view(draft, names, explain=explain))
