"""Answer `GET /episodes/{episode}?at=TIME`: the picture as it was known at a time."""

import asyncio

from streams.core.log_record import Record
from streams.core.queries.as_of import NoSuchEpisode, known_at
from streams.stores.episode_log import read_all
from streams.stores.store import Store
from streams.web.folding import Watch
from streams.web.held_answers import Answer, packed
from streams.web.json_parts import dumps_in_parts

__all__ = ["picture_at"]


async def picture_at(store: Store, episode: str, at_us: int, watch: Watch) -> Answer | None:
    """Return the picture at a time, None where no report of the episode was published by then.

    Its `through` is the last record of the episode on the log, even if published later; `complete` is false where the
    first records of the log were deleted.
    Raises EpisodeLogTooLong and StoreUnavailable.
    """
    logged = await read_all(store.episode_log(episode), check=watch.check)
    complete = await store.log_begin(episode) == 0

    def fold() -> Answer | None:
        records = (Record(each.value, each.timestamp_us) for each in watch.each(logged))
        try:
            picture = known_at(episode, records, store.registry, horizon_us=store.horizon_us, at_us=at_us)
        except NoSuchEpisode:
            return None
        through = {"partition": logged[-1].partition, "offset": logged[-1].offset}
        return packed(dumps_in_parts({"episode": episode, **picture, "through": through, "complete": complete}))

    # In a thread: folding tens of thousands of reports takes a second or two.
    return await asyncio.to_thread(fold)
