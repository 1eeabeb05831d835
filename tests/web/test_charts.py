"""Charts over HTTP, from a real embedded store (contract section 12)."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from streams.operations.plots import draw_chart_lazily
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from tests.support.build import REGISTRY, at, killed, report


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    app = create_app(store, loopback=True, draw_chart=draw_chart_lazily)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        reports = [
            report("a", killed(71), published_at=at(1)),
            report("b", killed(105, party="south"), source="mod.south", published_at=at(2)),
            report("c", killed(98), published_at=at(3)),
        ]
        assert client.post("/reports", json=reports).status_code == 202
        yield client
    store.close()


EPISODE = report("a")["episode"]


def chart(client: TestClient, query: str = "", form: str = "svg") -> str:
    answer = client.get(f"/episodes/{EPISODE}/chart.{form}{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_svg_has_its_words_as_text(client: TestClient) -> None:
    drawn = chart(client, "?title=Two sides")
    assert [words for words in ("Two sides", "north", "south", "98", "105") if words not in drawn] == []
    assert "<script" not in drawn


def test_a_chart_shows_what_is_chosen(client: TestClient) -> None:
    assert (">north" in (drawn := chart(client)), ">south" in drawn, ">98" in drawn) == (True, True, True)
    assert ">south" not in chart(client, "?party=north")
    assert ">98" not in chart(client, f"?at={at(2)}")
    assert client.get(f"/episodes/{EPISODE}/chart.svg?outcome=wounded").json()["code"] == "invalid"


def test_a_png_has_the_width_asked_for(client: TestClient) -> None:
    answer = client.get(f"/episodes/{EPISODE}/chart.png?width=900")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.width) == ("PNG", 1_800)


def test_a_hostile_title_is_text(client: TestClient) -> None:
    drawn = chart(client, "?title=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script" not in drawn
    policy = client.get(f"/episodes/{EPISODE}/chart.svg").headers["content-security-policy"]
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/episodes/{EPISODE}/chart.gif", 404, "unknown_format"),
        ("/episodes/none/chart.svg", 404, "unknown_episode"),
        (f"/episodes/{EPISODE}/chart.svg?theme=pink", 422, "invalid"),
        (f"/episodes/{EPISODE}/chart.svg?width=9", 422, "invalid"),
        (f"/episodes/{EPISODE}/chart.svg?width=0070000", 422, "invalid"),
        (f"/episodes/{EPISODE}/chart.svg?at=noon", 422, "invalid"),
    ],
)
def test_a_wrong_choice_has_a_code(client: TestClient, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_same_chart_is_sent_once(client: TestClient) -> None:
    first = client.get(f"/episodes/{EPISODE}/chart.svg")
    again = client.get(f"/episodes/{EPISODE}/chart.svg", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
