"""The fold of the core against the contract: what holds of every history.

A failing example is worth keeping: put its lines into `regressions/` and it is folded first from then on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.property.claims import DAY_US
from tests.property.folding import Fold, folded, in_bytes, inside, modelled, restored
from tests.property.model import Model
from tests.property.reading import Fields, read_record
from tests.property.reading_json import Refused, unwrap
from tests.property.strategies import OTHER_SOURCES, History, histories

REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.json"))


def taken_by_both(history: History, fold: Fold) -> Iterator[int]:
    """Feed both line by line and compare their outputs; yield the number of each line afterwards."""
    model = Model(history.sources, history.horizon_us)
    for line_no, line in enumerate(history.lines, 1):
        told = len(model.changes)
        expected = model.take_line(line, line_no)
        assert (line_no, fold.take_line(line, line_no)) == (line_no, expected)
        assert fold.changes[told:] == model.changes[told:]
        if expected in ("accepted", "tick"):
            assert in_bytes(fold.snapshot()) == in_bytes(model.snapshot())
        yield line_no
    assert fold.rejected == model.rejected
    assert fold.next_timer() == model.next_timer()


def agree(history: History, *, forgetting: int = 0, restarting: int = 0) -> None:
    fold = Fold(history.sources, history.horizon_us, forgetting=forgetting)
    for line_no in taken_by_both(history, fold):
        if restarting and line_no % restarting == 0:
            fold.restart()


@given(histories())
def test_core_says_what_the_contract_says(history: History) -> None:
    """Every outcome, refusal, change and picture is the model's, byte for byte."""
    agree(history)


@given(histories(), st.integers(1, 4))
def test_forgetting_changes_nothing_that_is_published(history: History, forgetting: int) -> None:
    """A ledger that prunes at intervals has the same outputs as one that never prunes."""
    agree(history, forgetting=forgetting)


@given(histories(), st.integers(1, 5), st.integers(0, 3))
def test_restored_at_any_record_is_never_having_stopped(history: History, restarting: int, forgetting: int) -> None:
    """A new ledger from the last value of each key continues as the old one would; so any prefix and the rest."""
    agree(history, forgetting=forgetting, restarting=restarting)


@given(histories(), st.integers(0, 30), st.integers(1, 6), st.integers(0, 2))
def test_shorter_horizon_holds_from_the_restart_on(history: History, at: int, days: int, forgetting: int) -> None:
    """Reports too late by the shorter one are rejected from then on, and no published value changes."""
    model, fold = Model(history.sources, history.horizon_us), Fold(history.sources, history.horizon_us)
    for line_no, line in enumerate(history.lines, 1):
        assert fold.take_line(line, line_no) == model.take_line(line, line_no)
        if line_no == at and days * DAY_US < history.horizon_us:
            fold.horizon_us, fold.forgetting = days * DAY_US, forgetting
            model.horizon = timedelta(days=days)
            fold.restart()
        assert fold.changes == model.changes
        assert in_bytes(fold.snapshot()) == in_bytes(model.snapshot())


@given(histories(), st.lists(st.integers(0, 30), max_size=2))
def test_another_registry_publishes_what_differs(history: History, restarts: list[int]) -> None:
    """Restarted under another registry, and back, a ledger publishes the differences and continues."""
    model, fold = Model(history.sources, history.horizon_us), Fold(history.sources, history.horizon_us)
    sources, others = history.sources, OTHER_SOURCES
    for line_no, line in enumerate(history.lines, 1):
        assert fold.take_line(line, line_no) == model.take_line(line, line_no)
        for _ in range(restarts.count(line_no)):
            sources, others = others, sources
            fold.register(sources)
            model.register(sources, fold.registry.digest)
        assert fold.changes == model.changes
        assert in_bytes(fold.snapshot()) == in_bytes(model.snapshot())


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
@pytest.mark.parametrize(("forgetting", "restarting"), [(0, 0), (1, 0), (0, 1), (1, 1), (2, 3)])
def test_history_that_once_went_wrong(path: Path, forgetting: int, restarting: int) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    history = History(tuple(kept["lines"]), kept["horizon_days"] * DAY_US, kept["sources"])
    agree(history, forgetting=forgetting, restarting=restarting)


# --- order and repeats ------------------------------------------------------------------------------------------------


def record_of(line: str) -> Fields | None:
    """Return the message of a line if it is a report or a tick."""
    try:
        value, _ = unwrap(line.encode())
        return read_record(value)
    except Refused:
        return None


def each_revision_once(history: History) -> list[str]:
    """The reports of a history, without wrapping; of two with one id and revision the first."""
    lines: dict[tuple[str, str, int], str] = {}
    for line in history.lines:
        record = record_of(line)
        if record is not None and "report_id" in record:
            name = (record["episode"], record["report_id"], record["revision"])
            lines.setdefault(name, unwrap(line.encode())[0].decode())
    return list(lines.values())


def with_last_ticks(lines: list[str]) -> list[str]:
    """A tick for each episode that brings all clocks to one time."""
    episodes = sorted({record["episode"] for line in lines if (record := record_of(line))})
    return lines + [json.dumps({"tick": "2030-01-01T00:00:00Z", "episode": episode}) for episode in episodes]


