"""Answers that are folded from the log: one at a time, in a thread, given up when their client disconnects."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from streams.stores.store import StoreUnavailable
from streams.web.freed_memory import give_back

__all__ = ["WAITING_MAX", "FoldQueue", "Watch"]

#: Requests that may wait for their turn before others get 503.
WAITING_MAX = 16
#: Between two returns of freed memory to the operating system.
GIVE_BACK_EVERY_S = 10.0

_Answer = TypeVar("_Answer")
_Item = TypeVar("_Item")


class _Abandoned(Exception):
    """Ends a fold whose client has disconnected."""


class Watch:
    """Ends the work of a request once its client has disconnected."""

    def __init__(self) -> None:
        self._abandoned = threading.Event()

    def abandon(self) -> None:
        """End the work at its next check."""
        self._abandoned.set()

    def check(self) -> None:
        """Raise if the client has disconnected."""
        if self._abandoned.is_set():
            raise _Abandoned

    def each(self, records: Iterable[_Item]) -> Iterator[_Item]:
        """Yield records, with a check before each."""
        for record in records:
            self.check()
            yield record


class FoldQueue:
    """Runs one fold at a time: a second thread would share the same core, and each may hold 64 MiB of records."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self._gave_back_s = 0.0

    async def run(self, request: Request, work: Callable[[Watch], Awaitable[_Answer]]) -> _Answer:
        """Return the result of `work`, which checks its `Watch`.

        Raises ClientDisconnect, and StoreUnavailable where too many requests wait already.
        """
        if self._waiting >= WAITING_MAX:
            raise StoreUnavailable(f"{WAITING_MAX} requests for a history are waiting; send this one again later")
        watch = Watch()
        job = asyncio.create_task(self._job(work, watch))
        disconnect = asyncio.create_task(_disconnect(request))
        self._waiting += 1
        try:
            await asyncio.wait({job, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting -= 1
            disconnect.cancel()
            # Not cancelled: its thread would continue, and the next one start beside it.
            watch.abandon()
            job.add_done_callback(_retrieve)
        if not job.done():
            raise ClientDisconnect
        return job.result()

    async def _job(self, work: Callable[[Watch], Awaitable[_Answer]], watch: Watch) -> _Answer:
        async with self._turn:
            watch.check()
            try:
                return await work(watch)
            finally:
                await self._give_back()

    async def _give_back(self) -> None:
        if time.monotonic() - self._gave_back_s >= GIVE_BACK_EVERY_S:
            self._gave_back_s = time.monotonic()
            await asyncio.to_thread(give_back)


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _retrieve(job: "asyncio.Task[_Answer]") -> None:
    """Mark an exception as seen: a job that nobody awaits may end with one."""
    if not job.cancelled():
        job.exception()
