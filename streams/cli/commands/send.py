"""`truceline send`: put reports on the log, on Kafka or over HTTP."""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK
from streams.cli.errors import EXIT_FAILED, Unavailable, UsageFailed, mute_client_log
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from streams.cli.render.progress import Position
    from streams.operations.send.pacing import SendPace
    from streams.operations.send.player import Player
    from streams.settings import Settings

PAUSE_KEYS = " p"
AGAIN = "what was taken is safe, send again from the start"

_HELP = """\
Send files of reports to the log: to Kafka, or with --to over HTTP to a server.

FILE is JSON lines, .gz and .zst too, - for standard input. It is safe to send a file again: what is known
already is a duplicate and moves nothing.

A history can be played in its own time: --speed 60x sends an hour of it in a minute, by published_at. On a
terminal Space (or p) pauses and goes on; so does Ctrl-Z and fg. Nothing is made up for in a burst afterwards.

[bold]Examples[/]

  truceline send --to http://127.0.0.1:8080 reports.jsonl

  truceline send --bootstrap-servers kafka1:9092 2022.jsonl.zst 2023.jsonl.zst

  truceline send --speed 3600x --to http://127.0.0.1:8080 september-2022.jsonl

  tail -f live.jsonl | truceline send --to http://127.0.0.1:8080 -
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=LOOK)(send)


def send(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", show_default=False)],
    *,
    to: Annotated[
        str | None, typer.Option(metavar="URL", help="Send over HTTP to this server (with TRUCELINE_TOKEN).")
    ] = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option(metavar="HOST:PORT,…", help="Kafka brokers.", show_default="127.0.0.1:9092")
    ] = None,
    topic_prefix: Annotated[
        str | None, typer.Option(metavar="NAME", help="Reports go to NAME.reports.", show_default="truceline")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="So many reports a second.", show_default=False)
    ] = None,
    speed: Annotated[
        str | None, typer.Option(metavar="60x", help="As they were published, so many times faster.")
    ] = None,
    as_fast: Annotated[bool, typer.Option("--as-fast", help="As fast as they are taken (the default).")] = False,
    rejected: Annotated[str | None, typer.Option(metavar="FILE", help="Write each refused line.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a line was refused.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Send files; the help is in _HELP."""
    import asyncio

    from streams.cli.render.refused_lines import Refusals
    from streams.files.atomic_output import output
    from streams.files.jsonl import Lines
    from streams.operations.send.player import Player
    from streams.operations.send.targets import SendingFailed
    from streams.settings import SettingsError, load

    if to is not None and not to.startswith(("http://", "https://")):
        raise UsageFailed(f"--to {to}: an address begins with http:// or https://")
    pace = _pace(rate, speed, as_fast=as_fast)
    try:
        settings = load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    except SettingsError as error:
        raise UsageFailed(str(error)) from error
    with command_exit(f"stopped; {AGAIN}"), ExitStack() as outputs:
        lines = Lines(files)
        file = None if rejected is None else outputs.enter_context(output(rejected))
        refusals = Refusals(file, several=len(files) > 1, quiet=quiet)
        player = Player(lines, pace, lambda at, code, why: refusals.add(at.path, at.number, code, why, at.line))
        try:
            with mute_client_log():
                asyncio.run(_send(player, to, settings, quiet=quiet))
        except SettingsError as error:  # a password file, a certificate
            raise UsageFailed(str(error)) from error
        except SendingFailed as error:
            raise Unavailable(f"{error}; {AGAIN}") from error
    refusals.report()
    counts = player.counts
    if refusals.count or not quiet:
        words = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
        typer.echo(f"{counts.total():,} lines: {words or 'nothing in them'}", err=True)
    if strict and refusals.count:
        raise typer.Exit(EXIT_FAILED)


async def _send(player: Player, to: str | None, settings: Settings, *, quiet: bool) -> None:
    from streams.cli.render.keyboard import keys, stopping
    from streams.cli.render.progress import progress
    from streams.operations.send.targets import HttpTarget, KafkaTarget

    def pressed(key: str) -> None:
        if key in PAUSE_KEYS:
            player.clock.paused = not player.clock.paused

    # Keys are not read where the reports come from there.
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
        text += "; paused, Space goes on"
    else:
        text += f"; the next in {_duration(player.next_in_s)}" if player.next_in_s >= 1 else ""
        text += "; Space pauses" if has_keys else ""
    return Position(player.bytes_done, player.lines.bytes_total, text)


def _duration(seconds: float) -> str:
    from datetime import timedelta

    return str(timedelta(seconds=round(seconds)))


def _pace(rate: float | None, speed: str | None, *, as_fast: bool) -> SendPace:
    from streams.operations.send.pacing import AsFast, Rate, Speed, read_speed

    if (rate is not None) + (speed is not None) + as_fast > 1:
        raise UsageFailed("--rate, --speed and --as-fast exclude one another")
    if rate is not None:
        if rate <= 0:
            raise UsageFailed(f"--rate {rate:g}: more than 0")
        return Rate(rate)
    try:
        return AsFast() if speed is None else Speed(read_speed(speed))
    except ValueError as error:
        raise UsageFailed(f"--speed: {error}") from error
