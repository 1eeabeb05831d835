"""Rows of a table of one episode: made from its log, its picture or its published changes, and filtered."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import cached_property
from types import MappingProxyType
from typing import Any

from streams.core.atlas import Atlas
from streams.core.log_record import Located, Record
from streams.core.model import Report
from streams.core.queries.series import Per, ceasefire_start
from streams.core.queries.series import series_rows as core_series_rows
from streams.core.queries.standing import StandingEpisode, place_sums, standing_episode
from streams.core.source_registry import Registry
from streams.core.times import format_time
from streams.tables.rows import (
    Links,
    cell_rows,
    change_row,
    claim_rows,
    place_rows,
    report_row,
    series_rows,
)

__all__ = ["EpisodeData", "RowFilter", "SeriesOptions", "table_rows"]

Row = dict[str, Any]
Records = Iterable[Record | Located]
Changes = Iterable[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Rows to keep: from `since` to before `until` (µs), of a source, of a party, the last `limit` of them."""

    since_us: int | None = None
    until_us: int | None = None
    source: str | None = None
    party: str | None = None
    limit: int | None = None

    def keep(self, rows: Iterable[Row], time_column: str) -> Iterator[Row]:
        """Yield the rows that pass, in their order; a row without a time passes every time limit."""
        since = None if self.since_us is None else format_time(self.since_us)
        until = None if self.until_us is None else format_time(self.until_us)
        kept = (row for row in rows if self._passes(row, row.get(time_column), since, until))
        yield from kept if self.limit is None else deque(kept, maxlen=self.limit)

    def _passes(self, row: Row, time: str | None, since: str | None, until: str | None) -> bool:
        if self.source is not None and row.get("source") != self.source:
            return False
        if self.party is not None and row.get("party") != self.party:
            return False
        if time is None:
            return True
        return (since is None or time >= since) and (until is None or time < until)


@dataclass(frozen=True, slots=True)
class SeriesOptions:
    """The windows of a series: `per` day, week, month or all, in `zone`, from `since` to before `until` (µs).

    With `ceasefire` the series begins where the joint view of that ceasefire does.
    """

    per: Per = "day"
    zone: tzinfo = UTC
    since_us: int | None = None
    until_us: int | None = None
    ceasefire: str | None = None


@dataclass
class EpisodeData:
    """One episode as its store has it. `records` and `changes` are read when a table needs them.

    `records` are in the order of the log, `changes` (topic and record) in the order of publication.
    """

    name: str
    picture: Mapping[str, Any]
    records: Callable[[], Records]
    changes: Callable[[], Changes]
    registry: Registry
    horizon_us: int
    atlas: Atlas = field(default_factory=Atlas)
    links: Links = field(default_factory=Links)
    series: SeriesOptions = field(default_factory=SeriesOptions)

    @cached_property
    def standing(self) -> StandingEpisode:
        """The unpruned state and the standing reports. Raises NoSuchEpisode."""
        return standing_episode(self.name, self.records(), self.registry, horizon_us=self.horizon_us)

    @property
    def reports(self) -> dict[str, Report]:
        """The latest accepted revision of each report, in the order of the log. Raises NoSuchEpisode."""
        return self.standing.latest


def table_rows(data: EpisodeData, table: str, row_filter: RowFilter) -> Iterator[Row]:
    """Yield the rows of a table in their order. Raises KeyError for an unknown table."""
    make, time_column = _MAKERS[table]
    return row_filter.keep(make(data), time_column)


def _cells(data: EpisodeData) -> Iterator[Row]:
    return cell_rows({**data.picture, "episode": data.name}, data.reports, data.links)


def _changes(data: EpisodeData) -> Iterator[Row]:
    return (change_row(topic, record, data.links) for topic, record in data.changes() if topic in _COUNTED)


_COUNTED = frozenset({"casualties", "ceasefires", "statements"})


def _reports(data: EpisodeData) -> Iterator[Row]:
    return (report_row(report, data.links) for report in data.reports.values())


def _claims(data: EpisodeData) -> Iterator[Row]:
    return (row for report in data.reports.values() for row in claim_rows(report, data.links))


def _series(data: EpisodeData) -> Iterator[Row]:
    wanted, episode = data.series, data.standing.episode
    since_us = wanted.since_us if wanted.ceasefire is None else ceasefire_start(episode, wanted.ceasefire)
    rows = core_series_rows(episode, wanted.per, zone=wanted.zone, since_us=since_us, until_us=wanted.until_us)
    return series_rows(data.name, rows)


def _places(data: EpisodeData) -> Iterator[Row]:
    return place_rows(data.name, place_sums(data.standing), data.atlas.as_record()["places"])


#: The tables of an episode: how their rows are made, and the column that `since` and `until` look at.
_MAKERS: Mapping[str, tuple[Callable[[EpisodeData], Iterator[Row]], str]] = MappingProxyType(
    {
        "cells": (_cells, "as_of"),
        "changes": (_changes, "published_at"),
        "reports": (_reports, "published_at"),
        "claims": (_claims, "published_at"),
        "series": (_series, "no column: the windows are cut"),
        "places": (_places, "no column: the sums are of all time"),
    }
)
