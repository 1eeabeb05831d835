"""The page at rest: the list, an episode, and its past."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.page.two_sides_story import story
from tests.support.build import at, killed, report, says

Visit = Callable[..., Page]
Start = Callable[..., Server]
Keep = Callable[..., None]
ANNOUNCED = (
    "4 Sep 2022 12:00 announced; since 4 Sep 2022 12:00; to take effect 5 Sep 2022 00:00; until 9 Sep 2022 00:00;"
    " declared by north; mediated by third, says Ministry of the north report n2"
)


def rows(page: Page, table: str) -> list[list[str]]:
    """Return the rows of a table, cell by cell, without line breaks."""
    cells: list[list[str]] = page.locator(f"{table} tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))"
    )
    return cells


def opened(visit: Visit, server: Server, episode: str, **options: object) -> Page:
    page = visit(f"{server.url}/#/{episode}", **options)
    expect(page.locator("#connection")).to_have_text("Connected")
    return page


def test_list_shows_each_episode_with_truce_and_figures(visit: Visit, start: Start) -> None:
    """The list has a row for each episode: its ceasefire status and the figure of each party."""
    server = start()
    page = visit(server.url)
    expect(page.get_by_text("No report has come in yet.")).to_be_visible()
    server.take(*story("war"), report("a", killed(1_234_567), episode="elsewhere", published_at=at(9)))
    server.take(report("late", says(), episode="war", published_at=at(10)))
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_text("Expired")).to_be_visible()
    expect(page.locator(".episodes tbody tr").first).to_contain_text("10 Sep 2022")
    assert rows(page, ".episodes") == [
        [
            "war",
            "Expired since 9 Sep 2022 00:00",
            "169 killed, military = 98 north + 71 south",
            "10 Sep 2022 00:00",
        ],
        ["elsewhere", "no ceasefire reported", "1,234,567 killed, military = 1,234,567 north", "9 Sep 2022 00:00"],
    ]
    page.get_by_role("link", name="war").click()
    expect(page.get_by_role("heading", name="war")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Episodes")).to_be_visible()


def test_episode_shows_total_parts_and_three_classes(visit: Visit, server: Server, episode: str, keep: Keep) -> None:
    """An episode shows its total, the parts of it, and own, enemy and third-party figures side by side."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    military = page.get_by_role("region", name="Losses, killed, military")
    assert military.locator(".total").inner_text().split() == ["169", "=", "98", "north", "+", "71", "south"]
    assert rows(page, "section[aria-label='Losses, killed, military'] .classes") == [
        [
            "north",
            "98 as claimed by Ministry of the north 7 Sep 2022 12:00",
            "– no claim",
            "130 110–150 as claimed by A monitor 2 Sep 2022 18:00",
        ],
        [
            "south",
            "71 as claimed by Ministry of the south 3 Sep 2022 12:00",
            "160 120–220 as claimed by Ministry of the north 1 Sep 2022 12:00",
            "– no claim",
        ],
    ]
    expect(military.locator(".derived li")).to_have_text(
        [
            "other-wire adds up all sides: 200, as of 8 Sep 2022 01:00; the sides’ own figures up to then come to 169",
            "wire adds up all sides: 169, as of 8 Sep 2022 12:00; the sides’ own figures up to then also come to 169",
        ]
    )
    assert rows(page, "section[aria-label='Losses, killed, civilians'] .classes") == [
        ["south", "at least 12 as claimed by A monitor 2 Sep 2022 18:00"]
    ]
    keep(page, "light", full_page=True)


def test_total_names_the_party_it_leaves_out(visit: Visit, server: Server, episode: str) -> None:
    server.take(report("a", killed(105), killed(60, party="south"), episode=episode))
    page = opened(visit, server, episode)
    expect(page.get_by_text("south did not report own losses: not in the total.")).to_be_visible()


