"""A story made from changes: what was known when."""

import pytest

from streams.core.times import DAY_US, parse_time
from streams.operations.plots.history import LineKey, PanelKey, PlottedLine, Point
from streams.operations.plots.silence import silences, stretches
from tests.operations.plots.stories import ceasefire, killed, report, story


def at(day: str) -> int:
    return parse_time(f"2024-03-{day}" + ("" if "T" in day else "T00:00:00") + "Z")


def test_a_line_has_a_point_for_each_time() -> None:
    """Points below the one before are marked."""
    told = story(report("01", killed(10)), report("02", killed(12, low=11, high=15)), report("03", killed(9)))
    (line,) = told.lines
    assert line.key == LineKey("mod", "north", "killed", "military")
    assert line.points == [
        Point(at("01"), 10, 10, 10, is_down=False),
        Point(at("02"), 12, 11, 15, is_down=False),
        Point(at("03"), 9, 9, 9, is_down=True),
    ]


def test_of_changes_at_one_time_the_last_is_drawn() -> None:
    """All of them are kept for the table."""
    told = story(
        report("01", killed(10)), report("01", killed(30), report_id="s"), report("01", killed(20), report_id="t")
    )
    (line,) = told.lines
    assert line.points == [Point(at("01"), 20, 20, 20, is_down=False)]
    assert [record["after"]["best"] for _, record in line.records] == [10, 30, 20]


def test_a_withdrawn_figure_is_a_point_without_one() -> None:
    told = story(report("01", killed(10)), report("02", report_id="r-01", revision=2, withdrawn=True))
    assert told.lines[0].points[-1] == Point(at("02"), None, None, None, is_down=False)


def test_an_outcome_and_population_is_a_panel_killed_first() -> None:
    told = story(
        report(
            "01", killed(1, outcome="wounded"), killed(2), killed(3, population="civilian"), killed(4, party="south")
        )
    )
    assert [(name, len(lines)) for name, lines in told.panels().items()] == [
        (PanelKey("killed", "civilian", "", ""), 1),
        (PanelKey("killed", "military", "", ""), 2),
        (PanelKey("wounded", "military", "", ""), 1),
    ]


def test_a_group_and_a_scope_have_lines_and_panels_of_their_own() -> None:
    """17 children of 48 dead are no later figure of the 48."""
    told = story(report("01", killed(48), killed(17, group="children"), killed(5, scope="in-jermuk")))
    assert {line.key[4:]: line.last.best for line in told.lines} == {
        ("", ""): 48,
        ("children", ""): 17,
        ("", "in-jermuk"): 5,
    }
    assert [name[2:] for name in told.panels()] == [("", ""), ("", "in-jermuk"), ("children", "")]


def test_a_status_that_the_clock_moved_stands_where_it_was_due() -> None:
    """That it would take effect on the 3rd and expire on the 6th was known on the 1st."""
    told = story(
        report("01", ceasefire("announced", effective_at="2024-03-03T00:00:00Z", expires_at="2024-03-06T00:00:00Z")),
        report("09", killed(1)),
    )
    assert [(span.status, span.start_us, span.end_us) for span in told.bands[0].spans] == [
        ("announced", at("01"), at("06")),
        ("expired", at("06"), at("09")),
    ]


def test_a_status_that_was_told_late_stands_where_it_was_told() -> None:
    told = story(
        report("02", ceasefire("announced", effective_at="2024-03-01T00:00:00Z")),
        report("05", ceasefire("collapsed")),
        report("07", killed(1)),
    )
    assert [(span.status, span.start_us, span.end_us) for span in told.bands[0].spans] == [
        ("in_effect", at("02"), at("05")),
        ("collapsed", at("05"), at("07")),
    ]


def test_what_was_said_of_a_ceasefire_is_marked() -> None:
    told = story(
        report("01", ceasefire("announced")),
        report("02", ceasefire("violation_alleged", against="south")),
        report("03", ceasefire("violation_denied", against="south")),
        report("04", ceasefire("not_confirmed")),
        report("05", ceasefire("violation_confirmed", against="south")),
    )
    assert [(mark.at_us, mark.what) for mark in told.bands[0].marks] == [
        (at("02"), "alleged"),
        (at("03"), "denied"),
        (at("04"), "not_confirmed"),
        (at("05"), "confirmed"),
    ]


def test_a_story_until_a_time_holds_nothing_from_after_it() -> None:
    reports = report("01", killed(10)), report("05", killed(20)), report("05", ceasefire("agreed"), report_id="c")
    told = story(*reports, until_us=at("04"))
    assert (told.changes, told.last_us, [line.last.best for line in told.lines], told.bands) == (1, at("01"), [10], [])


def test_only_the_lines_named_are_kept() -> None:
    told = story(report("01", killed(1), killed(2, party="south"), killed(3, outcome="wounded"), ceasefire("agreed")))
    told.keep("party", ["north"])
    told.keep("outcome", ["killed"])
    told.keep("source", [])
    assert ([line.key[:3] for line in told.lines], len(told.bands)) == ([("mod", "north", "killed")], 1)


def test_a_name_without_figures_is_an_error_with_those_there_are() -> None:
    with pytest.raises(LookupError, match="'nroth' has no figures here; there are figures of north, south"):
        story(report("01", killed(1), killed(2, party="south"))).keep("party", ["north", "nroth"])


def test_a_line_ends_where_its_source_fell_silent() -> None:
    """A gap of more than 30 days splits a line; a withdrawal ends it; the last figure does not run on to the end."""
    days = (0, 10, 50, 60, 61)
    bests = (3, 5, 8, None, 9)
    points = [Point(day * DAY_US, best, best, best, is_down=False) for day, best in zip(days, bests, strict=True)]
    line = PlottedLine(LineKey("mod", "north", "killed", "military"), points)
    found = [([point.best for point in run], end_us // DAY_US) for run, end_us in stretches(line, 100 * DAY_US)]
    assert found == [([3, 5], 10), ([8], 60), ([9], 61)]
    assert [(point.best, end_us // DAY_US) for point, end_us in silences(line, 100 * DAY_US)] == [(5, 50), (9, 100)]
    assert stretches(line, 91 * DAY_US)[-1] == ([points[-1]], 91 * DAY_US)
