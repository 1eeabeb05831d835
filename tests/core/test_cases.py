"""Small inputs that are easily misread, and the right value of each by contract 2."""

from __future__ import annotations

from typing import Any

import orjson

from streams.core.log_record import Record
from streams.core.queries.as_of import changes_of, known_at
from streams.core.queries.series import series_rows
from streams.core.queries.standing import place_sums, standing_episode
from streams.core.queries.subjects import replay_history
from streams.core.times import DAY_US, parse_time
from tests.support.build import CELL, NOON, REGISTRY, Json, Story, act, at, killed, more, report

HORIZON_US = 4000 * DAY_US


def records(*reports: Json) -> list[Record]:
    return [Record(orjson.dumps(each)) for each in reports]


def explained(*reports: Json, cell: tuple[str, ...] = CELL) -> Json:
    return replay_history("war", records(*reports), REGISTRY, horizon_us=HORIZON_US).history.cell(cell)


def best(story: Story) -> dict[tuple[Any, ...], int]:
    """The best of each cell, by group and scope."""
    cells = story.picture()["cells"]
    return {(cell.get("group"), cell.get("scope")): cell["value"]["best"] for cell in cells}


def status(story: Story, view: str = "joint", ceasefire: str = "main") -> tuple[str, str]:
    (found,) = [v for v in story.picture()["ceasefires"] if (v["view"], v["ceasefire"]) == (view, ceasefire)]
    return found["status"], found["since"]


def test_two_bodies_of_one_party() -> None:
    """The whole side's figure leads over a later one of one service, and both are said."""
    story = Story(
        report("n1", killed(71)),
        report("b1", killed(8), source="border", published_at=at(16)),
        report("s1", killed(105, party="south"), source="mod.south", published_at=at(16)),
    )
    picture = story.picture()
    own = {row["party"]: row["self_reported"] for row in picture["parties"]}
    assert {name: own["north"][name] for name in ("best", "source", "sources", "least", "greatest")} == {
        "best": 71, "source": "mod", "sources": 2, "least": 8, "greatest": 71,
    }  # fmt: skip
    assert picture["totals"][0]["best"] == 176


def test_old_toll_repeated_is_marked() -> None:
    """A fall to a figure that the source has since raised is explained as its repeat."""
    old = report("s1", killed(49), published_at=at(13))
    raised = report("s2", killed(105))
    again = report("d1", killed(49), published_at=at(20), headline="A week on: what we know")
    told = explained(old, raised, again)
    assert (told["value"]["best"], told["repeats"]["report_id"]) == (49, "s1")
    for others in ([old, raised], [raised, again], [old, {**again, "report_id": "s3", "published_at": at(13, 12)}]):
        assert "repeats" not in explained(*others)


def test_national_and_regional_figures() -> None:
    """A town's figure has a scope of its own; the national one stays."""
    story = Story(
        report("t1", killed(12)),
        report("t2", killed(7, scope="in-karsa"), published_at=at(15)),
        report("t3", killed(5, scope="in-tuz"), published_at=at(16)),
    )
    assert best(story) == {(None, None): 12, (None, "in-karsa"): 7, (None, "in-tuz"): 5}
    assert {change["kind"] for _, change in story.changes} == {"first"}


def test_regional_increments_have_places() -> None:
    """Places add up without a second count."""
    placed = [report("t", more(7, place="karsa"), more(5, place="tuz"))]
    assert best(Story(*placed)) == {(None, None): 12}
    standing = standing_episode("war", records(*placed), REGISTRY, horizon_us=HORIZON_US)
    assert [(row["place"], row["best"]) for row in place_sums(standing)] == [("karsa", 7), ("tuz", 5)]


def test_count_that_restarts() -> None:
    """A count from a later start is no correction of the running one."""
    story = Story(
        report("a", killed(4047), published_at="2024-12-04T00:00:00Z"),
        report("b", killed(123, scope="since-2026-03-01"), published_at="2026-03-05T00:00:00Z"),
    )
    assert best(story) == {(None, None): 4047, (None, "since-2026-03-01"): 123}


def test_ceasefire_postponed_after_its_hour() -> None:
    """At 08:00 it is announced for 09:15, and begins then."""
    announced = report("a", act("announced", effective_at=at(15, 6, 30)))
    later = act("postponed", effective_at=at(15, 9, 15), text="Not before the list is handed over")
    story = Story(announced, report("b", later, published_at=at(15, 6, 35)))
    story.take(report("c", more(8), source="watch", published_at=at(15, 8)))
    assert status(story) == ("announced", at(15, 6, 35))
    story.take({"tick": at(15, 10), "episode": "war"})
    assert status(story) == ("in_effect", at(15, 9, 15))


