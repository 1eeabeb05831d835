"""The table of changes as a log to follow (`streams.stores.change_feed`): one place for changes, one for pictures."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from streams.stores.change_feed import PICTURES, ChangeBatch, FeedEntry, Positions
from streams.stores.sqlite.reader import PublishedChange, Reader

__all__ = ["HISTORY_MAX", "entry", "follow", "positions"]

#: Changes read at once.
HISTORY_MAX = 500
#: As on Kafka, an episode that keeps changing has a new picture once a second.
PICTURES_EVERY_S = 1.0


def positions(row: int) -> Positions:
    """Return the positions behind a row of changes."""
    return row + 1, row + 1


def entry(change: PublishedChange) -> FeedEntry:
    """Return a change as it is followed."""
    return FeedEntry(0, change.row, change.topic, change.episode, change.record)


async def follow(
    reader: Reader, changed: Callable[[int], Awaitable[None]], take: Callable[[ChangeBatch], None], row: int
) -> None:
    """Give the changes behind a row, and all that come; `changed` waits until there is one behind a row."""
    log, end = await asyncio.to_thread(lambda: (reader.identity(), reader.last_row()))
    take(ChangeBatch(log, [], positions(row), begins=True, complete=row >= end))
    repainted: set[str] = set()
    #: The row up to which pictures were told of, and when that was.
    painted, painted_s = row, 0.0
    while True:
        changes: list[PublishedChange] = []
        with contextlib.suppress(TimeoutError):
            # Pictures that wait must not wait for another change.
            async with asyncio.timeout(painted_s + PICTURES_EVERY_S - time.monotonic() if repainted else None):
                await changed(row)
                changes = await asyncio.to_thread(reader.changes, row, limit=HISTORY_MAX)
        entries = [entry(change) for change in changes]
        row = changes[-1].row if changes else row
        repainted.update(change.episode for change in changes)
        if time.monotonic() >= painted_s + PICTURES_EVERY_S:
            entries += [FeedEntry(1, painted + 1, PICTURES, episode, b"") for episode in sorted(repainted)]
            repainted.clear()
            painted, painted_s = row, time.monotonic()
        take(ChangeBatch(log, entries, (row + 1, painted + 1), complete=row >= end))
