"""`truceline export`: a topic, or an embedded server's log, as JSON lines (contract section 7)."""

from __future__ import annotations

import os
import stat
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from streams.cli import PUT_IN, options
from streams.cli.errors import CommandFailed, UsageFailed, mute_client_log, store_failed
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections import Counter
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from streams.operations.export.run import Sink
    from streams.stores.topic_records import TopicFilter, TopicReader

_HELP = """\
Export a topic to FILE as JSON lines, which replay, send and explain read again.

A line is {"timestamp": "…", "key": "…", "value": {…}}. FILE is plain, .gz or .zst by its name; - is standard output.

Left out, and counted, are reports that were rerouted to another partition (they come again there), misrouted reports
and values that are not JSON. A replay of the rest gives what the live server published.
An interrupted export keeps its lines in FILE.part; --resume continues it, and replaces a finished file.

[bold]Examples[/]

  truceline export reports.jsonl.zst

  truceline export --resume reports.jsonl.zst

  truceline export --topic casualties --episode armenia-azerbaijan-2022-09 - | jq .value.after

  truceline export --embedded ./ledger reports.jsonl && truceline replay reports.jsonl
"""


class Topic(StrEnum):
    """Topics that can be exported."""

    REPORTS = "reports"
    CASUALTIES = "casualties"
    CEASEFIRES = "ceasefires"
    STATEMENTS = "statements"
    EPISODES = "episodes"
    REJECTED = "rejected"
    ALERTS = "alerts"
    UNDELIVERED = "undelivered"


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=PUT_IN)(export)


def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="File to write; - prints.", show_default=False)],
    *,
    topic: Annotated[Topic, typer.Option(help="Topic to export.")] = Topic.REPORTS,
    episode: Annotated[str | None, typer.Option(metavar="EPISODE", help="Only this episode.")] = None,
    partition: Annotated[int | None, typer.Option(metavar="N", min=0, help="Only this partition.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted export.")] = False,
    embedded: options.Embedded = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    quiet: options.Quiet = False,
) -> None:
    """Export; the help is in _HELP."""
    from collections import Counter

    from streams.cli.render.text import counted
    from streams.operations.export.resumable_file import ResumeError
    from streams.stores.store import StoreUnavailable
    from streams.stores.topic_records import PositionLost, TopicFilter

    left_out: Counter[str] = Counter()
    wanted = TopicFilter(topic.value, episode, partition)
    _check(file, wanted, embedded, resume=resume)
    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    store = options.stored(settings, embedded)
    place = store.location(topic.value)
    try:
        reader = store.topic_reader(wanted)
        with command_exit(_stopped(file)), _sink(file, place, wanted, resume=resume) as sink:
            _run(reader, sink, left_out, of_rejected=topic is Topic.REJECTED, quiet=quiet)
    except (ResumeError, PositionLost) as fault:
        raise UsageFailed(str(fault)) from fault
    except StoreUnavailable as failure:
        raise store_failed(failure, settings, embedded) from failure
    if topic is Topic.REPORTS and episode is not None and not sink.written:
        raise CommandFailed(f"no report of {episode} in {place}")
    if not quiet:
        kinds = "".join(f", {count:,} left out ({kind})" for kind, count in left_out.most_common())
        typer.echo(f"{counted(sink.written, 'line')} of {place}{kinds}", err=True)


def _run(reader: TopicReader, sink: Sink, left_out: Counter[str], *, of_rejected: bool, quiet: bool) -> None:
    import asyncio

    from streams.cli.render.progress import Position, progress
    from streams.operations.export.run import export

    def position() -> Position:
        return Position(reader.done, reader.total or None, f"{sink.written:,} lines, {left_out.total():,} left out")

    with mute_client_log(), progress(position, quiet=quiet):
        asyncio.run(export(reader, sink, left_out, of_rejected=of_rejected))


def _check(file: str, wanted: TopicFilter, embedded: Path | None, *, resume: bool) -> None:
    from streams.stores.topic_records import TABLE_TOPICS

    if resume and file == "-":
        raise UsageFailed("--resume needs an output file; it cannot resume standard output")
    if wanted.episode is not None and wanted.partition is not None:
        raise UsageFailed("name either --episode or --partition")
    if embedded is not None and wanted.partition is not None:
        raise UsageFailed("--partition is for Kafka: an embedded server has only one")
    if embedded is not None and wanted.topic not in TABLE_TOPICS:
        raise UsageFailed(f"an embedded server keeps no {wanted.topic}; it keeps {', '.join(TABLE_TOPICS)}")
    if wanted.topic == Topic.REJECTED and wanted.episode is not None:
        raise UsageFailed("--episode: rejected records may have no episode; use truceline rejected list --episode")


def _stopped(file: str) -> str:
    return "stopped" if file == "-" else f"stopped; continue with truceline export --resume … {file}"


def _sink(file: str, place: str, wanted: TopicFilter, *, resume: bool) -> AbstractContextManager[Any]:
    from streams.operations.export.resumable_file import ResumableFile

    path = Path(os.path.realpath(file))
    if file == "-" or (path.exists() and not stat.S_ISREG(path.stat().st_mode)):
        return _Pipe(file)
    return ResumableFile(path, {"place": place, **wanted._asdict()}, resume=resume)


class _Pipe:
    """Standard output or a named pipe, written at once."""

    def __init__(self, path: str) -> None:
        self.positions: dict[int, int] = {}
        self.written = 0
        self._path = path

    def __enter__(self) -> Self:
        self._file: BinaryIO = sys.stdout.buffer if self._path == "-" else Path(self._path).open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.flush()
        if self._file is not sys.stdout.buffer:
            self._file.close()

    def write(self, line: bytes, *_: int) -> None:
        self._file.write(line)
        self.written += 1

    def passed(self, *_: int) -> None:
        """Ignore the position: a pipe cannot be resumed."""
