"""Answer `GET /episodes/{episode}/explain`: the claims behind figures (`streams.core.queries.subjects`)."""

import asyncio
from collections import deque
from typing import Any, NamedTuple

import orjson

from streams.core.queries.subjects import NoSuchEpisode, ceasefires_named, cells_named, replay_history
from streams.stores.episode_log import read_all
from streams.stores.store import Store, StoredReport
from streams.web.folding import Watch
from streams.web.held_answers import Answer, packed
from streams.web.json_parts import dumps_in_parts
from streams.web.queries.newest_claims import newest_claims

__all__ = ["ExplainQuery", "explain_answer"]


class ExplainQuery(NamedTuple):
    """The cells and ceasefires to explain, by name; all of them where none is named."""

    cells: list[str]
    ceasefires: list[str]
    #: As known at this time (µs); None: now.
    at_us: int | None
    #: Uncounted claims and changes to show of each cell, the newest; None: all.
    limit: int | None = None


async def explain_answer(store: Store, episode: str, query: ExplainQuery, watch: Watch) -> Answer | None:
    """Return the explanations of a query, None where no report of the episode was accepted.

    A name without a match has no explanation. `through` is the last record of the episode on the log; `complete` is
    false where the first records of the log were deleted.
    Raises EpisodeLogTooLong and StoreUnavailable.
    """
    logged = await read_all(store.episode_log(episode), check=watch.check)
    complete = await store.log_begin(episode) == 0
    # In a thread: folding tens of thousands of reports takes a second or two.
    return await asyncio.to_thread(_explanation, store, episode, logged, query, watch, complete=complete)


def _explanation(
    store: Store, episode: str, logged: list[StoredReport], query: ExplainQuery, watch: Watch, *, complete: bool
) -> Answer | None:
    last = logged[-1] if logged else None
    # Each record is freed once it is folded: the explanation holds what it needs of them.
    waiting = deque(logged)
    logged.clear()
    records = (waiting.popleft().located(store.topic) for _ in watch.each(range(len(waiting))))
    try:
        result = replay_history(
            episode,
            records,
            store.registry,
            horizon_us=store.horizon_us,
            until_us=query.at_us,
            decode=orjson.Fragment,
        )
    except NoSuchEpisode:
        return None
    history = result.history
    everything: list[str | None] = [] if query.cells or query.ceasefires else [None]
    explanation: dict[str, Any] = {
        "episode": episode,
        "clock": history.picture()["clock"],
        "cells": [
            newest_claims(each, query.limit)
            for name in watch.each(query.cells or everything)
            for each in watch.each(cells_named(history, name))
        ],
        "ceasefires": [each for name in query.ceasefires or everything for each in ceasefires_named(history, name)],
        "through": {"partition": last.partition, "offset": last.offset} if last else None,
        "complete": complete,
    }
    return packed(dumps_in_parts(explanation))
