"""GET /episodes/{episode}/changes: all that was published of an episode, for who draws its history."""

import asyncio
import gzip
from collections.abc import Sequence

from streams.stores.store import Store, StoredChange

__all__ = ["CHANGES_MAX", "changes_answer", "gzipped"]

#: The newest so many; older ones are left out, and that is said.
CHANGES_MAX = 20_000


async def changes_answer(store: Store, episode: str) -> bytes:
    """Return `{"episode", "changes": [{"topic", "data"}], "complete"}`, the oldest first.

    Raises StoreUnavailable and PastTooLong as the store does.
    """
    changes = await store.changes_of(episode, CHANGES_MAX + 1)
    return _body(episode, changes[-CHANGES_MAX:], complete=len(changes) <= CHANGES_MAX)


async def gzipped(body: bytes) -> bytes:
    """Return a body as gzip: thousands of changes are much alike, and a tenth as long."""
    return await asyncio.to_thread(gzip.compress, body, 1, mtime=0)


def _body(episode: str, changes: Sequence[StoredChange], *, complete: bool) -> bytes:
    # Records are JSON already, and names of topics and episodes need no escapes.
    rows = b",".join(b'{"topic":"%s","data":%s}' % (change.topic.encode(), change.record) for change in changes)
    return b'{"episode":"%s","changes":[%s],"complete":%s}' % (
        episode.encode(),
        rows,
        b"true" if complete else b"false",
    )
