"""Listen on one socket, bound before anything else starts, and run uvicorn on it."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from streams.web.connection import limited_connections

__all__ = ["Server", "connections_max", "listen", "running", "serve", "server_config", "url_of"]

#: Open connections: 1,200 event streams, 500 requests in progress, and idle ones. Above the limit the one that has been
#: idle for longest is closed.
CONNECTIONS_MAX = 4_000
#: Descriptors that connections must leave for files, Kafka, and connections that are accepted at once.
DESCRIPTORS_RESERVED = 300
#: Connections accepted at once. asyncio accepts all that wait before it looks at the first, and logs each that fails.
BACKLOG = 128
#: Time for open requests to finish when the server stops.
GRACE_S = 2
START_S = 10.0


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises OSError, which names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port}: no such host name or address") from error
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}") from error
    # Connections inherit it; asyncio sets it only on sockets created with IPPROTO_TCP. Head and body of an answer are
    # two writes, and the second would wait 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


async def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then finish the open requests."""
    server = _server(app)

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        await server.serve(sockets=[listener])
    finally:
        for number, action in before.items():
            signal.signal(number, action)


@contextlib.contextmanager
def running(app: ASGIApp, listener: socket.socket) -> Iterator[str]:
    """Serve in another thread while the block runs; yields the URL."""
    server = _server(app)
    thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listener]),), daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(START_S)
        listener.close()


class Server(uvicorn.Server):
    """uvicorn without its signal handlers, which closes event streams before it waits for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ignore signals: uvicorn would raise SIGTERM again at the end, and files would not be closed."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the app's event streams (`app.state.close`), then shut down."""
        if isinstance(self.config.app, Starlette) and (close := getattr(self.config.app.state, "close", None)):
            close()
        await super().shutdown(sockets)


def server_config(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """Return the configuration of a server with limits on connections, headers and their time.

    Raises the process's limit of file descriptors to what the system allows.
    """
    return uvicorn.Config(
        app,
        http=limited_connections(connections_max(_raise_descriptor_limit())),
        log_config=None,
        access_log=False,
        server_header=False,
        # X-Forwarded-For from a local client would be believed: an address made up per request has no rate limit.
        proxy_headers=False,
        backlog=BACKLOG,
        **options,
    )


def connections_max(descriptors: int) -> int:
    """Return how many connections a process with this limit of descriptors may hold."""
    return min(CONNECTIONS_MAX, max(descriptors - DESCRIPTORS_RESERVED, descriptors // 4))


def _raise_descriptor_limit() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + DESCRIPTORS_RESERVED
    target = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft == resource.RLIM_INFINITY or soft >= target:
        return wanted if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    return target


def _server(app: ASGIApp) -> Server:
    return Server(server_config(app, lifespan="off", timeout_graceful_shutdown=GRACE_S))
