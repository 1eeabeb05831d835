"""The embedded store as the web server sees it (`streams.stores.store.Store`)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import orjson

from streams.alerts import Rules
from streams.core.source_registry import Registry
from streams.core.times import DEFAULT_HORIZON_US
from streams.stores.change_feed import ChangeBatch, FeedEntry, Positions
from streams.stores.sqlite.alerting import SqliteAlerts
from streams.stores.sqlite.database import DATABASE, claim_folder
from streams.stores.sqlite.feed import HISTORY_MAX, entry, follow, positions
from streams.stores.sqlite.ledger_file import PARTITION, LedgerFile, LedgerFileOptions
from streams.stores.sqlite.reader import LoggedReport, PublishedChange, Reader
from streams.stores.sqlite.writer_thread import Writer
from streams.stores.store import Receipt, StoredChange, StoredReport, StoreUnavailable, summarize

__all__ = ["EmbeddedStore"]

_Answer = TypeVar("_Answer")


def _wall_clock_us() -> int:
    return time.time_ns() // 1_000


class EmbeddedStore:
    """One folder's ledger, held by this process alone until `close()`."""

    mode: Literal["embedded"] = "embedded"

    def __init__(
        self,
        folder: Path,
        registry: Registry,
        *,
        horizon_us: int = DEFAULT_HORIZON_US,
        topic: str = "truceline.reports",
        rules: Rules | None = None,
        now_us: Callable[[], int] = _wall_clock_us,
    ) -> None:
        """Open a folder, making it if need be, and restore what it holds; raises StoreUnavailable.

        With `rules`, alerts are among the changes.
        """
        self.folder = folder
        self.topic = topic
        self.registry = registry
        self.horizon_us = horizon_us
        self._lock = claim_folder(folder)
        try:
            ledger_file = LedgerFile(folder / DATABASE, LedgerFileOptions(registry, horizon_us, topic, now_us))
            self._reader = Reader(folder / DATABASE)
        except BaseException:
            self._lock.release()
            raise
        self._trouble: str | None = None
        #: The writer's thread owns it: of it only a count is read here.
        self._ledger_file = ledger_file
        self._last_row = ledger_file.last_row
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        alerter = None if rules is None else SqliteAlerts(folder / DATABASE, rules, registry)
        self._writer = Writer(ledger_file, on_commit=self._wake, follower=alerter)

    async def submit(self, values: Sequence[bytes]) -> list[Receipt]:
        """Take reports; when it returns, what was taken is on disk. Raises StoreUnavailable."""
        try:
            receipts = await asyncio.wrap_future(self._writer.submit(values))
        except StoreUnavailable as error:
            self._trouble = str(error)
            raise
        self._trouble = None
        return receipts

    async def picture(self, episode: str) -> bytes | None:
        """Return an episode's committed picture as JSON, or None."""
        return await asyncio.wrap_future(self._writer.ask(lambda ledger_file: ledger_file.picture(episode)))

    async def ask(self, question: Callable[[LedgerFile], _Answer]) -> _Answer:
        """Ask something of the ledger_file between two transactions."""
        return await asyncio.wrap_future(self._writer.ask(question))

    @property
    def last_row(self) -> int:
        """The last row of changes that is committed."""
        return self._last_row

    async def summaries(self) -> list[dict[str, Any]]:
        """Return every episode in short, by name."""
        return await asyncio.wrap_future(self._writer.ask(_summaries))

    async def reasons(self) -> list[str]:
        """Return why the last write failed, or nothing."""
        return [] if self._trouble is None else [self._trouble]

    async def degraded(self) -> list[str]:
        """Return what the fold could not take since the start: bugs, each in the log with its trace."""
        bugs = self._ledger_file.internal_errors
        return [f"{bugs} reports rejected as internal: a bug, see the log"] if bugs else []

    async def changes(
        self, after: int = 0, *, limit: int = 1_000, episode: str | None = None, topic: str | None = None
    ) -> list[PublishedChange]:
        """Return committed changes behind row `after`, oldest first."""
        return await asyncio.to_thread(self._reader.changes, after, limit=limit, episode=episode, topic=topic)

    def log(self, after: int = -1, *, limit: int = 1_000, episode: str | None = None) -> list[LoggedReport]:
        """Return reports and ticks as they came, behind an offset, oldest first; to be called off the event loop."""
        return self._reader.log(after, limit=limit, episode=episode)

    async def episode_log(self, episode: str) -> AsyncIterator[StoredReport]:
        """Yield an episode's reports and ticks in the order in which they were taken in; raises StoreUnavailable."""
        after = -1
        path = self.folder / DATABASE
        # A connection of its own: it may look through all of the log, and others are waiting for changes.
        with contextlib.closing(Reader(path)) as reader:
            while page := await asyncio.to_thread(reader.log, after, episode=episode):
                for report in page:
                    yield StoredReport(report.value, report.time_us, PARTITION, report.offset)
                after = page[-1].offset

    async def changes_of(self, episode: str, limit: int) -> list[StoredChange]:
        """Return the newest changes of an episode, up to `limit`, oldest first."""
        rows = await asyncio.to_thread(self._reader.latest, episode, limit)
        return [StoredChange(row.topic, row.record) for row in rows]

    def follow(self, take: Callable[[ChangeBatch], None], recent: int) -> Callable[[], None]:
        """Follow what is published (`streams.stores.change_feed.ChangeSource`)."""
        task = asyncio.create_task(follow(self._reader, self.changed, take, max(0, self._last_row - recent)))

        def unfollow() -> None:
            task.cancel()

        return unfollow

    async def history(self, begin: Positions, end: Positions) -> AsyncIterator[list[FeedEntry]]:
        """Give what was published between positions; nothing is ever forgotten."""
        after = begin[0] - 1
        while after < end[0] - 1:
            changes = await self.changes(after, limit=min(HISTORY_MAX, end[0] - 1 - after))
            yield [entry(change) for change in changes]
            after = changes[-1].row

    async def ends(self) -> Positions:
        """Return the positions behind all that is committed."""
        return positions(self._last_row)

    async def pictures_since(self, begin: Positions) -> list[str]:
        """Return the episodes that changed since positions."""
        return await asyncio.to_thread(self._reader.episodes, begin[1] - 1)

    async def changed(self, after: int) -> None:
        """Wait until there is a change behind row `after`."""
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(waiter)
        try:
            # Looked at after joining those who wait, so that no commit falls in between.
            while self._last_row <= after:
                await waiter[1].wait()
                waiter[1].clear()
        finally:
            self._waiting.discard(waiter)

    def close(self) -> None:
        """Write what waits and let the folder go; a second time does nothing."""
        if not self._lock.is_locked:
            return
        self._reader.close()
        # Last, since the last connection to close folds the write-ahead log into the file.
        self._writer.stop()
        self._lock.release()

    def _wake(self, last_row: int) -> None:
        self._last_row = last_row
        for loop, event in list(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)


def _summaries(ledger_file: LedgerFile) -> list[dict[str, Any]]:
    pictures = (ledger_file.picture(episode) for episode in ledger_file.episodes())
    return [summarize(orjson.loads(picture)) for picture in pictures if picture is not None]
