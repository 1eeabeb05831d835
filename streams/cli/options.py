"""Where the records of an episode come from: files, an embedded server's log, or Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from streams.cli.errors import InputFailed, Unavailable, UsageFailed, mute_client_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from streams.core.log_record import Located
    from streams.core.queries.as_of import NoSuchEpisode
    from streams.settings import Settings
    from streams.stores.store import StoredReport

#: Records that are taken from Kafka at once.
PAGE = 1_000

Sources = Annotated[
    str | None, typer.Option(metavar="FILE", envvar="TRUCELINE_SOURCES", help="Source registry (YAML).")
]
Horizon = Annotated[
    str | None,
    typer.Option(metavar="DURATION", envvar="TRUCELINE_HORIZON", help="As for replay, ISO 8601.", show_default="P400D"),
]


More = Annotated[list[str] | None, typer.Argument(metavar="[FILE...]", show_default=False)]
From = Annotated[list[str] | None, typer.Option("--from", metavar="FILE...", help="Reports, - for standard input.")]
Embedded = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The log of an embedded server, which may be running.")
]


class Kafka(NamedTuple):
    """Which Kafka, as flags say it; None: as the settings do."""

    bootstrap_servers: str | None
    topic_prefix: str | None


def records(episode: str, files: list[str], embedded: Path | None, kafka: Kafka, *, quiet: bool) -> Iterator[Located]:
    """Return the records to tell an episode from, in the order of the log: on Kafka where nothing else is named.

    Raises UsageFailed where both files and a folder are named; the iterator what reading them raises.
    """
    if files and embedded is not None:
        raise UsageFailed("name either --from FILE... or --embedded DIR")
    if files:
        return _of_files(files, quiet=quiet)
    return _counted(
        _of_kafka(episode, kafka) if embedded is None else _of_embedded(episode, embedded, kafka), quiet=quiet
    )


def _counted(found: Iterator[Located], *, quiet: bool) -> Iterator[Located]:
    from streams.cli.render.progress import Position, progress

    taken = 0
    with progress(lambda: Position(taken, None, f"{taken:,} records of the log read"), quiet=quiet):
        for record in found:
            taken += 1
            yield record


def unknown(error: NoSuchEpisode, when: str = "") -> UsageFailed:
    """Return how to say that there is no such episode, and which others there are."""
    others = f"; there is {', '.join(error.others[:10])}" if error.others else ""
    return UsageFailed(f"no report of {error}{when}{others}")


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Bootstrap = Annotated[
    str | None,
    typer.Option("--bootstrap-servers", metavar="HOST:PORT,…", help="Kafka brokers.", show_default="127.0.0.1:9092"),
]
Prefix = Annotated[
    str | None,
    typer.Option("--topic-prefix", metavar="NAME", help="The log is NAME.reports.", show_default="truceline"),
]


def _of_files(files: list[str], *, quiet: bool) -> Iterator[Located]:
    from streams.cli.render.progress import progress, reading
    from streams.files.jsonl import Lines, records_of

    lines = Lines(files)
    with progress(reading(lines), quiet=quiet):
        yield from records_of(lines)


def _of_embedded(episode: str, folder: Path, kafka: Kafka) -> Iterator[Located]:
    from contextlib import closing

    from streams.stores.sqlite.database import DATABASE
    from streams.stores.sqlite.ledger_file import PARTITION
    from streams.stores.sqlite.reader import Reader
    from streams.stores.store import StoredReport, StoreUnavailable

    # The changes that the server published name its log by this prefix, too.
    topic = _settings(kafka).topic("reports")
    path = folder / DATABASE
    if not path.is_file():
        raise InputFailed(f"{path} is not there: no embedded server has run in {folder}")
    try:
        with closing(Reader(path)) as reader:
            after = -1
            while reports := reader.log(after, episode=episode):
                after = reports[-1].offset
                for report in reports:
                    yield StoredReport(report.value, report.time_us, PARTITION, report.offset).located(topic)
    except StoreUnavailable as error:
        raise InputFailed(str(error)) from error


def _of_kafka(episode: str, kafka: Kafka) -> Iterator[Located]:
    import asyncio

    from streams.kafka.client import client_options
    from streams.settings import SettingsError
    from streams.stores.kafka.episode_log import kafka_episode_log
    from streams.stores.store import StoreUnavailable

    settings = _settings(kafka)
    topic = settings.topic("reports")
    try:
        past = kafka_episode_log(client_options(settings), topic, episode)
        with mute_client_log(), asyncio.Runner() as runner:
            try:
                while page := runner.run(_page(past)):
                    yield from (each.located(topic) for each in page)
            finally:
                runner.run(past.aclose())
    except SettingsError as error:
        raise UsageFailed(str(error)) from error
    except StoreUnavailable as error:
        raise Unavailable(f"{error}; or name --from FILE... or --embedded DIR") from error


def _settings(kafka: Kafka) -> Settings:
    from streams.settings import SettingsError, load

    try:
        return load(**kafka._asdict())
    except SettingsError as error:
        raise UsageFailed(str(error)) from error


async def _page(past: AsyncIterator[StoredReport]) -> list[StoredReport]:
    """Return the next records, none at the end."""
    page: list[StoredReport] = []
    async for logged in past:
        page.append(logged)
        if len(page) == PAGE:
            break
    return page


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
    from streams.core.times import read_time

    try:
        return read_time(text)
    except ValueError as error:
        raise UsageFailed(f"{option}: {error}") from error
