"""An episode told from its log: which of its figures and ceasefires are asked for, and the accounts of those.

The records may come from anywhere: `replay_history` takes (value, timestamp) pairs in the order of the log.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from operator import contains, eq
from typing import NamedTuple

from streams.core.counts.entry import CellKey
from streams.core.log_record import Located, Record
from streams.core.model import Tick
from streams.core.queries.as_of import NoSuchEpisode, messages_of, published_us
from streams.core.queries.explain import EpisodeHistory, Explanation
from streams.core.source_registry import Registry

__all__ = ["HistoryResult", "NoSuchEpisode", "ceasefires_named", "cells_named", "explanations", "replay_history"]


class HistoryResult(NamedTuple):
    """What was told, and how many records were refused before it was known what they are about, by code."""

    chronicle: EpisodeHistory
    unread: Counter[str]


def replay_history(
    episode: str,
    records: Iterable[Record | Located],
    registry: Registry,
    *,
    horizon_us: int,
    until_us: int | None = None,
) -> HistoryResult:
    """Take the records of an episode, in the order of the log.

    With `until_us`, as it was known then (`streams.core.queries.as_of`). Raises NoSuchEpisode.
    """
    told = HistoryResult(EpisodeHistory(episode, registry, horizon_us=horizon_us), Counter())
    others: set[str] = set()
    for message, origin, refusal in messages_of(episode, records, told.unread, others):
        if until_us is not None and published_us(message) > until_us:
            continue
        if refusal is not None:
            told.chronicle.refuse(message, refusal, origin)
        else:
            told.chronicle.take(message, origin)
    if until_us is not None:
        told.chronicle.take(Tick(until_us, episode))
    try:
        told.chronicle.picture()
    except KeyError:
        raise NoSuchEpisode(episode, others) from None
    return told


def explanations(chronicle: EpisodeHistory, subject: str | None = None) -> Explanation:
    """Return the accounts of the cells and ceasefire views that a subject names; all of them for None.

    A name that fits a ceasefire is a ceasefire's: see `ceasefires_named`, then `cells_named`.
    """
    ceasefires = ceasefires_named(chronicle, subject)
    cells = [] if ceasefires and subject is not None else cells_named(chronicle, subject)
    return {
        "episode": chronicle.episode,
        "clock": chronicle.picture()["clock"],
        "cells": cells,
        "ceasefires": ceasefires,
    }


def cells_named(chronicle: EpisodeHistory, subject: str | None) -> list[Explanation]:
    """Return the accounts of the cells that a subject names, all of them for None.

    A cell is named as source/party/outcome/population: each part may be cut short or left empty, and parts may be left
    out, as in `mod/killed`.
    """
    keys = chronicle.cells()
    return [chronicle.cell(key) for key in (keys if subject is None else _matching(subject, keys))]


def ceasefires_named(chronicle: EpisodeHistory, subject: str | None) -> list[Explanation]:
    """Return the account of the ceasefire view that a subject names; all views that exist for None.

    It is named by its name, which is its joint view, by name/joint or by name/source:SLUG; one that is withdrawn too.
    """
    if subject is None:
        told = [chronicle.ceasefire(*key) for key in chronicle.views()]
        return [account for account in told if account["value"] is not None or account["refused"]]
    name, _, view = subject.partition("/")
    if view not in {"", "joint"} and not view.startswith("source:"):
        return []
    try:
        return [chronicle.ceasefire(name, _source(view or "joint"))]
    except KeyError:
        return []


def _source(view: str) -> str:
    return "" if view == "joint" else view.removeprefix("source:")


def _matching(subject: str, cells: list[CellKey]) -> list[CellKey]:
    """Return the cells that fit best: of `killed`, not those of killed_or_missing where there are both."""
    parts = subject.split("/")
    fits = [_whole_fields(parts, key) for key in cells]
    best = max(fits, default=-1)
    return [key for key, fit in zip(cells, fits, strict=True) if fit == best >= 0]


def _whole_fields(parts: list[str], key: CellKey) -> int:
    """Return how many parts are a field of the cell as a whole; -1 where one is not even found in any, in order."""
    if len(parts) > len(key):
        return -1
    ways = [fields for fields in combinations(key, len(parts)) if all(map(contains, fields, parts))]
    return max((sum(map(eq, fields, parts)) for fields in ways), default=-1)
