"""Series and places (contract section 11): windows of a cell, and a slow literal reading beside them."""

from __future__ import annotations

import time
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from streams.core.log_record import Record
from streams.core.queries.as_of import NoSuchEpisode
from streams.core.queries.series import NotInEffect, Per, ceasefire_start, series_rows
from streams.core.queries.standing import StandingEpisode, place_sums, standing_episode
from streams.core.times import DAY_US
from tests.support.build import REGISTRY, Json, act, at, killed, more, report, tick, us, withdrawal

YEREVAN = ZoneInfo("Asia/Yerevan")


def standing(*records: Json, until_us: int | None = None) -> StandingEpisode:
    values = [Record(orjson.dumps(record)) for record in records]
    return standing_episode("war", values, REGISTRY, horizon_us=4000 * DAY_US, until_us=until_us)


def rows(*records: Json, per: Per = "day", zone: tzinfo = UTC, **edges: int) -> list[tuple[Any, ...]]:
    """(from, to, best, low, high) of the soldiers of the north killed, by its ministry."""
    found = series_rows(standing(*records).episode, per, zone=zone, **edges)
    return [(row["from"], row["to"], row["best"], row["low"], row["high"]) for row in found]


def test_first_total_says_nothing_of_its_day() -> None:
    """The window of a first total is null; the next one has the difference, bounds crosswise."""
    assert rows(
        report("a", killed(71)),
        report("b", killed(80, low=78, high=85), published_at=at(15)),
        report("c", killed(75), published_at=at(17)),
    ) == [
        (at(14), at(15), None, None, None),
        (at(15), at(16), 9, 7, 14),
        (at(17), at(18), -5, -10, -3),
    ]


def test_increments_alone_begin_at_zero() -> None:
    """A window without a figure before it counts from 0 if there is no base."""
    assert rows(report("a", more(3)), report("b", more(4, qualifier="about"), published_at=at(16))) == [
        (at(14), at(15), 3, 3, 3),
        (at(16), at(17), 4, None, None),
    ]


def test_days_and_weeks_begin_at_midnight_of_the_zone() -> None:
    """Midnight in Yerevan is 20:00 UTC; the 12th of September 2022 is a Monday."""
    late = report("a", more(3), published_at=at(14, 21))
    assert rows(late, zone=YEREVAN) == [(at(14, 20), at(15, 20), 3, 3, 3)]
    assert rows(late, zone=YEREVAN, per="week") == [(at(11, 20), at(18, 20), 3, 3, 3)]
    assert rows(late, per="month") == [("2022-09-01T00:00:00Z", "2022-10-01T00:00:00Z", 3, 3, 3)]


def test_day_of_a_clock_change_is_shorter() -> None:
    """In Berlin the last Sunday of March has 23 hours."""
    claim = report("a", more(1), published_at="2022-03-27T12:00:00Z")
    assert rows(claim, zone=ZoneInfo("Europe/Berlin")) == [("2022-03-26T23:00:00Z", "2022-03-27T22:00:00Z", 1, 1, 1)]


def test_since_and_until_cut_the_windows() -> None:
    """A window begins at since and ends before until."""
    claims = [
        report("a", more(1)),
        report("b", more(2), published_at=at(14, 18)),
        report("c", more(4), published_at=at(16)),
    ]
    assert rows(*claims, since_us=us(14, 15)) == [(at(14, 15), at(15), 2, 2, 2), (at(16), at(17), 4, 4, 4)]
    assert rows(*claims, until_us=us(14, 18)) == [(at(14), at(14, 18), 1, 1, 1)]
    assert rows(*claims, per="all", since_us=us(14, 15), until_us=us(16)) == [(at(14, 15), at(16), 2, 2, 2)]
    assert rows(*claims, per="all") == [(None, None, 7, 7, 7)]
    assert rows(report("a", killed(9)), per="all") == [(None, None, None, None, None)]
    assert rows(report("a", killed(9)), per="all", since_us=us(15)) == [(at(15), None, 0, 0, 0)]


