"""The latest events, each encoded once; every client reads them from its own cursor."""

from typing import NamedTuple

import orjson

from streams.stores.change_feed import FEED_TOPICS, PICTURES, FeedEntry, Positions

__all__ = ["NOWHERE", "RECENT_MAX", "SHOWN", "Event", "EventBuffer", "EventFilter", "TooSlow", "frame", "origin_offset"]

#: Events kept for reconnecting clients, and their maximum total size.
RECENT_MAX = 10_000
RECENT_MAX_BYTES = 32 << 20
#: A client further behind is disconnected; it reconnects and reads the missed events at its own pace.
BEHIND_MAX = 5_000
#: Events in one write to a client.
CHUNK_MAX = 200

#: Topics whose changes are shown by a picture; alerts are not.
SHOWN = frozenset(FEED_TOPICS) - {"alerts"}
#: Place of events that are on no log, such as heartbeats.
NOWHERE = -1

_ORIGIN = b'"origin":{'


class TooSlow(Exception):
    """A client is too far behind."""


class EventFilter(NamedTuple):
    """The topics and episodes that a client asked for; `episodes` None: all."""

    topics: frozenset[str] = frozenset(FEED_TOPICS)
    episodes: frozenset[str] | None = None

    def takes(self, topic: str, episode: str) -> bool:
        """Return whether to send a record."""
        return topic in self.topics and (self.episodes is None or episode in self.episodes)

    @property
    def pictures(self) -> bool:
        """Return True if pictures are included."""
        return PICTURES in self.topics


class Event:
    """One event, encoded for all clients."""

    __slots__ = ("_origin", "_parsed", "entry", "frame")

    def __init__(self, entry: FeedEntry, framed: bytes) -> None:
        """`framed` is the event as sent."""
        self.entry = entry
        self.frame = framed
        self._origin: int | None = None
        self._parsed = False

    def is_shown_by(self, through: int) -> bool:
        """Return whether a picture through an offset of its partition shows this change."""
        if not self._parsed:
            self._origin, self._parsed = origin_offset(self.frame), True
        return self._origin is not None and self._origin <= through


def frame(name: str, mark: str | None, record: bytes) -> bytes:
    """Return an event as bytes (https://html.spec.whatwg.org/multipage/server-sent-events.html); JSON is one line."""
    head = f"event: {name}\nid: {mark}\ndata: " if mark else f"event: {name}\ndata: "
    return b"".join((head.encode(), record, b"\n\n"))


def origin_offset(record: bytes) -> int | None:
    """Return the offset of the report or tick that caused a change, None without one."""
    # Searched, not parsed: within a JSON string its quotes would be escaped.
    at = record.rfind(_ORIGIN)
    if at < 0:
        return None
    begin = at + len(_ORIGIN) - 1
    try:
        offset = orjson.loads(record[begin : record.index(b"}", begin) + 1])["offset"]
    except (ValueError, KeyError):  # damaged, or not written by truceline
        return None
    return offset if isinstance(offset, int) else None


class EventBuffer:
    """Numbered events; the oldest are dropped."""

    def __init__(self, positions: Positions = ()) -> None:
        """Start empty, at positions."""
        self.events: list[Event] = []
        #: The number of the first event here.
        self.first = 0
        #: Place → offset from which on all events are here.
        self.begin = list(positions)
        self._bytes = 0
        self._chunks: dict[tuple[EventFilter, int], tuple[bytes, int]] = {}

    @property
    def end(self) -> int:
        """The number of the next event."""
        return self.first + len(self.events)

    def start_over(self, positions: Positions) -> None:
        """Drop all events; numbering continues."""
        self.first = self.end
        self.events.clear()
        self.begin = list(positions)
        self._bytes = 0
        self._chunks.clear()

    def append(self, event: Event) -> None:
        """Add an event; cached chunks are invalid then."""
        self.events.append(event)
        self._bytes += len(event.frame)
        self._chunks.clear()
        if len(self.events) > RECENT_MAX or self._bytes > RECENT_MAX_BYTES:
            self._trim()

    def chunk(self, wanted: EventFilter, cursor: int) -> tuple[bytes, int]:
        """Return the next bytes for a client and its next cursor; clients with equal filters share them.

        Raises TooSlow where the client is too far behind.
        """
        known = self._chunks.get((wanted, cursor))
        if known is None:
            events, after = self.next(wanted, cursor)
            known = self._chunks[wanted, cursor] = b"".join(event.frame for event in events), after
        return known

    def next(self, wanted: EventFilter, cursor: int) -> tuple[list[Event], int]:
        """Return the next events for a client and its next cursor; raises TooSlow."""
        if cursor < self.first or self.end - cursor > BEHIND_MAX:
            raise TooSlow
        start = cursor - self.first
        events = self.events[start : start + CHUNK_MAX]
        return [event for event in events if _for(wanted, event.entry)], cursor + len(events)

    def since(self, wanted: EventFilter, begin: Positions, positions: Positions) -> list[Event]:
        """Return the events of the log from `begin` on; `positions` follow the last of them."""
        behind = {place for place, offset in enumerate(begin) if offset < positions[place]}
        found: list[Event] = []
        for event in reversed(self.events):
            if not behind:
                break
            entry = event.entry
            if entry.topic not in FEED_TOPICS:
                continue
            if entry.offset < begin[entry.place]:
                behind.discard(entry.place)
            elif wanted.takes(entry.topic, entry.episode):
                found.append(event)
        return found[::-1]

    def _trim(self) -> None:
        """Drop the oldest quarter."""
        gone = self.events[: max(1, len(self.events) // 4)]
        del self.events[: len(gone)]
        self.first += len(gone)
        for event in gone:
            self._bytes -= len(event.frame)
            if event.entry.topic in FEED_TOPICS:
                self.begin[event.entry.place] = event.entry.offset + 1


def _for(wanted: EventFilter, entry: FeedEntry) -> bool:
    return entry.place == NOWHERE or wanted.takes(entry.topic, entry.episode)
