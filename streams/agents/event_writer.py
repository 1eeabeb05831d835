"""Writing events from an agent to a topic."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import faust
import orjson

__all__ = ["EventHeaders", "Write", "writer"]

#: Takes the id of an event, its episode, its time, its content, and the partition.
Write = Callable[[str, str, str | None, Mapping[str, Any], int], Awaitable[None]]


class EventHeaders(Protocol):
    """Makes the headers of an event (`streams.core.cloudevents`)."""

    def event(self, name: str, subject: bytes, time: str | None) -> Any:
        """Return the headers for its id, its key and its time."""


def writer(app: faust.App, topic: str, headers: EventHeaders) -> Write:
    """Return a function that writes an event to a topic and returns once all in-sync replicas have it."""
    sink = app.topic(topic, key_serializer="raw", value_serializer="raw")

    async def write(name: str, episode: str, time: str | None, event: Mapping[str, Any], partition: int) -> None:
        key = episode.encode()
        head = headers.event(name, key, time)
        sending = sink.send(key=key, value=orjson.dumps(event), partition=partition, headers=head, force=True)
        await (await sending)

    return write
