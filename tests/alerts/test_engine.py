"""The alerts of an engine: filters, groups, cool-down, ids, time, and its state."""

from __future__ import annotations

import random

import orjson
import pytest

from streams.alerts import AlertEngine, Rules, default_rules
from streams.core.source_registry import Registry
from tests.support.alerts import Changes, alerts, changes, day, ids, messages, rules, told, watch
from tests.support.build import REGISTRY, Json, act, at, killed, report, tick

EVERYTHING = (
    "crosses: 20, resolved: true",
    "rises: {by: 10, within: P3D}, cool_down: P2D",
    "falls: 1, group_by: []",
    "disagree: 2, resolved: true",
    "quiet: P2D, resolved: true",
    "becomes: [in_effect, collapsed], resolved: true",
    "violations: {count: 2, within: P3D}",
    "start_passed: PT0S, resolved: true",
)


def random_changes(seed: int) -> Changes:
    """A story with a bit of everything."""
    chance = random.Random(seed)
    story: list[Json] = []
    for number in range(1, 25):
        source = chance.choice(["mod", "mod.south", "watch"])
        party = chance.choice(["north", "south"])
        claims: list[Json] = [killed(chance.randrange(40), party=party)]
        if chance.random() < 0.6:
            name = chance.choice(["announced", "holding", "violation_alleged", "collapsed"])
            fields = {"effective_at": at(number + 1)} if name == "announced" else {}
            claims.append(act(name, **fields))
        story.append(day(number, *claims, source=source))
        if chance.random() < 0.3:
            story.append(tick(at(number, 23)))
    return changes(*story)


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "cells"),
        [
            ("source: mod", ["mod north", "mod south"]),
            ("source: 'mod*', party: south", ["mod south", "mod.south south"]),
            ("source: [watch, mod.south], party: '[!n]*'", ["mod.south south", "watch south", "watch all"]),
            ("class: self_reported", ["mod north", "mod.south south"]),
            ("class: other_party_claimed", ["mod south", "mod.south north"]),
            ("class: third_party", ["watch north", "watch south"]),
            (
                "class: '*'",
                ["mod north", "mod south", "mod.south north", "mod.south south", "watch north", "watch south"],
            ),
            ("party: all", ["watch all"]),
            ("episode: peace", []),
            ("outcome: wounded", []),
            ("population: civilian", []),
        ],
    )
    def test_a_rule_sees_what_all_its_filters_let_through(self, filters: str, cells: list[str]) -> None:
        sides = [killed(5, party="north"), killed(5, party="south")]
        story = [day(1, *sides, source=source) for source in ("mod", "mod.south", "watch")]
        found = alerts(f"crosses: 1, {filters}", *story, day(2, killed(9, party="all"), source="watch"))
        assert [f"{alert['subject']['source']} {alert['subject']['party']}" for alert in found] == cells

    def test_both_sides_together_are_in_no_class(self) -> None:
        assert alerts("crosses: 1, class: '*'", day(1, killed(9, party="all"), source="watch")) == []

    def test_an_excluded_episode_moves_no_clock_of_the_rule(self) -> None:
        other = [report(f"p{n}", killed(n), episode="peace", published_at=at(n), source="watch") for n in (1, 9)]
        assert alerts("quiet: P2D, episode: war", *other, day(1, killed(1))) == []


class TestTelling:
    def test_the_whole_alert(self) -> None:
        (alert,) = alerts(
            "crosses: 50, severity: severe, message: '{source} of {party}: {after} ({rule}, {at})'",
            day(2, killed(71), relayed_by="paper", headline="71 dead", url="https://example.org/1"),
        )
        assert alert == {
            "alert_id": "r:war/mod/north/killed/military@1",
            "rule": "r",
            "state": "raised",
            "resolves": [],
            "severity": "severe",
            "episode": "war",
            "at": at(2, 12),
            "condition": "crosses",
            "subject": {"source": "mod", "party": "north", "outcome": "killed", "population": "military"},
            "message": f"mod of north: 71 (r, {at(2, 12)})",
            "facts": {
                "before": None,
                "after": 71,
                "change": 71,
                "low": 71,
                "high": 71,
                "as_of": at(2, 12),
                "kind": "first",
                "figure": 50,
            },
            "suppressed": 0,
            "topic": "casualties",
            "change_id": "war/mod/north/killed/military@1",
            "cause": {
                "report_id": f"mod-{at(2, 12)}",
                "revision": 1,
                "withdrawn": False,
                "source": "mod",
                "relayed_by": "paper",
                "url": "https://example.org/1",
                "headline": "71 dead",
                "published_at": at(2, 12),
            },
        }

    def test_a_message_may_speak_of_the_report(self) -> None:
        assert messages(
            "crosses: 1, message: '{headline} ({reported_by} via {relayed_by}) {url}'",
            day(1, killed(1), headline="two\nlines"),
        ) == ["two lines (mod via –) –"]

    def test_one_report_raises_one_alert_of_a_group(self) -> None:
        both = [killed(9), killed(9, population="civilian"), killed(9, party="south")]
        assert ids(alerts("crosses: 1, group_by: [party]", day(1, *both))) == [
            "mod/north/killed/civilian@1",
            "mod/south/killed/military@1",
        ]

    def test_the_next_of_a_group_says_how_many_were_held_back(self) -> None:
        story = [day(1, killed(9), killed(9, population="civilian")), day(2, killed(9), source="watch")]
        assert [alert["suppressed"] for alert in alerts("crosses: 1, group_by: []", *story)] == [0, 1]

    def test_within_the_cool_down_others_are_held_back(self) -> None:
        story = [day(1, killed(9)), day(2, killed(8)), day(3, killed(7)), day(4, killed(6)), day(5, killed(5))]
        found = alerts("falls: 1, cool_down: P2D", *story)
        assert ids(found) == ["mod/north/killed/military@2", "mod/north/killed/military@4"]
        assert [alert["suppressed"] for alert in found] == [0, 1]

    def test_a_cool_down_is_its_groups_own(self) -> None:
        story = [day(1, killed(9)), day(1, killed(9), source="watch")]
        assert len(alerts("crosses: 1, cool_down: P2D", *story)) == 2
        assert len(alerts("crosses: 1, cool_down: P2D, group_by: [party]", *story)) == 1

    def test_what_was_held_back_is_not_resolved(self) -> None:
        story = [day(1, killed(9)), day(1, killed(9), source="watch"), day(2, killed(0), source="watch")]
        assert [
            alert["state"] for alert in alerts("crosses: 1, group_by: [], cool_down: P2D, resolved: true", *story)
        ] == ["raised"]


