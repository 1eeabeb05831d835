"""Limits of the real server: connections, heads, bodies, answers that are not read, folds that are given up."""

from __future__ import annotations

import asyncio
import json
import resource
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from streams.stores.sqlite.store import EmbeddedStore
from streams.web import connection, folding, held_answers, request_body, sending, server
from streams.web.app import create_app
from streams.web.server import connections_max, listen, running
from tests.support.build import REGISTRY, killed, report
from tests.support.metrics import MetricsDelta
from tests.support.waiting import LIMIT_S, eventually_sync

HOST = b"Host: 127.0.0.1\r\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path, REGISTRY)
    yield store
    store.close()


@contextmanager
def serving(store: EmbeddedStore) -> Iterator[str]:
    with running(create_app(store, loopback=True), listen("127.0.0.1", 0)) as url:
        yield url


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def connected(url: str, data: bytes = b"", *, buffer: int | None = None) -> socket.socket:
    """A client that sends some bytes."""
    client = socket.socket()
    if buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(LIMIT_S)
    client.connect(("127.0.0.1", port_of(url)))
    client.sendall(data)
    return client


def read_all(client: socket.socket) -> bytes:
    """Return the bytes until the server closes the connection."""
    parts = []
    try:
        while part := client.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def send_for_ever(client: socket.socket, data: bytes) -> None:
    while True:
        client.sendall(data)


def fill(url: str, count: int, **fields: Any) -> None:
    lines = "\n".join(json.dumps(report(f"r{n:05}", killed(n), **fields)) for n in range(count))
    assert httpx2.post(f"{url}/reports", content=lines, timeout=LIMIT_S).status_code == 202


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: 127"], ids=["nothing", "half a head"])
def test_a_head_that_does_not_come_ends_its_connection(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", 0.2)
    with serving(store) as url, connected(url, sent) as client:
        assert read_all(client) == b""


def test_the_longest_idle_connection_makes_room(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent connections up to the limit keep nobody out, and health checks are answered."""
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 20)
    with serving(store) as url, ExitStack() as stack:
        silent = [stack.enter_context(connected(url)) for _ in range(60)]
        for path in ("/healthz", "/readyz", "/episodes"):
            assert httpx2.get(url + path, timeout=LIMIT_S).status_code == 200
        assert read_all(silent[0]) == b""


def test_connections_leave_descriptors_for_files() -> None:
    assert [connections_max(limit) for limit in (64, 1_024, 100_000)] == [16, 724, 4_000]


def test_the_descriptor_limit_is_raised_to_what_is_allowed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        server.server_config(create_app, lifespan="off")  # type: ignore[arg-type]
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 4_300)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_tiny_chunks_end_their_connection(store: EmbeddedStore) -> None:
    """The parser takes 80 µs for each chunk, however little is in it."""
    head = b"POST /reports HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with serving(store) as url, connected(url, head) as client:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for_ever(client, b"1\r\na\r\n" * 10_000)
        assert httpx2.get(f"{url}/healthz", timeout=LIMIT_S).status_code == 200


def test_a_slow_body_is_refused(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "BODY_TIMEOUT_S", 0.2)
    head = b"POST /reports HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n{"
    with serving(store) as url, connected(url, head) as client:
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 408 ")


def test_long_bodies_share_a_budget_that_short_ones_do_not_need(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.web.app.BODIES_BYTES_MAX", 300_000)
    head = b"POST /reports HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n"
    body = head + b" " * 300_000
    with serving(store) as url, connected(url, body) as first, connected(url, body) as second:
        refused = select.select([first, second], [], [], LIMIT_S)[0][0]
        assert refused.recv(1 << 16).startswith(b"HTTP/1.1 503 ")
        answer = httpx2.post(f"{url}/reports", json=report("a", killed(1)), timeout=LIMIT_S)
        assert answer.status_code == 202


def test_requests_above_the_limit_get_503_but_for_health(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "REQUESTS_MAX", 1)
    head = b"POST /reports HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n{"
    with serving(store) as url, connected(url, head):
        episodes = f"{url}/episodes"
        eventually_sync(lambda: httpx2.get(episodes, timeout=LIMIT_S).status_code == 503, "it is busy")
        assert httpx2.get(episodes, timeout=LIMIT_S).json() == {
            "code": "unavailable",
            "message": "too many requests in progress",
        }
        assert httpx2.get(f"{url}/healthz", timeout=LIMIT_S).status_code == 200


def test_a_client_that_reads_nothing_is_cut_off(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SEND_TIMEOUT_S", 0.3)
    with serving(store) as url:
        fill(url, 6_000, headline="h" * 480)
        gained = MetricsDelta()
        with connected(url, b"GET /episodes/war/changes HTTP/1.1\r\n" + HOST + b"\r\n", buffer=4_096):
            eventually_sync(lambda: gained.of("truceline_http_clients_dropped_total"), "it is cut off")


def test_long_answers_share_a_budget(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_answers, "HELD_BYTES_MAX", 1)
    with serving(store) as url:
        fill(url, 1_000, headline="h" * 480)
        answer = httpx2.get(f"{url}/episodes/war/explain", timeout=LIMIT_S)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert httpx2.get(f"{url}/episodes/war", timeout=LIMIT_S).status_code == 200


def test_a_long_answer_is_sent_whole(store: EmbeddedStore) -> None:
    with serving(store) as url:
        fill(url, 1_000, headline="h" * 480)
        asked = f"{url}/episodes/war/explain"
        plain = httpx2.get(asked, headers={"Accept-Encoding": "identity"}, timeout=LIMIT_S)
        assert len(plain.content) == int(plain.headers["content-length"]) > held_answers.SHORT_BYTES
        packed = httpx2.get(asked, headers={"Accept-Encoding": "gzip"}, timeout=LIMIT_S)
        assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)


def test_abandoned_folds_are_not_done(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that leaves gives its turn up: the next one waits for no answer that nobody reads."""
    begun: list[str] = []
    abandoned: list[folding.Watch] = []
    abandon = folding.Watch.abandon

    def noted(watch: folding.Watch) -> None:
        abandoned.append(watch)
        abandon(watch)

    monkeypatch.setattr(folding.Watch, "abandon", noted)
    leave = threading.Event()

    async def slow(_store: object, _episode: str, _query: object, watch: folding.Watch) -> held_answers.Answer:
        begun.append("fold")
        if len(begun) == 1:
            while not leave.is_set():
                await asyncio.sleep(0.01)
        watch.check()
        return held_answers.Answer(b"{}")

    monkeypatch.setattr("streams.web.app.explain_answer", slow)
    request = b"GET /episodes/war/explain HTTP/1.1\r\n" + HOST + b"\r\n"
    with serving(store) as url, connected(url, request):
        eventually_sync(lambda: begun, "the first fold runs")
        for _ in range(10):
            connected(url, request).close()
        eventually_sync(lambda: len(abandoned) == 10, "the server sees them leave")
        leave.set()
        assert httpx2.get(f"{url}/episodes/war/explain", timeout=LIMIT_S).status_code == 200
        assert begun == ["fold", "fold"]


def test_too_many_waiting_folds_are_refused(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "WAITING_MAX", 0)
    with serving(store) as url:
        answer = httpx2.get(f"{url}/episodes/war/explain", timeout=LIMIT_S)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
