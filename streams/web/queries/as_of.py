"""An episode as it was known at a time: the answer to `GET /episodes/{episode}?at=TIME`."""

import asyncio

import orjson

from streams.core.log_record import Record
from streams.core.queries.as_of import NoSuchEpisode, known_at
from streams.stores.episode_log import read_all
from streams.stores.store import Store

__all__ = ["picture_at"]


async def picture_at(store: Store, episode: str, at_us: int) -> bytes | None:
    """Return the picture that was known then, None where no report of the episode was published yet.

    Its `through` is the last record of the episode on the log, whether it was published by then or not.
    Raises PastTooLong, and StoreUnavailable as the store does.
    """
    logged = await read_all(store.episode_log(episode))
    records = [Record(each.value, each.timestamp_us) for each in logged]
    try:
        # In a thread: tens of thousands of reports take a second or two, and others are waiting.
        picture = await asyncio.to_thread(
            known_at, episode, records, store.registry, horizon_us=store.horizon_us, at_us=at_us
        )
    except NoSuchEpisode:
        return None
    through = {"partition": logged[-1].partition, "offset": logged[-1].offset}
    return orjson.dumps({"episode": episode, **picture, "through": through})