def test_source_row_shows_figure_range_time_and_report(visit: Visit, server: Server, episode: str) -> None:
    """Each source has a row: figure, range, time, last change, dispute and report."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    assert [row[:-1] for row in rows(page, ".sources")] == [
        [
            "Ministry of the north",
            "north, killed, military",
            "98",
            "7 Sep 2022 12:00",
            "corrected down by 7 7 Sep 2022 12:00",
            "Seven came back alive north.example",
        ],
        [
            "A monitor",
            "north, killed, military",
            "130 110–150",
            "2 Sep 2022 18:00",
            "first figure 2 Sep 2022 18:00",
            "report w1",
        ],
        [
            "blog not in the registry",
            "north, killed, military",
            "Withdrawn",
            "–",
            "4,000 withdrawn 7 Sep 2022 03:00",
            "report x1",
        ],
        [
            "Ministry of the south",
            "south, killed, military",
            "71",
            "3 Sep 2022 12:00",
            "up by 11 3 Sep 2022 12:00",
            "report s2",
        ],
        [
            "Ministry of the north",
            "south, killed, military",
            "160 120–220 disputed by Ministry of the south",
            "1 Sep 2022 12:00",
            "160 (120–220) now disputed by Ministry of the south 7 Sep 2022 06:00",
            "report s5",
        ],
        [
            "A monitor",
            "south, killed, civilians",
            "at least 12",
            "2 Sep 2022 18:00",
            "first figure 2 Sep 2022 18:00",
            "report w1",
        ],
    ]
    link = page.locator(".sources").get_by_role("link", name="Seven came back alive")
    assert (link.get_attribute("href"), link.get_attribute("rel")) == (
        "https://north.example/report",
        "noopener noreferrer external",
    )


def test_why_lists_the_claims_behind_a_figure(visit: Visit, server: Server, episode: str) -> None:
    """The button Why lists each claim and its effect on the figure."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    why = page.get_by_role("button", name="Why: Ministry of the north, south killed, military")
    expect(why).to_have_attribute("aria-expanded", "false")
    why.click()
    expect(why).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".claims tbody tr")).to_have_count(2)
    assert rows(page, ".claims") == [
        [
            "counts",
            "160 (120–220)",
            "1 Sep 2022 12:00",
            "Ministry of the north, 1 Sep 2022 12:00: 105 of ours north.example",
        ],
        ["denial", "", "–", "Ministry of the south, 7 Sep 2022 06:00: report s5 denies n1, claim 2"],
    ]
    why.click()
    page.get_by_role("button", name="Why: Ministry of the north, north killed, military").click()
    expect(page.locator(".claims tbody tr")).to_have_count(2)
    assert rows(page, ".claims") == [
        [
            "counts",
            "98",
            "7 Sep 2022 12:00",
            "Ministry of the north, 7 Sep 2022 12:00: Seven came back alive north.example",
        ],
        [
            "superseded",
            "105",
            "1 Sep 2022 12:00",
            "Ministry of the north, 1 Sep 2022 12:00: 105 of ours north.example the cumulative figure of n3 is later",
        ],
    ]


