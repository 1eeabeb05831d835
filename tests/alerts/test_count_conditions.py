"""Conditions on figures."""

from __future__ import annotations

import pytest

from tests.support.alerts import alerts, day, ids, messages
from tests.support.build import at, killed, more, withdrawal

CELL = "mod/north/killed/military"


def daily(*figures: int, source: str = "mod") -> list[dict[str, object]]:
    """The figures of successive days, from the 1st."""
    return [day(number, killed(best), source=source) for number, best in enumerate(figures, 1)]


class TestCrosses:
    def test_an_alert_at_the_crossing_and_none_above_it(self) -> None:
        assert ids(alerts("crosses: 100", *daily(50, 99, 100, 120))) == [f"{CELL}@3"]

    def test_a_first_figure_crosses_from_nothing(self) -> None:
        assert messages("crosses: 100", *daily(150)) == [
            "north killed (military) according to mod: 150, 100 reached",
        ]

    def test_it_tells_again_after_a_correction_below(self) -> None:
        assert ids(alerts("crosses: 100", *daily(100, 90, 101))) == [f"{CELL}@1", f"{CELL}@3"]

    def test_a_restored_figure_crosses_again(self) -> None:
        first, again = day(1, killed(100)), day(2, killed(100))
        story = [first, withdrawal(first["report_id"], published_at=first["published_at"]), again]
        assert ids(alerts("crosses: 100", *story)) == [f"{CELL}@1", f"{CELL}@3"]

    def test_the_end_of_it_is_told_where_asked_for(self) -> None:
        raised, resolved = alerts("crosses: 100, resolved: true", *daily(100, 90))
        assert (resolved["state"], resolved["resolves"]) == ("resolved", [raised["alert_id"]])
        assert resolved["message"] == "north killed (military) according to mod: back to 90, below 100"


class TestRises:
    def test_a_rise_within_the_time_is_told(self) -> None:
        assert messages("rises: {by: 50, within: P2D}", *daily(100, 120, 150)) == [
            "north killed (military) according to mod: 50 more, 100 → 150",
        ]

    def test_a_slower_one_is_not(self) -> None:
        assert alerts("rises: {by: 50, within: P1D}", *daily(100, 120, 150)) == []

    def test_the_figure_that_stood_when_the_window_began_counts(self) -> None:
        """The figure is 100 until noon of the 3rd: still a day before 11:00 of the 4th, no longer a day before noon."""
        before = [*daily(100), day(3, killed(120))]
        assert len(alerts("rises: {by: 50, within: P1D}", *before, day(4, killed(150), published_at=at(4, 11)))) == 1
        assert alerts("rises: {by: 50, within: P1D}", *before, day(4, killed(150))) == []

    def test_it_is_measured_from_the_lowest_of_the_window(self) -> None:
        assert messages("rises: {by: 50, within: P9D}", *daily(100, 80, 131)) == [
            "north killed (military) according to mod: 51 more, 80 → 131",
        ]

    def test_what_was_told_is_not_measured_from_again(self) -> None:
        assert ids(alerts("rises: {by: 50, within: P9D}", *daily(100, 150, 160, 199, 200))) == [
            f"{CELL}@2",
            f"{CELL}@5",
        ]

    def test_a_first_figure_is_no_rise(self) -> None:
        assert alerts("rises: {by: 1, within: P9D}", *daily(100)) == []

    def test_a_share_is_measured_from_a_figure_above_nought(self) -> None:
        assert alerts("rises: {by: 20%, within: P9D}", *daily(0, 5)) == []
        assert messages("rises: {by: 20%, within: P9D}", *daily(0, 5, 6)) == [
            "north killed (military) according to mod: 1 more, 5 → 6",
        ]

    @pytest.mark.parametrize(("figure", "count"), [(119, 0), (120, 1)])
    def test_the_share_is_reached_exactly(self, figure: int, count: int) -> None:
        assert len(alerts("rises: {by: 20%, within: P9D}", *daily(100, figure))) == count

    def test_a_figure_withdrawn_and_put_back_higher_rose(self) -> None:
        first = day(1, killed(50))
        back = withdrawal(first["report_id"], published_at=at(2))
        assert messages("rises: {by: 100, within: P3D}", first, back, day(3, killed(200))) == [
            "north killed (military) according to mod: 150 more, 50 → 200",
        ]

    def test_by_as_of_late_figures_rise_at_their_own_dates(self) -> None:
        """All are published within two hours, for three dates: 30 more a day."""
        late = [
            day(20, killed(100, as_of=at(1))),
            day(20, killed(130, as_of=at(11)), published_at=at(20, 13)),
            day(20, killed(160, as_of=at(12)), published_at=at(20, 14)),
        ]
        assert ids(alerts("rises: {by: 50, within: P1D}", *late)) == [f"{CELL}@3"]
        assert alerts("rises: {by: 50, within: P1D, time: as_of}", *late) == []
        assert messages("rises: {by: 50, within: P2D, time: as_of}", *late) == [
            "north killed (military) according to mod: 60 more, 100 → 160",
        ]

    def test_by_as_of_increments_add_up_whenever_published(self) -> None:
        """Thirty and thirty of two days, the second published three weeks later."""
        belated = [day(1, more(5)), day(2, more(30)), day(23, more(30, as_of=at(3)))]
        assert alerts("rises: {by: 60, within: P7D}", *belated) == []
        assert messages("rises: {by: 60, within: P7D, time: as_of}", *belated) == [
            "north killed (military) according to mod: 60 more, 5 → 65",
        ]

    def test_by_as_of_a_figure_for_the_same_date_is_no_later_one(self) -> None:
        wrong, right = day(1, killed(70)), day(1, killed(170), published_at=at(1, 13))
        right["claims"][0]["as_of"] = wrong["claims"][0]["as_of"] = at(1)
        assert alerts("rises: {by: 50, within: P9D, time: as_of}", wrong, right) == []

    def test_by_as_of_a_withdrawn_figure_is_not_measured_from(self) -> None:
        """The low figure of the 3rd is withdrawn: 90 of the 4th rises from 100 and 80, not from 10."""
        low = day(3, killed(10))
        story = [day(1, killed(80)), day(2, killed(100)), low, withdrawal(low["report_id"], published_at=at(3))]
        assert alerts("rises: {by: 50, within: P9D, time: as_of}", *story, day(4, killed(110))) == []
        assert len(alerts("rises: {by: 50, within: P9D, time: as_of}", *story, day(4, killed(131)))) == 1

    def test_each_source_rises_for_itself(self) -> None:
        assert alerts("rises: {by: 50, within: P9D}", *daily(100), *daily(160, source="watch")) == []


