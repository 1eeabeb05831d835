"""Long answers, kept compressed while their client reads them, within a budget for all."""

import asyncio
import gzip
import zlib
from collections.abc import Iterator

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from streams.web.budget import Budget
from streams.web.responses import NO_CACHE, busy

__all__ = ["HELD_BYTES_MAX", "SHORT_BYTES", "HeldAnswers"]

#: Answers up to this size are sent as they are.
SHORT_BYTES = 256 << 10
#: Compressed bytes of all long answers that are being sent; others get 503.
HELD_BYTES_MAX = 64 << 20


class HeldAnswers:
    """The long answers of one app: a reader that takes nothing holds a twentieth of its answer."""

    def __init__(self) -> None:
        self._budget = Budget(HELD_BYTES_MAX)

    async def response(self, request: Request, body: bytes) -> Response:
        """Return a response with a JSON body."""
        if len(body) <= SHORT_BYTES:
            return Response(body, media_type="application/json", headers=NO_CACHE)
        packed = await asyncio.to_thread(gzip.compress, body, 1, mtime=0)
        if not self._budget.take(len(packed)):
            return busy("too many long answers are being sent; try again later, or ask for one cell")
        takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
        return _HeldResponse(packed, None if takes_gzip else len(body), self._budget)


class _HeldResponse(StreamingResponse):
    def __init__(self, packed: bytes, length: int | None, budget: Budget) -> None:
        """`length` is that of the body for a client that does not take gzip."""
        headers = {**NO_CACHE, "Vary": "Accept-Encoding", "Content-Length": str(length or len(packed))}
        if length is None:
            headers["Content-Encoding"] = "gzip"
        parts = iter([packed]) if length is None else _unpacked(packed)
        super().__init__(iterate_in_threadpool(parts), media_type="application/json", headers=headers)
        self._size = len(packed)
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._budget.give_back(self._size)


def _unpacked(packed: bytes) -> Iterator[bytes]:
    inflate = zlib.decompressobj(wbits=31)
    rest = packed
    while rest:
        yield inflate.decompress(rest, SHORT_BYTES)
        rest = inflate.unconsumed_tail
    yield inflate.flush()
