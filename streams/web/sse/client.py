"""One client: its cursor in the latest events, and the events made only for it."""

import time

import orjson

from streams.stores.change_feed import FeedEntry
from streams.web.sse.buffer import SHOWN, EventBuffer, EventFilter, frame, origin_offset
from streams.web.sse.marks import Stamp

__all__ = ["EventClient", "ended", "framed", "reset"]

#: Time after connecting in which events that the client's picture already shows are left out.
SHOWN_S = 10.0


class EventClient:
    """Reads from its cursor, which starts at the end."""

    def __init__(self, wanted: EventFilter, recent: EventBuffer, shown: tuple[str, int] | None = None) -> None:
        """`shown`: an episode and the offset of its last report whose effects the client has seen."""
        self.wanted = wanted
        self.cursor = recent.end
        self._recent = recent
        self._shown = shown
        self._until_s = time.monotonic() + SHOWN_S

    def takes(self, entry: FeedEntry) -> bool:
        """Return whether the client wants an entry and has not seen it."""
        return self.wanted.takes(entry.topic, entry.episode) and not self._has_seen(entry)

    def next(self) -> bytes:
        """Return the next bytes, empty while there are none; raises TooSlow."""
        if self._shown is not None and time.monotonic() > self._until_s:
            self._shown = None
        if self._shown is None:
            part, self.cursor = self._recent.chunk(self.wanted, self.cursor)
            return part
        events, self.cursor = self._recent.next(self.wanted, self.cursor)
        return b"".join(event.frame for event in events if not self._has_seen(event.entry))

    def _has_seen(self, entry: FeedEntry) -> bool:
        if self._shown is None or entry.episode != self._shown[0] or entry.topic not in SHOWN:
            return False
        origin = origin_offset(entry.record)
        return origin is not None and origin <= self._shown[1]


def framed(entry: FeedEntry, stamp: Stamp) -> bytes:
    """Return an entry as an event; moves the stamp after it."""
    stamp.move(entry.place, entry.offset + 1)
    return frame(entry.topic, stamp.mark(), entry.record)


def reset(reason: str, why: str) -> bytes:
    """Return the data of a reset event."""
    return orjson.dumps({"reason": reason, "message": f"{why}: reload the snapshot"})


def ended(reason: str, why: str) -> bytes:
    """Return the last event of a connection, without an id: the client keeps the one before."""
    return frame("end", None, orjson.dumps({"reason": reason, "message": why}))
