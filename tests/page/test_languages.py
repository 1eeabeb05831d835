"""Languages and names: complete message files, right-to-left, names from the atlas and the registry."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.page.two_sides_story import story
from tests.support.build import killed, report
from tests.support.paths import ROOT

Visit = Callable[..., Page]
Start = Callable[..., Server]
Keep = Callable[..., None]
MESSAGES = ROOT / "streams" / "web" / "static" / "messages"
ENTRY = re.compile(r"^  '?([\w.]+)'?: (.+),$", re.MULTILINE)
ATLAS = """\
parties:
  north: {name: The North, names: {ar: الشمال, ru: Север}}
  south: {name: The South}
episodes:
  named: {title: "A war, September 2022", titles: {ru: "Война, сентябрь 2022"}, summary: Two sides at a border., parties: [north, south]}
"""  # noqa: E501 - one line an entry, as people write it


def messages(lang: str) -> dict[str, set[str]]:
    """Return the fields in each message of a language."""
    text = (MESSAGES / f"{lang}.js").read_text(encoding="utf-8")
    return {key: set(re.findall(r"\{(\w+)\}", value)) for key, value in ENTRY.findall(text)}


@pytest.mark.parametrize("lang", ["ar", "fr", "ru", "uk"])
def test_every_message_has_a_translation(lang: str) -> None:
    english, others = messages("en"), messages(lang)
    assert {key for key in english if key not in others} <= {"comma"}
    singular = {"n"}  # "one change" may leave the number out
    assert {key: fields - singular for key, fields in others.items()} == {
        key: english[key] - singular for key in others
    }


def test_language_is_chosen_and_kept(visit: Visit, server: Server, episode: str, keep: Keep) -> None:
    """The chosen language survives a reload; Arabic is written from right to left, and axe finds no fault."""
    server.take(*story(episode))
    page = visit(f"{server.url}/#/{episode}")
    expect(page.locator("#connection")).to_have_text("Connected")
    page.get_by_label("Language").select_option("ar")
    expect(page.locator("#connection")).to_have_text("متصل")
    page.reload()
    expect(page.get_by_role("heading", name="ما الذي تغيّر")).to_be_visible()
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(page, "ar", full_page=True)
    found = Axe().run(page).response["violations"]
    assert [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]] == []


def test_address_names_the_language(visit: Visit, server: Server, episode: str) -> None:
    server.take(*story(episode))
    page = visit(f"{server.url}/#/{episode}?lang=fr")
    expect(page.get_by_role("heading", name="Ce qui a changé")).to_be_visible()
    expect(page.locator(".state")).to_contain_text("20 changements")


def test_names_of_the_atlas_take_the_place_of_slugs(visit: Visit, start: Start) -> None:
    """Titles and names are from the atlas, in the reader's language; a slug is only in the address."""
    server = start(atlas=ATLAS)
    server.take(report("a", killed(105), episode="named"))
    page = visit(server.url)
    page.get_by_label("Search by name or party").or_(page.locator("h1")).first.wait_for()
    page.get_by_role("link", name="A war, September 2022").click()
    expect(page.locator("h1")).to_have_text("A war, September 2022")
    expect(page.get_by_text("Two sides at a border.")).to_be_visible()
    expect(page.locator(".total")).to_have_text("105 = 105 The North")
    expect(page).to_have_title("A war, September 2022 · truceline")
    page.get_by_label("Language").select_option("ru")
    expect(page.locator("h1")).to_have_text("Война, сентябрь 2022")
    expect(page.locator(".total")).to_have_text("105 = 105 Север")
    assert page.url.endswith("/#/named")
