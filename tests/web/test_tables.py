"""Tables over HTTP, over a real embedded store (contract section 11)."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from streams.core.atlas import Atlas, AtlasEpisode, AtlasPlace
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from tests.support.build import REGISTRY, act, at, killed, report, says

REPORTS = [
    report("a", killed(50), act("announced"), url="https://a.example/1"),
    report("=b", {**killed(71), "party": "south"}, says(text="…"), source="mod.south", published_at=at(16)),
    report("a", killed(48), revision=2, published_at=at(17), url="https://a.example/2"),
]
DAYS = [("16", ""), ("17", "7")]
PLACED = report(
    "p", {**killed(7), "basis": "incremental", "place": "jermuk", "quote": "seven died"}, published_at=at(18)
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    atlas = Atlas(
        episodes={"war": AtlasEpisode("The war")}, places={"jermuk": AtlasPlace("Jermuk", lat=39.84, lon=45.67)}
    )
    app = create_app(store, loopback=True, atlas=atlas, cors_origins=["https://news.example"])
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.post("/reports", json=REPORTS).status_code == 202
        yield client
    store.close()


def rows(client: TestClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_cells_name_their_report(client: TestClient) -> None:
    found = rows(client, "/episodes/war/cells.csv")
    assert [(row["source"], row["best"], row["report_id"], row["url"]) for row in found] == [
        ("mod", "48", "a", "https://a.example/2"),
        ("mod.south", "71", "'=b", ""),
    ]
    assert found[0]["permalink"].startswith("http://127.0.0.1/#/war?at=2022-09-17")


@pytest.mark.parametrize(("table", "count"), [("changes", 8), ("reports", 2), ("claims", 3), ("cells", 2)])
def test_each_table_in_each_format(client: TestClient, table: str, count: int) -> None:
    assert len(rows(client, f"/episodes/war/{table}.csv")) == count
    assert len(client.get(f"/episodes/war/{table}.json").json()) == count
    assert len(client.get(f"/episodes/war/{table}.jsonl").text.splitlines()) == count
    parquet = client.get(f"/episodes/war/{table}.parquet").content
    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).num_rows == count
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"/episodes/war/{table}.xlsx").content)).active
    assert sheet.max_row == count + 1


def test_the_episodes_are_a_table(client: TestClient) -> None:
    assert [(row["episode"], row["title"], row["cells"]) for row in rows(client, "/episodes.csv")] == [
        ("war", "The war", "2")
    ]


def test_places_have_coordinates(client: TestClient) -> None:
    client.post("/reports", json=PLACED)
    found = rows(client, "/episodes/war/places.csv")
    assert [(row["name"], row["lat"], row["best"], row["incidents"]) for row in found] == [
        ("Jermuk", "39.84", "7", "1")
    ]
    points = client.get("/episodes/war/places.geojson").json()["features"]
    assert points[0]["geometry"] == {"type": "Point", "coordinates": [45.67, 39.84]}
    claims = rows(client, "/episodes/war/claims.csv?source=mod&limit=1")
    assert [(row["place"], row["quote"]) for row in claims] == [("jermuk", "seven died")]


def test_a_series_has_a_row_a_day(client: TestClient) -> None:
    """Days begin at midnight of the zone; with per=all there is one row a cell."""
    client.post("/reports", json=PLACED)
    found = rows(client, "/episodes/war/series.csv?per=day&zone=Asia/Yerevan&source=mod")
    assert [(row["from"], row["best"]) for row in found] == [(f"2022-09-{day}T20:00:00Z", best) for day, best in DAYS]
    whole = rows(client, "/episodes/war/series.csv?per=all&since=2022-09-18&source=mod")
    assert [(row["from"], row["to"], row["best"]) for row in whole] == [("2022-09-18T00:00:00Z", "", "7")]


def test_a_series_since_a_ceasefire_needs_one_in_effect(client: TestClient) -> None:
    answer = client.get("/episodes/war/series.json?since=ceasefire")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_in_effect")
    client.post("/reports", json=report("t", act("took_effect"), published_at=at(18)))
    assert client.get("/episodes/war/series.json?since=ceasefire").status_code == 200


def test_rows_are_filtered(client: TestClient) -> None:
    """By source, party, time (from since to before until) and number: the last ones."""

    def ids(query: str) -> list[str]:
        return [row["report_id"] for row in rows(client, f"/episodes/war/reports.csv?{query}")]

    assert ids("source=mod") == ["a"]
    assert ids(f"until={at(17)}") == ["'=b"]
    assert ids("since=2022-09-17") == ["a"]
    assert ids("limit=1") == ["'=b"]
    assert [row["party"] for row in rows(client, "/episodes/war/cells.csv?party=south")] == ["south"]


def test_an_unchanged_table_is_not_sent_again(client: TestClient) -> None:
    """A 304 as long as no report has come in; then another ETag."""
    first = client.get("/episodes/war/cells.csv")
    again = client.get("/episodes/war/cells.csv", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/episodes/war/cells.json").headers["ETag"] != first.headers["ETag"]
    client.post("/reports", json=report("c", killed(60), published_at=at(18)))
    assert client.get("/episodes/war/cells.csv", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/episodes/peace/cells.csv", 404, "unknown_episode"),
        ("/episodes/war/cell.csv", 404, "unknown_table"),
        ("/episodes/war/cells.pdf", 404, "unknown_format"),
        ("/episodes/war/cells.geojson", 404, "unknown_format"),
        ("/episodes/war/cells.csv?since=yesterday", 422, "invalid"),
        ("/episodes/war/series.csv?per=hour", 422, "invalid"),
        ("/episodes/war/series.csv?zone=Nowhere", 422, "invalid"),
        ("/episodes/war/cells.csv?limit=0", 422, "invalid"),
        ("/episodes/war/cells.csv?limit=-1", 422, "invalid"),
        ("/episodes/war/cells.csv?limit=99999999999999", 422, "invalid"),
        ("/episodes.pdf", 404, "unknown_format"),
    ],
)
def test_a_request_that_cannot_be_answered_has_a_code(client: TestClient, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_only_named_sites_may_read(client: TestClient) -> None:
    named = client.get("/episodes/war/cells.csv", headers={"Origin": "https://news.example"})
    assert named.headers["access-control-allow-origin"] == "https://news.example"
    other = client.get("/episodes/war/cells.csv", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    asked = {"Origin": "https://news.example", "Access-Control-Request-Method": "POST"}
    assert client.options("/reports", headers=asked).status_code == 400
