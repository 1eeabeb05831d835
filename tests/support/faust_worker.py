"""The worker's Faust app, run inside the test's own event loop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from streams.worker.faust_app import TrucelineApp


class WatchingApp(TrucelineApp):
    """The worker's app with a plain agent on a topic."""

    def watch(self, topic: str) -> list[bytes]:
        seen: list[bytes] = []

        @self.agent(self.topic(topic, value_serializer="raw", value_type=bytes), name="watch")
        async def watch(values: Any) -> None:
            async for value in values:
                seen.append(value)  # noqa: PERF401 - one by one, as they come

        return seen


@contextlib.asynccontextmanager
async def worker_running(app: TrucelineApp) -> AsyncIterator[None]:
    app.in_worker = True
    await app.start()
    try:
        yield
    finally:
        await app.stop()
