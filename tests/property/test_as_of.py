"""Known at a time, over many histories: one rule, compared with the replay of a file cut by hand."""

from __future__ import annotations

import tempfile
from datetime import UTC, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.core.log_record import Record
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.queries.as_of import NoSuchEpisode, difference, known_at, published_us
from streams.core.times import format_time, parse_time
from streams.core.wire import unwrap
from streams.files.jsonl import Lines
from streams.operations.replay.replay import Replay
from tests.property.folding import in_bytes, registry
from tests.property.strategies import BEGIN, History, histories
from tests.support.published_shapes import assert_fits

#: Around and between the times of the histories.
TIMES = st.integers(-8, 30).map(
    lambda n: parse_time((BEGIN + timedelta(hours=6 * n)).replace(tzinfo=UTC).isoformat().replace("+00:00", "Z"))
)


def records(history: History) -> list[Record]:
    found = []
    for line in history.lines:
        try:
            found.append(unwrap(line.encode()))
        except Refusal:
            continue
    return found


def replayed(history: History, lines: list[bytes], *, until_us: int | None, tick_us: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reports.jsonl"
        path.write_bytes(b"\n".join(lines))
        story = Replay(
            Lines([path]),
            registry(history.sources),
            horizon_us=history.horizon_us,
            until_us=until_us,
            tick_us=tick_us,
        )
        for _ in story:
            pass
    episodes: dict[str, Any] = story.snapshot()["episodes"]
    return episodes


def published_by(line: str, until_us: int) -> bool:
    """Return True if a line is a report or tick published by then; an invalid one is not."""
    try:
        value, timestamp_us = unwrap(line.encode())
        message = parse(value)
        check_timestamp(message, timestamp_us)
    except Refusal:
        return False
    return published_us(message) <= until_us


@given(histories(), TIMES)
def test_known_at_ignores_later_publications(history: History, at_us: int) -> None:
    """Known at a time is the log without later publications, with the clock at that time."""
    then = replayed(history, [line.encode() for line in history.lines], until_us=at_us, tick_us=at_us)
    cut = [line.encode() for line in history.lines if published_by(line, at_us)]
    assert in_bytes(then) == in_bytes(replayed(history, cut, until_us=None, tick_us=at_us))
    for episode, picture in then.items():
        known = known_at(
            episode,
            records(history),
            registry(history.sources),
            horizon_us=history.horizon_us,
            at_us=at_us,
        )
        assert in_bytes(known) == in_bytes(picture)
        assert known["clock"] == format_time(at_us)


@given(histories(), TIMES, TIMES)
def test_difference_leads_from_the_first_time_to_the_second(history: History, one: int, other: int) -> None:
    """The changes lead from the first picture to the second."""
    from_us, to_us = sorted((one, other))
    options: Any = {"horizon_us": history.horizon_us}
    sources, log = registry(history.sources), records(history)
    try:
        found = difference("war", log, sources, from_us=from_us, to_us=to_us, **options)
    except NoSuchEpisode:
        return
    assert_fits("difference", found.as_record())
    try:
        before = known_at("war", log, sources, at_us=from_us, **options)
    except NoSuchEpisode:
        before = {"cells": [], "ceasefires": []}
    cells = {tuple(cell.get(name) for name in CELL): cell["value"] for cell in before["cells"]}
    for row in found.cells:
        assert in_bytes(row["before"]) == in_bytes(cells.pop(tuple(row.get(name) for name in CELL), None))
        assert_chained(row)
    views = {(view["ceasefire"], view["view"]): view for view in before["ceasefires"]}
    for row in found.ceasefires:
        was = views.pop((row["ceasefire"], row["view"]), None)
        assert row["before"] == (was and {name: was[name] for name in row["before"]})
        assert_chained(row)
    for row in [*found.cells, *found.ceasefires]:
        for change in row["changes"]:
            cause = change["cause"]
            assert from_us < parse_time(cause.get("published_at") or cause["tick"]) <= to_us
            assert change["correction"] in {None, "withdrawn", "revised", "lowered"}


CELL = ("source", "party", "outcome", "population", "group", "scope")


def assert_chained(row: dict[str, Any]) -> None:
    """That its changes lead from before to after (a figure's as_of may move with no change)."""
    changes = row["changes"]
    assert changes
    assert dated_apart(changes[0]["before"]) == dated_apart(row["before"])
    assert dated_apart(changes[-1]["after"]) == dated_apart(row["after"])
    for one, next_one in pairwise(changes):
        assert one["after"] == next_one["before"]


def dated_apart(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return value and {name: said for name, said in value.items() if name != "as_of"}
