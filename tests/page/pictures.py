"""Take the pictures of the page for the docs: `python -m tests.page.pictures`."""

from __future__ import annotations

import io
import re
import tempfile
from importlib.resources import files
from pathlib import Path

import httpx2
import orjson
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.page.conftest import Server
from tests.support.chromium import chromium
from tests.support.paths import ROOT
from tests.support.waiting import LIMIT_S

DOCS = ROOT / "docs"
DEFAULTS = files("streams.defaults")
EPISODE = "armenia-azerbaijan-2022-09"
VIEWPORT = {"width": 1280, "height": 1150}


def main() -> None:
    """Take the pictures of docs/images: the story of the demo, and the tutorial of the desk."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        story(browser)
        desk(browser)
        browser.close()


def story(browser: Browser) -> None:
    """Take page-light.png and page-dark.png of the story of the demo."""
    registry, atlas = (DEFAULTS.joinpath(name).read_text() for name in ("sources.yaml", "atlas.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), registry=registry, atlas=atlas)
        server.take(*(orjson.loads(line) for line in DEFAULTS.joinpath("story.jsonl").read_bytes().splitlines()))
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=VIEWPORT, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"{server.url}/#/{EPISODE}")
            expect(page.locator("#connection")).to_have_text("Connected")
            page.wait_for_timeout(500)
            keep(page, f"page-{scheme}")
        server.stop()


def desk(browser: Browser) -> None:
    """Take desk-light.png and desk-figures.png by the steps of docs/tutorials/desk.md."""
    registry, atlas = re.findall(r"```yaml\n(.*?)```", (DOCS / "tutorials" / "desk.md").read_text(), re.DOTALL)
    article = orjson.loads((ROOT / "examples" / "article.json").read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), registry=registry, atlas=atlas)
        httpx2.post(f"{server.url}/documents", json=article, timeout=LIMIT_S).raise_for_status()
        page = browser.new_page(viewport={"width": 1280, "height": 820})
        page.goto(f"{server.url}/#/review/{article['id']}")
        expect(page.locator(".claim-card")).to_have_count(4)
        for key in ("i", "j", "i", "j", "i", "j", "i"):
            page.keyboard.press(key)
        expect(page.locator(".claim-card:has(.effect)")).to_have_count(4)
        page.keyboard.press("k")
        keep(page, "desk-light")
        page.keyboard.press("c")
        expect(page.get_by_text("No document waits for a person.")).to_be_visible()
        page.goto(f"{server.url}/#/river-2022-09")
        expect(page.locator("#connection")).to_have_text("Connected")
        page.wait_for_timeout(500)
        keep(page, "desk-figures")
        page.close()
        server.stop()


def keep(page: Page, name: str) -> None:
    """Save the page as docs/images/NAME.png, with colours chosen so that the few of the parties keep theirs."""
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    taken = taken.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    taken.save(DOCS / "images" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
