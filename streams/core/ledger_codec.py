"""The ledger's stored form: small whole values under keys, read back by a restart or a new owner.

Whole values, no deltas, since compaction keeps only the last value of a key. Keys and values are JSON arrays; the first
item of a key is its kind:

| key | value |
|---|---|
| r, episode, report_id | revision, digest, published_at, source, withdrawn, claims, statements |
| the same, settled, without claims | revision, digest |
| c, episode, source, party, outcome, population | version, last published value |
| c, episode, source, party, outcome, population, group or "", scope or "" | the same |
| v, episode, ceasefire, source or "" | version, last published value, what is settled |
| e, episode | clock, newest published_at |
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.view import View
from streams.core.change_records import Figure
from streams.core.counts.cell import Cell
from streams.core.counts.entry import CellKey, entry_of
from streams.core.folds.ceasefires import applied_acts, schedule
from streams.core.folds.counts import denial_of, record_denial, standing_figure
from streams.core.folds.pruning import prunable_from
from streams.core.model import Casualty, StandingReport
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.state.step import EntryKey
from streams.core.times import parse_time

Episodes = dict[str, Episode]
_write: Final = msgspec.json.Encoder().encode
_read: Final = msgspec.json.Decoder().decode
_read_settled: Final = msgspec.json.Decoder(tuple[int, bytes]).decode
_read_standing: Final = msgspec.json.Decoder(StandingReport).decode


#: The stored form of a key.
key_bytes: Final[Callable[[EntryKey], bytes]] = _write


def value_bytes(episodes: Episodes, key: EntryKey) -> bytes | None:
    """Return the whole current value of an entry, None without one."""
    episode = episodes.get(key[1])
    if episode is None:
        return None
    kind = key[0]
    if kind == "r":
        return _report_row(episode, key[2])
    if kind == "c":
        return _cell_row(episode, key[2:])
    return _episode_row(episode) if kind == "e" else _view_row(episode, (key[2], key[3]))


def load(episodes: Episodes, registry: Registry, key: bytes, value: bytes) -> None:
    """Load an entry. Raises ValueError if `value_bytes` did not make it."""
    name, *rest = _read(key)
    if name not in _LOADS:
        msg = f"no ledger entry: {key!r}"
        raise ValueError(msg)
    episode = episodes.get(rest[0])
    if episode is None:
        episode = episodes[rest[0]] = Episode(rest[0], 0)
    _LOADS[name](episode, registry, rest[1:], value)


def put_in_order(episode: Episode, horizon_us: int) -> None:
    """Sort, sum and fold the loaded entries."""
    floor = episode.newest - horizon_us
    episode.horizon_queue.put_in_order()
    for cell in episode.cells.values():
        cell.put_in_order(floor)
    for cell_key, entries in episode.derived.items():
        entries.sort()
        if settled := [entry for entry in entries if entry.published_at < floor]:
            episode.settled_derived[cell_key] = settled[-1]
    for key, view in episode.views.items():
        view.fold_again()
        schedule(episode, key, episode.clock)
    for target, denials in episode.denials.items():
        if figure := standing_figure(episode, target):
            cell_key, entry = figure
            for denial in denials.values():
                if denial.applies_to(episode.reports[entry.report_id].revision):
                    episode.cells[cell_key].add_denial(entry, denial.source)


def _report_row(episode: Episode, report_id: str) -> bytes | None:
    row = episode.reports.get(report_id) or episode.settled.get(report_id)
    return None if row is None else _write(row)


def _cell_row(episode: Episode, key: CellKey) -> bytes | None:
    cell = episode.cells.get(key)
    if cell is None:
        return None
    published = cell.published
    return f"[{cell.version},{'null' if published is None else published.json()}]".encode()


def _view_row(episode: Episode, key: ViewKey) -> bytes | None:
    view = episode.views.get(key)
    return None if view is None else _write([view.version, view.published, view.settled_row()])


def _episode_row(episode: Episode) -> bytes:
    return f"[{episode.clock},{episode.newest}]".encode()


def _load_report(episode: Episode, registry: Registry, key: list[str], value: bytes) -> None:
    (report_id,) = key
    if value.count(b",") == 1:
        episode.settled.add(report_id, *_read_settled(value))
        return
    standing = _read_standing(value)
    episode.reports[report_id] = standing
    episode.horizon_queue.append(prunable_from(standing.published_at, standing.claims), report_id)
    for index, claim in enumerate(standing.claims):
        if isinstance(claim, Casualty):
            cell_key, entry = entry_of(report_id, standing, index, claim)
            if claim.basis == "derived":
                episode.derived.setdefault(cell_key, []).append(entry)
            else:
                _cell(episode, cell_key).append(entry)
        elif denial := denial_of(claim, standing.source):
            target, by = denial
            record_denial(episode, target, (report_id, index), by)
    for view_key, act in applied_acts(report_id, standing, registry):
        _view(episode, view_key).append(act)


def _load_cell(episode: Episode, _: Registry, key: list[str], value: bytes) -> None:
    cell = _cell(episode, tuple(key))
    cell.version, last = _read(value)
    if last is not None:
        as_of = parse_time(last["as_of"])
        cell.published = Figure(last["best"], last["low"], last["high"], as_of, last["final"], last["disputed_by"])


def _load_view(episode: Episode, _: Registry, key: list[str], value: bytes) -> None:
    view = _view(episode, (key[0], key[1]))
    view.version, view.published, settled = _read(value)
    view.load_settled(settled)


def _load_episode(episode: Episode, _: Registry, key: list[str], value: bytes) -> None:
    () = key
    episode.clock, episode.newest = _read(value)


def _cell(episode: Episode, key: Any) -> Cell:
    cell = episode.cells.get(key)
    if cell is None:
        cell = episode.cells[key] = Cell()
    return cell


def _view(episode: Episode, key: tuple[str, str]) -> View:
    view = episode.views.get(key)
    if view is None:
        view = episode.views[key] = View()
    return view


_LOADS: Final = {"r": _load_report, "c": _load_cell, "v": _load_view, "e": _load_episode}
