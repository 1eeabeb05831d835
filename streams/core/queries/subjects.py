"""Replay an episode's history, and select the cells and ceasefires to explain.

`replay_history` takes records of any origin, in the order of the log.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import combinations
from operator import contains, eq
from typing import Any, NamedTuple

import orjson

from streams.core.counts.entry import CellKey
from streams.core.log_record import Located, Record
from streams.core.model import Tick
from streams.core.queries.as_of import NoSuchEpisode, messages_of, published_us
from streams.core.queries.explain import EpisodeHistory, Explanation
from streams.core.source_registry import Registry

__all__ = ["HistoryResult", "NoSuchEpisode", "ceasefires_named", "cells_named", "explanations", "replay_history"]


class HistoryResult(NamedTuple):
    """An episode's history, and the number of records that could not be parsed, by code."""

    history: EpisodeHistory
    unparsed: Counter[str]


def replay_history(
    episode: str,
    records: Iterable[Record | Located],
    registry: Registry,
    *,
    horizon_us: int,
    until_us: int | None = None,
    decode: Callable[[bytes], Any] = orjson.loads,
) -> HistoryResult:
    """Return the history of an episode from its records, in the order of the log.

    With `until_us`, as it was known at that time (`streams.core.queries.as_of`). Raises NoSuchEpisode.
    """
    result = HistoryResult(EpisodeHistory(episode, registry, horizon_us=horizon_us, decode=decode), Counter())
    others: set[str] = set()
    for message, origin, refusal in messages_of(episode, records, result.unparsed, others):
        if until_us is not None and published_us(message) > until_us:
            continue
        if refusal is not None:
            result.history.refuse(message, refusal, origin)
        else:
            result.history.take(message, origin)
    if until_us is not None:
        result.history.take(Tick(until_us, episode))
    try:
        result.history.picture()
    except KeyError:
        raise NoSuchEpisode(episode, others) from None
    return result


def explanations(history: EpisodeHistory, subject: str | None = None) -> Explanation:
    """Return the explanations of the cells and ceasefire views that a subject names; all for None.

    A name that matches a ceasefire names that: see `ceasefires_named`, then `cells_named`.
    """
    ceasefires = ceasefires_named(history, subject)
    cells = [] if ceasefires and subject is not None else cells_named(history, subject)
    return {
        "episode": history.episode,
        "clock": history.picture()["clock"],
        "cells": cells,
        "ceasefires": ceasefires,
    }


def cells_named(history: EpisodeHistory, subject: str | None) -> list[Explanation]:
    """Return the explanations of the cells that a subject names; all for None.

    A cell is named as source/party/outcome/population, then group and scope if given: each part may be shortened or
    empty, and parts may be missing, as in `mod/killed`.
    """
    keys = history.cells()
    return [history.cell(key) for key in (keys if subject is None else _matching(subject, keys))]


def ceasefires_named(history: EpisodeHistory, subject: str | None) -> list[Explanation]:
    """Return the explanation of the ceasefire view that a subject names; all existing views for None.

    A view is named by name (its joint view), name/joint or name/source:SLUG; also a withdrawn one.
    """
    if subject is None:
        views = [history.ceasefire(*key) for key in history.views()]
        return [view for view in views if view["value"] is not None or view["refused"]]
    name, _, view = subject.partition("/")
    if view not in {"", "joint"} and not view.startswith("source:"):
        return []
    try:
        return [history.ceasefire(name, _source(view or "joint"))]
    except KeyError:
        return []


def _source(view: str) -> str:
    return "" if view == "joint" else view.removeprefix("source:")


def _matching(subject: str, cells: list[CellKey]) -> list[CellKey]:
    """Return the best matches: `killed` does not match killed_or_missing if there are both."""
    parts = subject.split("/")
    fits = [_whole_fields(parts, key) + (tuple(parts) == key) for key in cells]
    best = max(fits, default=-1)
    return [key for key, fit in zip(cells, fits, strict=True) if fit == best >= 0]


def _whole_fields(parts: list[str], key: CellKey) -> int:
    """Return the number of parts that equal a field; -1 if they are not all found, in order."""
    if len(parts) > len(key):
        return -1
    ways = [fields for fields in combinations(key, len(parts)) if all(map(contains, fields, parts))]
    return max((sum(map(eq, fields, parts)) for fields in ways), default=-1)
