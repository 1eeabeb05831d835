"""The Python interface: the function under both names, what was known when, and tables of polars and pandas."""

from __future__ import annotations

import inspect
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import streams
from streams import replay
from streams.operations.replay.dataframes import TABLES, Frames
from streams.operations.replay.replay import NoSuchEpisode, diff, show
from tests.support.build import REGISTRY, act, at, killed, report, says

STORY = [
    report("a", killed(50, qualifier="at_least"), act("announced", by="north", effective_at=at(15))),
    report("b", {**killed(71), "party": "south"}, says(text="…"), source="mod.south", published_at=at(16)),
    # A revision that names another source: the old one's figure is withdrawn, and is still the old one's.
    report("a", killed(48), source="watch", revision=2, published_at=at(17), headline="corrected"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "reports.jsonl"
    found.write_text("\n".join(map(json.dumps, STORY)))
    return found


def test_the_package_exports_real_functions(path: Path) -> None:
    """`streams.replay` is a function with a signature and a docstring, not a module."""
    assert inspect.isfunction(streams.replay)
    assert list(inspect.signature(streams.replay).parameters)[:2] == ["paths", "sources"]
    assert inspect.getdoc(streams.show)
    assert isinstance(streams.replay(path), streams.Replay)
    assert isinstance(next(iter(replay(path))), streams.Change)
    with pytest.raises(AttributeError, match="no attribute 'unknown'"):
        streams.unknown  # noqa: B018


def test_show_and_diff_take_times_as_text_and_as_datetimes(path: Path) -> None:
    then = show(path, "war", at=at(16), sources=REGISTRY)
    assert then == show([str(path)], "war", at=datetime(2022, 9, 16, tzinfo=UTC), sources=REGISTRY)
    assert then["ceasefires"][0]["status"] == "in_effect"
    assert show(path, "war", sources=REGISTRY)["clock"] == at(17)
    found = diff(path, "war", at(14), at(18), sources=REGISTRY)
    assert [(cell["source"], cell["changes"][-1]["correction"]) for cell in found.cells] == [
        ("mod", "revised"), ("mod.south", None), ("watch", "revised"),
    ]  # fmt: skip
    with pytest.raises(NoSuchEpisode):
        show(path, "peace")
    with pytest.raises(ValueError, match="no offset"):
        show(path, "war", at=datetime(2022, 9, 16))
    with pytest.raises(ValueError, match="is before"):
        diff(path, "war", at(18), at(14))


COUNTS = [
    ("mod", "first", None, 50, 50, None, at(14, 12), "a", 1),
    ("mod.south", "first", None, 71, 71, 71, at(16), "b", 1),
    ("mod", "withdrawn", 50, None, None, None, at(17), "a", 2),
    ("watch", "first", None, 48, 48, 48, at(17), "a", 2),
]
COLUMNS = ["source", "kind", "before", "best", "low", "high", "known_at", "report_id", "revision"]


def test_polars_gets_every_change_and_what_stands(path: Path) -> None:
    frames: Frames[pl.DataFrame] = replay(path, sources=REGISTRY, tick=at(20)).to_polars()
    counts = frames.casualties.select(COLUMNS).with_columns(pl.col("known_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert counts.rows() == COUNTS
    assert frames.ceasefires.filter(pl.col("view") == "joint")["status"].to_list() == [
        "announced", "in_effect", None,
    ]  # fmt: skip
    assert frames.statements.select("source", "text", "stands").rows() == [("mod.south", "…", True)]
    assert frames.cells.select("source", "best", "report_id").rows() == [
        ("mod", None, None), ("mod.south", 71, "b"), ("watch", 48, "a"),
    ]  # fmt: skip
    assert frames.parties.select("party", "said_by", "best").rows() == [
        ("north", "third_party", 48), ("south", "self_reported", 71),
    ]  # fmt: skip
    assert frames.totals.select("best", "missing").rows() == [(71, ["north"])]
    assert frames.cells.schema["as_of"] == pl.Datetime("us", "UTC")


def test_pandas_gets_the_same_with_types_that_know_null(path: Path) -> None:
    frames: Frames[Any] = replay(path, sources=REGISTRY).to_pandas()
    counts = frames.casualties[COLUMNS].astype(object)
    counts["known_at"] = frames.casualties["known_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = [tuple(None if pd.isna(cell) else cell for cell in row) for row in counts.itertuples(index=False)]
    assert found == COUNTS
    assert str(frames.casualties["before"].dtype) == "Int64"


def test_with_nothing_in_it_every_table_has_its_columns(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    for frames in (replay(empty).to_polars(), replay(empty).to_pandas()):
        for name, frame in zip(Frames._fields, frames, strict=True):
            assert list(frame.columns) == list(TABLES[name])
            assert len(frame) == 0


@pytest.mark.parametrize("name", ["polars", "pandas"])
def test_without_the_extra_it_says_how_to_get_it(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"pip install 'truceline\[{name}\]'"):
        getattr(replay(path), f"to_{name}")()
