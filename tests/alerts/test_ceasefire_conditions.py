"""Conditions on ceasefires."""

from __future__ import annotations

from tests.support.alerts import alerts, day, ids, messages
from tests.support.build import act, at, tick, withdrawal


class TestBecomes:
    def test_the_joint_view_alone_speaks_unless_another_is_asked_for(self) -> None:
        story = [day(1, act("announced", effective_at=at(2))), tick(at(2)), day(3, act("collapsed"))]
        assert messages("becomes: [in_effect, collapsed]", *story) == [
            "ceasefire main (joint): announced → in_effect",
            "ceasefire main (joint): in_effect → collapsed",
        ]
        assert ids(alerts("becomes: collapsed, view: 'source:*'", *story)) == ["main/source:mod@3"]

    def test_leaving_resolves_what_was_raised(self) -> None:
        story = [day(1, act("holding")), day(2, act("ended")), day(3, act("agreed"))]
        raised, resolved = alerts("becomes: [ended, collapsed], resolved: true", *story)
        assert (resolved["state"], resolved["resolves"]) == ("resolved", [raised["alert_id"]])
        assert resolved["message"] == "ceasefire main (joint): no longer ended, now agreed"

    def test_a_withdrawn_ceasefire_is_no_longer_in_effect(self) -> None:
        held = day(1, act("holding"))
        back = withdrawal(held["report_id"], published_at=at(2))
        assert [alert["state"] for alert in alerts("becomes: in_effect, resolved: true", held, back)] == [
            "raised",
            "resolved",
        ]

    def test_a_change_that_leaves_the_status_is_not_told(self) -> None:
        assert len(alerts("becomes: in_effect", day(1, act("holding")), day(2, act("violation_alleged")))) == 1


class TestViolations:
    def test_so_many_within_the_time_are_told(self) -> None:
        story = [day(1, act("holding")), *[day(number, act("violation_alleged")) for number in (2, 3, 4)]]
        assert messages("violations: {count: 3, within: PT49H}", *story) == [
            "ceasefire main (joint): 3 violations more, 3 alleged and 0 confirmed",
        ]
        assert alerts("violations: {count: 3, within: P2D}", *story) == []

    def test_each_kind_is_counted_for_itself(self) -> None:
        story = [day(1, act("violation_alleged"), act("violation_confirmed"))]
        assert len(alerts("violations: {count: 1, within: P1D, kind: confirmed}", *story)) == 1
        assert alerts("violations: {count: 1, within: P1D, kind: denied}", *story) == []

    def test_what_was_told_is_not_counted_again(self) -> None:
        story = [day(number, act("violation_alleged")) for number in range(1, 7)]
        assert ids(alerts("violations: {count: 2, within: P9D}", *story)) == [
            "main/joint@2",
            "main/joint@4",
            "main/joint@6",
        ]


ANNOUNCED = day(1, act("announced", effective_at=at(2)))
START = f"main/start@{at(2)}"


class TestStartPassed:
    def test_the_tick_at_the_declared_start_tells_it(self) -> None:
        (alert,) = alerts("start_passed: PT0S", ANNOUNCED, tick(at(2)))
        assert alert["alert_id"] == f"r:war/{START}"
        assert alert["message"] == f"ceasefire main: declared to start {at(2)}, and no word that it has"

    def test_without_ticks_the_next_report_has_the_same_id(self) -> None:
        assert ids(alerts("start_passed: PT0S", ANNOUNCED, day(3, act("holding"), source="watch"))) == [START]

    def test_a_word_of_another_in_time_keeps_it_silent(self) -> None:
        word = day(2, act("holding"), source="watch", published_at=at(2, 3))
        assert alerts("start_passed: PT6H", ANNOUNCED, tick(at(2)), word, tick(at(3))) == []

    def test_a_word_that_comes_too_late_ends_it(self) -> None:
        word = day(2, act("holding"), source="watch", published_at=at(2, 9))
        found = alerts("start_passed: PT6H, resolved: true", ANNOUNCED, tick(at(2)), word)
        assert ids(found) == [START, f"{START}/resolved"]
        assert found[1]["message"] == f"ceasefire main, declared to start {at(2)}: now in_effect"

    def test_an_allegation_is_a_word_too(self) -> None:
        word = day(2, act("violation_alleged"), published_at=at(2, 3))
        assert alerts("start_passed: PT6H", ANNOUNCED, tick(at(2)), word, day(4, act("ended"))) == []

    def test_a_report_from_before_the_start_is_none(self) -> None:
        early = day(1, act("holding", at=at(1, 13)), source="watch", published_at=at(1, 13))
        late = day(1, act("called_for", mediators=["envoy"]), source="watch", published_at=at(1, 14))
        assert alerts("start_passed: PT0S", ANNOUNCED, early, tick(at(2))) == []
        assert ids(alerts("start_passed: PT6H", ANNOUNCED, tick(at(2)), late, day(3, act("ended")))) == [START]

    def test_a_start_put_off_is_waited_for_at_its_new_time(self) -> None:
        put_off = day(1, act("announced", effective_at=at(4)), published_at=at(1, 18))
        assert ids(alerts("start_passed: PT0S", ANNOUNCED, put_off, tick(at(2)), tick(at(5)))) == [
            f"main/start@{at(4)}"
        ]

    def test_what_is_called_off_is_not_waited_for(self) -> None:
        off = day(1, act("rejected", by="north"), published_at=at(1, 18))
        assert alerts("start_passed: PT0S", ANNOUNCED, off, tick(at(3)), day(4, act("called_for"))) == []

    def test_a_start_before_its_announcement_has_its_own_word(self) -> None:
        story = [day(3, act("announced", effective_at=at(2))), tick(at(5)), day(6, act("ended"))]
        assert alerts("start_passed: PT0S", *story) == []

    def test_the_end_of_a_term_ends_the_waiting(self) -> None:
        short = day(1, act("announced", effective_at=at(2), expires_at=at(3)))
        found = alerts("start_passed: PT0S, resolved: true", short, tick(at(2)), tick(at(3)))
        assert [alert["message"] for alert in found][1:] == [f"ceasefire main, declared to start {at(2)}: now expired"]
