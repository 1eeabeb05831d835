"""A browser, a server, and pages that fail their test when anything in them goes wrong."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.build import Json
from tests.support.chromium import NoChromium, chromium
from tests.support.paths import ROOT
from tests.support.waiting import LIMIT_S

PAGES = ROOT / ".build" / "page"
READY = re.compile(r"http://127\.0\.0\.1:\d+")

#: As `tests.support.build.REGISTRY`.
SOURCES = """\
mod: {name: Ministry of the north, kind: official, affiliation: north}
mod-2: {name: Another voice of the north, kind: official, affiliation: north}
mod.south: {name: Ministry of the south, kind: official, affiliation: south}
watch: {name: A monitor, kind: monitor}
"""

#: Counts flashes, and records broken policies and traces of a script that got in.
WATCH = """
window.flashes = [];
window.broken = [];
document.addEventListener('animationstart', (event) => {
  if (event.animationName === 'flash') window.flashes.push(event.target.textContent);
});
document.addEventListener('securitypolicyviolation', (event) => window.broken.push(event.violatedDirective));
"""


class Server:
    """`truceline serve --embedded` in a process of its own."""

    def __init__(
        self, folder: Path, *, port: int = 0, registry: str = SOURCES, atlas: str = "", writers: str = ""
    ) -> None:
        """Start it; port 0 takes a free one."""
        sources = folder / "sources.yaml"
        folder.mkdir(exist_ok=True)
        sources.write_text(registry)
        names = folder / "atlas.yaml"
        names.write_text(atlas)
        command = ["serve", "--embedded", str(folder / "ledger"), "--sources", str(sources)]
        command += ["--atlas", str(names), "--http-port", str(port)]
        if writers:
            (folder / "writers.yaml").write_text(writers)
            command += ["--writers", str(folder / "writers.yaml")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streams", *command], stderr=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stderr is not None
        self.said = ""
        for line in self._process.stderr:
            self.said += line
            if found := READY.search(line):
                self.url = found.group()
                break
        else:
            raise AssertionError(self.said)
        threading.Thread(target=self._process.stderr.read, daemon=True).start()

    def take(self, *reports: Json) -> None:
        """Post reports; all must be accepted."""
        answer = httpx2.post(f"{self.url}/reports", json=list(reports), timeout=LIMIT_S)
        assert (answer.status_code, answer.json()["counts"]) == (202, {"accepted": len(reports)}), answer.text

    def kill(self) -> None:
        """End it as kill -9 does."""
        self._process.kill()
        self._process.wait(LIMIT_S)

    def stop(self) -> None:
        """End it, as Ctrl-C would."""
        self._process.terminate()
        self._process.wait(LIMIT_S)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        program = chromium()
    except NoChromium as error:
        pytest.fail(str(error), pytrace=False)
    expect.set_options(timeout=LIMIT_S * 1000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all; a test keeps to its own `episode`."""
    started = Server(tmp_path_factory.mktemp("server"))
    yield started
    started.stop()


@pytest.fixture
def episode(request: pytest.FixtureRequest) -> str:
    """A name of the test's own."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:80]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`start(atlas=…)` starts a server of the test's own; it stops after the pages are closed."""
    started: list[Server] = []

    def start(**options: Any) -> Server:
        started.append(Server(tmp_path / f"own-{len(started)}", **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def visit(browser: Browser, start: Callable[..., Server]) -> Iterator[Callable[..., Page]]:  # noqa: ARG001 - closed before servers stop
    """`visit(url, color_scheme="dark", …)` opens a page; options as Playwright's new_context takes them.

    At the end nothing may have gone wrong in it: no error, no word on the console, no policy broken. `expected` names
    words of the console that may be there.
    """
    opened: list[tuple[Page, list[str]]] = []

    def visit(url: str, *, expected: str = "^$", **options: Any) -> Page:
        context = browser.new_context(**{"timezone_id": "Asia/Yerevan", "locale": "en-GB", **options})
        context.set_default_timeout(LIMIT_S * 1000)
        context.add_init_script(WATCH)
        page = context.new_page()
        wrong: list[str] = []

        def heard(message: ConsoleMessage) -> None:
            if not re.search(expected, message.text):
                wrong.append(message.text)

        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(url)
        opened.append((page, wrong))
        return page

    yield visit
    found = [(wrong, page.evaluate("window.broken")) for page, wrong in opened]
    for page, _ in opened:
        page.context.close()
    assert found == [([], [])] * len(opened)


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`keep(page, "dark")` leaves a picture under .build/page, to be looked at."""

    def keep(page: Page, name: str, **options: Any) -> None:
        PAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PAGES / f"{request.node.originalname}-{name}.png", **options)

    return keep
