"""The store over one folder: one holder, reports from many at once, ticks by the wall clock, reading beside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.observability.wall_clock import WallClock
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.store import EmbeddedStore
from streams.stores.store import StoreUnavailable, summarize
from tests.support.build import REGISTRY, act, at, killed, report, tick
from tests.support.ledger_file import Clock, stored, value
from tests.support.waiting import LIMIT_S, eventually


@pytest.fixture
def clock() -> Clock:
    return Clock(at(15))


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "new" / "folder", REGISTRY, clock=clock.wall_clock())
    yield opened
    opened.close()


async def picture(store: EmbeddedStore, episode: str = "war") -> Any:
    encoded = await store.picture(episode)
    return encoded and json.loads(encoded)


async def test_a_second_server_on_the_folder_is_refused(store: EmbeddedStore) -> None:
    with pytest.raises(StoreUnavailable, match=f"another truceline server is running on {store.folder}"):
        EmbeddedStore(store.folder, REGISTRY)
    await store.submit([value(report("a", killed(71)))])
    store.close()
    again = EmbeddedStore(store.folder, REGISTRY)
    assert (await picture(again))["cells"][0]["value"]["best"] == 71
    again.close()


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"cannot write in .*file"):
        EmbeddedStore(tmp_path / "file", REGISTRY)


async def test_concurrent_reports_share_transactions_not_answers(store: EmbeddedStore) -> None:
    values = [value(report(f"r{n}", killed(n), source=f"s{n}")) for n in range(300)]
    answers = await asyncio.gather(*(store.submit([one]) for one in values))
    assert [[receipt.report_id for receipt in answer] for answer in answers] == [[f"r{n}"] for n in range(300)]
    log = stored(store.folder / DATABASE)["log"]
    assert sorted(offset for offset, *_ in log) == list(range(300))
    assert len((await picture(store))["cells"]) == 300


async def test_a_caller_that_gives_up_before_its_turn_leaves_no_report(store: EmbeddedStore) -> None:
    first = asyncio.create_task(store.submit([value(report(f"r{n}", killed(n))) for n in range(3_000)]))
    given_up = asyncio.create_task(store.submit([value(report("gone", killed(1)))]))
    await asyncio.sleep(0)
    given_up.cancel()
    await first
    assert (await store.submit([value(report("gone", killed(1)))]))[0].outcome in {"accepted", "duplicate"}
    assert (await store.submit([value(report("gone", killed(1)))]))[0].outcome == "duplicate"


async def test_a_tick_is_written_at_the_time_the_fold_waits_for(store: EmbeddedStore, clock: Clock) -> None:
    await store.submit([value(report("a", act("announced", effective_at=at(20))))])
    assert (await picture(store))["ceasefires"][0]["status"] == "announced"
    clock.set(at(21))
    # The writer looks at the clock when it has done something.
    await store.submit([value(tick(at(1)))])
    await asyncio.wait_for(store.changed(2), LIMIT_S)
    assert (await picture(store))["ceasefires"][0]["status"] == "in_effect"
    assert [json.loads(value_) for *_, value_ in stored(store.folder / DATABASE)["log"]][-1] == tick(at(20))


async def test_a_leap_of_the_clock_makes_no_tick(tmp_path: Path) -> None:
    """The truce continues, the server is degraded with words; when the clock is back, it is not."""
    wall, elapsed = Clock(at(15)), Clock(at(15))
    store = EmbeddedStore(tmp_path, REGISTRY, clock=WallClock(lambda: wall.us / 1e6, lambda: elapsed.us / 1e6))
    await store.submit([value(report("a", act("announced", effective_at=at(20))))])
    wall.set("2022-12-01T00:00:00Z")
    await store.submit([value(tick(at(1)))])
    [doubt] = await store.degraded()
    assert "leapt" in doubt
    assert "no tick is made" in doubt
    wall.set(at(21))
    elapsed.set(at(21))
    assert await store.degraded() == []
    await store.submit([value(tick(at(2)))])
    await asyncio.wait_for(store.changed(2), LIMIT_S)
    log = [json.loads(value_) for *_, value_ in stored(store.folder / DATABASE)["log"]]
    assert [record for record in log if "tick" in record] == [tick(at(1)), tick(at(2)), tick(at(20))]
    store.close()


async def test_a_start_long_after_the_last_report_waits_for_one(tmp_path: Path) -> None:
    """A clock that is wrong at the start may end no truce by itself."""
    store = EmbeddedStore(tmp_path, REGISTRY, clock=Clock(at(15)).wall_clock())
    await store.submit([value(report("a", act("announced", effective_at=at(20))))])
    store.close()
    store = EmbeddedStore(tmp_path, REGISTRY, clock=Clock("2022-12-01T00:00:00Z").wall_clock())
    await eventually(lambda: _doubts(store, "days ahead of the newest record"), "degraded")
    assert store.last_row == 2
    await store.submit([value(report("b", killed(1)))])
    await asyncio.wait_for(store.changed(3), LIMIT_S)
    assert (await picture(store))["ceasefires"][0]["status"] == "in_effect"
    assert await store.degraded() == []
    store.close()


async def _doubts(store: EmbeddedStore, words: str) -> bool:
    return any(words in doubt for doubt in await store.degraded())


async def test_changes_are_read_behind_a_row_and_by_episode_and_topic(store: EmbeddedStore) -> None:
    await store.submit([
        value(report("a", killed(1), act("announced"))),
        value(report("b", killed(2), episode="other")),
    ])  # fmt: skip
    told = [(change.row, change.topic, change.episode) for change in await store.changes()]
    assert told == [
        (1, "casualties", "war"), (2, "ceasefires", "war"), (3, "ceasefires", "war"), (4, "casualties", "other"),
    ]  # fmt: skip
    assert [change.row for change in await store.changes(1, limit=2)] == [2, 3]
    assert [change.row for change in await store.changes(episode="other")] == [4]
    assert [change.row for change in await store.changes(topic="ceasefires")] == [2, 3]
    assert [entry.offset for entry in await asyncio.to_thread(store.log, episode="war")] == [0]


async def test_an_episode_in_short_is_its_picture_in_short(store: EmbeddedStore) -> None:
    await store.submit([value(report("a", killed(71), act("announced")))])
    assert await store.summaries() == [summarize(await picture(store))]
    assert await picture(store, "unknown") is None


async def test_a_failed_write_ends_readiness_until_one_succeeds(store: EmbeddedStore) -> None:
    path = store.folder / DATABASE
    one = value(report("a", killed(71)))
    assert await store.reasons() == []
    hidden = path.rename(path.with_suffix(".away"))
    await asyncio.wrap_future(store._writer.ask(lambda book: book.close()))
    with pytest.raises(StoreUnavailable, match="unable to open database file"):
        await store.submit([one])
    assert [reason.split()[0] for reason in await store.reasons()] == [str(path)]
    hidden.rename(path)
    assert [receipt.outcome for receipt in await store.submit([one])] == ["accepted"]
    assert await store.reasons() == []


async def test_more_than_can_wait_is_sent_away(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.stores.sqlite.writer_thread.WAITING_MAX", 0)
    with pytest.raises(StoreUnavailable, match="overloaded: 0 requests are waiting"):
        await store.submit([b"x"])
