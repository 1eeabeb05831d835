"""The latest events, each made into bytes once, and read by every client from where it stands."""

from typing import NamedTuple

import orjson

from streams.stores.change_feed import FEED_TOPICS, PICTURES, FeedEntry, Positions

__all__ = ["NOWHERE", "RECENT_MAX", "SHOWN", "Event", "EventBuffer", "EventFilter", "TooSlow", "frame", "origin_offset"]

#: Events kept for clients that come back, and of how many bytes at most.
RECENT_MAX = 10_000
RECENT_MAX_BYTES = 32 << 20
#: A client further behind than this is dropped, and comes back to read what it missed at its own pace.
BEHIND_MAX = 5_000
#: Events in one write to a client.
CHUNK_MAX = 200

#: Topics whose changes a picture shows; an alert is in none.
SHOWN = frozenset(FEED_TOPICS) - {"alerts"}
#: The place of what no log has: heartbeats and the like.
NOWHERE = -1

_ORIGIN = b'"origin":{'


class TooSlow(Exception):
    """A client has fallen too far behind."""


class EventFilter(NamedTuple):
    """What a client asked for; `episodes` None: all."""

    topics: frozenset[str] = frozenset(FEED_TOPICS)
    episodes: frozenset[str] | None = None

    def takes(self, topic: str, episode: str) -> bool:
        """Tell whether it is to be sent."""
        return topic in self.topics and (self.episodes is None or episode in self.episodes)

    @property
    def pictures(self) -> bool:
        """Whether pictures are wanted."""
        return PICTURES in self.topics


class Event:
    """One event, as it goes to all who want it."""

    __slots__ = ("_origin", "_parsed", "entry", "frame")

    def __init__(self, entry: FeedEntry, framed: bytes) -> None:
        """Take what it is of, and its bytes on the wire."""
        self.entry = entry
        self.frame = framed
        self._origin: int | None = None
        self._parsed = False

    def is_shown_by(self, through: int) -> bool:
        """Tell whether a picture that shows its partition's reports `through` an offset shows this change."""
        if not self._parsed:
            self._origin, self._parsed = origin_offset(self.frame), True
        return self._origin is not None and self._origin <= through


def frame(name: str, mark: str | None, record: bytes) -> bytes:
    """Return an event as bytes (https://html.spec.whatwg.org/multipage/server-sent-events.html); JSON is one line."""
    head = f"event: {name}\nid: {mark}\ndata: " if mark else f"event: {name}\ndata: "
    return b"".join((head.encode(), record, b"\n\n"))


def origin_offset(record: bytes) -> int | None:
    """Return the offset of the report or tick that caused a change, None where it came from no log."""
    # Found, not parsed: inside of a text its quotes would have backslashes.
    at = record.rfind(_ORIGIN)
    if at < 0:
        return None
    begin = at + len(_ORIGIN) - 1
    offset: int = orjson.loads(record[begin : record.index(b"}", begin) + 1])["offset"]
    return offset


class EventBuffer:
    """Events by number, counted on for ever; the oldest go."""

    def __init__(self, positions: Positions = ()) -> None:
        """Begin at positions, with no event."""
        self.events: list[Event] = []
        #: The number of the first event here.
        self.first = 0
        #: By place: all events from this offset on are here.
        self.begin = list(positions)
        self._bytes = 0
        self._chunks: dict[tuple[EventFilter, int], tuple[bytes, int]] = {}

    @property
    def end(self) -> int:
        """The number that the next event gets."""
        return self.first + len(self.events)

    def start_over(self, positions: Positions) -> None:
        """Forget all events; numbers go on."""
        self.first = self.end
        self.events.clear()
        self.begin = list(positions)
        self._bytes = 0
        self._chunks.clear()

    def append(self, event: Event) -> None:
        """Add one; the chunks made until now are no longer the newest."""
        self.events.append(event)
        self._bytes += len(event.frame)
        self._chunks.clear()
        if len(self.events) > RECENT_MAX or self._bytes > RECENT_MAX_BYTES:
            self._trim()

    def chunk(self, wanted: EventFilter, cursor: int) -> tuple[bytes, int]:
        """Return the bytes of what comes next for a client, and its next cursor; clients alike share them.

        Raises TooSlow where the client is too far behind.
        """
        known = self._chunks.get((wanted, cursor))
        if known is None:
            events, after = self.next(wanted, cursor)
            known = self._chunks[wanted, cursor] = b"".join(event.frame for event in events), after
        return known

    def next(self, wanted: EventFilter, cursor: int) -> tuple[list[Event], int]:
        """Return the events that come next for a client, and its next cursor; raises TooSlow."""
        if cursor < self.first or self.end - cursor > BEHIND_MAX:
            raise TooSlow
        start = cursor - self.first
        events = self.events[start : start + CHUNK_MAX]
        return [event for event in events if _for(wanted, event.entry)], cursor + len(events)

    def since(self, wanted: EventFilter, begin: Positions, positions: Positions) -> list[Event]:
        """Return the events of the log from `begin` on, `positions` being those behind all of them."""
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
        """Let the oldest quarter go."""
        gone = self.events[: max(1, len(self.events) // 4)]
        del self.events[: len(gone)]
        self.first += len(gone)
        for event in gone:
            self._bytes -= len(event.frame)
            if event.entry.topic in FEED_TOPICS:
                self.begin[event.entry.place] = event.entry.offset + 1


def _for(wanted: EventFilter, entry: FeedEntry) -> bool:
    return entry.place == NOWHERE or wanted.takes(entry.topic, entry.episode)
