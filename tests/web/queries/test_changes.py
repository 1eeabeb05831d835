"""GET /episodes/{episode}/changes: what was published of an episode, from its beginning."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from starlette.testclient import TestClient

from streams.kafka.client import client_options
from streams.settings import Settings
from streams.stores.kafka.store import KafkaStore
from streams.stores.sqlite.store import EmbeddedStore
from streams.stores.store import Store
from streams.web.app import create_app
from streams.web.queries import changes
from tests.support.build import REGISTRY, Json, act, at, killed, report, withdrawal

REPORTS = [
    report("a", killed(71), act("announced")),
    report("b", killed(80), published_at=at(15)),
    report("other", killed(1), episode="elsewhere"),
    withdrawal("b", 2),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    client = TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1")
    assert client.post("/reports", content=json.dumps(REPORTS)).status_code == 202
    yield client
    store.close()


def test_changes_of_an_episode_come_in_published_order(client: TestClient) -> None:
    answer = client.get("/episodes/war/changes").json()
    assert (answer["episode"], answer["complete"]) == ("war", True)
    assert [(row["topic"], row["data"]["version"], row["data"].get("kind")) for row in answer["changes"]] == [
        ("casualties", 1, "first"),
        ("ceasefires", 1, None),
        ("ceasefires", 1, None),
        ("casualties", 2, "up"),
        ("casualties", 3, "down"),
    ]


def test_they_go_packed_to_who_can_unpack_them(client: TestClient) -> None:
    plain = client.get("/episodes/war/changes", headers={"Accept-Encoding": "identity"})
    packed = client.get("/episodes/war/changes", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)


def test_of_many_changes_the_newest_are_given_and_the_cut_named(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "CHANGES_MAX", 2)
    answer = client.get("/episodes/war/changes").json()
    assert [row["data"]["kind"] for row in answer["changes"]] == ["up", "down"]
    assert answer["complete"] is False


def test_an_episode_that_is_not_known_has_none(client: TestClient) -> None:
    answer = client.get("/episodes/none/changes")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_episode")


async def test_on_kafka_they_are_refolded_from_the_log(
    kafka: str, prefix: str, topics: Callable[..., None], tmp_path: Path
) -> None:
    topics(partitions=3)
    settings = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    values = [json.dumps(one).encode() for one in REPORTS]
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    for one, value in zip(REPORTS, values, strict=True):
        await producer.send_and_wait(settings.topic("reports"), value, key=one["episode"].encode())
    await producer.stop()
    embedded = EmbeddedStore(tmp_path, REGISTRY)
    await embedded.submit(values)
    complete, published = await found(embedded, "war", 100)
    embedded.close()
    store = KafkaStore(settings, registry=REGISTRY)
    assert await found(store, "war", 100) == (complete, published)
    assert await found(store, "war", 2) == (False, published[-2:])
    assert await found(store, "none", 100) == (True, [])


async def found(store: Store, episode: str, limit: int) -> tuple[bool, list[tuple[str, Json]]]:
    """Changes without the positions of their causes."""
    changes = await store.changes_of(episode, limit, lambda: None)
    read = [(change.topic, json.loads(change.record)) async for page in changes.pages for change in page]
    for _, record in read:
        record["cause"].pop("origin", None)
    return changes.complete, read
