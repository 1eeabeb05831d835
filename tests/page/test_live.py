"""The page while it is watched: changes as they come, corrections, and a connection that is lost."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.page.conftest import Server
from tests.support.build import REGISTRY, act, at, denies, killed, report, withdrawal

Visit = Callable[..., Page]


@pytest.fixture
def watched(visit: Visit, server: Server, episode: str) -> Page:
    """The page of an episode with 105 killed, live."""
    server.take(report("a", killed(105), episode=episode))
    page = visit(f"{server.url}/#/{episode}")
    expect(page.locator("#connection")).to_have_text("Connected")
    expect(page.locator(".total")).to_have_text("105 = 105 north")
    return page


def test_changed_figure_appears_and_flashes_once(watched: Page, server: Server, episode: str) -> None:
    """A changed figure appears live, flashes once in each place, and is announced to screen readers."""
    server.take(report("b", killed(110), published_at=at(15), episode=episode, headline="Five more"))
    expect(watched.locator(".total")).to_have_text("110 = 110 north")
    expect(watched.locator(".feed .entry").first).to_contain_text("north killed, military: up by 5, from 105 to 110")
    expect(watched.locator(".feed .entry").first).to_contain_text("Five more")
    watched.wait_for_function("window.flashes.length >= 3")
    expect(watched.locator("#told")).to_have_text(
        "north killed, military: up by 5, from 105 to 110, says Ministry of the north."
    )
    # The total, the class and the source's own figure: each once, for all that was asked for again since.
    assert watched.evaluate("window.flashes") == ["110", "110", "110"]


def test_reduced_motion_shows_changes_without_animation(visit: Visit, server: Server, episode: str) -> None:
    server.take(report("a", killed(105), episode=episode))
    page = visit(f"{server.url}/#/{episode}", reduced_motion="reduce")
    expect(page.locator("#connection")).to_have_text("Connected")
    server.take(report("b", killed(110), published_at=at(15), episode=episode))
    expect(page.locator(".total .changed")).to_have_text("110")
    assert page.locator(".total .changed").evaluate("element => getComputedStyle(element).animationName") == "none"
    assert page.evaluate("window.flashes") == []


def test_corrections_are_called_corrections(watched: Page, server: Server, episode: str) -> None:
    page = watched
    entries = page.locator(".feed .entry .is-correction")
    server.take(report("b", killed(99), published_at=at(15), episode=episode))
    expect(entries.first).to_have_text(re.compile("corrected down.*corrected down by 6, from 105 to 99"))
    server.take(report("d", denies("b"), source="mod.south", published_at=at(16), episode=episode))
    expect(entries.first).to_have_text(re.compile("disputed.*99 now disputed by Ministry of the south"))
    server.take(withdrawal("b", 2, episode=episode, published_at=at(17)))
    expect(page.locator(".feed .entry").first).to_contain_text("report withdrawn")
    server.take(withdrawal("a", 2, episode=episode, published_at=at(18)))
    expect(entries.first).to_have_text(re.compile("withdrawn.*was 105"))
    expect(page.locator(".sources .figure")).to_have_text("Withdrawn")
    server.take(report("a", killed(105), revision=3, published_at=at(19), episode=episode))
    expect(entries.first).to_have_text(re.compile("restored.*restored to 105"))
    server.take(report("c", killed(120), published_at=at(20), episode=episode))
    page.get_by_label("Corrections only").check()
    expect(page.locator(".feed")).not_to_contain_text("up by")


def test_a_ceasefire_that_moves_is_shown_and_told(watched: Page, server: Server, episode: str) -> None:
    expect(watched.get_by_text("No ceasefire reported.")).to_be_visible()
    server.take(report("t", act("agreed"), published_at=at(15), episode=episode))
    status = watched.locator(".status-line")
    expect(status).to_contain_text("Agreed since 15 Sep 2022 00:00")
    expect(watched.locator("#told")).to_contain_text("Ceasefire: agreed; since 15 Sep 2022 00:00")
    server.take(report("u", act("took_effect"), published_at=at(16), episode=episode))
    expect(status).to_contain_text("In effect since 16 Sep 2022 00:00")
    expect(watched.locator("#told")).to_contain_text("Ceasefire: agreed → in effect; since 16 Sep 2022 00:00")
    expect(watched.locator(".band .span")).to_have_text(["agreed", "in effect"])


def test_many_changes_at_once_are_told_as_a_number(watched: Page, server: Server, episode: str) -> None:
    parties = [killed(at_most, party=f"party-{at_most}") for at_most in range(1, 6)]
    server.take(report("many", *parties, published_at=at(15), episode=episode))
    expect(watched.locator("#told")).to_have_text("5 changes came in.")


def test_a_burst_of_changes_is_taken_in_whole(watched: Page, server: Server, episode: str) -> None:
    parties = [f"party-{number}" for number in range(40)]
    for round_ in range(1, 26):
        counts = [killed(100 * round_, party=party) for party in parties]
        server.take(
            report(f"round-{round_}", *counts, published_at=at(15 + round_ // 24, round_ % 24), episode=episode)
        )
    expect(watched.locator(".state")).to_contain_text("1,001 changes")
    expect(watched.locator(".feed .entry").first).to_contain_text("party-0 killed, military: up by 100")
    expect(watched.locator(".sources .figure", has_text="2,500")).to_have_count(40)


def test_who_looks_at_the_past_stays_there_while_more_comes_in(watched: Page, server: Server, episode: str) -> None:
    server.take(report("b", killed(110), published_at=at(15), episode=episode))
    expect(watched.locator(".total")).to_have_text("110 = 110 north")
    watched.get_by_role("button", name="The change before").click()
    expect(watched.locator(".total")).to_have_text("105 = 105 north")
    server.take(report("c", killed(120), published_at=at(16), episode=episode))
    expect(watched.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile("change 1 of 3"))
    expect(watched.locator(".total")).to_have_text("105 = 105 north")
    watched.get_by_role("button", name="Back to now").first.click()
    expect(watched.locator(".total")).to_have_text("120 = 120 north")


def test_lost_server_is_shown_and_missed_changes_arrive(visit: Visit, tmp_path: Path) -> None:
    """The page says that the server is away, and shows the changes it missed once it is back."""
    server = Server(tmp_path / "own")
    server.take(report("a", killed(105)))
    page = visit(f"{server.url}/#/war", expected="Failed to load resource|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE")
    expect(page.locator("#connection")).to_have_text("Connected")
    server.stop()
    expect(page.locator("#connection")).to_have_text(
        re.compile(r"Disconnected since \d+ \w+ \d+ [\d:]+ UTC, trying again")
    )
    again = Server(tmp_path / "own", port=int(server.url.rpartition(":")[2]))
    try:
        again.take(report("b", killed(110), published_at=at(15)))
        expect(page.locator("#connection")).to_have_text("Connected")
        expect(page.locator(".total")).to_have_text("110 = 110 north")
        expect(page.locator(".feed .entry").first).to_contain_text("up by 5, from 105 to 110")
    finally:
        again.stop()


def test_with_no_heartbeat_the_connection_is_made_anew(visit: Visit, server: Server, episode: str) -> None:
    server.take(report("a", killed(105), episode=episode))
    page = visit("about:blank")
    page.clock.install()
    page.goto(f"{server.url}/#/{episode}")
    expect(page.locator("#connection")).to_have_text("Connected")
    with page.expect_request(re.compile("/events")) as asked:
        page.clock.fast_forward(41_000)
    assert "since=" in asked.value.url
    expect(page.locator("#connection")).to_have_text("Connected")


def test_a_server_that_is_behind_is_said(visit: Visit, tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path, REGISTRY)
    store._trouble = "the disk is full"
    with contextlib.closing(store), running(create_app(store, loopback=True), listen("127.0.0.1", 0)) as url:
        page = visit(url)
        expect(page.locator("#connection")).to_have_text("Behind")
        expect(page.locator("#connection")).to_have_attribute("title", "the disk is full")
        expect(page.get_by_role("alert")).to_have_text(
            "The server is behind: the disk is full. The figures shown may be old."
        )


def test_unknown_episode_appears_with_its_first_report(visit: Visit, server: Server, episode: str) -> None:
    page = visit(f"{server.url}/#/{episode}", expected="404")
    expect(page.get_by_text(f"No report of an episode named {episode} has come in yet.")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("Connected")
    server.take(report("a", killed(105), episode=episode))
    expect(page.locator(".total")).to_have_text("105 = 105 north")
