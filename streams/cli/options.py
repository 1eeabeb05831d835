"""Options, arguments and files that several commands share, and how each is read."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.completion import complete_episode, complete_subject
from streams.cli.errors import InputFailed, UsageFailed, settings_errors

if TYPE_CHECKING:
    from streams.alerts import Rules
    from streams.core.atlas import Atlas
    from streams.core.queries.as_of import NoSuchEpisode
    from streams.core.source_registry import Registry
    from streams.notifications import Notifier
    from streams.settings import Settings
    from streams.stores.store import StoreReader

#: The default horizon: ten years (a test compares it).
HORIZON = "P3660D"
NO_REGISTRY = "no source registry: nobody speaks for a party, so there are no totals; --sources FILE names one"
EPISODES_NAMED = 10

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class TextFormat(StrEnum):
    """Formats of a result that people read, or programs."""

    TEXT = "text"
    JSON = "json"


class TableFormat(StrEnum):
    """Formats of a table on a terminal."""

    TABLE = "table"
    JSON = "json"


class DiffFormat(StrEnum):
    """Formats of a difference."""

    TABLE = "table"
    JSON = "json"
    MD = "md"


class HistoryFormat(StrEnum):
    """Formats of a history as a table."""

    CSV = "csv"
    JSON = "json"
    MD = "md"


# --- where an episode's reports come from -----------------------------------------------------------------------------

READ_FROM = """\
Reports come from files (--from FILE..., or FILE... after the episode), from an embedded server's folder
(--embedded DIR), or else from Kafka. A FILE is JSON lines, plain, .gz or .zst; - is standard input.
"""

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="JSON lines, .gz or .zst; - for stdin.", show_default=False)
]
Episode = Annotated[
    str,
    typer.Argument(metavar="EPISODE", help="Name of the episode.", show_default=False, autocompletion=complete_episode),
]
More = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE...]", help="More files, as after --from.", show_default=False),
]
SubjectAndFiles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SUBJECT] [FILE...]",
        help="A count or ceasefire; more files, as after --from.",
        show_default=False,
        autocompletion=complete_subject,
    ),
]
From = Annotated[
    list[str] | None, typer.Option("--from", metavar="FILE...", help="Read reports from files; - for standard input.")
]
Embedded = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Read an embedded server's ledger; it may be running.")
]
Bootstrap = Annotated[
    str | None,
    typer.Option("--bootstrap-servers", metavar="HOST:PORT,…", help="Kafka brokers.", show_default="127.0.0.1:9092"),
]
Prefix = Annotated[
    str | None,
    typer.Option("--topic-prefix", metavar="NAME", help="Topics are named NAME.reports …", show_default="truceline"),
]

# --- how they are folded and shown ------------------------------------------------------------------------------------

Sources = Annotated[
    str | None, typer.Option(metavar="FILE", envvar="TRUCELINE_SOURCES", help="Source registry (YAML).")
]
AtlasFile = Annotated[
    str | None,
    typer.Option(
        "--atlas", metavar="FILE", envvar="TRUCELINE_ATLAS", help="Names of parties, episodes and places (YAML)."
    ),
]
Lang = Annotated[
    str | None, typer.Option("--lang", metavar="CODE", help="Language of names where the files have them, such as hy.")
]
Horizon = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        envvar="TRUCELINE_HORIZON",
        help="Longest delay of a report (ISO 8601).",
        show_default=HORIZON,
    ),
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Ignore anything published after TIME.")]
At = Annotated[str | None, typer.Option(metavar="TIME", help="Show what was known at TIME.")]
Tick = Annotated[
    str | None, typer.Option(metavar="TIME", help="Move every episode's clock to TIME at the end of the input.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no summary.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if any line is refused.")]
Rejected = Annotated[str | None, typer.Option(metavar="FILE", help="Save rejected lines to FILE.")]
To = Annotated[str | None, typer.Option(metavar="URL", help="Send over HTTP to this server (with TRUCELINE_TOKEN).")]
Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE; - prints.")]


def episode_not_found(error: NoSuchEpisode, when: str = "") -> UsageFailed:
    """Return the failure for an unknown episode, with the episodes that there are."""
    others = f"; there is {', '.join(error.others[:EPISODES_NAMED])}" if error.others else ""
    return UsageFailed(f"no report of {error}{when}{others}")


# --- values and files -------------------------------------------------------------------------------------------------


def time_us(text: str, option: str) -> int:
    """Return a time given by an option or argument in microseconds; a date is its first moment, in UTC.

    Raises UsageFailed.
    """
    from streams.core.times import read_time

    full = text
    if _DATE.fullmatch(text):
        full = f"{text}T00:00:00Z"
        typer.echo(f"{option} {text} is read as {full}", err=True)
    try:
        return read_time(full)
    except ValueError as error:
        raise UsageFailed(f"{option}: {error}") from error


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
    except ValidationError:
        reason = "must not be negative" if "-" in text else f"not an ISO 8601 duration, such as {HORIZON} or PT30S"
        raise UsageFailed(f"--horizon {text}: {reason}") from None
    return horizon // timedelta(microseconds=1)


def load_settings(**flags: Any) -> Settings:
    """Return the settings of the environment and of these flags; raises UsageFailed, which names what was typed."""
    import os

    from streams.settings import load, unknown_variables

    with settings_errors():
        settings = load(**flags)
    for warning in unknown_variables(os.environ):
        typer.echo(f"truceline: warning: {warning}", err=True)
    return settings


def stored(settings: Settings, embedded: Path | None) -> StoreReader:
    """Return the store to read: the folder's, or the one on Kafka; raises UsageFailed and InputFailed."""
    from streams.stores.opening import open_store
    from streams.stores.store import StoreUnavailable

    if embedded is not None and embedded.is_file():
        raise InputFailed(f"--embedded {embedded} is a file: name the folder that holds it")
    with settings_errors():
        try:
            return open_store(settings, embedded=embedded)
        except StoreUnavailable as error:
            raise InputFailed(str(error)) from error