def test_windows_count_standing_claims_alone() -> None:
    """A withdrawn cell has one row with per all, and none otherwise."""
    gone = [report("a", more(3)), withdrawal("a")]
    assert rows(*gone) == []
    assert rows(*gone, per="all") == [(None, None, None, None, None)]


def test_series_since_a_ceasefire_needs_it_in_effect() -> None:
    """The start is the joint view's since."""
    agreed = report("a", act("announced", effective_at=at(14, 20)))
    with pytest.raises(NotInEffect, match="'main' is not in effect: it is announced"):
        ceasefire_start(standing(agreed).episode)
    assert ceasefire_start(standing(agreed, tick(at(15))).episode) == us(14, 20)
    with pytest.raises(NotInEffect, match="'second' is not in effect: there is no such ceasefire"):
        ceasefire_start(standing(agreed).episode, "second")


def test_windows_at_the_ends_of_the_calendar() -> None:
    first = report("a", more(1), published_at="0001-01-01T00:00:00Z")
    last = report("a", more(1), published_at="9999-12-31T23:59:59Z")
    pers: tuple[Per, ...] = ("day", "week", "month")
    for per in pers:
        for zone in (UTC, YEREVAN, ZoneInfo("America/Lima")):
            assert [row[2] for row in rows(first, per=per, zone=zone)] == [1]
            assert [row[2] for row in rows(last, per=per, zone=zone)] == [1]


def test_10000_claims_in_under_a_tenth_of_a_second() -> None:
    """One pass over a cell's claims, however many windows; the limit here is wide, for slow machines."""
    claims = [more(1, incident=f"i{number % 5000}", as_of=at(1 + number % 28, number % 24)) for number in range(9_900)]
    totals = [killed(number, as_of=at(1 + number % 28, 3)) for number in range(100)]
    reports = [
        report(f"r{number}", *(claims + totals)[number * 50 : number * 50 + 50], published_at=at(28, 23))
        for number in range(200)
    ]
    episode = standing(*reports).episode
    began = time.process_time()
    found = list(series_rows(episode, "day"))
    assert len(found) == 28
    assert time.process_time() - began < 1


# --- places -----------------------------------------------------------------------------------------------------------


def places(*records: Json) -> list[tuple[Any, ...]]:
    found = place_sums(standing(*records))
    return [(row["place"], row["best"], row["low"], row["high"], row["incidents"]) for row in found]


def test_places_add_up_standing_increments() -> None:
    """Increments under a total count too; an incident counts once, and withdrawn reports do not."""
    assert places(
        report("a", more(5, place="jermuk"), more(2, place="jermuk", qualifier="at_least"), more(1)),
        report("b", more(3, place="sotk", incident="x"), published_at=at(15)),
        report("c", more(4, place="vardenis", incident="x"), published_at=at(16)),
        report("d", more(7, place="sotk"), published_at=at(16)),
        report("e", killed(100), published_at=at(17)),
        report("f", more(9, place="jermuk"), published_at=at(17)),
        withdrawal("f", published_at=at(18)),
        report("g", more(-9, place="tsakhkasar"), published_at=at(18)),
    ) == [
        ("jermuk", 7, 7, None, 2),
        ("sotk", 7, 7, 7, 1),
        ("tsakhkasar", 0, 0, 0, 1),
        ("vardenis", 4, 4, 4, 1),
    ]


def test_places_are_apart_by_cell() -> None:
    sums = place_sums(standing(report("a", more(1, place="p"), more(2, place="p", group="children", scope="s"))))
    assert [(row.get("group"), row.get("scope"), row["best"]) for row in sums] == [
        (None, None, 1),
        ("children", "s", 2),
    ]


def test_standing_episode_at_a_time() -> None:
    """Reports published later are unknown; an episode without a report then is an error."""
    records = [report("a", killed(1)), report("b", killed(2), published_at=at(16))]
    found = standing(*records, until_us=us(15))
    assert ([each.report_id for each in found.reports], found.episode.clock) == (["a"], us(15))
    with pytest.raises(NoSuchEpisode):
        standing(*records, until_us=us(13))
