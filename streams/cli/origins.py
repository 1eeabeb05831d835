"""Where the records of an episode come from: files, an embedded server's log, or Kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.errors import InputUnreadable, UsageFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams.lines import Record

Sources = Annotated[
    str | None, typer.Option(metavar="FILE", envvar="TRUCELINE_SOURCES", help="Source registry (YAML).")
]
Horizon = Annotated[
    str | None,
    typer.Option(metavar="DURATION", envvar="TRUCELINE_HORIZON", help="As for replay, ISO 8601.", show_default="P400D"),
]


def of_files(files: list[str]) -> Iterator[Record]:
    """Yield the records of some files; raises `streams.lines.InputUnreadable`."""
    from streams.core.intake import Refusal
    from streams.lines import Lines, unwrap

    for line in Lines(files):
        try:
            yield unwrap(line)
        except Refusal:
            # A wrapping with no good timestamp, refused as a whole by replay too.
            continue


def of_embedded(episode: str, folder: Path) -> Iterator[Record]:
    """Yield the records of an episode from an embedded server's log; the server may be running."""
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


def horizon_us(text: str | None) -> int:
    """Return a --horizon in microseconds, the default for None; raises UsageFailed."""
    from datetime import timedelta

    from pydantic import TypeAdapter, ValidationError

    from streams.core.times import DEFAULT_HORIZON_US
    from streams.settings import Duration

    if text is None:
        return DEFAULT_HORIZON_US
    try:
        horizon: timedelta = TypeAdapter(Duration).validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageFailed(f"--horizon {text}: {reason}") from None
    return horizon // timedelta(microseconds=1)


def time_us(text: str, option: str) -> int:
    """Return a time given by an option or argument in microseconds; raises UsageFailed."""
    from streams.lines import read_time

    try:
        return read_time(text)
    except ValueError as error:
        raise UsageFailed(f"{option}: {error}") from error
