"""The page's files as they are served: what may run, what may be kept, and that they hold together."""

from __future__ import annotations

import gzip
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from streams.operations.plots.theme import STATUSES, THEMES
from streams.reading.tiers import DOUBTS
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.static_files import StaticPage
from tests.support.build import REGISTRY
from tests.support.paths import ROOT

STATIC = ROOT / "streams" / "web" / "static"
OWN = sorted([*STATIC.glob("*.js"), *STATIC.glob("messages/*.js")])
IMPORT = re.compile(r"^import .*?from '(\./[^']+)';$", re.MULTILINE)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    yield TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1")
    store.close()


def static(name: str) -> str:
    return f"/static/{StaticPage().version}/{name}"


def test_nothing_runs_but_the_pages_own_files(client: TestClient) -> None:
    for path in ("/", static("page.js"), static("page.css"), "/static/0/page.js"):
        headers = client.get(path).headers
        policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "'none'",
        }
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_the_page_is_revalidated_and_its_files_cached(client: TestClient) -> None:
    page = client.get("/")
    assert (page.headers["cache-control"], page.headers["content-type"]) == ("no-cache", "text/html; charset=utf-8")
    assert client.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    named = re.findall(r'(?:href|src)="(static/[^"]+)"', page.text)
    assert {name.rpartition("/")[2] for name in named} >= {"page.css", "page.js", "icon.svg"}
    for name in named:
        answer = client.get(f"/{name}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


def test_every_module_is_loaded_at_once(client: TestClient) -> None:
    """The page preloads its modules: found one by one through imports they would take several round trips."""
    preloaded = re.findall(r'rel="modulepreload" href="static/[^/]+/([^"]+)"', client.get("/").text)
    modules = {path.name for path in STATIC.glob("*.js")} - {"page.js"}
    assert set(preloaded) == modules | {"messages/en.js", "preact/preact.mjs", "uplot/uPlot.esm.js"}


def test_a_file_of_another_version_is_not_served_under_its_name(client: TestClient) -> None:
    assert client.get(static("page.js")).status_code == 200
    assert client.get("/static/0123456789abcdef/page.js").status_code == 404
    for name in ("none.js", "../page.py", "%2e%2e/page.py", "index.html", ""):
        assert client.get(static(name)).status_code == 404


def test_files_go_packed_to_who_can_unpack_them(client: TestClient) -> None:
    plain = client.get(static("page.css"), headers={"Accept-Encoding": "identity"})
    packed = client.get(static("page.css"), headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, mtime=0))


@pytest.mark.parametrize("module", OWN, ids=lambda path: path.name)
def test_a_module_imports_what_exists_and_escapes_text(module: Path) -> None:
    text = module.read_text()
    for name in IMPORT.findall(text):
        assert (STATIC / posixpath.normpath(name)).is_file()
    assert (
        re.search(r"innerHTML|outerHTML|insertAdjacentHTML|dangerously|document\.write|\beval\(|new Function", text)
        is None
    )


def test_what_is_not_ours_has_its_licence_beside_it() -> None:
    words = {"preact": "MIT", "uplot": "MIT", "world": "Permission to use, copy, modify, and/or distribute"}
    for folder, permission in words.items():
        assert permission in (STATIC / folder / "LICENSE").read_text()


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES.keys())
def test_the_page_and_the_pictures_have_the_same_colours(theme: object) -> None:
    light, dark = (STATIC / "page.css").read_text().split("@media (prefers-color-scheme: dark)", 1)
    said = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))
    if theme is THEMES["dark"]:
        said |= dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", dark.split("\n}\n", 1)[0]))
        drawn = THEMES["dark"]
    else:
        drawn = THEMES["light"]
    ours = {"ground": drawn.ground, "ink": drawn.ink, "faint": drawn.faint, "grid": drawn.grid, **drawn.statuses}
    ours |= {f"line-{at}": colour for at, colour in enumerate(drawn.lines)}
    assert {name: said.get(name) for name in ours} == ours


def test_every_status_has_a_look() -> None:
    text = (STATIC / "page.css").read_text()
    assert [status for status in STATUSES if f".status-{status} {{" not in text] == []


def messages_of(name: str) -> set[str]:
    return set(re.findall(r"^  '?([\w.]+)'?: ", (STATIC / name).read_text(), re.MULTILINE))


def test_the_desk_has_words_of_its_own() -> None:
    """A message of the page would take the place of one of the desk with the same name."""
    desk, page = messages_of("desk/messages.js"), messages_of("messages/en.js")
    assert desk & page == set()
    assert {f"reason.{reason}" for reason in (*DOUBTS, "attributed", "own_words", "bulletin")} <= desk
