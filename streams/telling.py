"""An episode told from its log: which of its figures and ceasefires are asked for, and the accounts of those.

The records may come from anywhere: `tell` takes (value, timestamp) pairs in the order of the log.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from operator import contains, eq
from typing import NamedTuple

from streams.core.cell import CellKey
from streams.core.claims import Tick
from streams.core.explain import Account, Chronicle
from streams.core.registry import Registry
from streams.known import NoSuchEpisode, messages_of, published_us
from streams.lines import Record

__all__ = ["NoSuchEpisode", "Telling", "accounts", "tell"]


class Telling(NamedTuple):
    """What was told, and how many records were refused before it was known what they are about, by code."""

    chronicle: Chronicle
    unread: Counter[str]


def tell(
    episode: str, records: Iterable[Record], registry: Registry, *, horizon_us: int, until_us: int | None = None
) -> Telling:
    """Take the records of an episode, in the order of the log.

    With `until_us`, as it was known then (`streams.known`). Raises NoSuchEpisode.
    """
    told = Telling(Chronicle(episode, registry, horizon_us=horizon_us), Counter())
    others: set[str] = set()
    for message in messages_of(episode, records, told.unread, others):
        if until_us is None or published_us(message) <= until_us:
            told.chronicle.take(message)
    if until_us is not None:
        told.chronicle.take(Tick(until_us, episode))
    try:
        told.chronicle.picture()
    except KeyError:
        raise NoSuchEpisode(episode, others) from None
    return told


def accounts(chronicle: Chronicle, subject: str | None = None) -> Account:
    """Return the accounts of the cells and ceasefire views that a subject names; all of them for None.

    A cell is named as source/party/outcome/population: each part may be cut short or left empty, and parts may be left
    out, as in `mod/killed`. A ceasefire is named by its name, which is its joint view, by name/joint or by
    name/source:SLUG.
    """
    picture = chronicle.picture()
    named = None if subject is None else _view(chronicle, subject)
    cells: list[CellKey] = []
    ceasefires: list[Account] = []
    if named is not None:
        ceasefires.append(named)
    else:
        keys = [(cell["source"], cell["party"], cell["outcome"], cell["population"]) for cell in picture["cells"]]
        cells = keys if subject is None else _matching(subject, keys)
    if subject is None:
        rows = [(row["ceasefire"], row["view"]) for row in picture["ceasefires"]]
        ceasefires += [chronicle.ceasefire(name, _source(view)) for name, view in rows]
    return {
        "episode": chronicle.episode,
        "clock": picture["clock"],
        "cells": [chronicle.cell(key) for key in cells],
        "ceasefires": ceasefires,
    }


def _view(chronicle: Chronicle, subject: str) -> Account | None:
    """Return the account of the ceasefire view that a subject names, also of one that is withdrawn; None for none."""
    name, _, view = subject.partition("/")
    if view not in {"", "joint"} and not view.startswith("source:"):
        return None
    try:
        return chronicle.ceasefire(name, _source(view or "joint"))
    except KeyError:
        return None


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
