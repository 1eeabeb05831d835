"""Section 11 of the contract, series, word for word. See `model`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tests.property.model_counts import Cell, cell_of, count, parts
from tests.property.reading import Fields, written


def value_before(claims: list[Fields], cell: Cell, moment: datetime | None) -> Fields | None:
    """f(t): the value over those claims alone whose as_of is before t; all of them for None."""
    earlier = [claim for claim in claims if moment is None or claim["as_of"] < moment]
    return count(earlier, [], cell, Counter())[0]


def window(claims: list[Fields], cell: Cell, start: datetime | None, end: datetime | None) -> Fields:
    """Return the gain of a cell in a window."""
    last = value_before(claims, cell, end)
    first = None if start is None else value_before(claims, cell, start)
    earlier = [claim for claim in claims if end is None or claim["as_of"] < end]
    if last is not None and first is None and parts(earlier, cell, Counter()).base is None:
        first = {"best": 0, "low": 0, "high": 0}
    if first is None or last is None:
        return {"best": None, "low": None, "high": None}
    return {
        "best": last["best"] - first["best"],
        "low": None if last["low"] is None or first["high"] is None else last["low"] - first["high"],
        "high": None if last["high"] is None or first["low"] is None else last["high"] - first["low"],
    }


def days(claims: list[Fields], cell: Cell) -> list[tuple[Any, ...]]:
    """(from, to, best, low, high) of each day, in UTC, in which a claim of the cell is dated."""
    dated = {claim["as_of"].replace(hour=0, minute=0, second=0, microsecond=0) for claim in claims_of(claims, cell)}
    found = []
    for start in sorted(dated):
        end = start + timedelta(days=1)
        found.append((written(start), written(end), *window(claims, cell, start, end).values()))
    return found


def claims_of(claims: list[Fields], cell: Cell) -> list[Fields]:
    return [claim for claim in claims if cell_of(claim) == cell and claim["basis"] != "derived"]
