"""A listener on /events, as a browser is one: it keeps the last id, and the events it got."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2

from tests.support.waiting import LIMIT_S

#: Nothing here speaks TLS, and to read the certificates of the system takes longer than most tests.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class ServerEvent(NamedTuple):
    name: str
    id: str | None
    content: Any


class Listener:
    """Events in order; `last_id` goes with the next request."""

    def __init__(self, url: str, **query: str) -> None:
        self.url = url
        self.query = query
        self.last_id: str | None = None
        self.told: list[ServerEvent] = []

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[AsyncIterator[ServerEvent]]:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        async with (
            httpx2.AsyncClient(timeout=LIMIT_S, verify=NO_TLS) as client,
            client.stream("GET", f"{self.url}/events", params=self.query, headers=headers) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield self._events(answer)

    async def until(self, count: int) -> list[ServerEvent]:
        """Return `count` changes or more; connects again when the server ends the stream."""
        while True:
            async with self.connected() as events:
                while len(self.changes) < count:
                    if (await anext(events)).name == "end":
                        break
                else:
                    return self.changes

    @property
    def changes(self) -> list[ServerEvent]:
        return [told for told in self.told if told.name not in {"heartbeat", "end", "episodes", "reset"}]

    async def _events(self, answer: httpx2.Response) -> AsyncIterator[ServerEvent]:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            told = ServerEvent(fields["event"], fields.get("id"), json.loads(fields["data"]))
            fields = {}
            self.last_id = told.id or self.last_id
            self.told.append(told)
            yield told


async def get(url: str, path: str, **options: Any) -> httpx2.Response:
    """Return the answer to one GET request."""
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=LIMIT_S) as client:
        return await client.get(f"{url}{path}", **options)


def change_ids(listener: Listener) -> list[str]:
    """Return the ids of the changes received, in order."""
    return [told.content["change_id"] for told in listener.changes]
