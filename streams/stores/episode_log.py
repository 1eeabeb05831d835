"""The log of an episode, read back within a limit."""

from collections.abc import AsyncIterator

from streams.stores.store import StoredReport

__all__ = ["BYTES_MAX", "RECORDS_MAX", "EpisodeLogTooLong", "read_all"]

#: What one answer of the web server may take of an episode.
RECORDS_MAX = 50_000
BYTES_MAX = 64 << 20


class EpisodeLogTooLong(Exception):
    """More lies on the log than one answer may take; the message says the limit and what does without one."""


async def read_all(
    past: AsyncIterator[StoredReport], *, records_max: int = RECORDS_MAX, bytes_max: int = BYTES_MAX
) -> list[StoredReport]:
    """Return all of an episode's records; raises PastTooLong, and StoreUnavailable as the store does."""
    records: list[StoredReport] = []
    taken_bytes = 0
    async for record in past:
        records.append(record)
        taken_bytes += len(record.value)
        if len(records) > records_max or taken_bytes > bytes_max:
            raise EpisodeLogTooLong(
                f"the episode has more than {records_max:,} records or {bytes_max >> 20} MiB on the log, more than one"
                " answer takes; on the command line there is no limit"
            )
    return records
