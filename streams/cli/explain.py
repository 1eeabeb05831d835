"""`truceline explain`: why a figure is what it is, and how a ceasefire came to its status."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK
from streams.cli.errors import InputUnreadable, UsageFailed
from streams.cli.serve import read_registry

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from streams.core.explain import Account
    from streams.lines import Record

#: More accounts than this are listed by name unless they are asked for one by one.
SHOWN_AT_MOST = 4

_HELP = """\
Explain a figure or a ceasefire of an EPISODE: every claim about it, what became of it, and where it can be read.

SUBJECT is a count, as source/party/outcome/population: parts may be cut short, empty or left out
(azerbaijan-mod/killed). Or it is a ceasefire: its name for the joint view of all sources,
NAME/source:SLUG for one source's. With no SUBJECT all that can be asked for is listed.

FILE is JSON lines of reports, .gz and .zst too, - for standard input.

[bold]Examples[/]

  truceline explain armenia-azerbaijan-2022-09 --from reports.jsonl --sources sources.yaml

  truceline explain armenia-azerbaijan-2022-09 azerbaijan-mod/killed --from reports.jsonl

  truceline explain armenia-azerbaijan-2022-09 main --at 2022-09-15T00:00:00Z --format json --from reports.jsonl
"""


class Form(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=LOOK)(explain)


def explain(
    episode: Annotated[str, typer.Argument(metavar="EPISODE", show_default=False)],
    rest: Annotated[list[str] | None, typer.Argument(metavar="[SUBJECT] [FILE...]", show_default=False)] = None,
    *,
    from_: Annotated[
        list[str] | None, typer.Option("--from", metavar="FILE...", help="Reports, - for standard input.")
    ] = None,
    embedded: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The log of an embedded server, which may be running.")
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As it stood then, by what was published.")] = None,
    sources: Annotated[
        str | None, typer.Option(metavar="FILE", envvar="TRUCELINE_SOURCES", help="Source registry (YAML).")
    ] = None,
    horizon: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", envvar="TRUCELINE_HORIZON", help="As for replay, ISO 8601.", show_default="P400D"
        ),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="For people, or for programs.")] = Form.TEXT,
) -> None:
    """Explain a figure or a ceasefire; the help is in _HELP."""
    from streams import lines as reading
    from streams.telling import NoSuchEpisode, accounts, tell

    subject, files = _subject_and_files(rest or [], from_ or [])
    horizon_us, until_us = _horizon_us(horizon), _until_us(at)
    try:
        records = _records(episode, files, embedded)
        told = tell(episode, records, read_registry(sources), horizon_us=horizon_us, until_us=until_us)
    except reading.InputUnreadable as error:
        raise InputUnreadable(str(error)) from error
    except NoSuchEpisode as error:
        others = f"; there is {', '.join(error.others[:10])}" if error.others else ""
        when = " at that time" if at else ""
        raise UsageFailed(f"no report of {episode}{when}{others}") from error
    account = accounts(told.chronicle, subject)
    if subject is not None and not (account["cells"] or account["ceasefires"]):
        raise UsageFailed(f"nothing in {episode} is named {subject}; with no SUBJECT all that there is is listed")
    _print(account, form, listed=subject is None)
    _tell_unread(told.unread)


def _subject_and_files(rest: list[str], from_: list[str]) -> tuple[str | None, list[str]]:
    """Tell what is asked for from where: after `--from A` a shell's list of files goes on as arguments."""
    subject = None
    if rest and rest[0] != "-" and not Path(rest[0]).is_file():
        subject, *rest = rest
    return subject, [*from_, *rest]


def _records(episode: str, files: list[str], embedded: Path | None) -> Iterator[Record]:
    """Return the records to tell from, in the order of the log: any source of (value, timestamp) pairs will do."""
    if bool(files) == bool(embedded):
        raise UsageFailed("say where from: --from FILE..., or --embedded DIR")
    return _of_files(files) if embedded is None else _of_embedded(episode, embedded)


def _of_files(files: list[str]) -> Iterator[Record]:
    from streams.core.intake import Refusal
    from streams.lines import Lines, unwrap

    for line in Lines(files):
        try:
            yield unwrap(line)
        except Refusal:
            # A wrapping with no good timestamp, refused as a whole by replay too.
            continue


def _of_embedded(episode: str, folder: Path) -> Iterator[Record]:
    import sqlite3

    from streams.embedded.file import DATABASE
    from streams.embedded.reading import Reader
    from streams.lines import Record

    path = folder / DATABASE
    if not path.is_file():
        raise InputUnreadable(f"{path} is not there: no embedded server has run in {folder}")
    reader = Reader(path)
    try:
        after = -1
        while reports := reader.log(after, episode=episode):
            after = reports[-1].offset
            for report in reports:
                yield Record(report.value, report.time_us)
    except sqlite3.Error as error:
        raise InputUnreadable(f"{path} cannot be read: {error}") from error
    finally:
        reader.close()


def _horizon_us(text: str | None) -> int:
    from streams.settings import SettingsError, load

    try:
        return load(horizon=text).horizon_us
    except SettingsError as error:
        raise UsageFailed(f"--horizon: {error}") from error


def _until_us(text: str | None) -> int | None:
    from streams.lines import read_time

    try:
        return None if text is None else read_time(text)
    except ValueError as error:
        raise UsageFailed(f"--at: {error}") from error


def _print(account: Account, form: Form, *, listed: bool) -> None:
    if form is Form.JSON:
        import orjson

        sys.stdout.buffer.write(orjson.dumps(account, option=orjson.OPT_APPEND_NEWLINE))
        return
    from rich.console import Console

    from streams.terminal.account import account_text, index_text

    several = listed or len(account["cells"]) + len(account["ceasefires"]) > SHOWN_AT_MOST
    Console().print(index_text(account) if several else account_text(account))


def _tell_unread(unread: Counter[str]) -> None:
    if unread:
        codes = ", ".join(f"{count} {code}" for code, count in sorted(unread.items()))
        lines = "1 line was" if unread.total() == 1 else f"{unread.total():,} lines were"
        typer.echo(f"{lines} refused at sight ({codes}): truceline replay says which", err=True)