class TestTime:
    def test_the_clock_is_the_greatest_time_among_the_causes(self) -> None:
        story = [day(5, killed(9), source="watch"), day(3, killed(9))]
        assert [alert["at"] for alert in alerts("crosses: 1", *story)] == [at(5, 12), at(5, 12)]

    def test_a_change_of_the_registry_has_no_time(self) -> None:
        (topic, record) = changes(day(1, act("holding")))[0]
        registered = {**record, "cause": {"registry": Registry().digest}}
        assert [alert["at"] for alert in told(watch("becomes: in_effect"), [(topic, registered)])] == [None]


class TestState:
    @pytest.mark.parametrize("seed", range(5))
    def test_state_restored_at_any_point_continues(self, seed: int) -> None:
        published = random_changes(seed)
        whole = told(watch(*EVERYTHING), published)
        assert whole
        again: list[Json] = []
        state: Json | None = None
        for change in published:
            watching = watch(*EVERYTHING, state=state)
            again += told(watching, [change])
            state = orjson.loads(orjson.dumps(watching.state))
        assert again == whole

    @pytest.mark.parametrize("seed", range(5))
    def test_the_order_of_topics_makes_no_difference(self, seed: int) -> None:
        published = random_changes(seed)
        lanes = [[change for change in published if change[0] == topic] for topic in ("casualties", "ceasefires")]
        expected = {alert["alert_id"]: alert for alert in told(watch(*EVERYTHING), published)}
        for order in (lanes[0] + lanes[1], lanes[1] + lanes[0]):
            assert {alert["alert_id"]: alert for alert in told(watch(*EVERYTHING), order)} == expected

    @pytest.mark.parametrize("seed", range(5))
    def test_no_id_is_told_twice(self, seed: int) -> None:
        found = [alert["alert_id"] for alert in told(watch(*EVERYTHING), random_changes(seed))]
        assert len(set(found)) == len(found)

    def test_topics_that_no_rule_looks_at_are_passed_over(self) -> None:
        watching = watch("crosses: 1")
        assert told(watching, [("statements", {}), *changes(day(1, act("holding")))]) == []
        assert watching.state == {"casualties": {}, "ceasefires": {}}

    def test_little_is_kept(self) -> None:
        """Of a thousand figures in one cell, the rules that ship keep what a few lines hold."""
        story = [report(f"r{n}", killed(n), published_at=at(1 + n // 60, n % 24, n % 60)) for n in range(1000)]
        watching = AlertEngine(default_rules(), REGISTRY)
        told(watching, changes(*story))
        assert len(orjson.dumps(watching.state)) < 20_000

    def test_a_watch_started_later_knows_the_state_before(self) -> None:
        published = changes(day(1, killed(90)), day(2, killed(110)))
        assert ids(told(watch("crosses: 100"), published[1:])) == ["mod/north/killed/military@2"]
        assert len(told(watch("rises: {by: 20, within: P9D}"), published[1:])) == 1


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two rules are named r"):
        Rules([*rules("crosses: 1"), *rules("falls: 1")])


def test_figures_of_a_group_or_scope_raise_no_alert() -> None:
    """A rule is about whole counts: a part's figure would raise and resolve its alerts in turn."""
    parts = [killed(200, group="children"), killed(300, scope="in-jermuk")]
    assert alerts("crosses: 100", day(14, *parts)) == []
    assert len(alerts("crosses: 100", day(14, killed(150), *parts), day(15, killed(1, group="children")))) == 1
