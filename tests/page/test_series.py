"""Bars of what each period added, and a map of losses by place; each has a table that says the same."""

from __future__ import annotations

from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.support.build import act, at, killed, more, report

Visit = Callable[..., Page]
Start = Callable[..., Server]
ATLAS = """\
episodes:
  war: {title: The war of the coast, parties: [north, south]}
places:
  harbour: {name: The harbour, lat: 39.84, lon: 45.67}
  hill: {name: The hill, lat: 40.18, lon: 45.72}
  depot: {name: The depot}
"""


def incident(number: int, day: int, best: int, place: str, **fields: object) -> dict[str, object]:
    claim = more(best, population="civilian", place=place, incident=f"i-{number}", since=at(day, 6), **fields)
    return report(f"i-{number}", claim, source="watch", published_at=at(day, 20))


def test_bars_and_map_say_what_their_tables_say(visit: Visit, start: Start) -> None:
    """A bar is what a total grew by; one choice counts from the ceasefire; a place off the map is listed."""
    server = start(atlas=ATLAS)
    totals = {10: 50, 11: 71, 12: 60, 13: 62}
    server.take(
        *(report(f"t-{day}", killed(best), published_at=at(day, 12)) for day, best in totals.items()),
        report("truce", act("took_effect", at=at(12, 20)), published_at=at(12, 20)),
        incident(1, 11, 4, "harbour"),
        incident(2, 12, 9, "hill", party="south"),
        incident(3, 13, 2, "depot"),
    )
    page = visit(f"{server.url}/#/war")
    series = page.get_by_role("region", name="What each period added")
    series.scroll_into_view_if_needed()
    expect(series.locator("svg .bar")).to_have_count(6)
    expect(series.locator("svg .bar.less")).to_have_count(1)
    expect(series.get_by_role("img").first).to_have_accessible_name(
        "north killed, military, Ministry of the north: 3 periods; most: +21, 11 Sep 2022"
    )
    series.get_by_text("The same as tables").click()
    rows = series.locator("tbody tr")
    expect(rows).to_have_text(
        [
            "13 Sep 2022Ministry of the northnorth, killed, military+2",
            "13 Sep 2022A monitornorth, killed, civilians+2",
            "12 Sep 2022Ministry of the northnorth, killed, military−11",
            "12 Sep 2022A monitorsouth, killed, civilians+9",
            "11 Sep 2022Ministry of the northnorth, killed, military+21",
            "11 Sep 2022A monitornorth, killed, civilians+4",
        ]
    )
    series.get_by_label("Time").select_option("ceasefire")
    expect(rows).to_have_count(3)
    assert "from=ceasefire" in page.url

    places = page.get_by_role("region", name="By place", exact=True)
    expect(places.locator("circle")).to_have_count(2)
    expect(places.locator("tbody tr")).to_have_text(
        ["The hillsouth9", "The harbournorth4", "The depot not on the mapnorth2"]
    )
    places.locator("circle").first.focus()
    expect(places.locator("circle").first).to_have_accessible_name("The hill: south 9")
    assert len(places.locator(".borders").get_attribute("d") or "") > 100
    assert Axe().run(page).response["violations"] == []
    server.take(incident(4, 14, 30, "depot"))
    expect(places.locator("tbody tr").first).to_have_text("The depot not on the mapnorth32")
    # The past is not drawn as it is known now.
    page.get_by_role("button", name="The change before").click()
    expect(places).to_have_count(0)
    expect(series).to_have_count(0)
