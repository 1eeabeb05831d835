"""Why a figure is what it is: the answer to `GET /episodes/{episode}/explain` (`streams.core.queries.subjects`)."""

import asyncio
from typing import Any, NamedTuple

import orjson

from streams.core.log_record import Located
from streams.core.queries.subjects import NoSuchEpisode, ceasefires_named, cells_named, replay_history
from streams.stores.episode_log import read_all
from streams.stores.store import Store
from streams.web.queries.newest_claims import newest_claims

__all__ = ["ExplainQuery", "explain_answer"]


class ExplainQuery(NamedTuple):
    """What is to be explained of an episode, by its names: all there is where nothing is named."""

    cells: list[str]
    ceasefires: list[str]
    #: As it was known then (µs); None: as it is.
    at_us: int | None
    #: Uncounted claims and changes to show of each cell, the newest; None: all.
    limit: int | None = None


async def explain_answer(store: Store, episode: str, asked: ExplainQuery) -> bytes | None:
    """Return the accounts of what is asked for, None where no report of the episode has been taken.

    What names nothing has no account. `through` is the last record of the episode on the log.
    Raises PastTooLong, and StoreUnavailable as the store does.
    """
    logged = await read_all(store.episode_log(episode))
    records = [each.located(store.topic) for each in logged]
    # In a thread: tens of thousands of reports take a second or two, and others are waiting.
    account = await asyncio.to_thread(_told, store, episode, records, asked)
    if account is None:
        return None
    return orjson.dumps(account | {"through": {"partition": logged[-1].partition, "offset": logged[-1].offset}})


def _told(store: Store, episode: str, records: list[Located], asked: ExplainQuery) -> dict[str, Any] | None:
    try:
        told = replay_history(episode, records, store.registry, horizon_us=store.horizon_us, until_us=asked.at_us)
    except NoSuchEpisode:
        return None
    chronicle = told.history
    everything: list[str | None] = [] if asked.cells or asked.ceasefires else [None]
    return {
        "episode": episode,
        "clock": chronicle.picture()["clock"],
        "cells": [
            newest_claims(each, asked.limit)
            for name in asked.cells or everything
            for each in cells_named(chronicle, name)
        ],
        "ceasefires": [each for name in asked.ceasefires or everything for each in ceasefires_named(chronicle, name)],
    }
