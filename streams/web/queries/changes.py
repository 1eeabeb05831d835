"""Answer GET /episodes/{episode}/changes: the published changes of an episode, to draw its history."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence

from streams.stores.store import Store, StoredChange, StoredChanges
from streams.web.folding import Watch

__all__ = ["CHANGES_MAX", "changes_parts", "find_changes", "gzipped"]

#: Only the newest are returned; `complete` is then false.
CHANGES_MAX = 20_000
_GZIP = 31


async def find_changes(store: Store, episode: str, watch: Watch) -> StoredChanges:
    """Return the newest changes of an episode; raises StoreUnavailable and EpisodeLogTooLong."""
    return await store.changes_of(episode, CHANGES_MAX, watch.check)


async def changes_parts(episode: str, changes: StoredChanges) -> AsyncIterator[bytes]:
    """Yield `{"episode", "changes": [{"topic", "data"}], "complete"}`, a page at a time.

    A client that reads slowly holds one page in memory, not the whole answer.
    """
    head = b'{"episode":"%s","changes":[' % episode.encode()
    async for page in changes.pages:
        if page:
            yield head + _rows(page)
            head = b","
    if head != b",":
        yield head
    yield b'],"complete":%s}' % (b"true" if changes.complete else b"false")


async def gzipped(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield an answer compressed, to a tenth of its size: changes are much alike."""
    compressor = zlib.compressobj(1, wbits=_GZIP)
    async for part in parts:
        if packed := await asyncio.to_thread(compressor.compress, part):
            yield packed
    yield compressor.flush()


def _rows(changes: Sequence[StoredChange]) -> bytes:
    # Records are JSON already; names of topics need no escapes.
    return b",".join(b'{"topic":"%s","data":%s}' % (change.topic.encode(), change.record) for change in changes)
