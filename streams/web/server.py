"""Listening: one socket, bound before anything else starts, and uvicorn on it."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

__all__ = ["Server", "listen", "running", "serve", "url_of"]

#: Requests at once, and how long they may take to end once the server stops.
CONCURRENT_MAX = 1_500
GRACE_S = 2
BACKLOG = 1_024
START_S = 10.0


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one. Raises OSError, saying which address it is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}") from error
    # Connections inherit it. asyncio sets it where a socket names TCP as its protocol, and this one names none: head
    # and body of an answer are two writes, and the second would wait 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address that a browser on this machine would use."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


async def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then let requests end and return."""
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
    """Serve from a thread of its own while the block runs; gives the URL."""
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
    """uvicorn, whose signals are another's, and which ends streams before it waits for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again at the end, and SIGTERM would leave files open."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell an app that holds streams open (`app.state.close`), and shut down."""
        if isinstance(self.config.app, Starlette) and (close := getattr(self.config.app.state, "close", None)):
            close()
        await super().shutdown(sockets)


def _server(app: ASGIApp) -> Server:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=CONCURRENT_MAX,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config)
