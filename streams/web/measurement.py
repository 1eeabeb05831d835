"""Middleware that counts requests and times their answers."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.observability import metrics

__all__ = ["ROUTE", "RequestMetrics"]

#: Key of the ASGI scope under which the route is noted.
ROUTE = "truceline.route"


class RequestMetrics:
    """Counts by route, not by path: every episode would be a label value of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began_s = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get(ROUTE, "none")
                metrics.HTTP_REQUESTS.labels(metrics.method(scope["method"]), route, message["status"]).inc()
                metrics.HTTP_SECONDS.labels(route).observe(time.perf_counter() - began_s)
            await send(message)

        await self.app(scope, receive, measured)
