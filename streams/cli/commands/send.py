"""`truceline send`: send reports to Kafka, or over HTTP to a server."""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import PUT_IN, options
from streams.cli.errors import EXIT_FAILED, Unavailable, UsageFailed, mute_client_log, settings_errors
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from streams.cli.render.progress import Position
    from streams.operations.send.pacing import SendPace
    from streams.operations.send.player import Player
    from streams.settings import Settings

PAUSE_KEYS = " p"
AGAIN = "what was accepted is safe; send the whole file again, repeats do no harm"

_HELP = """\
Send the reports to Kafka, or with --to URL to a server.

FILE is JSON lines, a JSON array, or JSON objects over several lines; plain, .gz or .zst; - is standard input. Sending
twice is safe: a known report is a duplicate and changes nothing.

--speed 60x replays a history in its original time, an hour of it in a minute, by published_at. On a terminal Space
(or p) pauses and resumes; so do Ctrl-Z and fg. A pause is not caught up afterwards.

[bold]Examples[/]

  truceline send --to http://127.0.0.1:8080 reports.jsonl

  truceline send --bootstrap-servers kafka1:9092 2022.jsonl.zst 2023.jsonl.zst

  truceline send --speed 3600x --to http://127.0.0.1:8080 september-2022.jsonl

  tail -f live.jsonl | truceline send --to http://127.0.0.1:8080 -
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=PUT_IN)(send)


def send(
    files: options.Files,
    *,
    to: options.To = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="Limit: N reports per second.", show_default=False)
    ] = None,
    speed: Annotated[str | None, typer.Option(metavar="60x", help="Replay in original time, 60 times faster.")] = None,
    as_fast: Annotated[bool, typer.Option("--as-fast", help="Send as fast as possible (the default).")] = False,
    rejected: options.Rejected = None,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
) -> None:
    """Send files; the help is in _HELP."""
    import asyncio

    from streams.cli.render.refused_lines import Refusals, ignored_line
    from streams.cli.render.text import counted
    from streams.files.atomic_output import output
    from streams.files.jsonl import Lines
    from streams.operations.send.player import Player
    from streams.operations.send.targets import SendingFailed

    if to is not None and not to.startswith(("http://", "https://")):
        raise UsageFailed(f"--to {to}: an address begins with http:// or https://")
    pace = _pace(rate, speed, as_fast=as_fast)
    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    with command_exit(f"stopped; {AGAIN}"), ExitStack() as outputs:
        lines = Lines(files)
        file = None if rejected is None else outputs.enter_context(output(rejected))
        refusals = Refusals(file, several=len(files) > 1, quiet=quiet)
        player = Player(lines, pace, lambda at, code, why: refusals.add(at.path, at.number, code, why, at.line))
        try:
            # A password file or a certificate may be missing only now.
            with mute_client_log(), settings_errors():
                asyncio.run(_send(player, to, settings, quiet=quiet))
        except SendingFailed as error:
            raise Unavailable(f"{error}; {AGAIN}") from error
    refusals.report()
    counts = player.counts
    if refusals.count or not quiet:
        words = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
        typer.echo(f"{counted(counts.total(), 'line')}: {words or 'no reports'}", err=True)
    if not quiet and (ignored := ignored_line(player.ignored)):
        typer.echo(ignored, err=True)
    if refusals.count == counts.total() or (strict and refusals.count):
        raise typer.Exit(EXIT_FAILED)


async def _send(player: Player, to: str | None, settings: Settings, *, quiet: bool) -> None:
    from streams.cli.render.keyboard import keys, stopping
    from streams.cli.render.progress import progress
    from streams.operations.send.targets import HttpTarget, KafkaTarget

    def pressed(key: str) -> None:
        if key in PAUSE_KEYS:
            player.clock.paused = not player.clock.paused

    # Standard input is not read for keys where it holds the reports.
    listening = contextlib.nullcontext(False) if "-" in player.lines.paths else keys(pressed)
    async with HttpTarget(to, settings.token) if to is not None else KafkaTarget(settings) as target:
        with (
            listening as has_keys,
            stopping(lambda: player.delivering) as player.between,
            progress(lambda: _position(player, has_keys=has_keys), quiet=quiet),
        ):
            await player.play(target)


def _position(player: Player, *, has_keys: bool) -> Position:
    from streams.cli.render.progress import Position

    text = f"{player.counts.total():,} sent, {player.counts['refused']:,} refused"
    if player.clock.paused:
        text += "; paused, Space resumes"
    else:
        text += f"; next in {_duration(player.next_in_s)}" if player.next_in_s >= 1 else ""
        text += "; Space pauses" if has_keys else ""
    return Position(player.bytes_done, player.lines.bytes_total, text)


def _duration(seconds: float) -> str:
    from datetime import timedelta

    return str(timedelta(seconds=round(seconds)))


def _pace(rate: float | None, speed: str | None, *, as_fast: bool) -> SendPace:
    from streams.operations.send.pacing import AsFast, Rate, Speed, read_speed

    if (rate is not None) + (speed is not None) + as_fast > 1:
        raise UsageFailed("use only one of --rate, --speed and --as-fast")
    if rate is not None:
        if rate <= 0:
            raise UsageFailed(f"--rate {rate:g}: must be more than 0")
        return Rate(rate)
    try:
        return AsFast() if speed is None else Speed(read_speed(speed))
    except ValueError as error:
        raise UsageFailed(f"--speed: {error}") from error
