"""examples/events.html in a browser, served beside truceline."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.support.build import killed, report
from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples" / "events.html"


def test_the_example_shows_each_change_as_it_comes(server: Server, visit: Callable[..., Page], episode: str) -> None:
    server.take(report("e1", killed(71), episode=episode))
    page = visit(server.url)
    page.route("**/events.html*", lambda route: route.fulfill(path=EXAMPLE, content_type="text/html; charset=utf-8"))
    page.goto(f"{server.url}/events.html?episode={episode}")
    expect(page.locator("#state")).to_have_text("live")
    server.take(report("e1", killed(75), episode=episode, revision=2))
    server.take(report("e1", killed(74), episode=episode, revision=3))
    expect(page.locator("#changes li")).to_have_text(
        ["mod/north/killed/military: 75 → 74", "mod/north/killed/military: 71 → 75"]
    )
