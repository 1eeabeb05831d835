"""The due times of played reports: by the clock of play, which stops while nothing can be sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.core.log_record import Record
from streams.files.jsonl import Lines
from streams.operations.send.pacing import STEP_MAX_S, AsFast, Clock, Rate, SendPace, Speed, read_speed
from streams.operations.send.player import Player
from streams.stores.store import Receipt
from tests.support.build import Json, at, killed, report, tick, us


class Time:
    """A clock set by hand; sleeping moves it, and `then` may move it more."""

    def __init__(self) -> None:
        self.s = 0.0
        self.then: Callable[[], None] = lambda: None

    def now_s(self) -> float:
        return self.s

    async def sleep(self, seconds: float) -> None:
        self.s += seconds
        self.then()


class Log:
    """Takes reports, and notes when; each delivery takes `takes_s`."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.takes_s = 0.0
        self.batches: list[tuple[float, int]] = []

    async def deliver(self, batch: list[Record]) -> list[Receipt]:
        self.batches.append((self.time.s, len(batch)))
        self.time.s += self.takes_s
        return [Receipt("accepted")] * len(batch)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr("streams.operations.send.player.asyncio.sleep", time.sleep)
    return time


def player(tmp_path: Path, pace: SendPace, time: Time, *records: Json | str) -> Player:
    path = tmp_path / "reports.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in records))
    return Player(Lines([path]), pace, lambda *_: None, clock=Clock(time.now_s))


def series(count: int) -> list[Json]:
    return [report(f"r{n}", killed(n)) for n in range(count)]


def test_a_rate_is_kept_and_never_exceeded(tmp_path: Path, time: Time) -> None:
    log = Log(time)
    asyncio.run(player(tmp_path, Rate(100), time, *series(500)).play(log))
    sent = 0
    for at_s, count in log.batches:
        sent += count
        assert sent <= 100 * at_s + 1.001
    assert sent == 500
    assert log.batches[-1][0] == pytest.approx(4.99, abs=0.1)


def test_a_speed_sends_each_report_when_it_is_due(tmp_path: Path, time: Time) -> None:
    """An older one is sent with the one before it."""
    log = Log(time)
    records: list[Json | str] = [
        report("a", killed(1), published_at=at(14, 0)),
        report("b", killed(2), published_at=at(14, 1)),
        report("older", killed(3), published_at=at(13, 0)),
        "no report",
        tick(at(14, 4)),
    ]
    pace = Speed(3600)
    asyncio.run(player(tmp_path, pace, time, *records).play(log))
    assert [(round(at_s), count) for at_s, count in log.batches] == [(0, 1), (1, 3), (4, 1)]
    assert pace.reached_us == us(14, 4)


def test_a_wrapped_line_is_due_by_its_report(tmp_path: Path, time: Time) -> None:
    """Its timestamp does not matter."""
    log = Log(time)
    values = [report(f"r{n}", killed(n), published_at=at(14, n)) for n in range(3)]
    wrapped = [json.dumps({"timestamp": at(20), "key": "war", "value": value}) for value in values]
    asyncio.run(player(tmp_path, Speed(3600), time, *wrapped).play(log))
    assert [round(at_s) for at_s, _ in log.batches] == [0, 1, 2]


def test_nothing_is_made_up_for_after_the_process_stood_still(tmp_path: Path, time: Time) -> None:
    log = Log(time)

    def stopped() -> None:
        if 2 < time.s < 3:
            time.s += 1_000

    time.then = stopped
    asyncio.run(player(tmp_path, Rate(100), time, *series(1_000)).play(log))
    assert max(count for _, count in log.batches) <= 100 * STEP_MAX_S + 1
    assert log.batches[-1][0] > 1_000


def test_nor_after_the_log_was_away(tmp_path: Path, time: Time) -> None:
    log = Log(time)
    log.takes_s = 60.0
    asyncio.run(player(tmp_path, Rate(10), time, *series(30)).play(log))
    assert max(count for _, count in log.batches) <= 10 * STEP_MAX_S


def test_nothing_is_sent_while_paused(tmp_path: Path, time: Time) -> None:
    """Afterwards it resumes where it was."""
    log = Log(time)
    playing = player(tmp_path, Rate(10), time, *series(30))

    def key() -> None:
        playing.clock.paused = 1 < time.s < 50

    time.then = key
    asyncio.run(playing.play(log))
    assert not [at_s for at_s, _ in log.batches if 1.2 < at_s < 50]
    assert max(count for _, count in log.batches) <= 2
    assert playing.counts == {"accepted": 30}


def test_as_fast_sends_full_batches_and_can_be_paused(tmp_path: Path, time: Time) -> None:
    log = Log(time)
    playing = player(tmp_path, AsFast(), time, *series(10))
    playing.clock.paused = True

    def key() -> None:
        playing.clock.paused = time.s < 5

    time.then = key
    asyncio.run(playing.play(log))
    assert sum(count for _, count in log.batches) == 10
    assert min(at_s for at_s, _ in log.batches) >= 5


def test_progress_is_what_is_sent_not_what_is_read_ahead(tmp_path: Path, time: Time) -> None:
    playing = player(tmp_path, Rate(10), time, *series(100))
    shares: list[float] = []
    time.then = lambda: shares.append(playing.bytes_done / (playing.lines.bytes_total or 1))
    asyncio.run(playing.play(Log(time)))
    assert shares == sorted(shares)
    assert shares[len(shares) // 2] == pytest.approx(0.5, abs=0.05)
    assert playing.bytes_done == playing.lines.bytes_total


@pytest.mark.parametrize(("text", "times"), [("60x", 60.0), ("60", 60.0), ("0.5x", 0.5)])
def test_a_speed_is_read(text: str, times: float) -> None:
    assert read_speed(text) == times


@pytest.mark.parametrize("text", ["", "x", "0x", "-1x", "fast", "1e3x", "60 x"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a speed such as 60x"):
        read_speed(text)
