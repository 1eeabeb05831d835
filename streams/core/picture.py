"""The picture of an episode: cells, parties, totals, derived figures, ceasefires (contract section 5)."""

from collections import defaultdict
from typing import Any, Final, Literal

from streams.core.ceasefires.view import view_name
from streams.core.counts.cell import Cell
from streams.core.counts.entry import CellKey
from streams.core.model import Casualty, Change
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.times import format_time

#: Both or all sides together; it is no party of its own.
ALL: Final = "all"
ClaimantClass = Literal["self_reported", "other_party_claimed", "third_party"]
CLASSES: Final[tuple[ClaimantClass, ...]] = ("self_reported", "other_party_claimed", "third_party")
#: party, outcome, population
FigureSubject = tuple[str, str, str]
#: outcome, population
Kind = tuple[str, str]


def picture(episode: Episode, registry: Registry) -> dict[str, Any]:
    """Return the snapshot of an episode, its lists sorted by their naming fields."""
    values = {key: cell.value() for key, cell in sorted(episode.cells.items())}
    parties = _parties(episode, values, registry)
    totals = _totals(parties)
    return {
        "clock": format_time(episode.clock),
        "cells": [_cell(episode, key, value) for key, value in values.items()],
        "parties": [
            {"party": party, "outcome": outcome, "population": population, **classes}
            for (party, outcome, population), classes in parties.items()
        ],
        "totals": [
            {"outcome": outcome, "population": population, **total} for (outcome, population), total in totals.items()
        ],
        "derived": _derived(episode, parties, totals),
        "ceasefires": _ceasefires(episode),
    }


def class_of(source: str, party: str, registry: Registry) -> ClaimantClass:
    """Return the class of a source's claims on a party."""
    affiliation = registry.affiliation(source)
    if affiliation is None:
        return "third_party"
    return "self_reported" if affiliation == party else "other_party_claimed"


def _cell(episode: Episode, key: CellKey, value: Change | None) -> dict[str, Any]:
    source, party, outcome, population = key
    cell = episode.cells[key]
    top = cell.leading()
    return {
        "source": source,
        "party": party,
        "outcome": outcome,
        "population": population,
        "value": value,
        "version": cell.version,
        "report_id": top and top.report_id,
        "revision": top and episode.reports[top.report_id].revision,
    }


def _parties(
    episode: Episode, values: dict[CellKey, Change | None], registry: Registry
) -> dict[FigureSubject, dict[str, Any]]:
    said: dict[FigureSubject, dict[ClaimantClass, list[tuple[CellKey, Change]]]] = defaultdict(
        lambda: {name: [] for name in CLASSES}
    )
    for key, value in values.items():
        source, party, outcome, population = key
        if value is not None and party != ALL:
            class_ = class_of(source, party, registry)
            said[party, outcome, population][class_].append((key, value))
    return {
        subject: {name: _leading_value(episode, claims) for name, claims in said[subject].items()}
        for subject in sorted(said)
    }


def _leading_value(episode: Episode, said: list[tuple[CellKey, Change]]) -> dict[str, Any] | None:
    """Return the figure that leads a class, with the envelope of all its figures."""
    if not said:
        return None
    key, leader = max(said, key=lambda item: _rank(episode.cells[item[0]], item[0][0]))
    lows, highs = ([value[bound] for _, value in said] for bound in ("low", "high"))
    return {
        "best": leader["best"],
        "source": key[0],
        "as_of": leader["as_of"],
        "low": None if None in lows else min(lows),
        "high": None if None in highs else max(highs),
    }


def _rank(cell: Cell, source: str) -> tuple[bool, int, int, str]:
    top = cell.leading()
    return (False, 0, 0, source) if top is None else (bool(cell.bases), top.as_of, top.published_at, source)


def _totals(parties: dict[FigureSubject, dict[str, Any]]) -> dict[Kind, dict[str, Any]]:
    parts: dict[Kind, dict[str, int]] = defaultdict(dict)
    missing: dict[Kind, list[str]] = defaultdict(list)
    for (party, *kind), classes in parties.items():
        own = classes["self_reported"]
        if own is None:
            missing[kind[0], kind[1]].append(party)
        else:
            parts[kind[0], kind[1]][party] = own["best"]
    return {
        kind: {"best": sum(parts[kind].values()), "parts": parts[kind], "missing": missing[kind]}
        for kind in sorted(parts)
    }


def _derived(
    episode: Episode, parties: dict[FigureSubject, dict[str, Any]], totals: dict[Kind, dict[str, Any]]
) -> list[dict[str, Any]]:
    rows = []
    for key, entries in sorted(episode.derived.items()):
        source, party, outcome, population = key
        newest = entries[-1]
        claim = newest.claim
        if party == ALL:
            ours = totals.get((outcome, population))
        else:
            ours = (parties.get((party, outcome, population)) or {}).get("self_reported")
        computed: int | None = None if ours is None else ours["best"]
        rows.append(
            {
                "source": source,
                "party": party,
                "outcome": outcome,
                "population": population,
                "best": claim.best,
                "as_of": format_time(newest.as_of),
                "report_id": newest.report_id,
                "computed": computed,
                "agrees": None if computed is None else _agrees(claim, computed),
            }
        )
    return rows


def _agrees(claim: Casualty, computed: int) -> bool:
    low = claim.low
    if low is None:
        low = 0 if claim.qualifier in {"up_to", "nearly"} else claim.best
    if claim.high is not None:
        return low <= computed <= claim.high
    return low <= computed and (claim.qualifier in {"at_least", "more_than"} or computed <= claim.best)


def _ceasefires(episode: Episode) -> list[dict[str, Any]]:
    rows = []
    for (ceasefire, source), view in sorted(episode.views.items()):
        value = view.value(episode.clock)
        if value is not None:
            named = {"ceasefire": ceasefire, "view": view_name(source), "version": view.version}
            rows.append(named | value)
    return rows
