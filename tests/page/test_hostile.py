"""Text from reports is data: nothing in it runs, turns the page around or breaks its layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Server
from tests.support.build import act, at, killed, report, says
from tests.support.waiting import LIMIT_S

Visit = Callable[..., Page]
Keep = Callable[..., None]

RUNS = "window.pwned = true"
SCRIPTS = [
    f"<script>{RUNS}</script>",
    f"<img src=x onerror='{RUNS}'>",
    f"</title></style></script><svg/onload={RUNS}>",
    f"\"><iframe srcdoc='<script>parent.{RUNS}</script>'>",
    f"{{{{constructor.constructor('{RUNS}')()}}}} ${{{RUNS}}}",
    f"javascript:{RUNS}//",
]


def hostile(episode: str, number: int, text: str, **fields: Any) -> dict[str, Any]:
    """A report with a text wherever there is room for one."""
    return report(
        f"r{number} {text}"[:200],
        killed(number + 1, party=f"p{number}"),
        says(text=text),
        act("announced", text=text),
        **{"headline": text[:500], "episode": episode, "published_at": at(14, number), **fields},
    )


def test_no_text_of_a_report_runs_as_script(visit: Visit, server: Server, episode: str) -> None:
    server.take(*(hostile(episode, number, text) for number, text in enumerate(SCRIPTS)))
    page = visit(f"{server.url}/#/{episode}")
    expect(page.locator(".feed .entry")).to_have_count(len(SCRIPTS))
    page.get_by_text("The same as tables").click()
    page.locator(".steps summary").click()
    headlines = page.locator(".feed .headline").all_inner_texts()
    assert headlines == SCRIPTS[::-1]
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.scripts.length") == 1
    assert page.locator("main img, main iframe, main script, main object, main style").count() == 0
    assert page.locator("main [onerror], main [onload], main [style*=url]").count() == 0


def test_only_web_addresses_are_accepted_and_linked(visit: Visit, server: Server, episode: str) -> None:
    """A url with another scheme than http and https is rejected; a misleading one links to its real host."""
    for url in ("javascript:alert(1)", "data:text/html,x", "https://x y/", "//elsewhere.example", "https://x/\u202ey"):
        body = report("bad", killed(1), episode=episode, url=url)
        assert httpx2.post(f"{server.url}/reports", json=body, timeout=LIMIT_S).json()["code"] == "invalid"
    strange = "https://safe.example:443@real.example/%22onclick=%22x?q=<script>#gnp.exe"
    server.take(report("odd", killed(1), episode=episode, url=strange, headline="look"))
    page = visit(f"{server.url}/#/{episode}")
    link = page.locator(".feed a")
    expect(link).to_have_count(1)
    assert link.evaluate("a => [a.protocol, a.host, a.rel, a.target]") == [
        "https:",
        "real.example",
        "noopener noreferrer external",
        "_blank",
    ]
    expect(page.locator(".feed .host")).to_have_text("real.example")


def test_bidi_controls_are_shown_and_have_no_effect(visit: Visit, server: Server, episode: str) -> None:
    """Bidirectional control characters appear as U+FFFD; right-to-left text is isolated."""
    server.take(
        hostile(episode, 0, "totals \u202e501 dellik\u202c are \u2066fine\u2069"),
        hostile(episode, 1, "أعلنت الوزارة سقوط 105 قتلى"),
    )
    page = visit(f"{server.url}/#/{episode}")
    expect(page.locator(".feed .entry")).to_have_count(2)
    arabic, turned = page.locator(".feed .headline").all_inner_texts()
    assert turned == "totals \ufffd501 dellik\ufffd are \ufffdfine\ufffd"
    assert arabic == "أعلنت الوزارة سقوط 105 قتلى"
    # In its own direction, and alone in it: the text around it keeps its place.
    found = page.locator(".feed .headline").first.evaluate("bdi => [bdi.tagName, getComputedStyle(bdi).unicodeBidi]")
    assert found == ["BDI", "isolate"]


@pytest.mark.parametrize("width", [360, 1280])
def test_very_long_words_do_not_widen_the_page(
    visit: Visit, server: Server, episode: str, keep: Keep, width: int
) -> None:
    long = "x" * 80
    server.take(
        hostile(episode, 0, "W" * 2_000, source=long, relayed_by=long, url=f"https://{'a' * 60}.example/{'b' * 1_900}"),
        report("n", killed(10**9, party=long), episode=episode, source="z" * 80, published_at=at(15)),
    )
    page = visit(f"{server.url}/#/{episode}", viewport={"width": width, "height": 800})
    expect(page.locator(".feed .entry")).to_have_count(2)
    keep(page, str(width), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
