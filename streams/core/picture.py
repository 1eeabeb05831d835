"""The picture of an episode: cells, parties, totals, derived figures, ceasefires (contract section 5)."""

from collections import defaultdict
from typing import Any, Final, Literal

from streams.core.ceasefires.view import view_name
from streams.core.counts.cell import Cell
from streams.core.counts.entry import CELL_FIELDS, CellKey, cell_fields
from streams.core.counts.slices import bests_up_to, newest_parts
from streams.core.model import ALL, Casualty, Change
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.times import format_time

ClaimantClass = Literal["self_reported", "other_party_claimed", "third_party"]
CLASSES: Final[tuple[ClaimantClass, ...]] = ("self_reported", "other_party_claimed", "third_party")
#: party, outcome, population[, group, scope]: a cell's key without its source.
FigureSubject = tuple[str, ...]
#: outcome, population[, group, scope]
Kind = tuple[str, ...]
Row = dict[str, Any]


def picture(episode: Episode, registry: Registry) -> dict[str, Any]:
    """Return the snapshot of an episode, its lists sorted by their naming fields."""
    values = {key: cell.value() for key, cell in sorted(episode.cells.items())}
    parties = _parties(episode, values, registry)
    return {
        "clock": format_time(episode.clock),
        "cells": [_cell(episode, key, value) for key, value in values.items()],
        "parties": [{**_subject_fields(subject), **classes} for subject, classes in parties.items()],
        "totals": [{**_kind_fields(kind), **total} for kind, total in _totals(parties).items()],
        "derived": derived_rows(episode, registry) if episode.derived else [],
        "ceasefires": _ceasefires(episode),
    }


def class_of(source: str, party: str, registry: Registry) -> ClaimantClass:
    """Return the class of a source's claims on a party."""
    affiliation = registry.affiliation(source)
    if affiliation is None:
        return "third_party"
    return "self_reported" if affiliation == party else "other_party_claimed"


def _subject_fields(subject: FigureSubject) -> dict[str, str]:
    return {name: value for name, value in zip(CELL_FIELDS[1:], subject, strict=False) if value}


def _kind_fields(kind: Kind) -> dict[str, str]:
    return {name: value for name, value in zip(CELL_FIELDS[2:], kind, strict=False) if value}


def _cell(episode: Episode, key: CellKey, value: Change | None) -> Row:
    cell = episode.cells[key]
    top = cell.leading()
    return {
        **cell_fields(key),
        "value": value,
        "version": cell.version,
        "report_id": top and top.report_id,
        "revision": top and episode.reports[top.report_id].revision,
    }


def _parties(episode: Episode, values: dict[CellKey, Change | None], registry: Registry) -> dict[FigureSubject, Row]:
    standing: dict[FigureSubject, dict[ClaimantClass, list[tuple[CellKey, Change]]]] = defaultdict(
        lambda: {name: [] for name in CLASSES}
    )
    for key, value in values.items():
        source, party = key[:2]
        if value is not None and party != ALL:
            standing[key[1:]][class_of(source, party, registry)].append((key, value))
    return {
        subject: {name: _leading_value(episode, members, registry) for name, members in standing[subject].items()}
        for subject in sorted(standing)
    }


def _leading_value(episode: Episode, members: list[tuple[CellKey, Change]], registry: Registry) -> Row | None:
    """Return the value that leads a class, the number of its values and the extremes of their bests."""
    if not members:
        return None
    key, leader = max(members, key=lambda member: _rank(episode.cells[member[0]], member[0][0], registry))
    bests = [value["best"] for _, value in members]
    return {
        "best": leader["best"],
        "low": leader["low"],
        "high": leader["high"],
        "source": key[0],
        "as_of": leader["as_of"],
        "sources": len(members),
        "least": min(bests),
        "greatest": max(bests),
    }


def _rank(cell: Cell, source: str, registry: Registry) -> tuple[bool, bool, int, int, str]:
    top = cell.leading()
    as_of, published_at = (0, 0) if top is None else (top.as_of, top.published_at)
    return not registry.is_partial(source), bool(cell.bases), as_of, published_at, source