def test_time_shows_utc_and_local_zone_on_hover(visit: Visit, server: Server, episode: str) -> None:
    """A time is in UTC; its tooltip adds the local zone of the reader."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    time = page.locator(".sources time", has_text="7 Sep 2022 12:00").first
    assert time.get_attribute("title") == "7 Sep 2022 12:00 UTC; for you Wed, 7 Sept 2022, 16:00 (Asia/Yerevan)"


def test_ceasefire_shows_status_views_steps_and_band(visit: Visit, server: Server, episode: str) -> None:
    """A ceasefire shows its status, the view of each side, its steps and its band in the chart."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    ceasefire = page.get_by_role("region", name="Ceasefire", exact=True)
    # The server's own tick, when the term has run out.
    expect(ceasefire.locator(".says")).to_contain_text("Expired")
    assert ceasefire.locator(".status-line").inner_text().replace("\n", " ") == (
        "Expired since 9 Sep 2022 00:00 declared by north · not confirmed by Ministry of the south · mediated by third"
        " · violations: 1 alleged"
    )
    assert rows(page, ".says") == [
        ["Ministry of the north", "Expired since 9 Sep 2022 00:00 declared by north · mediated by third"],
        ["Ministry of the south", "None not confirmed by Ministry of the south · violations: 1 alleged"],
    ]
    ceasefire.get_by_text("4 steps").click()
    assert [re.sub(r"\s+", " ", step) for step in ceasefire.get_by_role("listitem").all_inner_texts()] == [
        ANNOUNCED,
        "4 Sep 2022 18:00 not confirmed by Ministry of the south, says Ministry of the south report s3",
        (
            "6 Sep 2022 12:00 announced → in effect; since 5 Sep 2022 00:00; a violation alleged,"
            " says Ministry of the south report s4"
        ),
        "9 Sep 2022 00:00 in effect → expired; since 9 Sep 2022 00:00, as time passed",
    ]
    assert page.locator(".band .span").all_text_contents()[:2] == ["announced", "in effect"]
    assert page.locator(".band-mark").all_inner_texts() == ["?", "\N{MULTIPLICATION SIGN}"]


def test_charts_equal_tables_and_answer_arrow_keys(visit: Visit, server: Server, episode: str) -> None:
    """Each chart has a table with the same values, and the arrow keys move its readout."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    page.get_by_text("The same as tables").click()
    table = page.get_by_role("region", name="Table: Killed, military over time")
    assert [row[4] for row in rows(page, ".figures .scroll:nth-of-type(1)")] == [
        "first figure, 105",
        "first figure, 160 (120–220)",
        "first figure, 60",
        "first figure, 130 (110–150)",
        "up by 11, from 60 to 71",
        "first figure, 4,000",
        "withdrawn, was 4,000",
        "160 (120–220) now disputed by Ministry of the south",
        "corrected down by 7, from 105 to 98",
    ], table.inner_text()
    chart = page.get_by_role("img", name="Step chart, killed, military")
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".readout").first).to_have_text(
        "1 Sep 2022 12:00 UTCsouth 160 (120–220) Ministry of the northnorth 105 Ministry of the north"
    )
    expect(page.get_by_text("Above the scale: north by blog, 4,000, withdrawn")).to_be_visible()


def test_slider_shows_the_past_and_returns_to_now(visit: Visit, server: Server, episode: str, keep: Keep) -> None:
    """The slider shows the state known at a past time, survives a reload, and returns to now."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    slider = page.get_by_role("slider", name="Time shown")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".past-notice")).to_contain_text("This is what was known on 1 Sep 2022 12:00 UTC")
    expect(page.locator(".total")).to_have_text("105 = 105 north")
    expect(page.locator(".feed .entry")).to_have_count(1)
    assert page.url.endswith("?at=2022-09-01T12:00:00.000Z")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".total")).to_have_text("165 = 105 north + 60 south")
    keep(page, "then", full_page=True)
    page.reload()
    expect(page.locator(".total")).to_have_text("165 = 105 north + 60 south")
    page.get_by_role("button", name="Back to now").first.click()
    expect(page.locator(".total")).to_have_text("169 = 98 north + 71 south")
    assert page.url.endswith(f"/#/{episode}")


def test_slider_asks_only_for_its_last_position(visit: Visit, server: Server, episode: str) -> None:
    """Moving the slider fast sends one request, for the position where it stops."""
    server.take(*story(episode))
    page = opened(visit, server, episode)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "?at=" in request.url else None)
    # At once, with no time in between.
    page.get_by_role("slider", name="Time shown").evaluate(
        "slider => { for (let i = 0; i < 9; i++)"
        " slider.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true, cancelable: true})) }"
    )
    expect(page.locator(".total")).to_have_text("165 = 105 north + 60 south")
    assert [url.partition("?")[2] for url in asked] == ["at=2022-09-02T18%3A00%3A00Z"]
