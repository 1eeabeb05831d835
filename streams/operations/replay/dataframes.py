"""A replay as tables of polars or pandas, one for each kind of change and each part of the end result.

The columns of each table are in `TABLES`. Times are UTC with microseconds; what is not given is null.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["TABLES", "Frames", "pandas_frames", "polars_frames", "tables"]

Frame = TypeVar("Frame")
Record = dict[str, Any]
#: Column → values.
Columns = dict[str, list[Any]]


class Frames(NamedTuple, Generic[Frame]):
    """The tables of a replay: three of changes, in fold order, and five of the end result."""

    casualties: Frame
    ceasefires: Frame
    statements: Frame
    cells: Frame
    parties: Frame
    totals: Frame
    derived: Frame
    views: Frame


_CELL = {
    "source": "text", "party": "text", "outcome": "text", "population": "text", "group": "text", "scope": "text",
}  # fmt: skip
_COUNT = {"best": "count", "low": "count", "high": "count", "as_of": "time"}
_VALUE = {**_COUNT, "final": "flag", "disputed_by": "list"}
_VIEW = {
    "status": "text", "since": "time", "effective_at": "time", "expires_at": "time", "declared_by": "list",
    "not_confirmed_by": "list", "mediators": "list", "alleged": "count", "denied": "count", "confirmed": "count",
}  # fmt: skip
#: Cause of a change: a report, or a tick, which has only `known_at`; `known_at` is the time of publication.
_CAUSE = {
    "known_at": "time", "report_id": "text", "revision": "count", "withdrawn": "flag", "relayed_by": "text",
    "url": "text", "headline": "text",
}  # fmt: skip

#: Table → column → type: text, count, time, flag, or list of texts.
TABLES: dict[str, dict[str, str]] = {
    "casualties": {
        "change_id": "text", "episode": "text", **_CELL, "version": "count", "kind": "text", "before": "count",
        "delta": "count", **_VALUE, **_CAUSE,
    },
    "ceasefires": {
        "change_id": "text", "episode": "text", "ceasefire": "text", "view": "text", "version": "count",
        "before": "text", **_VIEW, **_CAUSE,
    },
    "statements": {
        "change_id": "text", "episode": "text", "claim": "count", "version": "count", "stands": "flag",
        "source": "text", "act": "text", "about": "text", "against": "text", "text": "text", **_CAUSE,
    },
    "cells": {"episode": "text", **_CELL, "version": "count", **_VALUE, "report_id": "text", "revision": "count"},
    "parties": {
        "episode": "text", "party": "text", "outcome": "text", "population": "text", "group": "text", "scope": "text",
        "said_by": "text",
        "source": "text", **_COUNT,
    },
    "totals": {
        "episode": "text", "outcome": "text", "population": "text", "group": "text", "scope": "text", "best": "count",
        "missing": "list",
    },
    "derived": {
        "episode": "text", **_CELL, "best": "count", "as_of": "time", "report_id": "text", "computed": "count",
        "agrees": "flag",
    },
    "views": {"episode": "text", "ceasefire": "text", "view": "text", "version": "count", **_VIEW},
}  # fmt: skip


def tables(changes: Iterable[tuple[str, Record]], snapshot: Callable[[], Record]) -> dict[str, Columns]:
    """Return the tables of `TABLES` by column; `snapshot` is called after the last change."""
    found: dict[str, Columns] = {name: {column: [] for column in columns} for name, columns in TABLES.items()}
    for topic, record in changes:
        _add(found, topic, record | _AFTER[topic](record) | _cause(record["cause"]))
    for episode, picture in snapshot()["episodes"].items():
        for name, row in _standing(picture):
            _add(found, name, {"episode": episode, **row})
    return found


def _standing(picture: Record) -> Iterator[tuple[str, Record]]:
    for cell in picture["cells"]:
        yield "cells", {**cell, **(cell["value"] or {})}
    for party in picture["parties"]:
        for said_by in ("self_reported", "other_party_claimed", "third_party"):
            if party[said_by]:
                yield "parties", {**party, "said_by": said_by, **party[said_by]}
    for name in ("totals", "derived"):
        for row in picture[name]:
            yield name, row
    for view in picture["ceasefires"]:
        yield "views", _view(view)


def _add(found: dict[str, Columns], name: str, row: Record) -> None:
    for column, kind in TABLES[name].items():
        value = row.get(column)
        found[name][column].append(datetime.fromisoformat(value) if value and kind == "time" else value)


def polars_frames(found: dict[str, Columns]) -> Frames[Any]:
    """Return the tables as polars DataFrames; raises ImportError if it is not installed."""
    polars = _library("polars")
    types = {
        "text": polars.String,
        "count": polars.Int64,
        "flag": polars.Boolean,
        "time": polars.Datetime("us", "UTC"),
        "list": polars.List(polars.String),
    }

    def frame(name: str) -> Any:
        return polars.DataFrame(found[name], schema={column: types[kind] for column, kind in TABLES[name].items()})

    return Frames(*map(frame, Frames._fields))


def pandas_frames(found: dict[str, Columns]) -> Frames[Any]:
    """Return the tables as pandas DataFrames with nullable types; raises ImportError if it is not installed."""
    pandas = _library("pandas")
    types = {
        "text": "string",
        "count": "Int64",
        "flag": "boolean",
        "time": "datetime64[us, UTC]",
        "list": "object",
    }

    def frame(name: str) -> Any:
        series = {
            column: pandas.Series(found[name][column], dtype=types[kind]) for column, kind in TABLES[name].items()
        }
        return pandas.DataFrame(series)

    return Frames(*map(frame, Frames._fields))


def _library(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ImportError(f"to_{name}() needs {error.name}: pip install 'truceline[{name}]'", name=name) from error


def _count(record: Record) -> Record:
    before = record["before"]
    return {**(record["after"] or {}), "before": before and before["best"]}


def _ceasefire(record: Record) -> Record:
    after, before = record["after"], record["before"]
    return {**(_view(after) if after else {}), "before": before and before["status"]}


def _statement(record: Record) -> Record:
    return {**(record["after"] or record["before"]), "stands": record["after"] is not None}


_AFTER: dict[str, Callable[[Record], Record]] = {
    "casualties": _count,
    "ceasefires": _ceasefire,
    "statements": _statement,
}


def _view(view: Record) -> Record:
    return {**view, **view["violations"]}


def _cause(cause: Record) -> Record:
    # Without its source: if a revision names another one, the figure is still the old source's.
    known_at = cause.get("published_at") or cause["tick"]
    return {**{column: cause.get(column) for column in _CAUSE}, "known_at": known_at}
