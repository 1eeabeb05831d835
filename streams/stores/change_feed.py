"""What is published, as the web server follows it, the same from Kafka and from one SQLite file.

A log has places, each with offsets that grow: the partitions of the output topics, or the one table of changes.
Positions say of every place which offset comes next; places and their order are the log's own.
"""

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, Protocol

from schemas.topics import CHANGE_TOPICS

__all__ = ["FEED_TOPICS", "PICTURES", "ChangeBatch", "ChangeSource", "FeedEntry", "HistoryTruncated", "Positions"]

#: What is told record by record; pictures are states, of which the latest says everything.
FEED_TOPICS = (*CHANGE_TOPICS, "alerts")
PICTURES = "episodes"

Positions = tuple[int, ...]


class HistoryTruncated(Exception):
    """The log does not reach back so far; its message says where it begins."""


class FeedEntry(NamedTuple):
    """One record, at an offset of a place. Of a picture it says only that there is a new one: `record` is empty."""

    place: int
    offset: int
    topic: str
    episode: str
    record: bytes


class ChangeBatch(NamedTuple):
    """What came next.

    `log` names the log in four bytes; `positions` are those behind the batch. `begins`: what came before is not
    followed on by it. `complete`: all has come that was there when following began.
    """

    log: bytes
    entries: list[FeedEntry]
    positions: Positions
    begins: bool = False
    complete: bool = True


class ChangeSource(Protocol):
    """A log that can be followed, and read from where somebody left off. What is not committed is never shown."""

    def follow(self, take: Callable[[ChangeBatch], None], recent: int) -> Callable[[], None]:
        """Call `take` with about the last `recent` entries and then with all that come, in this event loop.

        Returns what ends it. `take` must be quick.
        """
        ...

    def history(self, begin: Positions, end: Positions) -> AsyncIterator[list[FeedEntry]]:
        """Give the entries of changes from `begin` up to `end`, each place in order.

        Raises HistoryTruncated where the log begins behind `begin`, StoreUnavailable where it cannot be read.
        """
        ...

    async def ends(self) -> Positions:
        """Return the positions behind everything that is there now; raises StoreUnavailable."""
        ...

    async def pictures_since(self, begin: Positions) -> list[str]:
        """Return the episodes whose picture is newer than `begin`, by name."""
        ...
