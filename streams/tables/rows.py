"""Rows of the tables of `schemas.tables`, from pictures, changes and reports (contract section 11)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from streams.core.model import Casualty, CeasefireClaim, Claim, Report, Statement
from streams.core.times import format_time

__all__ = [
    "Links",
    "cell_rows",
    "change_row",
    "claim_rows",
    "episode_row",
    "place_rows",
    "report_row",
    "series_rows",
]

Row = dict[str, Any]
_CELL = ("source", "party", "outcome", "population", "group", "scope")
_VALUE = ("best", "low", "high", "as_of", "final", "disputed_by")
_CAUSE = ("report_id", "revision", "url", "relayed_by", "headline", "published_at", "tick")


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of pages: `base` is the server's address or empty for relative ones."""

    base: str = ""

    def episode(self, name: str, at: str | None = None) -> str:
        """Return the address of an episode's page, as it was known at a time where one is given."""
        time = "" if at is None else f"?at={quote(at, safe='')}"
        return f"{self.base}/#/{quote(name, safe='')}{time}"


def episode_row(picture: Mapping[str, Any], title: str, links: Links) -> Row:
    """Return the row of an episode, from its picture with `episode`."""
    joint = [view for view in picture["ceasefires"] if view["view"] == "joint" and view["ceasefire"] == "main"]
    status, since = (joint[0]["status"], joint[0]["since"]) if joint else (None, None)
    values = sum(cell["value"] is not None for cell in picture["cells"])
    name = picture["episode"]
    return {
        "episode": name,
        "title": title,
        "clock": picture["clock"],
        "status": status,
        "since": since,
        "cells": values,
        "permalink": links.episode(name),
    }


def cell_rows(picture: Mapping[str, Any], reports: Mapping[str, Report], links: Links) -> Iterator[Row]:
    """Yield a row a cell with a value; `reports` gives the address of the report that each rests on."""
    name = picture["episode"]
    for cell in picture["cells"]:
        if (value := cell["value"]) is None:
            continue
        report = reports.get(cell["report_id"])
        published_at = None if report is None else format_time(report.published_at)
        yield {
            "episode": name,
            **_of(_CELL, cell),
            **_of(_VALUE, value),
            "version": cell["version"],
            "report_id": cell["report_id"],
            "revision": cell["revision"],
            "url": report and report.url,
            "permalink": links.episode(name, published_at),
        }


def change_row(topic: str, record: Mapping[str, Any], links: Links) -> Row:
    """Return the row of a published change (contract section 6)."""
    cause = record["cause"]
    known_at = cause.get("published_at") or cause.get("tick")
    return {
        "change_id": record["change_id"],
        "topic": topic,
        "episode": record["episode"],
        "version": record["version"],
        **_MOVED[topic](record),
        **_of(_CAUSE, cause),
        "permalink": links.episode(record["episode"], known_at),
    }


def _count(record: Mapping[str, Any]) -> Row:
    before, after = record["before"], record["after"] or {}
    return {
        **_of(_CELL, record),
        **_of(_VALUE, after),
        "kind": record["kind"],
        "before": before and before["best"],
        "delta": record["delta"],
    }


def _status(record: Mapping[str, Any]) -> Row:
    before, after = record["before"], record["after"] or {}
    row = {name: after.get(name) for name in ("status", "since", "effective_at", "expires_at")}
    row |= {name: after.get(name) for name in ("declared_by", "not_confirmed_by", "mediators")}
    row |= {"ceasefire": record["ceasefire"], "view": record["view"], "status_before": before and before["status"]}
    return row | dict(after.get("violations", {}))


def _statement(record: Mapping[str, Any]) -> Row:
    return _of(("source", "act", "about", "against", "text"), record["after"] or record["before"])


_MOVED = {"casualties": _count, "ceasefires": _status, "statements": _statement}


def report_row(report: Report, links: Links) -> Row:
    """Return the row of a report."""
    published_at = format_time(report.published_at)
    return {
        **{name: getattr(report, name) for name in ("report_id", "revision", "withdrawn", "episode", "source")},
        **{name: getattr(report, name) for name in ("relayed_by", "lang", "headline", "url")},
        "published_at": published_at,
        "claims": len(report.claims),
        "permalink": links.episode(report.episode, published_at),
    }


def claim_rows(report: Report, links: Links) -> Iterator[Row]:
    """Yield a row a claim of a report; a withdrawn report has none."""
    published_at = format_time(report.published_at)
    for index, claim in enumerate(report.claims):
        yield {
            **{name: getattr(report, name) for name in ("report_id", "revision", "episode", "source", "relayed_by")},
            "claim": index,
            "published_at": published_at,
            **_claim(claim),
            "place": report.detail(index).place,
            "quote": report.detail(index).quote,
            "url": report.url,
            "permalink": links.episode(report.episode, published_at),
        }


def _claim(claim: Claim) -> Row:
    fields = {name: getattr(claim, name) for name in claim.__struct_fields__}
    fields |= {name: format_time(fields[name]) for name in _TIMES if fields.get(name) is not None}
    match claim:
        case Casualty():
            return fields | {"type": "casualties"}
        case CeasefireClaim():
            return fields | {"type": "ceasefire"}
        case Statement():
            target = claim.refers_to
            return fields | {"type": "statement", "refers_to": target and f"{target.report_id}#{target.claim}"}


_TIMES = ("as_of", "since", "at", "effective_at", "expires_at")


def series_rows(episode: str, windows: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield a row a cell and window, from the windows of `streams.core.queries.series`."""
    return ({"episode": episode, **window} for window in windows)


def place_rows(
    episode: str, sums: Iterable[Mapping[str, Any]], places: Mapping[str, Mapping[str, Any]]
) -> Iterator[Row]:
    """Yield a row a place and cell; `places` gives names and coordinates from the atlas."""
    for row in sums:
        known = places.get(row["place"], {})
        yield {
            "episode": episode,
            **row,
            "name": known.get("name") or row["place"],
            **{name: known.get(name) for name in ("lat", "lon", "pcode")},
        }


def _of(names: Iterable[str], record: Mapping[str, Any]) -> Row:
    return {name: record.get(name) for name in names}
