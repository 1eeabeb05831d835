"""Nothing misleads about a figure: its age, its source, its qualifier, and whether a fall is a correction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.support.build import at, killed, report

Visit = Callable[..., Page]
Start = Callable[..., Server]
NOVEMBER = "2022-11-20T00:00:00Z"


def opened(visit: Visit, server: Server, episode: str, **options: object) -> Page:
    page = visit(f"{server.url}/#/{episode}", **options)
    expect(page.locator("#connection")).to_have_text("Connected")
    return page


def test_old_figure_says_how_old_it_is(visit: Visit, server: Server, episode: str) -> None:
    """A figure more than 30 days older than the newest report says so, wherever it is shown."""
    server.take(
        report("old", killed(105), episode=episode),
        report("new", killed(60, party="south"), source="mod.south", published_at=NOVEMBER, episode=episode),
    )
    page = opened(visit, server, episode)
    expect(page.locator(".classes .old")).to_have_text("last heard 2 months before the newest report")
    expect(page.locator(".sources .old")).to_have_text("last heard 2 months before the newest report")


def test_old_toll_again_is_a_repeat_and_no_correction(visit: Visit, server: Server, episode: str) -> None:
    """A fall to a figure that the same source has raised since is a repeat; a new lower figure is a correction."""
    for day, best in ((14, 71), (15, 75), (16, 71), (17, 70)):
        server.take(report(f"r{day}", killed(best), published_at=at(day, 12), episode=episode))
    page = opened(visit, server, episode)
    expect(page.locator(".feed .tag")).to_have_text(["corrected down", "repeat of an earlier figure"])
    page.get_by_label("Corrections only").check()
    expect(page.locator(".feed .entry")).to_have_count(1)
    expect(page.locator(".feed .entry")).to_contain_text("corrected down by 1, from 71 to 70")


def test_qualifier_of_a_part_qualifies_the_total(visit: Visit, server: Server, episode: str) -> None:
    server.take(
        report("a", killed(105, qualifier="at_least"), episode=episode),
        report("b", killed(60, party="south"), source="mod.south", episode=episode),
    )
    page = opened(visit, server, episode)
    expect(page.locator(".total")).to_have_text("at least165 = 105 north + 60 south")


@pytest.mark.parametrize("time", ["garbage", "2022-09-14T16:00", "2022-99-14"])
def test_unreadable_time_shows_no_figure(visit: Visit, server: Server, episode: str, time: str) -> None:
    """An address with a time that cannot be read says so, shows nothing, and leads to the present."""
    server.take(report("a", killed(105), episode=episode))
    page = visit(f"{server.url}/#/{episode}?at={time}")
    expect(page.get_by_role("alert").get_by_text("a time that cannot be read")).to_contain_text(time)
    expect(page.locator("main .card")).to_have_count(0)
    page.get_by_role("link", name="Show what is known now").click()
    expect(page.locator(".total")).to_have_text("105 = 105 north")


def test_a_day_in_the_address_is_its_first_moment(visit: Visit, server: Server, episode: str) -> None:
    server.take(
        report("a", killed(105), episode=episode), report("b", killed(110), published_at=at(15, 12), episode=episode)
    )
    page = visit(f"{server.url}/#/{episode}?at=2022-09-15")
    expect(page.locator(".past-notice")).to_contain_text("known on 15 Sep 2022 00:00 UTC")
    expect(page.locator(".total")).to_have_text("105 = 105 north")


def test_missing_registry_is_said_once(visit: Visit, start: Start) -> None:
    """Without a registry the page says what follows; the list then shows the leading claims."""
    server = start(registry="")
    server.take(report("a", killed(105, qualifier="about")))
    page = visit(f"{server.url}/#/war")
    expect(page.get_by_text("No source registry is loaded")).to_have_count(1)
    expect(page.get_by_text("not in the registry")).to_have_count(0)
    page.get_by_role("link", name="All episodes").click()
    expect(page.locator(".in-short")).to_contain_text("killed, military, north as claimed by mod")


def test_withdrawn_figure_leaves_the_readout(visit: Visit, server: Server, episode: str) -> None:
    server.take(
        report("a", killed(105), episode=episode),
        report("x", killed(4_000), source="blog", published_at=at(15), episode=episode),
        {**report("x", revision=2, withdrawn=True, source="blog", published_at=at(16), episode=episode)},
        report("b", killed(110), published_at=at(17), episode=episode),
    )
    page = opened(visit, server, episode)
    chart = page.get_by_role("img", name="Step chart, killed, military")
    chart.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".readout")).to_contain_text("Ministry of the north")
    page.keyboard.press("End")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".readout")).to_have_text("17 Sep 2022 00:00 UTCnorth 110 Ministry of the north")


def test_groups_are_under_their_figure_and_scopes_apart(visit: Visit, server: Server, episode: str) -> None:
    """A group is a part of its figure; a scope has a card of its own; several sources have number and extremes."""
    civilians = {"population": "civilian"}
    server.take(
        report(
            "a",
            killed(48, **civilians),
            killed(17, group="children", **civilians),
            killed(5, scope="since-2022-09-14", **civilians),
            episode=episode,
        ),
        report("b", killed(50, **civilians), source="watch", published_at=at(15), episode=episode),
        report("c", killed(30, **civilians), source="blog", published_at=at(16), episode=episode),
    )
    page = opened(visit, server, episode)
    card = page.get_by_role("region", name="Losses, killed, civilians", exact=True)
    expect(card.locator(".classes td")).to_contain_text(
        ["48as claimed by Ministry of the north14 Sep 2022 12:00of them 17 children", "2 sources, 30 to 50"]
    )
    expect(card.locator(".sum .of-them")).to_have_text("of them 17 children")
    scoped = page.get_by_role("region", name="Losses, killed, civilians, since 14 Sep 2022")
    expect(scoped.locator(".total")).to_have_text("5 = 5 north")
    page.get_by_role("button", name="Why: Ministry of the north, north killed, civilians, children").click()
    expect(page.locator(".claims tbody tr")).to_have_count(1)
    expect(page.locator(".claims .figure")).to_have_text("17")


def test_sum_of_others_is_compared_with_its_own_time(visit: Visit, server: Server, episode: str) -> None:
    """A newspaper that added up 176 on the 15th is not shown against the figures of the 19th."""
    server.take(
        report("a", killed(105), published_at=at(14), episode=episode),
        report("b", killed(71, party="south"), source="mod.south", published_at=at(15), episode=episode),
        report(
            "c",
            killed(176, party="all", basis="derived", qualifier="at_least"),
            source="wire",
            published_at=at(15, 6),
            episode=episode,
        ),
        report("d", killed(135), published_at=at(19), episode=episode),
    )
    page = opened(visit, server, episode)
    expect(page.locator(".derived li")).to_have_text(
        "wire adds up all sides: at least 176, as of 15 Sep 2022 06:00;"
        " the sides’ own figures up to then also come to 176"
    )
