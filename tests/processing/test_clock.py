"""A leap of the wall clock makes no tick."""

import time
from typing import Any

import orjson
import pytest

from streams.core.times import format_time
from streams.observability import wall_clock
from streams.observability.wall_clock import WallClock
from streams.processing.tick_timer import CATCH_UP_S, DOUBT_S, TickTimer
from tests.support.kafka_log import create_topics, read, running_consumer, send, settings_for, until_processed
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import report
from tests.support.waiting import eventually

DAY_S = 86_400.0


def stamped(sent: Sent, time_us: int) -> Sent:
    """Return a report with another time of its record."""
    return Sent(sent.partition, sent.key, sent.value, time_us // 1000)


class Clocks:
    """Two clocks that a test sets."""

    def __init__(self) -> None:
        self.wall_s, self.elapsed_s = 100_000_000.0, 50.0
        self.clock = WallClock(lambda: self.wall_s, lambda: self.elapsed_s)

    def pass_(self, seconds: float) -> None:
        self.wall_s += seconds
        self.elapsed_s += seconds


def test_time_that_passes_is_no_leap() -> None:
    """Nor are steps of NTP, each of some minutes at most, or a machine that slept: the other clock counts that."""
    clocks, leaps = Clocks(), []
    for step_s in (0.0, 100.0, -100.0, 170.0, 170.0):
        clocks.pass_(10 * DAY_S)
        clocks.wall_s += step_s
        leaps.append(clocks.clock.leap_s())
    assert leaps == [0.0] * 5


def test_a_leap_stays_until_the_clock_is_back() -> None:
    clocks, leaps = Clocks(), []
    for step_s in (60 * DAY_S, 0.0, -60 * DAY_S, -500 * DAY_S, 500 * DAY_S, 181.0):
        clocks.pass_(1.0)
        clocks.wall_s += step_s
        leaps.append(clocks.clock.leap_s())
    assert leaps == [60 * DAY_S, 60 * DAY_S, 0.0, 0.0, 0.0, 181.0]


def test_a_clock_in_doubt_makes_no_tick() -> None:
    clocks = Clocks()
    timer = (int(clocks.wall_s + 10) * 1_000_000, "e-1")
    ticks = TickTimer(clocks.clock)
    ticks.set(timer)
    assert (ticks.due(), ticks.wait_s()) == (None, 10.0)
    clocks.wall_s += 60 * DAY_S
    assert (ticks.due(), ticks.wait_s()) == (None, DOUBT_S)
    clocks.wall_s -= 60 * DAY_S
    clocks.pass_(10)
    assert (ticks.due(), ticks.wait_s()) == (timer, CATCH_UP_S)
    ticks.sent(timer)
    assert (ticks.due(), ticks.wait_s()) == (None, None)


def test_a_start_long_after_the_newest_record_waits_for_one() -> None:
    """A clock that is wrong at the start cannot be seen otherwise; a quiet week before it is no doubt."""
    clocks = Clocks()
    newest_us, due_us = round((clocks.wall_s - 60 * DAY_S) * 1e6), round(clocks.wall_s * 1e6)
    clocks.clock.continue_from(newest_us)
    assert (clocks.clock.doubt(), clocks.clock.is_due(due_us)) == ("", False)
    assert "was 60 days ahead of the newest record" in clocks.clock.doubt()
    clocks.clock.saw(due_us)
    assert (clocks.clock.is_due(due_us), clocks.clock.doubt()) == (True, "")
    clocks = Clocks()
    clocks.clock.continue_from(round((clocks.wall_s - 6 * DAY_S) * 1e6))
    clocks.pass_(30 * DAY_S)
    assert clocks.clock.is_due(due_us)


async def test_a_worker_that_starts_long_after_the_ledger_waits(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes no tick, also after a record that is as old, and says so."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    now_us = time.time_ns() // 1000
    expires = format_time(now_us + 30 * 86_400_000_000)
    truce: dict[str, Any] = {"type": "ceasefire", "act": "announced", "expires_at": expires}
    monkeypatch.setattr("streams.processing.consumer.WATCH_S", 0.1)
    await send(settings, [stamped(report(1, published_at=format_time(now_us), claims=[truce]), now_us)])
    async with running_consumer(settings):
        await until_processed(settings)
    later_s = time.time() + 60 * DAY_S
    monkeypatch.setattr("streams.processing.consumer.WallClock", lambda: WallClock(lambda: later_s))
    async with running_consumer(settings) as consumer:
        await eventually(lambda: "ahead of the newest record" in "".join(consumer.status.degraded()), "degraded")
        assert consumer.status.ready
        assert consumer.status.counts["ticks_sent"] == 0
        await send(settings, [stamped(report(2), now_us + 1)])
        await until_processed(settings)
        assert "ahead of the newest record" in "".join(consumer.status.degraded())


async def test_a_worker_whose_clock_leaps_ends_no_truce(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is degraded and says so; when the clock is back, it is not."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    now_us = time.time_ns() // 1000
    expires = format_time(now_us + 30 * 86_400_000_000)
    truce: dict[str, Any] = {"type": "ceasefire", "act": "announced", "expires_at": expires}
    leap_s = [0.0]
    monkeypatch.setattr("streams.processing.consumer.WATCH_S", 0.1)
    monkeypatch.setattr(
        "streams.processing.consumer.WallClock",
        lambda: WallClock(lambda: time.time() + leap_s[0], wall_clock._elapsed_s),
    )
    await send(settings, [stamped(report(1, published_at=format_time(now_us), claims=[truce]), now_us)])
    async with running_consumer(settings) as consumer:
        await until_processed(settings)
        leap_s[0] = 60 * DAY_S
        await eventually(lambda: "the clock of this machine leapt" in "".join(consumer.status.degraded()), "degraded")
        await send(settings, [report(2)])
        await until_processed(settings)
        assert consumer.status.ready
        leap_s[0] = 0.0
        await eventually(lambda: consumer.status.degraded() == [], "the clock is back")
        assert consumer.status.counts["ticks_sent"] == 0
    values = [orjson.loads(record.value) for record in await read(settings, "reports", 1)]
    assert [value for value in values if "tick" in value] == []
