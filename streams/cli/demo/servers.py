"""Servers of the demo: a real one on an SQLite file, or a real Kafka with a worker."""

import asyncio
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import httpx2
import orjson

from schemas.topics import CHANGE_TOPICS
from streams.files.atlas import default_atlas
from streams.files.source_registry import default_sources
from streams.kafka.client import client_options
from streams.settings import Settings
from streams.stores.sqlite.database import DATABASE, claim_folder
from streams.stores.sqlite.file_guard import MARKER
from streams.stores.sqlite.reader import Reader
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running

__all__ = ["SOURCES", "DemoServer", "DemoServerFailed", "ShownChange", "embedded", "on_kafka"]

PARTITIONS = 3
SOURCES = "sources.yaml"
READY_S = 60.0
POLL_S = 0.2


class DemoServerFailed(Exception):
    """The server or Kafka did not start; the message says why and what to do."""


class ShownChange(NamedTuple):
    """A published change: topic and record as in contract section 6."""

    topic: str
    record: dict[str, Any]


class DemoServer(Protocol):
    """A running server, and the changes that it publishes."""

    url: str

    def changes(self) -> list[ShownChange]:
        """Return the changes published since the last call."""
        ...


class _EmbeddedServer:
    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._reader = Reader(folder / DATABASE)
        self._row = 0

    def changes(self) -> list[ShownChange]:
        rows = self._reader.changes(self._row)
        if rows:
            self._row = rows[-1].row
        return [ShownChange(row.topic, orjson.loads(row.record)) for row in rows]

    def close(self) -> None:
        self._reader.close()


@contextmanager
def embedded(folder: Path, port: int, *, afresh: bool) -> Iterator[DemoServer]:
    """Serve a folder on this machine while the block runs; `afresh` first deletes the ledger of an earlier demo.

    Raises StoreUnavailable or OSError if the folder or the port is taken.
    """
    if afresh:
        with claim_folder(folder):
            for left in (*folder.glob(f"{DATABASE}*"), *folder.glob(MARKER)):
                left.unlink()
    listener = listen("127.0.0.1", port)
    store = EmbeddedStore(folder, default_sources())
    (folder / SOURCES).write_bytes(files("streams.defaults").joinpath(SOURCES).read_bytes())
    try:
        with running(create_app(store, loopback=True, atlas=default_atlas()), listener) as url:
            stage = _EmbeddedServer(url, folder)
            try:
                yield stage
            finally:
                stage.close()
    finally:
        store.close()


class _KafkaServer:
    def __init__(self, url: str, published: "queue.SimpleQueue[ShownChange]") -> None:
        self.url = url
        self._published = published

    def changes(self) -> list[ShownChange]:
        found = []
        while not self._published.empty():
            found.append(self._published.get())
        return found


@contextmanager
def on_kafka(port: int, say: Callable[[str], None]) -> Iterator[DemoServer]:
    """Start a Kafka and a worker until the block ends; or use the Kafka of KAFKA_BOOTSTRAP_SERVERS.

    `say` is called with what is being waited for. Raises DemoServerFailed.
    """
    from streams.kafka.local.cluster import KafkaUnavailable, broker

    say("starting Apache Kafka; the first start downloads 44 MB")
    try:
        with broker() as bootstrap_servers, tempfile.TemporaryDirectory(prefix="truceline-demo-") as folder:
            name = f"demo-{uuid.uuid4().hex[:8]}"
            settings = Settings(bootstrap_servers=bootstrap_servers, topic_prefix=name, app_id=name)
            say(f"creating the topics {name}.reports and so on, on {bootstrap_servers}")
            with _topics(settings), _worker(settings, port, Path(folder), say) as url, _watched(settings) as published:
                yield _KafkaServer(url, published)
    except KafkaUnavailable as error:
        raise DemoServerFailed(str(error)) from error


@contextmanager
def _topics(settings: Settings) -> Iterator[None]:
    from streams.kafka.topics import admin, create

    async def made() -> None:
        async with admin(client_options(settings)) as client:
            await create(client, settings.topic_prefix, PARTITIONS, 1)

    async def gone() -> None:
        async with admin(client_options(settings)) as client:
            ours = [topic for topic in await client.list_topics() if topic.startswith(f"{settings.topic_prefix}.")]
            await client.delete_topics(ours)

    asyncio.run(made())
    try:
        yield
    finally:
        asyncio.run(gone())


@contextmanager
def _worker(settings: Settings, port: int, folder: Path, say: Callable[[str], None]) -> Iterator[str]:
    url = f"http://127.0.0.1:{port}"
    log = folder / "worker.log"
    defaults = files("streams.defaults")
    with (
        as_file(defaults.joinpath(SOURCES)) as sources,
        as_file(defaults.joinpath("atlas.yaml")) as atlas,
        log.open("wb") as lines,
    ):
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TRUCELINE_")},
            "TRUCELINE_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
            "TRUCELINE_TOPIC_PREFIX": settings.topic_prefix,
            "TRUCELINE_APP_ID": settings.app_id,
            "TRUCELINE_SOURCES": str(sources),
            "TRUCELINE_ATLAS": str(atlas),
            "TRUCELINE_HTTP_PORT": str(port),
            "TRUCELINE_DATA_DIR": str(folder),
        }
        say("starting a worker: truceline serve")
        command = [sys.executable, "-m", "streams", "serve"]
        # Its own session, so that Ctrl-C stops the demo first and then the worker.
        worker = subprocess.Popen(command, env=environment, stderr=lines, stdout=lines, start_new_session=True)
        try:
            _wait_until_ready(url, worker, log)
            yield url
        finally:
            worker.terminate()
            worker.wait()


def _wait_until_ready(url: str, worker: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up_at = time.monotonic() + READY_S
    reasons: object = "no answer"
    while time.monotonic() < give_up_at:
        if worker.poll() is not None:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise DemoServerFailed(f"the worker ended with code {worker.returncode}:\n{tail}")
        try:
            answer = httpx2.get(f"{url}/readyz", timeout=READY_S)
            if answer.status_code == httpx2.codes.OK:
                return
            reasons = answer.json().get("reasons")
        except httpx2.HTTPError:
            pass
        time.sleep(POLL_S)
    raise DemoServerFailed(f"the worker is not ready after {READY_S:.0f} s: {reasons}")


@contextmanager
def _watched(settings: Settings) -> Iterator["queue.SimpleQueue[ShownChange]"]:
    """Read the change topics in a thread."""
    published: queue.SimpleQueue[ShownChange] = queue.SimpleQueue()
    over, begun = threading.Event(), threading.Event()

    async def read() -> None:
        async with _consumer(settings) as consumer:
            begun.set()
            while not over.is_set():
                for records in (await consumer.getmany(timeout_ms=int(POLL_S * 1_000))).values():
                    for record in records:
                        topic = record.topic.removeprefix(f"{settings.topic_prefix}.")
                        published.put(ShownChange(topic, orjson.loads(record.value)))

    thread = threading.Thread(target=asyncio.run, args=(read(),), daemon=True)
    thread.start()
    begun.wait(READY_S)
    try:
        yield published
    finally:
        over.set()
        thread.join(READY_S)


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[Any]:
    from streams.kafka.consumers import make_consumer

    topics = [settings.topic(name) for name in CHANGE_TOPICS]
    consumer = make_consumer(client_options(settings), *topics, auto_offset_reset="earliest")
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
