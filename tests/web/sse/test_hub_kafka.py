"""GET /events over a real Kafka: what is committed and nothing else, from any worker, also what is long past."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition

from streams.kafka import topics
from streams.kafka.client import client_options
from streams.settings import Settings
from streams.web.server import Server, listen, url_of
from streams.web.sse import buffer, hub
from streams.worker.http_app import kafka_app
from tests.support.build import Json
from tests.support.event_client import Listener, change_ids, get
from tests.support.waiting import LIMIT_S, eventually

PARTITIONS = 3
Worker = Callable[[], contextlib.AbstractAsyncContextManager[str]]


@pytest.fixture
async def settings(kafka: str, prefix: str) -> Settings:
    made = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    async with topics.admin(client_options(made)) as admin:
        await topics.create(admin, prefix, PARTITIONS, 1)
    return made


@pytest.fixture
def worker(settings: Settings) -> Worker:
    """`async with worker() as url`: the web of a worker, ready; what its desk would write, the test writes."""

    @contextlib.asynccontextmanager
    async def worker() -> AsyncIterator[str]:
        listener = listen("127.0.0.1", 0)
        server = Server(uvicorn.Config(kafka_app(settings), log_config=None, lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        url = url_of(listener)
        await eventually(lambda: server.started, "the server has started")
        await eventually(lambda: is_ready(url), "the worker is ready")
        yield url
        server.should_exit = True
        await serving

    return worker


async def is_ready(url: str) -> bool:
    return (await get(url, "/readyz")).is_success


class Desk:
    """Writes as a desk does: changes and pictures in one transaction."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self._settings = settings
        self._producer = producer

    async def write(self, *offsets: int, abort: bool = False, episode: str = "war", picture: bool = True) -> None:
        """Of each input offset one change, and of the last a picture."""
        await self._producer.begin_transaction()
        for offset in offsets:
            await self._send(
                "casualties", episode, {"change_id": f"{episode}@{offset}", "episode": episode, "cause": origin(offset)}
            )
        if picture:
            content = {"clock": "2022-09-14T12:00:00Z", "ceasefires": [], "totals": [], "cells": [1]}
            through = {"partition": 0, "offset": offsets[-1]}
            await self._send("episodes", episode, {"episode": episode, **content, "through": through})
        await self._producer.flush()
        await (self._producer.abort_transaction() if abort else self._producer.commit_transaction())

    async def _send(self, name: str, episode: str, record: Json) -> None:
        await self._producer.send(
            self._settings.topic(name), json.dumps(record, separators=(",", ":")).encode(), key=episode.encode()
        )


def origin(offset: int) -> Json:
    return {"headline": '"origin":{"offset":0}', "origin": {"topic": "reports", "partition": 0, "offset": offset}}


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    producer = AIOKafkaProducer(**client_options(settings), transactional_id=settings.app_id)
    await producer.start()
    yield Desk(settings, producer)
    await producer.stop()


def numbered(*offsets: int, episode: str = "war") -> list[str]:
    return [f"{episode}@{offset}" for offset in offsets]


async def shows(url: str, offset: int) -> str:
    """Wait until a picture shows an offset; its mark."""

    async def mark() -> str | None:
        answer = await get(url, "/episodes/war")
        if answer.is_success and answer.json()["through"]["offset"] >= offset:
            return str(answer.json()["mark"])
        return None

    return await eventually(mark, f"a picture shows offset {offset}") or ""


async def test_nothing_aborted_is_sent_and_any_worker_resumes(worker: Worker, desk: Desk) -> None:
    async with worker() as one, worker() as other:
        await desk.write(1)
        mark = await shows(one, 1)
        await desk.write(2, 3, abort=True)
        await desk.write(2)
        listener = Listener(other, since=mark, topic="casualties,episodes")
        async with listener.connected() as told:
            while not change_ids(listener):
                await anext(told)
            await desk.write(4, 5, abort=True)
            await desk.write(3)
            async with asyncio.timeout(LIMIT_S):
                while [t.content["through"]["offset"] for t in listener.told if t.name == "episodes"][-1:] != [3]:
                    await anext(told)
        listener.url = one
        await desk.write(4)
        await listener.until(3)
    assert change_ids(listener) == numbered(2, 3, 4)
    pictures = [told.content for told in listener.told if told.name == "episodes"]
    assert [picture["through"]["offset"] for picture in pictures] == sorted(
        picture["through"]["offset"] for picture in pictures
    )
    assert all("cells" not in picture for picture in pictures)


async def test_what_a_picture_does_not_show_yet_lies_behind_its_mark(worker: Worker, desk: Desk) -> None:
    async with worker() as url:
        await desk.write(1)
        await desk.write(2, 3, picture=False)
        await desk.write(7, episode="another", picture=False)
        mark = await shows(url, 1)
        listener = Listener(url, since=mark, episode="war")
        await listener.until(2)
        assert change_ids(listener) == numbered(2, 3)
        await desk.write(4)
        mark = await shows(url, 4)
        listener = Listener(url, since=mark, episode="war")
        await desk.write(5)
        await listener.until(1)
        assert change_ids(listener) == numbered(5)


async def test_after_a_restart_old_events_are_read_from_kafka(
    worker: Worker, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "RECENT_MAX", 20)
    monkeypatch.setattr(hub, "RECENT_MAX", 20)
    async with worker() as url:
        await desk.write(0)
        mark = await shows(url, 0)
    for first in range(1, 301, 50):
        await desk.write(*range(first, first + 25), abort=True)
        await desk.write(*range(first, first + 50))
        await desk.write(*range(first, first + 50), episode="another")
    async with worker() as url:
        listener = Listener(url, since=mark, episode="war")
        await listener.until(150)
        middle = listener.last_id
        await listener.until(300)
        again = Listener(url, **{"last-event-id": middle or ""}, episode="war")
        await again.until(150)
    assert change_ids(listener) == numbered(*range(1, 301))
    assert change_ids(again) == numbered(*range(151, 301))


async def test_a_mark_from_before_what_is_kept_is_answered_by_a_reset(
    worker: Worker, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "RECENT_MAX", 3)
    async with worker() as url:
        await desk.write(1)
        mark = await shows(url, 1)
    await desk.write(*range(2, 40))
    place = TopicPartition(settings.topic("casualties"), await _home(settings))
    async with topics.admin(client_options(settings)) as admin:
        await admin.delete_records({place: RecordsToDelete(before_offset=20)})
    async with worker() as url:
        listener = Listener(url, since=mark)
        async with listener.connected() as told:
            await anext(told)
            reset = await anext(told)
            await desk.write(40)
            after = await anext(told)
    assert (reset.name, reset.content["reason"]) == ("reset", "too_old")
    assert after.content["change_id"] == "war@40"


async def _home(settings: Settings) -> int:
    async with AIOKafkaConsumer(**client_options(settings)) as consumer:
        places = [TopicPartition(settings.topic("casualties"), number) for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(places)
        return max(range(PARTITIONS), key=lambda number: ends[places[number]])
