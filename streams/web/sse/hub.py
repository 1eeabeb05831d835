"""GET /events: send published changes to all clients, each from its own position.

One hub follows the log and encodes each event once; a client is a cursor in the latest events. A client that returns
with a mark first reads the missed events from the log. Without clients the log is not followed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping

import orjson

from streams.observability import metrics
from streams.stores.change_feed import PICTURES, ChangeBatch, FeedEntry, HistoryTruncated, Positions
from streams.stores.store import Store, StoreUnavailable
from streams.web.sse.buffer import NOWHERE, RECENT_MAX, SHOWN, Event, EventBuffer, EventFilter, TooSlow, frame
from streams.web.sse.client import EventClient, ended, framed, reset
from streams.web.sse.marks import Mark, Stamp

__all__ = ["CLIENTS_MAX", "HEARTBEAT_S", "Hub"]

CLIENTS_MAX = 1_200
HEARTBEAT_S = 15.0
#: Interval of checking for new reasons of not being ready, which are sent at once.
LOOK_S = 2.0
#: Stop following the log after this long without a client.
IDLE_S = 60.0
WAKE_S = 10.0
MARK_WAIT_S = 3.0
#: Reconnection time of a browser, in ms.
RETRY = b"retry: 2000\n"


class Hub:
    """The events of one store, in one event loop."""

    def __init__(self, store: Store, *, clients_max: int | None = None) -> None:
        """Start with the first request."""
        self._store = store
        self.clients_max = CLIENTS_MAX if clients_max is None else clients_max
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unfollow: Callable[[], None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._last_request_s = 0.0
        self._log = b""
        self._recent = EventBuffer()
        self._positions: list[int] = []
        self._stamp = Stamp(b"", ())
        self._is_current = asyncio.Event()
        self._more = asyncio.Event()
        self._reasons: list[str] = []
        self._read_positions: Positions = ()
        #: Pictures to send → place and offset of the first one not sent; and the one being sent.
        self._pending_pictures: dict[str, tuple[int, int]] = {}
        self._picture_in_hand: list[tuple[int, int]] = []
        self._has_pending_pictures = asyncio.Event()
        #: Clients, and those of them that want pictures.
        self.clients = 0
        self._picture_clients = 0

    async def ensure_following(self, limit_s: float = WAKE_S) -> None:
        """Follow the log if it is not followed yet; return once the latest events have been read.

        Raises StoreUnavailable.
        """
        if self._closing:
            raise StoreUnavailable("the server is stopping")
        self._last_request_s = time.monotonic()
        if self._loop is not asyncio.get_running_loop():
            # Tests serve one app in several loops, one after another.
            self._stop_following()
            self._is_current, self._more, self._has_pending_pictures = asyncio.Event(), asyncio.Event(), asyncio.Event()
        if self._unfollow is None:
            self._loop = asyncio.get_running_loop()
            self._is_current.clear()
            self._tasks = [asyncio.create_task(self._heartbeat()), asyncio.create_task(self._send_pictures())]
            self._unfollow = self._store.follow(self._take_batch, RECENT_MAX)
        try:
            await asyncio.wait_for(self._is_current.wait(), limit_s)
        except TimeoutError:
            reasons = "; ".join(await self._store.reasons())
            raise StoreUnavailable(f"the latest changes have not been read yet: {reasons or 'timeout'}") from None

    def close(self) -> None:
        """End every stream, with an event that says why."""
        self._closing = True
        self._wake()
        self._stop_following()

    def full(self) -> bool:
        """Return whether the limit of clients is reached."""
        return self.clients >= self.clients_max

    async def marker(self) -> Callable[[Mapping[str, int]], str | None]:
        """Return a function from the last offset that each episode's picture shows to the mark after the pictures.

        For a single picture the mark also leaves out changes that it shows and that are read later. The mark is None
        while the latest changes have not been read.
        """
        try:
            await self.ensure_following(MARK_WAIT_S)
        except StoreUnavailable:
            return lambda _throughs: None
        return self._mark

    def _mark(self, throughs: Mapping[str, int]) -> str:
        positions = list(self._positions)
        for event in self._recent.events:
            entry = event.entry
            if entry.topic in SHOWN and entry.offset < positions[entry.place]:
                through = throughs.get(entry.episode)
                if through is None or not event.is_shown_by(through):
                    positions[entry.place] = entry.offset
        shown = next(iter(throughs.items())) if len(throughs) == 1 else None
        return Mark(self._log, tuple(positions), shown).encode()

    async def stream(self, wanted: EventFilter, mark: Mark | None) -> AsyncIterator[bytes]:
        """Give a client's events from a mark, or from now, until the client goes or is dropped; `awake` first."""
        self.clients += 1
        self._picture_clients += wanted.pictures
        metrics.EVENT_CLIENTS.set(self.clients)
        try:
            async for part in self._client(wanted, mark):
                yield part
        finally:
            self.clients -= 1
            self._picture_clients -= wanted.pictures
            self._last_request_s = time.monotonic()
            metrics.EVENT_CLIENTS.set(self.clients)

    async def _client(self, wanted: EventFilter, mark: Mark | None) -> AsyncIterator[bytes]:
        reader = EventClient(wanted, self._recent, None if mark is None else mark.shown)
        yield RETRY + frame("heartbeat", self._stamp.mark() if mark is None else mark.encode(), self._state())
        try:
            if mark is not None:
                async for part in self._catch_up(reader, mark):
                    yield part
            while not self._closing:
                if part := reader.next():
                    yield part
                elif reader.cursor == self._recent.end:
                    await self._more.wait()
            yield ended("stopping", "the server stops; come back")
        except TooSlow:
            metrics.EVENT_CLIENTS_DROPPED.inc()
            yield ended("slow", "too much waits for you; come back to read on from where you are")
        except StoreUnavailable as error:
            yield ended("unavailable", str(error))

    async def _catch_up(self, reader: EventClient, mark: Mark) -> AsyncIterator[bytes]:
        """Yield the events between a mark and now, and move the reader after them."""
        wanted, begin = reader.wanted, list(mark.positions)
        reason = await self._unreachable(mark)
        if reason is None and wanted.pictures:
            async for part in self._pictures(wanted, mark):
                yield part
        try:
            while reason is None and any(map(int.__lt__, begin, self._recent.begin)):
                stamp, upto = Stamp(self._log, tuple(begin)), tuple(self._positions)
                async for entries in self._store.history(tuple(begin), upto):
                    yield b"".join(framed(entry, stamp) for entry in entries if reader.takes(entry))
                begin = [max(pair) for pair in zip(begin, upto, strict=True)]
        except HistoryTruncated as error:
            reason = ("too_old", str(error))
        # No await until the cursor is set, so that no event is missed in between.
        reader.cursor = self._recent.end
        if reason is not None:
            yield frame("reset", self._stamp.mark(), reset(*reason))
        elif missed := self._recent.since(wanted, tuple(begin), tuple(self._positions)):
            yield b"".join(event.frame for event in missed if reader.takes(event.entry))

    async def _unreachable(self, mark: Mark) -> tuple[str, str] | None:
        """Return why a mark cannot be resumed, if so; wait where another worker has read further than this one."""
        if mark.log != self._log or len(mark.positions) != len(self._positions):
            return "unknown_mark", "the mark belongs to another log"
        if any(map(int.__gt__, mark.positions, self._positions)):
            if any(map(int.__gt__, mark.positions, await self._store.ends())):
                return "unknown_mark", "the mark is past the end of the log"
            try:
                async with asyncio.timeout(WAKE_S):
                    while any(map(int.__gt__, mark.positions, self._positions)) and not self._closing:
                        await self._more.wait()
            except TimeoutError:
                raise StoreUnavailable("this worker has not read up to the mark yet") from None
        return None

    def _take_batch(self, batch: ChangeBatch) -> None:
        """Turn a batch into events."""
        if batch.begins or batch.log != self._log:
            self._begin(batch)
        for entry in batch.entries:
            if entry.topic != PICTURES:
                self._recent.append(Event(entry, framed(entry, self._stamp)))
            elif self._picture_clients:
                self._pending_pictures.setdefault(entry.episode, (entry.place, entry.offset))
                self._has_pending_pictures.set()
        self._read_positions = batch.positions
        self._move_positions()
        if batch.complete:
            self._is_current.set()
        self._wake()

    def _begin(self, batch: ChangeBatch) -> None:
        before = self._log
        self._log, self._positions = batch.log, list(batch.positions)
        self._stamp = Stamp(batch.log, batch.positions)
        self._pending_pictures.clear()
        self._recent.start_over(batch.positions)
        if before and self.clients:
            self._announce("reset", reset("unknown_mark", "the log was restarted"))

    def _move_positions(self) -> None:
        """Advance to the read positions, except for unsent pictures: a reconnecting client still gets those."""
        held: dict[int, int] = {}
        for place, offset in (*self._pending_pictures.values(), *self._picture_in_hand):
            held[place] = min(offset, held.get(place, offset))
        for place, offset in enumerate(self._read_positions):
            known = held.get(place, offset)
            if known != self._positions[place]:
                self._positions[place] = known
                self._stamp.move(place, known)

    async def _send_pictures(self) -> None:
        """Send the latest picture of each changed episode."""
        while True:
            await self._has_pending_pictures.wait()
            self._has_pending_pictures.clear()
            while self._pending_pictures:
                episode = next(iter(self._pending_pictures))
                place, offset = self._pending_pictures.pop(episode)
                self._picture_in_hand = [(place, offset)]
                record = await self._short_picture(episode)
                self._picture_in_hand = []
                self._move_positions()
                if record is not None:
                    entry = FeedEntry(place, offset, PICTURES, episode, b"")
                    self._recent.append(Event(entry, frame(PICTURES, self._stamp.mark(), record)))
                    self._wake()

    async def _short_picture(self, episode: str) -> bytes | None:
        """Return an episode's picture without its cells, which are many and sent when they change."""
        try:
            picture = await self._store.picture(episode)
        except StoreUnavailable:
            return None
        if picture is None:
            return None
        content = orjson.loads(picture)
        content.pop("cells", None)
        return orjson.dumps(content)

    async def _pictures(self, wanted: EventFilter, mark: Mark) -> AsyncIterator[bytes]:
        """Yield the pictures that are newer than a mark."""
        for episode in await self._store.pictures_since(mark.positions):
            if wanted.takes(PICTURES, episode) and (record := await self._short_picture(episode)) is not None:
                yield frame(PICTURES, mark.encode(), record)

    async def _heartbeat(self) -> None:
        """Send heartbeats with the reasons of not being ready; stop following when idle."""
        said_s = -HEARTBEAT_S
        while True:
            reasons = await self._store.reasons()
            if reasons != self._reasons or time.monotonic() - said_s >= HEARTBEAT_S:
                self._reasons = reasons
                self._announce("heartbeat", self._state())
                said_s = time.monotonic()
            await asyncio.sleep(min(LOOK_S, HEARTBEAT_S))
            if not self.clients and time.monotonic() - self._last_request_s > IDLE_S:
                self._stop_following()

    def _state(self) -> bytes:
        return orjson.dumps({"mode": self._store.mode, "reasons": self._reasons})

    def _announce(self, name: str, record: bytes) -> None:
        self._recent.append(Event(FeedEntry(NOWHERE, 0, name, "", b""), frame(name, self._stamp.mark(), record)))
        self._wake()

    def _stop_following(self) -> None:
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _wake(self) -> None:
        self._more.set()
        self._more.clear()
