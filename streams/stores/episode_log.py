"""Read the log of an episode within a limit."""

from collections.abc import AsyncIterator, Callable

from streams.stores.store import StoredReport, StoreReader, StoreUnavailable

__all__ = ["BYTES_MAX", "RECORDS_MAX", "EpisodeLogTooLong", "read_all", "require_whole"]

#: Limits of one answer of the web server.
RECORDS_MAX = 50_000
BYTES_MAX = 64 << 20


class EpisodeLogTooLong(Exception):
    """An episode log above the limit of one answer; the message names the limit and the way around it."""


async def require_whole(store: StoreReader, episode: str) -> None:
    """Raise StoreUnavailable if the first records of an episode's log were deleted: rows and charts cannot say so."""
    if begin := await store.log_begin(episode):
        raise StoreUnavailable(
            f"{store.topic} begins at offset {begin:,}: the records before were deleted, and a table or chart of the"
            " rest would be wrong; /changes and /explain show what is left"
        )


async def read_all(
    log: AsyncIterator[StoredReport],
    *,
    check: Callable[[], None] = lambda: None,
    records_max: int = RECORDS_MAX,
    bytes_max: int = BYTES_MAX,
) -> list[StoredReport]:
    """Return all records of an episode; `check` may raise before each.

    Raises EpisodeLogTooLong and StoreUnavailable.
    """
    records: list[StoredReport] = []
    read_bytes = 0
    async for record in log:
        check()
        records.append(record)
        read_bytes += len(record.value)
        if len(records) > records_max or read_bytes > bytes_max:
            raise EpisodeLogTooLong(
                f"the episode has more than {records_max:,} records or {bytes_max >> 20} MiB on the log, the limit of"
                " one answer; use the command line, which has no limit"
            )
    return records
