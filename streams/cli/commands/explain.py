"""`truceline explain`: the claims behind a count, and the acts behind a ceasefire's status."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.errors import UsageFailed
from streams.cli.exit_handling import command_exit
from streams.cli.history import LogOptions, log_options

if TYPE_CHECKING:
    from collections import Counter

    from streams.core.queries.explain import Explanation

#: More explanations than this are listed by name, unless one is asked for.
SHOWN_AT_MOST = 4

_HELP = f"""\
Explain a count or a ceasefire of an EPISODE: every claim, how it was used, and where to read it.

SUBJECT is a count, source/party/outcome/population; parts may be shortened, empty or left out
(azerbaijan-mod/killed). Or it is a ceasefire: its name for the joint view of all sources,
NAME/source:SLUG for one source's view. Without SUBJECT all subjects are listed.

{options.READ_FROM}
[bold]Examples[/]

  truceline explain armenia-azerbaijan-2022-09 --from reports.jsonl --sources sources.yaml

  truceline explain armenia-azerbaijan-2022-09 azerbaijan-mod/killed --from reports.jsonl

  truceline explain armenia-azerbaijan-2022-09 main --at 2022-09-15T00:00:00Z --format json --from reports.jsonl
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=LOOK)(explain)


@log_options
def explain(
    episode: options.Episode,
    rest: options.SubjectAndFiles = None,
    *,
    log: LogOptions,
    at: options.At = None,
    form: Annotated[
        options.TextFormat, typer.Option("--format", help="Human-readable or JSON.")
    ] = options.TextFormat.TEXT,
) -> None:
    """Explain a count or a ceasefire; the help is in _HELP."""
    from streams.core.queries.subjects import NoSuchEpisode, explanations, replay_history

    subject, files = _subject_and_files(rest or [])
    log = log._replace(files=[*log.files, *files])
    until_us = None if at is None else options.time_us(at, "--at")
    registry, horizon_us = log.registry(), log.horizon_us()
    with command_exit("stopped before the end of the log"):
        records = log.records(episode)
        try:
            result = replay_history(episode, records, registry, horizon_us=horizon_us, until_us=until_us)
        except NoSuchEpisode as error:
            raise options.episode_not_found(error, " at that time" if at else "") from error
        explanation = explanations(result.history, subject)
        if subject is not None and not (explanation["cells"] or explanation["ceasefires"]):
            raise UsageFailed(f"no count or ceasefire of {episode} is named {subject}; leave SUBJECT out to list all")
        _print_explanation(explanation, form, log, listed=subject is None)
    if not log.quiet:
        _print_unread(result.unparsed)
    if form is options.TextFormat.TEXT:
        log.note_missing_registry()


def _subject_and_files(rest: list[str]) -> tuple[str | None, list[str]]:
    """Return the subject and the files: after `--from a*.jsonl` a shell's list of files continues as arguments."""
    if rest and rest[0] != "-" and not Path(rest[0]).is_file():
        return rest[0], rest[1:]
    return None, rest


def _print_explanation(explanation: Explanation, form: options.TextFormat, log: LogOptions, *, listed: bool) -> None:
    if form is options.TextFormat.JSON:
        import orjson

        sys.stdout.buffer.write(orjson.dumps(explanation, option=orjson.OPT_APPEND_NEWLINE))
        return

    from streams.cli.render.console import Printed
    from streams.cli.render.explanation import account_text, index_text
    from streams.cli.render.text import IN_UTC

    several = listed or len(explanation["cells"]) + len(explanation["ceasefires"]) > SHOWN_AT_MOST
    text = index_text if several else account_text
    Printed().print(text(explanation, IN_UTC, log.names()))


def _print_unread(unread: Counter[str]) -> None:
    if unread:
        codes = ", ".join(f"{count} {code}" for code, count in sorted(unread.items()))
        lines = "1 line was" if unread.total() == 1 else f"{unread.total():,} lines were"
        typer.echo(f"{lines} refused ({codes}): truceline replay lists them", err=True)
