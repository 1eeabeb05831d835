"""Ask feeds for what is new: each in a task of its own, so that a slow one holds up no other."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import anyio.to_thread
import httpx2

from streams.operations.collect.feeds_file import Feed
from streams.operations.collect.items import ItemsRead, folder_items, items_of
from streams.operations.collect.journal import FeedState, Journal
from streams.operations.collect.outbox import Outbox, Undelivered
from streams.operations.read.documents import NotReadable
from streams.operations.read.web_page import FetchFailed, get, status_words

__all__ = ["OUTBOX", "Collector", "Visit"]

LONGEST_S = 86_400
#: No name of a feed: a fault of sending on.
OUTBOX = "--to"
_LATER = frozenset({429, 503})
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


class Visit(NamedTuple):
    """Result of one look at a feed: the number of new documents, notes, and the fault if it failed."""

    feed: str
    new: int = 0
    notes: tuple[str, ...] = ()
    fault: str = ""


class _Failed(Exception):
    """A look at a feed that failed; `later` is the time before which the server wants no other."""

    def __init__(self, reason: str, later: datetime | None = None, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.later = later
        self.gone = gone


class Collector:
    """Follows feeds into a journal, and sends its documents on if there is an outbox."""

    def __init__(
        self,
        feeds: Sequence[Feed],
        journal: Journal,
        on_visit: Callable[[Visit], object],
        *,
        outbox: Outbox | None = None,
        allow_private: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._feeds = feeds
        self._journal = journal
        self._on_visit = on_visit
        self._outbox = outbox
        self._allow_private = allow_private
        self._clock = clock
        self._delivering = anyio.Lock()

    async def once(self) -> None:
        """Look at each feed one time, but not before the time that its server asked for."""
        await self._each(self._visit)

    async def follow(self) -> None:
        """Look at each feed again and again, until cancelled or until all are gone."""
        await self._each(self._follow)

    async def _each(self, task: Callable[[Feed], Coroutine[Any, Any, None]]) -> None:
        try:
            async with anyio.create_task_group() as group:
                for feed in self._feeds:
                    group.start_soon(task, feed)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _follow(self, feed: Feed) -> None:
        state = self._journal.state(feed.name, feed.place)
        while True:
            await self._visit(feed)
            if state.gone:
                return
            pause_s = min(feed.every_s * 2 ** min(state.failures, 16), max(LONGEST_S, feed.every_s))
            if state.not_before:
                pause_s = max(pause_s, (datetime.fromisoformat(state.not_before) - self._clock()).total_seconds())
            await anyio.sleep(pause_s)

    async def _visit(self, feed: Feed) -> None:
        state, now = self._journal.state(feed.name, feed.place), self._clock()
        if state.gone:
            self._on_visit(Visit(feed.name, fault=f"{state.fault}; it is not asked again"))
            return
        if state.not_before and datetime.fromisoformat(state.not_before) > now:
            self._on_visit(Visit(feed.name, fault=f"{state.fault}; not asked before {state.not_before}"))
            return
        try:
            read = await self._read(feed, state, now)
        except (_Failed, FetchFailed, NotReadable, OSError) as error:
            visit = _failed(feed, state, now, error)
        else:
            visit = self._taken(feed, state, now, read)
        self._journal.save()
        self._on_visit(visit)
        await self._deliver()

    def _taken(self, feed: Feed, state: FeedState, now: datetime, read: ItemsRead) -> Visit:
        new = self._journal.add(read.documents)
        state.answered_at = _text(now)
        state.new_at = _text(now) if new else state.new_at
        state.failures, state.failing_since, state.fault, state.not_before = 0, "", "", ""
        return Visit(feed.name, new, tuple(read.notes))

    async def _read(self, feed: Feed, state: FeedState, now: datetime) -> ItemsRead:
        if feed.kind == "folder":
            return await anyio.to_thread.run_sync(folder_items, feed, now)
        if feed.kind == "telegram":
            content = await anyio.to_thread.run_sync(Path(feed.place).read_bytes)
            return await anyio.to_thread.run_sync(items_of, feed, content, feed.place, now)
        asked = {"If-None-Match": state.etag, "If-Modified-Since": state.modified, "Accept": ACCEPT}
        answer = await get(
            feed.place,
            allow_private=self._allow_private,
            headers={name: value for name, value in asked.items() if value},
        )
        if answer.status == httpx2.codes.NOT_MODIFIED:
            return ItemsRead()
        if answer.status != httpx2.codes.OK:
            raise _refused(answer.status, answer.headers, now)
        read = await anyio.to_thread.run_sync(items_of, feed, answer.body, answer.url, now)
        # Kept after the content was read: one that is no feed is asked for again.
        state.etag, state.modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
        if answer.moved:
            read.notes.append(f"moved for good to {answer.url}: change its url in the file")
        return read

    async def _deliver(self) -> None:
        if self._outbox is None:
            return
        async with self._delivering:
            try:
                await self._outbox.deliver()
            except Undelivered as error:
                self._on_visit(Visit(OUTBOX, fault=str(error)))


def _refused(status: int, headers: Mapping[str, str], now: datetime) -> _Failed:
    words = f"the server answered {status_words(status)}"
    if status == httpx2.codes.GONE:
        return _Failed(words, gone=True)
    return _Failed(words, _later(headers.get("retry-after", ""), now) if status in _LATER else None)


def _later(text: str, now: datetime) -> datetime | None:
    """Return the time in a Retry-After: seconds, or a date."""
    if text.isdigit():
        return now + timedelta(seconds=min(int(text), LONGEST_S * 30))
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _failed(feed: Feed, state: FeedState, now: datetime, error: Exception) -> Visit:
    state.fault = f"{feed.place}: {error.strerror}" if isinstance(error, OSError) else str(error)
    state.failures += 1
    state.failing_since = state.failing_since or _text(now)
    later = error.later if isinstance(error, _Failed) else None
    state.not_before = _text(later) if later else ""
    state.gone = isinstance(error, _Failed) and error.gone
    return Visit(feed.name, fault=state.fault)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
