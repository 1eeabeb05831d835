"""`truceline explain`: why a figure is what it is, and how a ceasefire came to its status."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.commands.serve import read_registry
from streams.cli.errors import UsageFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections import Counter

    from streams.core.queries.explain import Explanation

#: More accounts than this are listed by name unless they are asked for one by one.
SHOWN_AT_MOST = 4

_HELP = """\
Explain a figure or a ceasefire of an EPISODE: every claim about it, what became of it, and where it can be read.

SUBJECT is a count, as source/party/outcome/population: parts may be cut short, empty or left out
(azerbaijan-mod/killed). Or it is a ceasefire: its name for the joint view of all sources,
NAME/source:SLUG for one source's. With no SUBJECT all that can be asked for is listed.

The log is read from files (--from), an embedded server's folder (--embedded), or else from Kafka.
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
    from_: options.From = None,
    embedded: options.Embedded = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As it stood then, by what was published.")] = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    sources: options.Sources = None,
    horizon: options.Horizon = None,
    quiet: options.Quiet = False,
    form: Annotated[Form, typer.Option("--format", help="For people, or for programs.")] = Form.TEXT,
) -> None:
    """Explain a figure or a ceasefire; the help is in _HELP."""
    from streams.core.queries.subjects import NoSuchEpisode, explanations, replay_history

    subject, files = _subject_and_files(rest or [], from_ or [])
    until_us = None if at is None else options.time_us(at, "--at")
    registry, horizon_us = read_registry(sources), options.horizon_us(horizon)
    with command_exit("stopped before the end of the log"):
        kafka = options.Kafka(bootstrap_servers, topic_prefix)
        records = options.records(episode, files, embedded, kafka, quiet=quiet)
        try:
            told = replay_history(episode, records, registry, horizon_us=horizon_us, until_us=until_us)
        except NoSuchEpisode as error:
            raise options.unknown(error, " at that time" if at else "") from error
        account = explanations(told.history, subject)
        if subject is not None and not (account["cells"] or account["ceasefires"]):
            raise UsageFailed(f"nothing in {episode} is named {subject}; with no SUBJECT all that there is is listed")
        _print(account, form, listed=subject is None)
        if not quiet:
            _tell_unread(told.unparsed)


def _subject_and_files(rest: list[str], from_: list[str]) -> tuple[str | None, list[str]]:
    """Tell what is asked for from where: after `--from A` a shell's list of files goes on as arguments."""
    subject = None
    if rest and rest[0] != "-" and not Path(rest[0]).is_file():
        subject, *rest = rest
    return subject, [*from_, *rest]


def _print(account: Explanation, form: Form, *, listed: bool) -> None:
    if form is Form.JSON:
        import orjson

        sys.stdout.buffer.write(orjson.dumps(account, option=orjson.OPT_APPEND_NEWLINE))
        return

    from streams.cli.render.console import Printed
    from streams.cli.render.explanation import account_text, index_text

    several = listed or len(account["cells"]) + len(account["ceasefires"]) > SHOWN_AT_MOST
    Printed().print(index_text(account) if several else account_text(account))


def _tell_unread(unread: Counter[str]) -> None:
    if unread:
        codes = ", ".join(f"{count} {code}" for code, count in sorted(unread.items()))
        lines = "1 line was" if unread.total() == 1 else f"{unread.total():,} lines were"
        typer.echo(f"{lines} refused at sight ({codes}): truceline replay says which", err=True)