def test_newspaper_that_says_collapsed() -> None:
    """The joint view stays in effect; the paper's own view says otherwise."""
    story = Story(
        report("a", act("took_effect")),
        report("b", act("took_effect"), source="mod.south", published_at=at(14, 13)),
        report("c", act("collapsed"), source="daily", published_at=at(16, 6), headline="Truce in tatters"),
        report("d", act("holding"), published_at=at(16, 12)),
        report("e", act("holding"), source="mod.south", published_at=at(16, 12, 30)),
    )
    assert status(story) == ("in_effect", NOON)
    assert status(story, "source:daily") == ("collapsed", at(16, 6))


def test_daily_pauses_are_in_effect_at_their_hours() -> None:
    """Reports in a row, fed at once: at each hour the pause is what its report said."""
    pauses = [
        report(f"p{day}", act("announced", effective_at=at(day, 6), expires_at=at(day, 10)), published_at=at(day, 4))
        for day in (9, 10, 11)
    ]
    for day, hour, expected in [(9, 8, "in_effect"), (9, 12, "expired"), (10, 5, "announced"), (11, 9, "in_effect")]:
        picture = known_at("war", records(*pauses), REGISTRY, horizon_us=HORIZON_US, at_us=parse_time(at(day, hour)))
        assert picture["ceasefires"][0]["status"] == expected


def test_daily_pauses_have_a_history_of_their_hours() -> None:
    """A table or chart of reports fed at once moves each pause at its hour, as a live server does."""
    pauses = [
        report(f"p{day}", act("announced", effective_at=at(day, 6), expires_at=at(day, 10)), published_at=at(day, 4))
        for day in (9, 10)
    ]
    later = report("x", more(1), source="watch", published_at=at(10, 12))
    told = changes_of("war", records(*pauses, later), REGISTRY, horizon_us=HORIZON_US, timed=True)
    joint = [change["after"] for topic, change in told if topic == "ceasefires" and change["view"] == "joint"]
    assert [(view["status"], view["since"]) for view in joint] == [
        (status, at(day, hour))
        for day in (9, 10)
        for status, hour in (("announced", 4), ("in_effect", 6), ("expired", 10))
    ]


def test_day_figure_and_an_increment_of_the_same_day() -> None:
    """A total of a day is dated to the end of it, and contains what was added on that day."""
    bridge = report("i1", more(3, as_of=at(14, 9), incident="bridge"), published_at=at(14, 10))
    total = report("d1", killed(60, as_of="2022-09-14T23:59:59Z"), published_at=at(14, 20))
    assert best(Story(bridge, total)) == {(None, None): 60}


def test_older_deaths_added_later() -> None:
    """A new total for the earlier date keeps the old deaths out of the later window."""
    reports = [
        report("a", killed(67_211), published_at=at(10)),
        report("b", killed(67_936, as_of=at(10)), killed(67_967), published_at=at(18)),
    ]
    standing = standing_episode("war", records(*reports), REGISTRY, horizon_us=HORIZON_US)
    assert [(row["from"], row["best"]) for row in series_rows(standing.episode, "day")] == [
        (at(10), None),
        (at(18), 31),
    ]


def test_death_told_after_a_total_that_contains_its_day() -> None:
    """It is taken to be in the total, and the explanation says so; with since it may raise the upper bound."""
    base = report("b", killed(1108, as_of=at(13)), published_at=at(13, 12))
    late = report("c", more(1, as_of=at(6), incident="w2"), published_at=at(20))
    told = explained(base, late)
    assert told["value"]["best"] == 1108
    assert told["superseded"][0]["why"] == "dated no later than the cumulative figure of b, which contains it"
    open_ended = report("c", more(1, as_of=at(20), since=at(6)), published_at=at(20))
    value = explained(base, open_ended)["value"]
    assert (value["best"], value["low"], value["high"]) == (1108, 1108, 1109)


def test_negative_increment_takes_back() -> None:
    """10, three of them alive after all, 2 more: 9."""
    steps = [report(str(day), more(n), published_at=at(day)) for day, n in ((1, 10), (2, -3), (3, 2))]
    assert best(Story(*steps)) == {(None, None): 9}
