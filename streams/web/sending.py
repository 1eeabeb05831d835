"""Middleware that limits requests in progress, and sends answers in pieces under a time limit."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.observability import metrics
from streams.web.connection import ABORT
from streams.web.responses import busy

__all__ = ["PIECE_BYTES", "REQUESTS_MAX", "SEND_TIMEOUT_S", "RequestLimits"]

#: Requests in progress, event streams apart, before others get 503; health checks are always answered.
REQUESTS_MAX = 500
#: Bytes handed to the connection at once: more would be copied into its buffer, however slowly the client reads.
PIECE_BYTES = 64 << 10
#: Time for a client to take one piece; then the connection is closed.
SEND_TIMEOUT_S = 20.0

_UNLIMITED = frozenset({"/healthz", "/readyz", "/events"})


class RequestLimits:
    """Limits of one app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 above the limit, else pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in _UNLIMITED:
            await self._app(scope, receive, _in_pieces(scope, send))
            return
        if self._requests >= REQUESTS_MAX:
            await busy("too many requests in progress")(scope, receive, send)
            return
        self._requests += 1
        try:
            await self._app(scope, receive, _in_pieces(scope, send))
        finally:
            self._requests -= 1


def _in_pieces(scope: Scope, send: Send) -> Send:
    abort: Callable[[], None] | None = scope.get("state", {}).get(ABORT)

    async def limited(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or abort is None:
            await send(message)
            return
        try:
            for start in range(0, len(body) - PIECE_BYTES, PIECE_BYTES):
                piece = {**message, "body": bytes(body[start : start + PIECE_BYTES]), "more_body": True}
                await asyncio.wait_for(send(piece), SEND_TIMEOUT_S)
            rest = len(body) - (len(body) - 1) % PIECE_BYTES - 1 if body else 0
            await asyncio.wait_for(send({**message, "body": bytes(body[rest:])}), SEND_TIMEOUT_S)
        except TimeoutError:
            # The connection is lost at once, and the app sees its client disconnect.
            metrics.CLIENTS_DROPPED.inc()
            abort()

    return limited
