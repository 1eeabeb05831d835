"""`truceline collect`: follow feeds; what is new becomes documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import PUT_IN, options
from streams.cli.errors import EXIT_FAILED, CommandFailed, InputFailed, UsageFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.operations.collect import Collector, Feed, Journal
    from streams.operations.collect.collector import Visit

NOTES_SHOWN = 3

_HELP = """\
Follow feeds: what is new in them becomes documents, in DIR/documents.jsonl, for `truceline read`.

FEEDS is a YAML file: by name of a feed its url: (RSS, Atom, JSON Feed), page: (a web page that is watched), folder: or
telegram: (result.json of Telegram Desktop), and if wanted outlet:, zone:, lang:, episode: and every: (15m).

A feed is asked again after `every`, and less often while it fails. Nothing is collected twice, also after a kill;
a text that was edited is a new version of its document. --once looks at each feed one time, for cron; it exits with 1
if none of them could be read.

[bold]Examples[/]

  truceline collect feeds.yaml --once

  truceline collect feeds.yaml --once --to http://127.0.0.1:8080

  truceline collect feeds.yaml --status
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=PUT_IN)(collect)


def collect(
    feeds: Annotated[str, typer.Argument(metavar="FEEDS", help="File of feeds (YAML).", show_default=False)],
    *,
    once: Annotated[bool, typer.Option("--once", help="Look at each feed one time, and exit.")] = False,
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder of what is collected.")] = Path(
        "collected"
    ),
    to: Annotated[
        str | None, typer.Option(metavar="URL", help="Send documents to this server too (with TRUCELINE_TOKEN).")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Show each feed: when it answered, or since when not.")] = (
        False
    ),
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Ask addresses of this machine and of private networks.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Follow feeds; the help is in _HELP."""
    import asyncio

    from filelock import FileLock, Timeout

    from streams.operations.collect import Journal
    from streams.operations.collect.collector import OUTBOX

    if to is not None and not to.startswith(("http://", "https://")):
        raise UsageFailed(f"--to {to}: an address begins with http:// or https://")
    followed = _read_feeds(feeds)
    with command_exit("stopped; what was collected is safe"):
        if status:
            _print_status(followed, folder)
            return
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(folder / ".lock", timeout=0), Journal(folder) as journal:
                visits: list[Visit] = []
                on_visit = _printing(visits.append if once else None, quiet=quiet)
                collector = _collector(followed, journal, on_visit, to, allow_private=allow_private)
                asyncio.run(collector.once() if once else collector.follow())
        except Timeout as error:
            raise UsageFailed(f"another collect is writing in {folder}; give each its own --dir") from error
        except ModuleNotFoundError as error:
            raise CommandFailed(f"feeds need {error.name}: pip install 'truceline[read]'") from error
    if not quiet and once:
        typer.echo(_summary(visits, folder), err=True)
    looks = [visit for visit in visits if visit.feed != OUTBOX]
    if all(visit.fault for visit in looks) or len(looks) < len(visits):
        raise typer.Exit(EXIT_FAILED)


def _read_feeds(path: str) -> list[Feed]:
    from streams.operations.collect import FeedsError, read_feeds

    try:
        return read_feeds(path)
    except FeedsError as error:
        raise UsageFailed(str(error)) from error
    except OSError as error:
        raise InputFailed(f"{path} cannot be read: {error.strerror}") from error


def _collector(
    feeds: list[Feed], journal: Journal, on_visit: Callable[[Visit], None], to: str | None, *, allow_private: bool
) -> Collector:
    from streams.operations.collect import Collector
    from streams.operations.collect.outbox import Outbox

    outbox = None if to is None else Outbox(journal, to, options.load_settings().token)
    return Collector(feeds, journal, on_visit, outbox=outbox, allow_private=allow_private)


def _printing(keep: Callable[[Visit], None] | None, *, quiet: bool) -> Callable[[Visit], None]:
    """Return what prints a look at a feed; without `--once` one that brought nothing prints nothing."""

    def on_visit(visit: Visit) -> None:
        if keep is not None:
            keep(visit)
        if visit.fault or (not quiet and (keep is not None or visit.new or visit.notes)):
            for line in _visit_lines(visit):
                typer.echo(line, err=True)

    return on_visit


def _visit_lines(visit: Visit) -> list[str]:
    if visit.fault:
        return [f"{visit.feed}: {_plain(visit.fault)}"]
    lines = [f"{visit.feed}: {visit.new:,} new"]
    lines += [f"  {_plain(note)}" for note in visit.notes[:NOTES_SHOWN]]
    if len(visit.notes) > NOTES_SHOWN:
        lines.append(f"  and {len(visit.notes) - NOTES_SHOWN:,} more such items")
    return lines


def _plain(text: str) -> str:
    """Return a text of a feed without characters that a terminal would obey."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _summary(visits: list[Visit], folder: Path) -> str:
    from streams.cli.render.text import counted
    from streams.operations.collect.collector import OUTBOX

    looks = [visit for visit in visits if visit.feed != OUTBOX]
    failed = sum(bool(visit.fault) for visit in looks)
    new = counted(sum(visit.new for visit in looks), "new document")
    return f"{counted(len(looks), 'feed')}, {failed:,} failed; {new} in {folder}/documents.jsonl"


def _print_status(feeds: list[Feed], folder: Path) -> None:
    from streams.operations.collect.journal import FeedState, read_state

    states, _ = read_state(folder)
    for feed in feeds:
        state = states.get(feed.name, FeedState())
        if state.gone:
            word = f"gone since {state.failing_since}: {state.fault}"
        elif state.failing_since:
            word = f"dead since {state.failing_since}: {state.fault}"
        elif state.answered_at:
            word = f"answered {state.answered_at}, last new {state.new_at or 'never'}"
        else:
            word = "never asked"
        typer.echo(f"{feed.name}: {_plain(word)}")
