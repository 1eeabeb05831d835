"""`GET /episodes/{episode}?at=TIME`, over both stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from httpx2 import ASGITransport
from starlette.testclient import TestClient

from streams.core.log_record import Record
from streams.core.queries.as_of import known_at
from streams.core.times import DEFAULT_HORIZON_US
from streams.kafka import topics
from streams.kafka.client import client_options
from streams.settings import Settings
from streams.stores import episode_log
from streams.stores.kafka.store import KafkaStore
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from tests.support.build import REGISTRY, Json, act, at, killed, report, us, withdrawal
from tests.support.waiting import LIMIT_S

#: Published on the 14th, 16th and 18th; the first truce takes effect by the clock.
STORY = [
    report("a", killed(50), act("announced", by="north", effective_at=at(15))),
    report("late", killed(40), published_at=at(13)),
    report("b", killed(71), published_at=at(16)),
    withdrawal("b", published_at=at(18)),
]


def known(time: int, through: Json) -> Json:
    records = [Record(json.dumps(record).encode()) for record in STORY]
    picture = known_at("war", records, REGISTRY, horizon_us=DEFAULT_HORIZON_US, at_us=time)
    return {"episode": "war", **picture, "through": through, "complete": True}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    client = TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1")
    assert client.post("/reports", json=STORY).json()["counts"] == {"accepted": 4}
    yield client
    store.close()


@pytest.mark.parametrize(
    ("day", "best", "status"), [(14, 40, "none"), (15, 50, "in_effect"), (17, 71, "in_effect"), (30, 50, "in_effect")]
)
def test_it_answers_with_what_was_known_then(client: TestClient, day: int, best: int, status: str) -> None:
    answer = client.get("/episodes/war", params={"at": at(day)})
    found: Any = answer.json()
    assert (answer.status_code, found) == (200, known(us(day), {"partition": 0, "offset": 3}))
    said = {cell["source"]: cell["value"]["best"] for cell in found["cells"]}
    joint = [view["status"] for view in found["ceasefires"][:1]]
    assert (said, joint) == ({"mod": best}, [status] if status != "none" else [])


def test_an_offset_from_utc_is_read(client: TestClient) -> None:
    found = client.get("/episodes/war", params={"at": "2022-09-14T04:00:00+04:00"}).json()
    assert found["clock"] == at(14)


@pytest.mark.parametrize(
    ("path", "time", "status", "code"),
    [
        ("/episodes/war", "yesterday", 422, "invalid"),
        ("/episodes/war", at(12), 404, "unknown_episode"),
        ("/episodes/peace", at(20), 404, "unknown_episode"),
    ],
)
def test_what_cannot_be_answered_has_a_code(client: TestClient, path: str, time: str, status: int, code: str) -> None:
    answer = client.get(path, params={"at": time})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_past_that_is_too_long_says_the_limit(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episode_log.read_all, "__kwdefaults__", {"records_max": 3, "bytes_max": episode_log.BYTES_MAX})
    answer = client.get("/episodes/war", params={"at": at(20)})
    assert (answer.status_code, answer.json()["code"]) == (422, "past_too_long")
    assert "more than 3 records" in answer.json()["message"]


async def test_on_kafka_the_log_is_read_back(kafka: str, prefix: str) -> None:
    settings = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    async with topics.admin(client_options(settings)) as admin:
        await topics.create(admin, prefix, 1, 1)
    store = KafkaStore(settings, registry=REGISTRY)
    app = create_app(store, loopback=True)
    await store.start()
    try:
        async with httpx2.AsyncClient(
            transport=ASGITransport(app), base_url="http://127.0.0.1", timeout=LIMIT_S
        ) as client:
            sent = await client.post("/reports", json=STORY)
            while sent.status_code == 503:
                sent = await client.post("/reports", json=STORY)
            assert sent.json()["counts"] == {"logged": 4}
            answer = await client.get("/episodes/war", params={"at": at(17)})
            assert answer.json() == known(us(17), {"partition": 0, "offset": 3})
            assert (await client.get("/episodes/peace", params={"at": at(17)})).status_code == 404
    finally:
        await store.stop()