class TestFalls:
    def test_a_correction_is_told_with_both_figures(self) -> None:
        assert messages("falls: 1", *daily(71, 70, 80)) == [
            "north killed (military) according to mod: corrected from 71 to 70",
        ]

    def test_a_small_one_is_not_where_more_is_asked_for(self) -> None:
        assert alerts("falls: 10", *daily(71, 62)) == []

    def test_a_withdrawn_figure_fell_altogether(self) -> None:
        first = day(1, killed(50))
        back = withdrawal(first["report_id"], published_at=at(2))
        assert messages("falls: 50", first, back) == [
            "north killed (military) according to mod: corrected from 50 to –",
        ]


class TestDisagree:
    def test_one_alert_while_two_sources_differ_one_when_they_agree(self) -> None:
        story = [*daily(10), day(2, killed(30), source="watch"), day(3, killed(31), source="watch"), day(4, killed(20))]
        found = alerts("disagree: 3, resolved: true", *story)
        assert ids(found) == ["watch/north/killed/military@1", "watch/north/killed/military@1/resolved"]
        assert [alert["message"] for alert in found] == [
            "north killed (military): 30 according to watch, 10 according to mod",
            "north killed (military): sources agree again, 20 (mod) to 31 (watch)",
        ]

    def test_one_source_alone_agrees_with_itself(self) -> None:
        assert alerts("disagree: 2", *daily(10, 100)) == []

    @pytest.mark.parametrize(("figure", "count"), [(1, 0), (2, 1)])
    def test_none_at_all_counts_as_one(self, figure: int, count: int) -> None:
        assert len(alerts("disagree: 2", *daily(0), day(2, killed(figure), source="watch"))) == count

    def test_only_the_sources_that_are_let_through_take_part(self) -> None:
        assert alerts("disagree: 2, class: self_reported", *daily(10), day(2, killed(30), source="watch")) == []

    def test_a_source_that_withdraws_disagrees_no_more(self) -> None:
        other = day(2, killed(30), source="watch")
        back = withdrawal(other["report_id"], source="watch", published_at=at(3))
        assert [a["state"] for a in alerts("disagree: 2, resolved: true", *daily(10), other, back)] == [
            "raised",
            "resolved",
        ]


class TestQuiet:
    def test_a_source_is_quiet_when_others_have_moved_the_clock_on(self) -> None:
        story = [*daily(10), day(2, killed(1), source="watch"), day(4, killed(2), source="watch")]
        found = alerts("quiet: P2D", *story)
        assert ids(found) == [f"{CELL}@1/quiet"]
        assert (found[0]["subject"], found[0]["at"]) == ({"source": "mod"}, at(4, 12))
        assert found[0]["message"] == f"mod has changed no figure since {at(1, 12)}"

    def test_it_is_told_once_and_again_after_the_source_has_spoken(self) -> None:
        others = [day(number, killed(number), source="watch") for number in (5, 6, 15)]
        story = [*daily(10), *others[:2], day(7, killed(11)), others[2]]
        assert ids(alerts("quiet: P2D, source: mod, resolved: true", *story)) == [
            f"{CELL}@1/quiet",
            f"{CELL}@1/quiet/resolved",
            f"{CELL}@2/quiet",
        ]

    def test_who_speaks_after_a_long_time_alone_was_not_missed(self) -> None:
        assert alerts("quiet: P2D", *daily(10), day(9, killed(11))) == []

    def test_an_old_report_that_comes_late_does_not_end_a_silence(self) -> None:
        late = day(2, killed(11, party="south"), published_at=at(2))
        story = [*daily(10), day(9, killed(1), source="watch"), late, day(10, killed(12))]
        assert ids(alerts("quiet: P2D, resolved: true, source: mod", *story)) == [
            f"{CELL}@1/quiet",
            f"{CELL}@1/quiet/resolved",
        ]

    def test_a_repeated_figure_is_not_seen(self) -> None:
        """As documented: a source that changes nothing looks quiet."""
        repeats = [day(number, killed(10)) for number in (2, 3, 4)]
        assert len(alerts("quiet: P2D", *daily(10), *repeats, day(5, killed(1), source="watch"))) == 1

    def test_several_fall_silent_in_the_order_of_their_names(self) -> None:
        story = [day(1, killed(1), source=source) for source in ("watch", "mod", "mod-2")]
        found = alerts("quiet: P1D", *story, day(5, killed(1), source="mod.south"))
        assert [alert["subject"]["source"] for alert in found] == ["mod", "mod-2", "watch"]
