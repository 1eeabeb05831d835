"""Follow the table of changes (`streams.stores.change_feed`): one place for changes, one for pictures."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from streams.stores.change_feed import PICTURES, ChangeBatch, FeedEntry, Positions
from streams.stores.sqlite.reader import PublishedChange, Reader

__all__ = ["HISTORY_MAX", "entry", "follow", "positions"]

#: Changes in one read.
HISTORY_MAX = 500
#: As on Kafka, an episode that keeps changing gets a new picture every second.
PICTURES_EVERY_S = 1.0


def positions(row: int) -> Positions:
    """Return the positions after a row of changes."""
    return row + 1, row + 1


def entry(change: PublishedChange) -> FeedEntry:
    """Return a change as a feed entry."""
    return FeedEntry(0, change.row, change.topic, change.episode, change.record)


async def follow(
    reader: Reader, changed: Callable[[int], Awaitable[None]], take: Callable[[ChangeBatch], None], row: int
) -> None:
    """Deliver the changes after a row, then every new one; `changed` waits for a change after a row."""
    log, end = await asyncio.to_thread(lambda: (reader.identity(), reader.last_row()))
    take(ChangeBatch(log, [], positions(row), begins=True, complete=row >= end))
    changed_episodes: set[str] = set()
    #: Row up to which new pictures were announced, and the time of that.
    announced, announced_s = row, 0.0
    while True:
        changes: list[PublishedChange] = []
        with contextlib.suppress(TimeoutError):
            # Announce pending pictures in time, even without another change.
            async with asyncio.timeout(announced_s + PICTURES_EVERY_S - time.monotonic() if changed_episodes else None):
                await changed(row)
                changes = await asyncio.to_thread(reader.changes, row, limit=HISTORY_MAX)
        entries = [entry(change) for change in changes]
        row = changes[-1].row if changes else row
        changed_episodes.update(change.episode for change in changes)
        if time.monotonic() >= announced_s + PICTURES_EVERY_S:
            entries += [FeedEntry(1, announced + 1, PICTURES, episode, b"") for episode in sorted(changed_episodes)]
            changed_episodes.clear()
            announced, announced_s = row, time.monotonic()
        take(ChangeBatch(log, entries, (row + 1, announced + 1), complete=row >= end))
