"""`truceline send`: put reports on the log, on Kafka or over HTTP."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK
from streams.cli.ending import ending
from streams.cli.errors import EXIT_FAILED, Unavailable, UsageFailed

if TYPE_CHECKING:
    from collections import Counter

    from streams.lines import Lines, Record
    from streams.sending import Target
    from streams.settings import Settings
    from streams.store import Receipt
    from streams.terminal.refusals import Refusals

AGAIN = "what was taken is safe, send again from the start"

_HELP = """\
Send files of reports to the log: to Kafka, or with --to over HTTP to a server.

FILE is JSON lines, .gz and .zst too, - for standard input. It is safe to send a file again: what is known
already is a duplicate and moves nothing.

[bold]Examples[/]

  truceline send --to http://127.0.0.1:8080 reports.jsonl

  truceline send --bootstrap-servers kafka1:9092 2022.jsonl.zst 2023.jsonl.zst

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
    rejected: Annotated[str | None, typer.Option(metavar="FILE", help="Write each refused line.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a line was refused.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Send files; the help is in _HELP."""
    import asyncio

    from streams.lines import Lines
    from streams.sending import SendingFailed
    from streams.settings import SettingsError, load
    from streams.terminal.outputs import output
    from streams.terminal.refusals import Refusals

    if to is not None and not to.startswith(("http://", "https://")):
        raise UsageFailed(f"--to {to}: an address begins with http:// or https://")
    try:
        settings = load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    except SettingsError as error:
        raise UsageFailed(str(error)) from error
    with ending(f"stopped; {AGAIN}"), ExitStack() as outputs:
        lines = Lines(files)
        file = None if rejected is None else outputs.enter_context(output(rejected))
        refusals = Refusals(file, several=len(files) > 1, quiet=quiet)
        try:
            counts = asyncio.run(_send(lines, to, settings, refusals, quiet=quiet))
        except SettingsError as error:  # a password file, a certificate
            raise UsageFailed(str(error)) from error
        except SendingFailed as error:
            raise Unavailable(f"{error}; {AGAIN}") from error
    refusals.report()
    if refusals.count or not quiet:
        words = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
        typer.echo(f"{counts.total():,} lines: {words or 'nothing in them'}", err=True)
    if strict and refusals.count:
        raise typer.Exit(EXIT_FAILED)


async def _send(lines: Lines, to: str | None, settings: Settings, refusals: Refusals, *, quiet: bool) -> Counter[str]:
    from collections import Counter

    from streams.sending import HttpTarget, KafkaTarget
    from streams.terminal.progress import Position, progress

    counts: Counter[str] = Counter()

    def position() -> Position:
        return Position(lines.bytes_done, lines.bytes_total, f"{counts.total():,} sent, {refusals.count} refused")

    with progress(position, quiet=quiet):
        async with HttpTarget(to, settings.token) if to is not None else KafkaTarget(settings) as target:
            reading = _Reading(lines, refusals, counts)
            while batch := await reading.batch():
                await _deliver(target, batch, refusals, counts)
    return counts


class _Numbered:
    """A record with the line that it came from."""

    __slots__ = ("line", "number", "path", "record")

    def __init__(self, path: str, number: int, line: bytes, record: Record) -> None:
        self.path = path
        self.number = number
        self.line = line
        self.record = record


async def _deliver(target: Target, batch: list[_Numbered], refusals: Refusals, counts: Counter[str]) -> None:
    receipts: list[Receipt] = await target.deliver([numbered.record for numbered in batch])
    for numbered, receipt in zip(batch, receipts, strict=True):
        counts[receipt.outcome] += 1
        if receipt.code is not None:
            refusals.add(numbered.path, numbered.number, receipt.code, receipt.message or "", numbered.line)


class _Reading:
    """Reads lines in a thread of its own, so that a slow pipe is sent as it comes and a file in full batches."""

    def __init__(self, lines: Lines, refusals: Refusals, counts: Counter[str]) -> None:
        from streams.sending import BATCH_MAX

        self._lines = lines
        self._refusals = refusals
        self._counts = counts
        self._read: queue.Queue[_Numbered | BaseException | None] = queue.Queue(2 * BATCH_MAX)
        threading.Thread(target=self._run, daemon=True).start()

    async def batch(self) -> list[_Numbered]:
        """Return what has been read, waiting for a first line; empty at the end. Raises InputUnreadable."""
        import asyncio

        from streams.sending import BATCH_BYTES, BATCH_MAX

        batch: list[_Numbered] = []
        size = 0
        read: _Numbered | BaseException | None = await asyncio.to_thread(self._read.get)
        while isinstance(read, _Numbered):
            batch.append(read)
            size += len(read.record.value)
            if len(batch) >= BATCH_MAX or size > BATCH_BYTES:
                return batch
            try:
                read = self._read.get_nowait()
            except queue.Empty:
                return batch
        if isinstance(read, BaseException):
            raise read
        self._read.put(None)  # the end stays the end
        return batch

    def _run(self) -> None:
        from streams.core.intake import Refusal
        from streams.lines import unwrap

        lines = self._lines
        try:
            for line in lines:
                try:
                    self._read.put(_Numbered(lines.path, lines.number, line, unwrap(line)))
                except Refusal as refusal:
                    self._counts["refused"] += 1
                    self._refusals.add(lines.path, lines.number, refusal.code, refusal.message, line)
        except BaseException as error:  # noqa: BLE001 - raised where the lines are taken
            self._read.put(error)
        else:
            self._read.put(None)
