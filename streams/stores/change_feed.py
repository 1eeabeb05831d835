"""Follow the published changes, from Kafka or from an SQLite file.

A log has places, each with growing offsets: the partitions of the output topics, or the table of changes. Positions
hold the next offset of every place, in an order that each log defines.
"""

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, Protocol

from schemas.topics import CHANGE_TOPICS

__all__ = ["FEED_TOPICS", "PICTURES", "ChangeBatch", "ChangeSource", "FeedEntry", "HistoryTruncated", "Positions"]

#: Topics of which every record matters; of pictures only the latest does.
FEED_TOPICS = (*CHANGE_TOPICS, "alerts")
PICTURES = "episodes"

Positions = tuple[int, ...]


class HistoryTruncated(Exception):
    """A position before the start of the log; the message names the start."""


class FeedEntry(NamedTuple):
    """One record, at an offset of a place. For a picture `record` is empty: it only announces a new one."""

    place: int
    offset: int
    topic: str
    episode: str
    record: bytes


class ChangeBatch(NamedTuple):
    """The next entries.

    `log` identifies the log in four bytes; `positions` follow the last entry. `begins`: the batch does not continue
    the one before. `complete`: everything that was there when following began has been delivered.
    """

    log: bytes
    entries: list[FeedEntry]
    positions: Positions
    begins: bool = False
    complete: bool = True


class ChangeSource(Protocol):
    """A log that can be followed, or read from a position. Only committed records are shown."""

    def follow(self, take: Callable[[ChangeBatch], None], recent: int) -> Callable[[], None]:
        """Call `take` with about the last `recent` entries and then with every new one, in this event loop.

        Return a function that stops it. `take` must not block.
        """
        ...

    def history(self, begin: Positions, end: Positions) -> AsyncIterator[list[FeedEntry]]:
        """Yield the changes from `begin` up to `end`, each place in order.

        Raises HistoryTruncated where the log begins after `begin`, StoreUnavailable where it cannot be read.
        """
        ...

    async def ends(self) -> Positions:
        """Return the positions of the present end; raises StoreUnavailable."""
        ...

    async def pictures_since(self, begin: Positions) -> list[str]:
        """Return the episodes whose picture is newer than `begin`, by name."""
        ...
