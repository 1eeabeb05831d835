"""The worker's HTTP server, which starts first and reports what the other parts wait for."""

import asyncio
import contextlib
import socket
from typing import Any

from mode import Service

from streams.web.server import Server, listen, server_config

__all__ = ["HttpService"]

GRACE_S = 1
STOP_S = 3.0


class HttpService(Service):
    """Serves an ASGI application on the worker's own event loop."""

    def __init__(self, application: Any, host: str, port: int, **options: Any) -> None:
        """Serve `application` at an address; port 0 takes a free port, which `port` names once it listens."""
        self.application = application
        self.host = host
        self.port = port
        self._listener: socket.socket | None = None
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None
        super().__init__(**options)

    def bind(self, listener: socket.socket | None = None) -> socket.socket:
        """Listen, or use the given socket; raises OSError, which names the address that is taken."""
        if self._listener is None:
            self._listener = listener or listen(self.host, self.port)
            self.port = self._listener.getsockname()[1]
        return self._listener

    async def on_start(self) -> None:
        """Serve; raises OSError if `bind` was not called before and the address is taken."""
        listener = self.bind()
        config = server_config(self.application, loop="none", lifespan="on", timeout_graceful_shutdown=GRACE_S)
        self._server = Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="http")

    async def on_stop(self) -> None:
        """Answer pending requests for a short time, and close."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._serving, STOP_S)
