"""The store of an embedded server (`streams.stores.store.Store`)."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from streams.alerts import Rules
from streams.core.source_registry import Registry
from streams.core.times import DEFAULT_HORIZON_US
from streams.observability.wall_clock import WallClock
from streams.stores.change_feed import ChangeBatch, FeedEntry, Positions
from streams.stores.sqlite.alerting import SqliteAlerts
from streams.stores.sqlite.database import DATABASE, claim_folder
from streams.stores.sqlite.feed import HISTORY_MAX, entry, follow, positions
from streams.stores.sqlite.ledger_file import PARTITION, LedgerFile, LedgerFileOptions
from streams.stores.sqlite.reader import LoggedReport, PublishedChange, Reader
from streams.stores.sqlite.reading import SqliteStoreReader
from streams.stores.sqlite.writer_thread import Writer
from streams.stores.store import Receipt, StoredChange, StoredChanges, StoredReport, StoreUnavailable, Summary

__all__ = ["EmbeddedStore"]

#: Changes of one page of an answer.
PAGE_CHANGES = 200
#: Summaries that the writer thread makes between two transactions.
SUMMARIES_AT_ONCE = 200

_Answer = TypeVar("_Answer")


class EmbeddedStore(SqliteStoreReader):
    """The ledger of one folder, locked for this process until `close()`."""

    mode: Literal["embedded"] = "embedded"

    def __init__(
        self,
        folder: Path,
        registry: Registry,
        *,
        horizon_us: int = DEFAULT_HORIZON_US,
        topic: str = "truceline.reports",
        rules: Rules | None = None,
        clock: WallClock | None = None,
    ) -> None:
        """Open a folder, creating it if needed, and restore the ledger; raises StoreUnavailable.

        With `rules`, alerts are among the changes.
        """
        self.folder = folder
        self.registry = registry
        self._clock = clock or WallClock()
        self._lock = claim_folder(folder)
        try:
            options = LedgerFileOptions(registry, horizon_us, topic, self._clock.now_us)
            ledger_file = LedgerFile(folder / DATABASE, options)
            newest = ledger_file.ask('SELECT time_us FROM log ORDER BY "offset" DESC LIMIT 1')
            super().__init__(folder, topic)
            self._reader = Reader(folder / DATABASE)
        except BaseException:
            self._lock.release()
            raise
        self._trouble: str | None = None
        self._summaries: dict[str, Summary] = {}
        self._summarizing = asyncio.Lock()
        #: Owned by the writer thread; only its counters are read here.
        self._ledger_file = ledger_file
        #: The shorter of the configured horizon and the one that the file was kept with.
        self.horizon_us = ledger_file.options.horizon_us
        self._last_row = ledger_file.last_row
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        alerter = None if rules is None else SqliteAlerts(folder / DATABASE, rules, registry)
        if newest is not None:
            self._clock.continue_from(newest[0])
        self._writer = Writer(ledger_file, self._clock, on_commit=self._wake, follower=alerter)

    async def submit(self, values: Sequence[bytes], by: str | None = None) -> list[Receipt]:
        """Submit reports; when it returns, accepted ones are on disk. Raises StoreUnavailable."""
        try:
            receipts = await asyncio.wrap_future(self._writer.submit(values, by))
        except StoreUnavailable as error:
            self._trouble = str(error)
            raise
        self._trouble = None
        return receipts

    async def picture(self, episode: str) -> bytes | None:
        """Return an episode's committed picture as JSON, or None."""
        return await asyncio.wrap_future(self._writer.ask(lambda ledger_file: ledger_file.picture(episode)))

    async def ask(self, question: Callable[[LedgerFile], _Answer]) -> _Answer:
        """Run a function on the ledger file between two transactions."""
        return await asyncio.wrap_future(self._writer.ask(question))

    @property
    def last_row(self) -> int:
        """The last committed row of changes."""
        return self._last_row

    async def summaries(self) -> list[Summary]:
        """Return the summary of every episode, sorted by name."""
        async with self._summarizing:
            # A part at a time: after a start all are fresh, and writing must not wait for tens of thousands.
            while fresh := await self.ask(lambda ledger_file: ledger_file.fresh_summaries(SUMMARIES_AT_ONCE)):
                self._summaries.update((summary.episode, summary) for summary in fresh)
            return [self._summaries[episode] for episode in sorted(self._summaries)]

    async def reasons(self) -> list[str]:
        """Return why the file cannot be trusted, or why the last write failed."""
        lost = self._ledger_file.lost()
        return [reason for reason in (lost, self._trouble if lost is None else None) if reason is not None]

    async def degraded(self) -> list[str]:
        """Return the number of bugs of the fold since the start, and why the clock makes no tick."""
        bugs, doubt = self._ledger_file.internal_errors, self._clock.doubt()
        found = [f"{bugs} reports were rejected as internal errors; see the log"] if bugs else []
        return [*found, doubt] if doubt else found

    async def changes(
        self, after: int = 0, *, limit: int = 1_000, episode: str | None = None, topic: str | None = None
    ) -> list[PublishedChange]:
        """Return committed changes after row `after`, oldest first."""
        return await asyncio.to_thread(self._reader.changes, after, limit=limit, episode=episode, topic=topic)

    def log(self, after: int = -1, *, limit: int = 1_000, episode: str | None = None) -> list[LoggedReport]:
        """Return reports and ticks after an offset, oldest first; blocks, so call it in a thread."""
        return self._reader.log(after, limit=limit, episode=episode)

    async def episode_log(self, episode: str | None) -> AsyncGenerator[StoredReport, None]:
        """Yield an episode's reports and ticks in log order; raises StoreUnavailable."""
        after = -1
        path = self.folder / DATABASE
        # Its own connection: it may scan the whole log while others wait for changes.
        with contextlib.closing(Reader(path)) as reader:
            while page := await asyncio.to_thread(reader.log, after, episode=episode):
                for report in page:
                    yield StoredReport(report.value, report.time_us, PARTITION, report.offset, report.submitted_by)
                after = page[-1].offset

    async def newest_alerts(self, limit: int) -> list[bytes]:
        """Return the newest alerts as JSON, newest first."""
        return await asyncio.to_thread(self._reader.newest, "alerts", limit)

    async def changes_of(self, episode: str, limit: int, check: Callable[[], None]) -> StoredChanges:
        """Return the newest changes of an episode, up to `limit`; `check` is not needed, for pages are short."""
        del check
        last = self._last_row
        before = await asyncio.to_thread(self._reader.row_before_newest, episode, limit)
        return StoredChanges(before == 0, self._changes_between(episode, before, last))

    async def _changes_between(self, episode: str, after: int, last: int) -> AsyncIterator[list[StoredChange]]:
        read = partial(self._reader.changes, limit=PAGE_CHANGES, episode=episode)
        while rows := [row for row in await asyncio.to_thread(read, after) if row.row <= last]:
            yield [StoredChange(row.topic, row.record) for row in rows if row.topic != "alerts"]
            after = rows[-1].row

    def follow(self, take: Callable[[ChangeBatch], None], recent: int) -> Callable[[], None]:
        """Follow the published changes (`streams.stores.change_feed.ChangeSource`)."""
        task = asyncio.create_task(follow(self._reader, self.changed, take, max(0, self._last_row - recent)))

        def unfollow() -> None:
            task.cancel()

        return unfollow

    async def history(self, begin: Positions, end: Positions) -> AsyncIterator[list[FeedEntry]]:
        """Yield the changes between positions; none is ever deleted."""
        after = begin[0] - 1
        while after < end[0] - 1:
            changes = await self.changes(after, limit=min(HISTORY_MAX, end[0] - 1 - after))
            yield [entry(change) for change in changes]
            after = changes[-1].row

    async def ends(self) -> Positions:
        """Return the positions of the committed end."""
        return positions(self._last_row)

    async def pictures_since(self, begin: Positions) -> list[str]:
        """Return the episodes that changed since positions."""
        return await asyncio.to_thread(self._reader.episodes, begin[1] - 1)

    async def changed(self, after: int) -> None:
        """Wait until there is a change after row `after`."""
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(waiter)
        try:
            # Checked after joining the waiters, so that no commit is missed in between.
            while self._last_row <= after:
                await waiter[1].wait()
                waiter[1].clear()
        finally:
            self._waiting.discard(waiter)

    def close(self) -> None:
        """Write the waiting reports and unlock the folder; does nothing the second time."""
        if not self._lock.is_locked:
            return
        self._reader.close()
        # Last: the last connection to close checkpoints the WAL.
        self._writer.stop()
        self._lock.release()

    def _wake(self, last_row: int) -> None:
        self._last_row = last_row
        for loop, event in list(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
