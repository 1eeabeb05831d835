"""For everybody: by keyboard, by ear, in the dark, on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.page.two_sides_story import story

Visit = Callable[..., Page]
Keep = Callable[..., None]
DARK = "rgb(16, 19, 21)"


@pytest.fixture
def opened(visit: Visit, server: Server, episode: str) -> Visit:
    """`opened(color_scheme="dark", …)` opens the page of the story."""
    server.take(*story(episode))

    def opened(**options: Any) -> Page:
        page = visit(f"{server.url}/#/{episode}", **options)
        expect(page.locator("#connection")).to_have_text("Connected")
        return page

    return opened


def faults(page: Page) -> list[str]:
    """Return the findings of axe-core (WCAG 2 A and AA, and its best practices), as rule and element."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_axe_finds_nothing_to_fault(opened: Visit, keep: Keep, width: int, scheme: str) -> None:
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.get_by_text("The same as tables").click()
    page.get_by_text("4 steps").click()
    page.get_by_role("button", name="Why: Ministry of the north, south killed, military").click()
    expect(page.locator(".claims tbody tr")).to_have_count(2)
    expect(page.locator(".steps li")).to_have_count(4)
    keep(page, f"{width}-{scheme}", full_page=True)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (page.evaluate("getComputedStyle(document.body).backgroundColor") == DARK) == (scheme == "dark")
    page.get_by_role("link", name="truceline").click()
    expect(page.locator(".episodes")).to_be_visible()
    assert faults(page) == []


def test_all_of_it_can_be_reached_and_used_by_keyboard(visit: Visit, server: Server, episode: str) -> None:
    server.take(*story(episode), *story(f"{episode}-2"))
    page = visit(server.url)
    page.get_by_role("link", name=episode, exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=f"{episode}-2")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=episode)).to_be_visible()
    expect(page.locator("main")).to_be_focused()
    expect(page.locator(".sources")).to_be_visible()
    reached = []
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("[document.activeElement.tagName, document.activeElement.type ?? ''].join(' ')"))
    assert {"A ", "SUMMARY ", "DIV ", "INPUT range", "INPUT datetime-local", "INPUT checkbox", "BUTTON button"} <= set(
        reached
    )


def test_the_first_thing_that_is_reached_leads_past_the_head(opened: Visit) -> None:
    page = opened()
    address = page.url
    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert page.url == address


def test_every_table_has_a_caption_and_every_field_a_name(opened: Visit) -> None:
    page = opened()
    page.get_by_text("The same as tables").click()
    expect(page.locator(".figures table")).to_have_count(2)
    assert page.locator("table").count() == page.locator("table > caption").count() == 6
    assert [field.get_attribute("aria-label") or "" for field in page.locator("input:not(label input)").all()] == [
        "Time shown"
    ]


def test_without_scripts_it_says_where_the_figures_are(visit: Visit, server: Server) -> None:
    page = visit("about:blank", java_script_enabled=False)
    page.goto(server.url)
    expect(page.get_by_role("link", name="/episodes")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_every_control_is_large_enough(opened: Visit, width: int) -> None:
    """Buttons are at least 24 pixels wide and high (WCAG 2.5.8); links within a text are exempt."""
    page = opened(viewport={"width": width, "height": 900})
    page.get_by_label("Share: Killed, military", exact=True).click()
    small = page.evaluate(
        "[...document.querySelectorAll('button, summary, select, input:not([type=checkbox]), .files a, .only')]"
        ".map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])"
        ".filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([name, {width, height}]) =>"
        " `${name} ${width} ${height}`)"
    )
    assert small == []
