"""`truceline add`: put in one report by hand, with its effect before it is sent."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import PUT_IN, options
from streams.cli.errors import EXIT_FAILED, InputFailed, Unavailable, UsageFailed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.operations.send.targets import HttpTarget

_HELP = """\
Put in one report by hand: its effect is shown, and it is sent once you say yes.

A CLAIM is words NAME=VALUE with the field names of a report. killed=71 is a count, and so are wounded=36-38 and
missing=19+; act=announced is about a ceasefire, act=denied a statement. Without --claim on a terminal, the fields are
asked for one by one.

A later figure of the same publication is --id ID --revision 2; --withdraw takes a report back.

[bold]Examples[/]

  truceline add --to http://127.0.0.1:8080 --episode river-war --source north-mod --claim "killed=71 party=north" --yes

  truceline add --to http://127.0.0.1:8080 --episode river-war --source un --claim "act=called_for by=un" --dry-run
"""

#: The fields of a claim that are asked for on a terminal, by what the claim is about.
_ASKED = {
    "casualties": ("party", "population", "basis"),
    "ceasefire": ("act", "by", "effective_at"),
    "statement": ("act", "about", "against"),
}
_OPTIONAL = {"by", "effective_at", "against"}


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=PUT_IN)(add)


def add(
    *,
    to: Annotated[
        str, typer.Option(metavar="URL", help="The server (with TRUCELINE_TOKEN).")
    ] = "http://127.0.0.1:8080",
    episode: Annotated[str | None, typer.Option(metavar="SLUG", help="The episode.")] = None,
    source: Annotated[str | None, typer.Option(metavar="SLUG", help="The source: the one that says it.")] = None,
    claim: Annotated[list[str] | None, typer.Option(metavar="CLAIM", help="A claim; repeatable.")] = None,
    published_at: Annotated[str | None, typer.Option(metavar="TIME", help="When it was published; now.")] = None,
    relayed_by: Annotated[str | None, typer.Option(metavar="SLUG", help="The outlet that published it.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Its address.")] = None,
    headline: Annotated[str | None, typer.Option(metavar="TEXT", help="Its headline.")] = None,
    lang: Annotated[str | None, typer.Option(metavar="LANG", help="Its language: en, ar, uk, …")] = None,
    report_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The report's id; made of source, time and claims.")
    ] = None,
    revision: Annotated[int, typer.Option(min=1, help="Its revision.")] = 1,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the report back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the effect, and send nothing.")] = False,
) -> None:
    """Put in a report; the help is in _HELP."""
    from streams.operations.send.targets import HttpTarget, SendingFailed

    if not to.startswith(("http://", "https://")):
        raise UsageFailed(f"--to {to}: an address begins with http:// or https://")
    asks = sys.stdin.isatty()
    if not (asks or yes or dry_run):
        raise UsageFailed("nobody can be asked: --yes sends without asking, --dry-run shows the effect alone")
    with command_exit("stopped; nothing was sent"):
        report: dict[str, Any] = {
            "report_id": report_id,
            "revision": revision,
            "episode": _needed("episode", episode, asks=asks),
            "source": _needed("source", source, asks=asks),
            "published_at": published_at or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "relayed_by": relayed_by,
            "url": url,
            "headline": headline,
            "lang": lang,
            "claims": [] if withdraw else _claims(claim or [], asks=asks),
            "withdrawn": withdraw or None,
        }
        report["report_id"] = report_id or _new_id(report)
        content = {name: value for name, value in report.items() if value is not None}
        target = HttpTarget(to, options.load_settings().token)
        try:
            asyncio.run(_sent(target, content, yes=yes, dry_run=dry_run))
        except SendingFailed as error:
            raise Unavailable(f"{error}; a repeat of what was sent is a duplicate") from error


def _needed(name: str, value: str | None, *, asks: bool) -> str:
    if value:
        return value
    if not asks:
        raise UsageFailed(f"--{name} is needed")
    return str(typer.prompt(name.capitalize(), err=True))


def _claims(texts: list[str], *, asks: bool) -> list[dict[str, Any]]:
    from streams.operations.send.claim_words import claim_of

    if not texts and asks:
        texts = [*_asked_claims()]
    if not texts:
        raise UsageFailed('--claim is needed, as in --claim "killed=71 party=azerbaijan"')
    claims = []
    for text in texts:
        try:
            claims.append(claim_of(text))
        except ValueError as error:
            raise UsageFailed(f"--claim {text!r}: {error}") from error
    return claims


def _asked_claims() -> Iterator[str]:
    """Ask for claims on a terminal, field by field."""
    import shlex
    from typing import get_args

    from schemas import reports

    choices = {
        "population": get_args(reports.Population),
        "basis": get_args(reports.Basis),
        "about": get_args(reports.StatementSubject),
    }
    acts = {"ceasefire": get_args(reports.CeasefireAct), "statement": get_args(reports.StatementAct)}
    first = {"population": "unknown", "basis": "cumulative"}
    while True:
        kind = _ask("Claim about", tuple(_ASKED), "casualties")
        words = []
        if kind == "casualties":
            outcome = _ask("Outcome", get_args(reports.Outcome), "killed")
            words.append(f"{outcome}={shlex.quote(_ask('Number (71, 36-38, 19+)'))}")
        for name in _ASKED[kind]:
            allowed = acts.get(kind, ()) if name == "act" else choices.get(name, ())
            default = first.get(name, "" if name in _OPTIONAL else None)
            if value := _ask(name.replace("_", " ").capitalize(), allowed, default):
                words.append(f"{name}={shlex.quote(value)}")
        yield " ".join(words)
        if not typer.confirm("Another claim?", default=False, err=True):
            return


def _ask(words: str, allowed: tuple[str, ...] = (), default: str | None = None) -> str:
    """Ask for a value until it is one of those allowed, or any where none are named."""

    def read(value: str) -> str:
        if allowed and value not in allowed:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(allowed)}")
        return value

    shown = f"{words} ({', '.join(allowed)})" if allowed else words
    return str(typer.prompt(shown, default=default, value_proc=read, err=True))


def _new_id(report: dict[str, Any]) -> str:
    """Return an id by content: the same report put in twice is one."""
    import hashlib

    import orjson

    digest = hashlib.sha256(orjson.dumps(report, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]
    return f"{report['source']}-{report['published_at'][:10]}-{digest}"


async def _sent(target: HttpTarget, report: dict[str, Any], *, yes: bool, dry_run: bool) -> None:
    import orjson

    from streams.core.log_record import Record
    from streams.core.state.step import Outcome

    value = orjson.dumps(report)
    async with target:
        [effect] = await target.effects([value])
        _print_effect(report, effect)
        is_known = str(effect["refusal"]).startswith(Outcome.DUPLICATE)
        if effect["refusal"] is not None and not is_known:
            raise typer.Exit(EXIT_FAILED)
        if dry_run or is_known:
            return
        if not yes:
            typer.confirm("Send it?", default=False, err=True, abort=True)
        [receipt] = await target.deliver([Record(value, None)])
    if receipt.code is not None:
        raise InputFailed(f"rejected, {receipt.code}: {receipt.message}")
    typer.echo(f"{receipt.outcome}: {report['report_id']}, revision {report['revision']}")


def _print_effect(report: dict[str, Any], effect: dict[str, Any]) -> None:
    """Say on standard error what the report would change, or all that is wrong with it."""
    from streams.core.phrases import plain

    def say(words: str) -> None:
        typer.echo(plain(words), err=True)

    if effect["refusal"] is not None:
        for fault in effect["faults"] or [{"path": "", "reason": effect["refusal"]}]:
            say(f"{fault['path']}: {fault['reason']}" if fault["path"] else fault["reason"])
        return
    say(f"{report['report_id']} in {report['episode']}:")
    for change in effect["changes"]:
        say(f"  {change['words']}")
    if not effect["changes"]:
        say("  it changes no figure")
    for alike in effect["look_alikes"]:
        say(f"  maybe the same as {alike['report_id']} by {alike['source']}, {alike['published_at']} ({alike['why']})")