def _totals(parties: dict[FigureSubject, Row]) -> dict[Kind, Row]:
    parts: dict[Kind, dict[str, int]] = defaultdict(dict)
    missing: dict[Kind, list[str]] = defaultdict(list)
    for (party, *rest), classes in parties.items():
        kind, own = tuple(rest), classes["self_reported"]
        if own is None:
            missing[kind].append(party)
        else:
            parts[kind][party] = own["best"]
    return {
        kind: {"best": sum(parts[kind].values()), "parts": parts[kind], "missing": missing[kind]}
        for kind in sorted(parts)
    }


def _ceasefires(episode: Episode) -> list[Row]:
    rows = []
    for (ceasefire, source), view in sorted(episode.views.items()):
        value = view.value(episode.clock)
        if value is not None:
            named = {"ceasefire": ceasefire, "view": view_name(source), "version": view.version}
            rows.append(named | value)
    return rows


# --- derived figures --------------------------------------------------------------------------------------------------


def derived_rows(episode: Episode, registry: Registry) -> list[Row]:
    """Return the newest derived figure of each key, compared with the figures at its own time."""
    newest = {key: entries[-1] for key, entries in sorted(episode.derived.items())}
    times: dict[Kind, set[int]] = defaultdict(set)
    for key, entry in newest.items():
        times[key[2:]].add(entry.as_of)
    own = _own_figures_at(episode, registry, {kind: sorted(each) for kind, each in times.items()})
    rows = []
    for key, entry in newest.items():
        claim, by_party = entry.claim, own.get((key[2:], entry.as_of), {})
        computed = _computed(key[1], by_party)
        rows.append(
            {
                **cell_fields(key),
                "best": claim.best,
                "low": claim.low,
                "high": claim.high,
                "as_of": format_time(entry.as_of),
                "report_id": entry.report_id,
                "computed": computed,
                "agrees": None if computed is None else _agrees(claim, computed),
            }
        )
    return rows


def _computed(party: str, by_party: dict[str, int]) -> int | None:
    if party != ALL:
        return by_party.get(party)
    return sum(by_party.values()) if by_party else None


def _own_figures_at(
    episode: Episode, registry: Registry, times: dict[Kind, list[int]]
) -> dict[tuple[Kind, int], dict[str, int]]:
    """Return each party's self-reported best by kind and time, over the claims dated up to that time."""
    leading: dict[tuple[Kind, int, str], tuple[tuple[bool, bool, int, int, str], CellKey]] = {}
    for key, cell in episode.cells.items():
        source, party = key[:2]
        kind = key[2:]
        if kind not in times or party == ALL or registry.affiliation(source) != party:
            continue
        whole = not registry.is_partial(source)
        for time, top in zip(times[kind], newest_parts(cell, times[kind]), strict=True):
            if top is not None:
                rank = (whole, *top, source)
                at = (kind, time, party)
                if at not in leading or leading[at][0] < rank:
                    leading[at] = (rank, key)
    # Only the leading cell is summed: a rank takes two searches, a sum each increment.
    led: dict[CellKey, list[int]] = defaultdict(list)
    for (_, time, _), (_, key) in sorted(leading.items(), key=_time_led):
        led[key].append(time)
    own: dict[tuple[Kind, int], dict[str, int]] = defaultdict(dict)
    for key, led_at in led.items():
        for time, best in zip(led_at, bests_up_to(episode.cells[key], led_at), strict=True):
            own[key[2:], time][key[1]] = best
    return own


def _time_led(item: tuple[tuple[Kind, int, str], Any]) -> int:
    return item[0][1]


def _agrees(claim: Casualty, computed: int) -> bool:
    low = claim.low
    if low is None:
        low = 0 if claim.qualifier in {"up_to", "nearly"} else claim.best
    if claim.high is not None:
        return low <= computed <= claim.high
    return low <= computed and (claim.qualifier in {"at_least", "more_than"} or computed <= claim.best)