def final_values(fold: Fold) -> dict[str, Any]:
    """The snapshot without how it came about: no versions, and no cells that only once had a value."""
    pictures = fold.snapshot()["episodes"]
    for picture in pictures.values():
        picture["cells"] = [cell for cell in picture["cells"] if cell["value"] is not None]
        for each in [*picture["cells"], *picture["ceasefires"]]:
            del each["version"]
    values: dict[str, Any] = pictures
    return values


@given(histories(horizon_us=400 * DAY_US), st.randoms(use_true_random=False))
def test_final_values_depend_on_neither_order_nor_repeats(history: History, dice: Random) -> None:
    """Any order and any number of repeats of the reports give the same final state."""
    lines = each_revision_once(history)
    shuffled = lines + [json.dumps(json.loads(line), separators=(",", ":")) for line in lines[::2]]
    dice.shuffle(shuffled)
    note("\n".join(lines))
    note("\n".join(["shuffled:", *shuffled]))
    in_order = folded(History(tuple(with_last_ticks(lines)), history.horizon_us, history.sources))
    any_order = folded(History(tuple(with_last_ticks(shuffled)), history.horizon_us, history.sources))
    assert in_order.rejected == any_order.rejected == []
    assert in_bytes(final_values(in_order)) == in_bytes(final_values(any_order))


@given(histories())
def test_same_log_gives_the_same_bytes(history: History) -> None:
    """A second fold of the log gives the same changes, pictures and stored entries, byte for byte."""
    one, other = folded(history), folded(history)
    assert in_bytes(one.changes) == in_bytes(other.changes)
    assert in_bytes(one.snapshot()) == in_bytes(other.snapshot())
    assert one.stored == other.stored


# --- chains -----------------------------------------------------------------------------------------------------------


@given(histories(), st.integers(0, 2))
def test_changes_of_a_thing_form_a_chain(history: History, forgetting: int) -> None:
    """Versions are 1, 2, 3 …; each change begins where the last one ended; deltas add up to the figure."""
    fold = folded(history, forgetting=forgetting)
    chains: dict[str, list[dict[str, Any]]] = {}
    for change in fold.changes:
        name, _, _ = change["data"]["change_id"].rpartition("@")
        chains.setdefault(name, []).append(change["data"])
    for name, chain in chains.items():
        assert [change["version"] for change in chain] == list(range(1, len(chain) + 1))
        assert [change["change_id"] for change in chain] == [f"{name}@{n}" for n in range(1, len(chain) + 1)]
        assert [change["before"] for change in chain] == [None, *(change["after"] for change in chain[:-1])]
        assert all(change["before"] != change["after"] for change in chain)
        if "delta" in chain[0]:
            assert sum(change["delta"] for change in chain) == (chain[-1]["after"] or {"best": 0})["best"]
    for episode, picture in fold.snapshot()["episodes"].items():
        for cell in picture["cells"]:
            name = "/".join([episode, *(cell[part] for part in ("source", "party", "outcome", "population"))])
            name += "".join(f"/{part}:{cell[part]}" for part in ("group", "scope") if part in cell)
            last = chains[name][-1]
            assert (cell["version"], without_date(cell["value"])) == (last["version"], without_date(last["after"]))


def without_date(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """A cell's as_of may have moved on since its last change."""
    return value and {name: each for name, each in value.items() if name != "as_of"}


# --- batches and undo -------------------------------------------------------------------------------------------------


@given(histories(), st.integers(2, 6))
def test_batch_taken_in_stages_is_its_records_taken_one_by_one(history: History, size: int) -> None:
    """All of a batch through intake and counts, then all of it through the ceasefires: the same changes and entries."""
    whole = folded(history)
    staged = Fold(history.sources, history.horizon_us)
    for start in range(0, len(history.lines), size):
        staged.take_batch(history.lines[start : start + size])
    assert in_bytes(staged.changes) == in_bytes(whole.changes)
    assert in_bytes(staged.snapshot()) == in_bytes(whole.snapshot())
    assert staged.stored == whole.stored


@given(histories(), st.integers(1, 6), st.booleans())
def test_undone_steps_leave_nothing_behind(history: History, size: int, staged: bool) -> None:
    """Each batch is taken, undone newest first, and taken again: it is as if the first time never was."""
    whole = folded(history)
    fold = Fold(history.sources, history.horizon_us)
    for start in range(0, len(history.lines), size):
        batch = history.lines[start : start + size]
        before = inside(fold.ledger)
        fold.undo_batch(batch, staged=staged)
        assert inside(fold.ledger) == before
        fold.take_batch(batch)
    assert in_bytes(fold.changes) == in_bytes(whole.changes)
    assert in_bytes(fold.snapshot()) == in_bytes(whole.snapshot())
    assert fold.stored == whole.stored


# --- what is stored ---------------------------------------------------------------------------------------------------


@given(histories(), st.integers(0, 2))
def test_stored_entries_are_the_ledger(history: History, forgetting: int) -> None:
    """The entries written record by record equal those of all keys at the end, also after a restore."""
    fold = folded(history, forgetting=forgetting)
    assert fold.state() == fold.stored
    again = restored(fold.registry, fold.horizon_us, fold.stored)
    assert {key: value for key, value in again.entries(fold.touched) if value is not None} == fold.stored
    assert again.next_timer() == fold.ledger.next_timer()
    assert again.episodes() == fold.ledger.episodes() == modelled(history).episodes()
