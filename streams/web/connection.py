"""HTTP connections with a limit of their number and of the time for a request's head.

uvicorn limits neither: its `limit_concurrency` answers 503 to everyone, health checks included, and a connection that
sends nothing is never closed.
"""

import asyncio
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

__all__ = ["ABORT", "HEAD_TIMEOUT_S", "ConnectionLimit", "LimitedConnection", "limited_connections"]

#: Time for a request line with its headers, from the first moment that the connection waits for one.
HEAD_TIMEOUT_S = 10.0
#: Bytes of a request's body beside its content, such as the lengths of its chunks: parsing tiny chunks takes a core.
FRAMING_BYTES_MAX = 512 << 10
#: Lines of one read before they must be this long on average: the parser takes 80 µs for a chunk of a single byte.
LINES_MAX = 1_000
LINE_BYTES = 48
#: Key of the ASGI scope's `state`: a function that closes the connection at once, with what is not sent yet.
ABORT = "truceline.abort"


class ConnectionLimit:
    """The open connections of one server, and of these the idle ones, oldest first."""

    def __init__(self, connections_max: int) -> None:
        """Above the limit the connection that has been idle for longest is closed."""
        self.connections_max = connections_max
        self.open = 0
        self.idle: dict[LimitedConnection, None] = {}

    def make_room(self) -> None:
        """Close the longest idle connection if there are too many; without another it is the newest one."""
        if self.open > self.connections_max:
            oldest = next(iter(self.idle))
            del self.idle[oldest]
            oldest.abort()


class LimitedConnection(H11Protocol):
    """A connection that is idle while no request is being answered, also while a head is only partly sent."""

    def __init__(self, *args: Any, limit: ConnectionLimit, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app_state = {**self.app_state, ABORT: self.abort}
        self._limit = limit
        self._head_timer: asyncio.TimerHandle | None = None
        self._framing_bytes = 0

    def abort(self) -> None:
        """Close the connection at once; unsent data is lost."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Count the connection, and make room for it."""
        super().connection_made(transport)
        self._limit.open += 1
        self._limit.idle[self] = None
        self._start_head_timer()
        self._limit.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Uncount the connection."""
        self._limit.open -= 1
        self._limit.idle.pop(self, None)
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data; a complete head ends its time limit, the first bytes of the next one start it."""
        if data.count(b"\r\n") > max(LINES_MAX, len(data) // LINE_BYTES):
            self.abort()
            return
        before = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        buffered = 0 if before is None else len(before.body)
        super().data_received(data)
        if self.cycle is not before:
            self._framing_bytes = 0
            self._limit.idle.pop(self, None)
            self._stop_head_timer()
        elif self in self._limit.idle and self._head_timer is None:
            self._start_head_timer()
        elif not before.response_complete:
            self._framing_bytes += len(data) - (len(before.body) - buffered)
            if self._framing_bytes > FRAMING_BYTES_MAX:
                self.abort()

    def on_response_complete(self) -> None:
        """Wait for the next request; uvicorn's keep-alive timeout runs until its first byte."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._limit.idle[self] = None

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.abort)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def limited_connections(connections_max: int) -> Any:
    """Return the factory of a server's connections, for `uvicorn.Config(http=…)`."""
    return partial(LimitedConnection, limit=ConnectionLimit(connections_max))