def note_missing_registry(path: str | Path | None) -> None:
    """Print on standard error that no source registry is named, where none is."""
    if path is None:
        typer.echo(NO_REGISTRY, err=True)


def note_cut_log(topic: str, begin: int) -> None:
    """Print on standard error that the first records of a log were deleted."""
    typer.echo(
        f"note: {topic} begins at offset {begin:,}: the records before were deleted, and what follows is incomplete",
        err=True,
    )


def read_registry(path: str | Path | None) -> Registry:
    """Return the registry in a file, an empty one where none is named; raises UsageFailed."""
    from streams.core.source_registry import Registry
    from streams.files.source_registry import SourcesError, read_sources

    if path is None:
        return Registry()
    try:
        return read_sources(path)
    except SourcesError as error:
        raise UsageFailed(f"the source registry has errors\n{error}") from error
    except OSError as error:
        raise UsageFailed(f"the source registry {path} cannot be read: {error.strerror}") from error


def read_atlas(path: str | Path | None) -> Atlas:
    """Return the atlas in a file, an empty one where none is named; raises UsageFailed."""
    from streams.core.atlas import Atlas
    from streams.files import atlas

    if path is None:
        return Atlas()
    try:
        return atlas.read_atlas(path)
    except atlas.AtlasError as error:
        raise UsageFailed(f"the atlas has errors\n{error}") from error
    except OSError as error:
        raise UsageFailed(f"the atlas {path} cannot be read: {error.strerror}") from error


def read_delivery(settings: Settings) -> Notifier | None:
    """Return the notifier of alerts, None where no target is named; raises UsageFailed."""
    from streams.notifications import create_notifier

    with settings_errors():
        return create_notifier(settings)


def read_alert_rules(path: str | Path) -> Rules:
    """Return the rules in a file; raises UsageFailed with the line of each fault, or InputFailed."""
    from streams.alerts import RulesError, read_rules

    try:
        return read_rules(path)
    except RulesError as error:
        raise UsageFailed(f"the alert rules have errors\n{error}") from error
    except OSError as error:
        raise InputFailed(f"{path} cannot be read: {error.strerror}") from error
