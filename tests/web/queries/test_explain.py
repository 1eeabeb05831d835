"""`GET /episodes/{episode}/explain`: the account of any figure, over both stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from httpx2 import ASGITransport
from starlette.testclient import TestClient

from streams.core.log_record import Located
from streams.core.queries.subjects import explanations, replay_history
from streams.core.times import DEFAULT_HORIZON_US
from streams.kafka import topics
from streams.kafka.client import client_options
from streams.kafka.routing import partition_of
from streams.settings import Settings
from streams.stores import episode_log
from streams.stores.kafka.store import KafkaStore
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from tests.support.build import REGISTRY, Json, act, at, killed, report, us, withdrawal
from tests.support.waiting import LIMIT_S

PARTITIONS = 3
STORY = [
    report("a", killed(50), act("announced", by="north", effective_at=at(15)), url="https://example.org/a"),
    report("a", killed(51)),
    report("b", killed(71), act("collapsed"), published_at=at(16)),
    withdrawal("b", published_at=at(18)),
]


def told(topic: str, partition: int, at_us: int | None = None) -> Any:
    """The explanation from a log with only the story."""
    records = [
        Located(json.dumps(record).encode(), None, {"topic": topic, "partition": partition, "offset": offset})
        for offset, record in enumerate(STORY)
    ]
    telling = replay_history("war", records, REGISTRY, horizon_us=DEFAULT_HORIZON_US, until_us=at_us)
    through = {"partition": partition, "offset": len(STORY) - 1}
    return explanations(telling.history) | {"through": through, "complete": True}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    client = TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1")
    assert client.post("/reports", json=STORY).json()["counts"] == {"accepted": 3, "refused": 1}
    yield client
    store.close()


def test_without_a_subject_it_is_the_account_of_the_episode(client: TestClient) -> None:
    answer = client.get("/episodes/war/explain")
    assert (answer.status_code, answer.json()) == (200, told("truceline.reports", 0))
    (cell,) = answer.json()["cells"]
    assert cell["base"]["url"] == "https://example.org/a"
    assert [claim["code"] for claim in cell["refused"]] == ["revision_conflict"]
    assert [claim["why"] for claim in cell["replaced"]] == ["withdrawn by revision 2"]


def test_as_it_was_known_then(client: TestClient) -> None:
    answer = client.get("/episodes/war/explain", params={"at": at(17)}).json()
    assert answer == told("truceline.reports", 0, us(17))
    assert [view["value"]["status"] for view in answer["ceasefires"]] == ["collapsed", "collapsed"]


@pytest.mark.parametrize(
    ("asked", "cells", "views"),
    [
        ({"cell": "mod/killed"}, ["mod"], []),
        ({"ceasefire": "main"}, [], ["joint"]),
        ({"ceasefire": ["main/source:mod", "main"]}, [], ["source:mod", "joint"]),
        ({"cell": "mod/north/killed/military", "ceasefire": "main"}, ["mod"], ["joint"]),
        ({"cell": "main", "ceasefire": "mod/killed"}, [], []),
    ],
)
def test_it_names_cells_and_ceasefires(client: TestClient, asked: Json, cells: list[str], views: list[str]) -> None:
    answer = client.get("/episodes/war/explain", params=asked).json()
    assert [cell["source"] for cell in answer["cells"]] == cells
    assert [view["view"] for view in answer["ceasefires"]] == views


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("/episodes/peace/explain", {}, 404, "unknown_episode"),
        ("/episodes/war/explain", {"at": at(12)}, 404, "unknown_episode"),
        ("/episodes/war/explain", {"at": "soon"}, 422, "invalid"),
        ("/episodes/war/explain", {"limit": "-1"}, 422, "invalid"),
        ("/episodes/war/explain", {"limit": "٣"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_answered_has_a_code(
    client: TestClient, path: str, asked: dict[str, str], status: int, code: str
) -> None:
    answer = client.get(path, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(("limit", "replaced", "refused"), [(0, 0, 0), (1, 1, 0), (2, 1, 1), (9, 1, 1)])
def test_limit_keeps_the_newest_uncounted_claims(client: TestClient, limit: int, replaced: int, refused: int) -> None:
    """Counted claims are all there; of the others and of the changes the newest, with the number of those left out."""
    (cell,) = client.get("/episodes/war/explain", params={"cell": "mod", "limit": limit}).json()["cells"]
    assert (len(cell["replaced"]), len(cell["refused"]), cell["left"]) == (replaced, refused, 2 - replaced - refused)
    assert cell["base"]["best"] == 50
    assert [change["version"] for change in cell["changes"]] == [1, 2, 3][-limit or 3 :][: limit or 0]


def test_a_past_that_is_too_long_says_the_limit(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episode_log.read_all, "__kwdefaults__", {"records_max": 3, "bytes_max": episode_log.BYTES_MAX})
    answer = client.get("/episodes/war/explain")
    assert (answer.status_code, answer.json()["code"]) == (422, "past_too_long")


async def test_on_kafka_the_log_is_read_back(kafka: str, prefix: str) -> None:
    settings = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    async with topics.admin(client_options(settings)) as admin:
        await topics.create(admin, prefix, PARTITIONS, 1)
    store = KafkaStore(settings, registry=REGISTRY)
    await store.start()
    try:
        transport = ASGITransport(create_app(store, loopback=True))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=LIMIT_S) as client:
            sent = await client.post("/reports", json=STORY)
            while sent.status_code == 503:
                sent = await client.post("/reports", json=STORY)
            answer = await client.get("/episodes/war/explain")
            assert answer.json() == told(f"{prefix}.reports", partition_of(b"war", PARTITIONS))
            assert (await client.get("/episodes/peace/explain")).status_code == 404
    finally:
        await store.stop()
