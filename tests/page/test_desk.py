"""The review desk and the form of a report in Chromium, against a real server (contract section 9)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from streams.files.writers import digest_of
from tests.page.conftest import Server
from tests.support.waiting import LIMIT_S
from tests.support.worker_process import free_port

Visit = Callable[..., Page]
Keep = Callable[..., None]

REGISTRY = """\
norland-mod: {name: Defence Ministry of Norland, kind: official, affiliation: norland}
sudland-mod: {name: Defence Ministry of Sudland, kind: official, affiliation: sudland}
"""
ATLAS = """\
parties: {norland: {name: Norland, also: [Norlandic]}, sudland: {name: Sudland, also: [Sudlandic]}}
episodes: {river-war: {title: The river war, parties: [norland, sudland], from: 2022-09-01, zone: UTC}}
"""
TEXT = (
    "Norland's Defence Ministry said that 71 Norlandic soldiers were killed in two days of fighting.\n"
    "Sudland's Defence Ministry said that 105 Sudlandic soldiers were killed."
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path, registry=REGISTRY, atlas=ATLAS)
    yield started
    started.stop()


def submit(server: Server, *names: str, text: str = TEXT, **more: Any) -> None:
    documents = [
        {
            "id": name, "title": f"Fighting along the river, {name}", "text": text, "outlet": "coast-wire",
            "published_at": "2022-09-15T10:00:00Z", "episode": "river-war", **more,
        }
        for name in names
    ]  # fmt: skip
    answer = httpx2.post(f"{server.url}/documents", json=documents, timeout=LIMIT_S)
    assert answer.status_code == 202, answer.text


def figures(server: Server) -> dict[str, int]:
    """Return the figures of the episode by source; none for an unknown episode."""
    answer = httpx2.get(f"{server.url}/episodes/river-war", timeout=LIMIT_S)
    cells = answer.json()["cells"] if answer.status_code == 200 else []
    return {cell["source"]: cell["value"]["best"] for cell in cells}


def opened(visit: Visit, server: Server, name: str, **options: Any) -> Page:
    page = visit(f"{server.url}/#/review/{name}", **options)
    expect(page.get_by_role("article", name="Text of the document")).to_be_visible()
    return page


def take_all(page: Page) -> None:
    for box in page.locator(".take input").all():
        box.check()
    expect(page.locator(".effect")).to_have_count(page.locator(".take").count())


def test_drafts_are_confirmed_by_keys(desk: Server, visit: Visit, keep: Keep) -> None:
    """The next document opens by itself, and the queue is empty at the end."""
    submit(desk, "doc-1", "doc-2", text=TEXT.partition("\n")[0])
    page = visit(f"{desk.url}/#/review")
    expect(page.get_by_text("2 documents wait")).to_be_visible()
    keep(page, "queue")
    page.get_by_role("link", name="Fighting along the river, doc-1").click()
    expect(page.locator(".effect")).to_have_text("Norland killed, military: 71, says Defence Ministry of Norland")
    page.keyboard.press("i")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fighting along the river, doc-2")
    expect(page.locator(".effect")).to_have_text("changes no figure")
    page.keyboard.press("r")
    expect(page.get_by_text("No document waits for a person.")).to_be_visible()
    assert figures(desk) == {"norland-mod": 71}
    page.get_by_role("link", name="Quality").click()
    expect(page.get_by_text("2 documents reviewed, 0 claims added by hand")).to_be_visible()
    expect(page.get_by_role("region", name="By tier").locator("tbody tr")).to_contain_text("50%")


def test_nothing_taken_is_not_confirmed(desk: Server, visit: Visit) -> None:
    """The key does what the button does: with no claim taken, the document still waits."""
    submit(desk, "doc-1")
    page = opened(visit, desk, "doc-1")
    take_all(page)
    for box in page.locator(".take input").all():
        box.uncheck()
    expect(page.locator(".effect")).to_have_count(0)
    expect(page.get_by_role("button", name="Confirm 0 claims")).to_be_disabled()
    page.keyboard.press("c")
    page.keyboard.press("r")
    expect(page.get_by_text("No document waits for a person.")).to_be_visible()
    [review] = httpx2.get(f"{desk.url}/drafts/doc-1", timeout=LIMIT_S).json()["reviews"]
    assert (review["decision"], figures(desk)) == ("rejected", {})


def test_number_that_the_text_lacks_is_marked(desk: Server, visit: Visit) -> None:
    """A claim is edited by keys, its effect follows, and undo takes it back."""
    submit(desk, "doc-1")
    page = opened(visit, desk, "doc-1")
    page.keyboard.press("e")
    page.get_by_label("best").fill("105")
    expect(page.get_by_text("not in the text: by hand")).to_have_count(0)
    expect(page.locator(".claim-card").first).to_contain_text("105, total so far")
    page.get_by_label("best").fill("77")
    expect(page.get_by_text("not in the text: by hand")).to_be_visible()
    expect(page.locator(".effect").first).to_contain_text("77, says Defence Ministry of Norland")
    page.keyboard.press("Escape")
    # All that was typed while the card was open is one step.
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".claim-card").first).to_contain_text("71, total so far")
    page.keyboard.press("e")
    page.get_by_label("best").fill("77")
    page.keyboard.press("Escape")
    expect(page.locator(".effect").first).to_contain_text("77, says Defence Ministry of Norland")
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.get_by_text("No document waits for a person.")).to_be_visible()
    assert figures(desk)["norland-mod"] == 77
    [review] = httpx2.get(f"{desk.url}/drafts/doc-1", timeout=LIMIT_S).json()["reviews"]
    assert (review["claims"][0]["edited"]["count"], review["claims"][0]["by_hand"]) == ({"best": 77}, ["best"])
    page.goto(f"{desk.url}/#/review/doc-1")
    expect(page.locator(".claim-card").first).to_contain_text("not in the text: by hand")


def test_second_person_sees_what_the_first_decided(desk: Server, visit: Visit) -> None:
    """The cards show what the first person took and edited; a skipped document still waits."""
    submit(desk, "doc-1", "doc-2")
    page = opened(visit, desk, "doc-1", expected="409")
    page.keyboard.press("x")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fighting along the river, doc-2")
    page.keyboard.press("x")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fighting along the river, doc-1")
    take_all(page)
    draft = httpx2.get(f"{desk.url}/drafts/doc-1", timeout=LIMIT_S).json()
    at = draft["claims"][0]
    edited = {**draft["reports"][at["report"]]["claims"][at["claim"]], "count": {"best": 70}}
    claims = [{"report": at["report"], "claim": at["claim"], "taken": True, "edited": edited}]
    review = {"version": 1, "decision": "confirmed", "claims": claims}
    assert httpx2.post(f"{desk.url}/drafts/doc-1/review", json=review, timeout=LIMIT_S).status_code == 200
    page.keyboard.press("c")
    expect(page.get_by_text("admin confirmed this document at")).to_be_visible()
    expect(page.locator(".claim-card").first).to_contain_text("70, total so far")
    expect(page.locator(".take input:checked")).to_have_count(1)
    assert figures(desk) == {"norland-mod": 70}


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_confirming_over_a_lost_connection_counts_once(desk: Server, visit: Visit, lost: str) -> None:
    """The page sends the same decision again until it is answered."""
    submit(desk, "doc-1")
    page = opened(visit, desk, "doc-1", expected="ERR_FAILED")
    take_all(page)
    seen: list[str] = []

    def lose(route: Route) -> None:
        seen.append(route.request.url)
        if lost == "answer":
            route.fetch()
        route.abort()

    page.route("**/review", lose, times=1)
    page.keyboard.press("c")
    expect(page.get_by_text("No document waits for a person.")).to_be_visible()
    assert len(seen) == 1
    assert figures(desk) == {"norland-mod": 71, "sudland-mod": 105}
    assert len(httpx2.get(f"{desk.url}/drafts/doc-1", timeout=LIMIT_S).json()["reviews"]) == 1


def test_confirming_over_a_killed_server_counts_once(visit: Visit, tmp_path: Path) -> None:
    """The server is killed as it gets the decision, and started again on its folder."""
    port = free_port()
    servers = [Server(tmp_path, port=port, registry=REGISTRY, atlas=ATLAS)]
    try:
        submit(servers[0], "doc-1")
        page = opened(visit, servers[0], "doc-1", expected="ERR_|Failed to load")
        take_all(page)

        def kill(route: Route) -> None:
            servers[-1].kill()
            servers.append(Server(tmp_path, port=port, registry=REGISTRY, atlas=ATLAS))
            route.abort()

        page.route("**/review", kill, times=1)
        page.keyboard.press("c")
        expect(page.get_by_text("No document waits for a person.")).to_be_visible()
        assert figures(servers[-1]) == {"norland-mod": 71, "sudland-mod": 105}
    finally:
        servers[-1].stop()


def test_report_is_entered_by_hand(desk: Server, visit: Visit, keep: Keep) -> None:
    """Faults are beside their fields, the effect is shown before, and a look-alike is named."""
    submit(desk, "doc-1")
    page = visit(f"{desk.url}/#/new/river-war")
    page.get_by_label("Source").fill("norland-mod")
    page.get_by_label("Published *").fill("2022-09-15T11:00:00Z")
    page.get_by_label("Party").fill("The North")
    expect(page.locator(".fault").first).to_be_visible()
    expect(page.get_by_role("button", name="Send the report")).to_be_disabled()
    page.get_by_label("Party").fill("norland")
    page.get_by_label("Outcome").select_option("killed")
    page.get_by_label("best").fill("71")
    expect(page.locator(".effect")).to_have_text("Norland killed: 71, says Defence Ministry of Norland")
    keep(page, "filled", full_page=True)
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("link", name="The river war")).to_be_visible()
    assert figures(desk) == {"norland-mod": 71}
    page.get_by_label("best").fill("72")
    expect(page.get_by_text("These reports may be the same as yours.")).to_be_visible()


def test_a_writer_logs_in_with_a_token(tmp_path: Path, visit: Visit) -> None:
    """The name of who confirmed is kept; no script can read the token."""
    rights = f"ani: {{token_sha256: {digest_of('secret')}, role: reviewer}}\n"
    server = Server(tmp_path, registry=REGISTRY, atlas=ATLAS, writers=rights)
    try:
        bearer = {"Authorization": "Bearer secret"}
        content = {"id": "doc-1", "text": TEXT, "outlet": "coast-wire", "published_at": "2022-09-15T10:00:00Z"}
        document = {**content, "episode": "river-war"}
        assert httpx2.post(f"{server.url}/documents", json=document, headers=bearer, timeout=LIMIT_S).status_code == 202
        page = visit(f"{server.url}/#/review/doc-1", expected="401")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert").filter(has_text="no writer has this token")).to_be_visible()
        page.get_by_label("Token").fill("secret")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("article", name="Text of the document")).to_be_visible()
        expect(page.get_by_text("Logged in as ani.")).to_be_visible()
        take_all(page)
        # A login that ends keeps what was decided.
        page.context.clear_cookies()
        page.keyboard.press("c")
        expect(page.get_by_text("Your login has ended.")).to_be_visible()
        page.get_by_label("Token").fill("secret")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("Your login has ended.")).to_have_count(0)
        expect(page.locator(".effect")).to_have_count(2)
        page.keyboard.press("c")
        expect(page.get_by_text("No document waits for a person.")).to_be_visible()
        assert page.evaluate("document.cookie") == ""
        found = httpx2.get(f"{server.url}/audit?episode=river-war", headers=bearer, timeout=LIMIT_S).json()["reports"]
        assert {each["submitted_by"] for each in found} == {"ani"}
        page.goto("about:blank")
    finally:
        server.stop()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_desk_is_accessible_on_a_phone(desk: Server, visit: Visit, keep: Keep, colours: str) -> None:
    """Nothing is wider than 360 px, and axe finds no fault; a hostile text is text."""
    hostile = '<img src=x onerror="window.broken.push(1)">'
    submit(desk, "doc-1", title=f"{hostile} \u202egnp", text=f"{hostile}\n{TEXT}")
    page = opened(visit, desk, "doc-1", viewport={"width": 360, "height": 800}, color_scheme=colours)
    page.keyboard.press("e")
    expect(page.get_by_label("best")).to_be_visible()
    keep(page, colours, full_page=True)
    for address in ("#/review/doc-1", "#/review", "#/new", "#/review/quality"):
        page.evaluate(f"location.hash = '{address}'")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        found = Axe().run(page).response["violations"]
        assert [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]] == [], address
