"""The examples for consumers, run unchanged."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka import topics
from streams.kafka.client import client_options
from streams.settings import Settings
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.support.build import REGISTRY, Json, killed, report
from tests.support.paths import ROOT
from tests.support.waiting import LIMIT_S

EXAMPLES = ROOT / "examples"
PAGE = (ROOT / "docs" / "how-to/consumers.md").read_text(encoding="utf-8")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    with closing(store), running(create_app(store, loopback=True), listen("127.0.0.1", 0)) as url:
        yield url


@asynccontextmanager
async def example(*command: str) -> AsyncIterator[asyncio.StreamReader]:
    """The lines that an example prints, until it is ended."""
    process = await asyncio.create_subprocess_exec(*command, cwd=EXAMPLES, stdout=subprocess.PIPE, limit=1 << 20)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LIMIT_S):
            yield process.stdout
    finally:
        process.kill()
        await process.wait()


def change(version: int) -> Json:
    return {"change_id": f"war/mod/north/killed/military@{version}", "kind": "up", "delta": version}


async def test_the_consumer_prints_what_is_committed_each_once(kafka: str, prefix: str) -> None:
    settings = Settings(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    async with topics.admin(client_options(settings)) as admin:
        await topics.create(admin, prefix, 2, 1)
    topic = settings.topic("casualties")
    async with AIOKafkaProducer(**client_options(settings), transactional_id=prefix) as producer:
        for committed, versions in ((True, (1, 2)), (False, (3, 4)), (True, (2, 3))):
            await producer.begin_transaction()
            for version in versions:
                await producer.send_and_wait(topic, json.dumps(change(version)).encode(), key=b"war")
            await (producer.commit_transaction() if committed else producer.abort_transaction())
    async with example(sys.executable, "consumer.py", kafka, prefix, prefix) as lines:
        printed = [(await lines.readline()).decode().strip() for _ in range(3)]
    assert printed == [f"war/mod/north/killed/military@{version} up {version}" for version in (1, 2, 3)]


async def test_the_shell_prints_the_picture_and_then_what_changes(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=LIMIT_S) as client:
        await client.post("/reports", json=report("a", killed(1)))
        async with example("./events.sh", "war", url) as lines:
            picture = json.loads(await lines.readline())
            await client.post("/reports", json=report("a", killed(2), revision=2))
            while (await lines.readline()).strip() != b"event: casualties":
                pass
            await lines.readline()
            told = json.loads((await lines.readline()).removeprefix(b"data: "))
    assert picture["cells"][0]["value"]["best"] == 1
    assert (told["version"], told["before"]["best"], told["after"]["best"]) == (2, 1, 2)


def test_the_page_shows_every_example_as_it_is() -> None:
    for path in EXAMPLES.iterdir():
        if path.suffix in {".py", ".sh", ".html"}:
            assert f"\n{path.read_text(encoding='utf-8')}```\n" in PAGE, path.name
    assert os.access(EXAMPLES / "events.sh", os.X_OK)
