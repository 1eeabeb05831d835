"""The reports of an episode: of files, of an embedded server's ledger, or of Kafka."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.cli import options
from streams.cli.errors import InputFailed, Unavailable, UsageFailed, mute_client_log
from streams.cli.options import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from streams.core.log_record import Located
    from streams.core.phrases import Names
    from streams.core.source_registry import Registry
    from streams.stores.store import StoredReport

__all__ = ["LogOptions", "log_options"]

#: Records that are read from the store at once.
PAGE_RECORDS = 1_000


class LogOptions(NamedTuple):
    """The log that a command reads and how it folds it, as its options say."""

    files: list[str]
    embedded: Path | None
    bootstrap_servers: str | None
    topic_prefix: str | None
    sources: str | None
    horizon: str | None
    quiet: bool
    atlas: str | None = None
    lang: str | None = None

    def names(self) -> Names:
        """Return the names of the atlas and the registry, in the language asked for; raises UsageFailed."""
        from streams.core.phrases import Names

        return Names(options.read_atlas(self.atlas), self.registry(), self.lang)

    def registry(self) -> Registry:
        """Return the source registry; raises UsageFailed."""
        return options.read_registry(self.sources)

    def note_missing_registry(self) -> None:
        """Print that no source registry is named, unless there is one or nothing is to be printed."""
        if not self.quiet:
            options.note_missing_registry(self.sources)

    def horizon_us(self) -> int:
        """Return the horizon; raises UsageFailed."""
        return options.horizon_us(self.horizon)

    def records(self, episode: str) -> Iterator[Located]:
        """Return the records of an episode in log order: from Kafka where nothing else is named.

        Raises UsageFailed where both files and a folder are named; the iterator raises the failure of reading.
        """
        if self.files and self.embedded is not None:
            raise UsageFailed("name either --from FILE... or --embedded DIR")
        if self.files:
            return _of_files(self.files, quiet=self.quiet)
        kafka = {"bootstrap_servers": self.bootstrap_servers, "topic_prefix": self.topic_prefix}
        return _counted(_of_store(episode, self.embedded, kafka), quiet=self.quiet)

    def all_records(self) -> Iterator[Located]:
        """Return the records of all episodes: of files, or of an embedded server's ledger."""
        if self.embedded is None:
            return _of_files(self.files, quiet=self.quiet)
        return _counted(_of_store(None, self.embedded, {}), quiet=self.quiet)


#: Option of a command → its type; each becomes a field of `LogOptions`.
_OPTIONS: dict[str, Any] = {
    "from_": options.From,
    "embedded": options.Embedded,
    "bootstrap_servers": options.Bootstrap,
    "topic_prefix": options.Prefix,
    "sources": options.Sources,
    "horizon": options.Horizon,
    "quiet": options.Quiet,
    "atlas": options.AtlasFile,
    "lang": options.Lang,
}


def log_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of its log, which it gets as its argument `log`.

    Its `more`, where it has one, holds the files that a shell adds after `--from a*.jsonl`.
    """
    signature = inspect.signature(command, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY

    @wraps(command)
    def reading(**values: Any) -> None:
        from_, *rest = (values.pop(name) for name in _OPTIONS)
        command(**values, log=LogOptions([*(from_ or ()), *(values.get("more") or ())], *rest))

    own = [parameter for name, parameter in signature.parameters.items() if name != "log"]
    positional = [parameter for parameter in own if parameter.kind is not kind]
    shared = [
        inspect.Parameter(name, kind, default=False if name == "quiet" else None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    flags = [parameter for parameter in own if parameter.kind is kind]
    reading.__signature__ = signature.replace(parameters=[*positional, *shared, *flags])  # type: ignore[attr-defined]
    reading.__annotations__ = {each.name: each.annotation for each in (*positional, *shared, *flags)}
    return reading


def _counted(records: Iterator[Located], *, quiet: bool) -> Iterator[Located]:
    from streams.cli.render.progress import Position, progress

    count = 0
    with progress(lambda: Position(count, None, f"{count:,} records read"), quiet=quiet):
        for record in records:
            count += 1
            yield record


def _of_files(files: list[str], *, quiet: bool) -> Iterator[Located]:
    from streams.cli.render.progress import progress, reading
    from streams.files.jsonl import Lines, records_of

    lines = Lines(files)
    with progress(reading(lines), quiet=quiet):
        yield from records_of(lines)


def _of_store(episode: str | None, embedded: Path | None, kafka: dict[str, str | None]) -> Iterator[Located]:
    import asyncio

    from streams.stores.store import StoreUnavailable

    # Embedded too: the changes that the server published name its log by this prefix.
    store = options.stored(load_settings(**kafka), embedded)
    log = store.episode_log(episode)
    try:
        with mute_client_log(), asyncio.Runner() as runner:
            if episode is not None and (begin := runner.run(store.log_begin(episode))):
                options.note_cut_log(store.topic, begin)
            try:
                while page := runner.run(_page(log)):
                    yield from (each.located(store.topic) for each in page)
            finally:
                runner.run(log.aclose())
    except StoreUnavailable as error:
        if embedded is not None:
            raise InputFailed(str(error)) from error
        raise Unavailable(f"name --from FILE... or --embedded DIR; without them Kafka is read, and {error}") from error


async def _page(log: AsyncIterator[StoredReport]) -> list[StoredReport]:
    """Return the next records, none at the end."""
    page: list[StoredReport] = []
    async for logged in log:
        page.append(logged)
        if len(page) == PAGE_RECORDS:
            break
    return page
