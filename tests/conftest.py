"""Fixtures for all tests: a broker that is started when the first test asks for it, and names of its own for each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.stdlib import ProcessorFormatter

from streams.kafka.local.cluster import LocalKafka, temporary
from streams.kafka.topics import admin, create
from tests.support.shared_broker import shared_broker

# The Java launcher reads it. A broker lives for minutes: the optimizing compiler costs more than it saves.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

#: Rooms whose files take longest come first: begun late, one would run on alone.
LONG = ("chaos", "docs", "processing", "page", "deploy", "security", "kafka", "stores", "agents", "worker", "bench")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long; mark what asks for a broker, so that `-m 'not kafka'` leaves it out."""
    for item in items:
        if {"kafka", "local_kafka"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("kafka")
    items.sort(key=lambda item: LONG.index(room) if (room := _room(item)) in LONG else len(LONG))


def _room(item: pytest.Item) -> str:
    here = Path(__file__).parent
    return item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that was run in this process may have set up its log: the next test has other output to look at."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, ProcessorFormatter):
            root.removeHandler(handler)
            root.setLevel(level)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of the run's broker (KAFKA_BOOTSTRAP_SERVERS, else one of our own, stopped at the end).

    All processes of the run share it: keep to topics, groups and transactional ids that begin with `prefix`, and do not
    stop it.
    """
    # pytest-xdist gives each of its processes a folder inside the run's.
    parallel = "PYTEST_XDIST_WORKER" in os.environ
    folder = tmp_path_factory.getbasetemp()
    with shared_broker(folder.parent if parallel else folder) as bootstrap_servers:
        yield bootstrap_servers


@pytest.fixture
def prefix(kafka: str) -> Iterator[str]:
    """A name that nothing else on the broker begins with: topic prefix and app id. Its topics go at the end."""
    name = f"t{uuid.uuid4().hex[:12]}"
    yield name
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _delete_topics(kafka, name)).result()


@pytest.fixture
def topics(kafka: str, prefix: str) -> Callable[..., None]:
    """`topics(partitions=4)` makes every topic of the table under `prefix`; may be called in a running loop."""

    def make(partitions: int = 4) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, _make_topics(kafka, prefix, partitions)).result()

    return make


@pytest.fixture
def local_kafka() -> Iterator[Callable[..., LocalKafka]]:
    """`local_kafka(nodes=3, properties={…})`: a cluster for this test alone, whose nodes may be killed and stopped."""
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> LocalKafka:
            return stack.enter_context(temporary(**options))

        yield start


async def _make_topics(bootstrap_servers: str, prefix: str, partitions: int) -> None:
    async with admin({"bootstrap_servers": bootstrap_servers}) as client:
        await create(client, prefix, partitions, replication=1)


async def _delete_topics(bootstrap_servers: str, prefix: str) -> None:
    async with admin({"bootstrap_servers": bootstrap_servers}) as client:
        if ours := [topic for topic in await client.list_topics() if topic.startswith(prefix)]:
            await client.delete_topics(ours)
