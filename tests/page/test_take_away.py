"""Links that keep all on screen, citations, tables, pictures, explanations in pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2
from PIL import Image
from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.page.two_sides_story import story
from tests.support.build import at, killed, report
from tests.support.waiting import LIMIT_S

Visit = Callable[..., Page]
MANY = 60


def opened(visit: Visit, server: Server, episode: str, **options: object) -> Page:
    page = visit(f"{server.url}/#/{episode}", **options)
    expect(page.locator("#connection")).to_have_text("Connected")
    return page


def test_card_gives_link_citation_and_tables(visit: Visit, server: Server, episode: str) -> None:
    """The share box of a card has a link that leads to the card, a citation, and tables that exist."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    page.get_by_label("Share: Killed, military", exact=True).click()
    card = page.get_by_role("region", name="Losses, killed, military")
    link = card.get_by_role("textbox", name="Link").input_value()
    assert link == f"{server.url}/#/{episode}?card=killed/military"
    assert card.get_by_role("textbox", name="Cite").input_value() == (
        f"{episode}. Killed, military: 169 (north 98 + south 71). Claims by the sources named, as published until"
        f" 9 Sep 2022 00:00 UTC. truceline, {link}"
    )
    for name in ("CSV of the figures", "CSV of the changes", "JSON"):
        address = card.get_by_role("link", name=name).evaluate("link => link.href")
        assert httpx2.get(address, timeout=LIMIT_S).status_code == 200
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("[id='card-killed/military']")).to_be_in_viewport()


def test_chart_is_saved_as_png(visit: Visit, server: Server, episode: str, tmp_path: Path) -> None:
    server.take(*story(episode))
    page = opened(visit, server, episode)
    page.get_by_label("Share: Killed, military over time").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG of this chart").click()
    path = tmp_path / "chart.png"
    saved.value.save_as(path)
    with Image.open(path) as picture:
        assert (picture.format, picture.width > 600) == ("PNG", True)
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 10


def test_address_holds_what_is_opened_and_filtered(visit: Visit, server: Server, episode: str) -> None:
    """Corrections only, an opened explanation, a hidden line and the sort order survive a reload."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    page.get_by_label("Corrections only").check()
    page.get_by_role("button", name="Why: A monitor, north killed, military").click()
    page.get_by_role("button", name="north, by blog").click()
    page.get_by_role("columnheader", name="Figure").get_by_role("button").click()
    page.reload()
    expect(page.get_by_label("Corrections only")).to_be_checked()
    expect(page.locator(".claims tbody tr")).to_have_count(1)
    expect(page.get_by_role("button", name="north, by blog")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".sources > tbody > tr > th").first).to_have_text("Ministry of the north")
    expect(page.get_by_role("columnheader", name="Figure").first).to_have_attribute("aria-sort", "descending")


def test_long_explanation_comes_in_pages(visit: Visit, server: Server, episode: str) -> None:
    """Why? asks for 25 older claims at first, in less than 100 kB, and for the rest on demand."""
    server.take(
        *(
            report(
                f"r{number:02}", killed(100 + number), published_at=at(1 + number // 24, number % 24), episode=episode
            )
            for number in range(MANY + 1)
        )
    )
    page = opened(visit, server, episode)
    with page.expect_response(lambda response: "/explain" in response.url) as asked:
        page.get_by_role("button", name="Why: Ministry of the north").click()
    assert len(asked.value.body()) < 100_000
    expect(page.locator(".claims tbody tr")).to_have_count(26)
    page.get_by_role("button", name="Show more of 35 older claims").click()
    expect(page.locator(".claims tbody tr")).to_have_count(MANY + 1)
    expect(page.locator(".claims tbody th").first).to_have_text("counts")


def test_mistyped_address_leads_back(visit: Visit, server: Server) -> None:
    page = visit(f"{server.url}/nowhere/at/all", expected="404")
    expect(page.get_by_role("heading")).to_have_text("There is no page at this address")
    page.get_by_role("link", name="See all episodes").click()
    expect(page.locator("main h1")).to_have_text("Episodes")


def test_date_box_and_play_move_the_figures(visit: Visit, server: Server, episode: str) -> None:
    """The date box shows what was known then; play goes from the first change to the present."""
    server.take(
        report("a", killed(105), episode=episode), report("b", killed(110), published_at=at(15, 12), episode=episode)
    )
    page = opened(visit, server, episode)
    page.get_by_label("Date and time shown").fill("2022-09-15T11:00")
    expect(page.locator(".total")).to_have_text("105 = 105 north")
    page.get_by_role("button", name="Back to now").click()
    page.get_by_role("button", name="Play the history").click()
    expect(page.locator(".total")).to_have_text("105 = 105 north")
    expect(page.locator(".total")).to_have_text("110 = 110 north")
    expect(page.get_by_role("button", name="Play the history")).to_be_visible()


def test_print_has_all_corrections(visit: Visit, server: Server, episode: str) -> None:
    """On paper there are all corrections, and the number of other changes that are left out."""
    server.take(
        *(report(f"r{day}", killed(100 - day), published_at=at(day, 12), episode=episode) for day in range(1, 31))
    )
    page = opened(visit, server, episode)
    expect(page.locator(".feed .entry")).to_have_count(12)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".feed .entry")).to_have_count(29)
    expect(page.get_by_text("1 other change is not printed.")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".feed .entry")).to_have_count(12)
