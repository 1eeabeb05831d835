"""Take the pictures of the page for the docs: `python -m tests.page.pictures`."""

from __future__ import annotations

import io
import tempfile
from importlib.resources import files
from pathlib import Path

import orjson
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.page.conftest import Server
from tests.support.chromium import chromium
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
DEFAULTS = files("streams.defaults")
EPISODE = "armenia-azerbaijan-2022-09"
VIEWPORT = {"width": 1280, "height": 1150}


def main() -> None:
    """Take docs/images/page-light.png and docs/images/page-dark.png of the story of the demo."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        registry, atlas = (DEFAULTS.joinpath(name).read_text() for name in ("sources.yaml", "atlas.yaml"))
        server = Server(Path(folder), registry=registry, atlas=atlas)
        server.take(*(orjson.loads(line) for line in DEFAULTS.joinpath("story.jsonl").read_bytes().splitlines()))
        browser = playwright.chromium.launch(executable_path=chromium())
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=VIEWPORT, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"{server.url}/#/{EPISODE}")
            expect(page.locator("#connection")).to_have_text("Connected")
            page.wait_for_timeout(500)
            taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            # Chosen so that the few colours of the parties keep theirs.
            taken = taken.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            taken.save(DOCS / "images" / f"page-{scheme}.png", optimize=True)
        browser.close()
        server.stop()


if __name__ == "__main__":
    main()
