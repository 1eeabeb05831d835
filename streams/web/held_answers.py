"""Long answers, kept compressed while their client reads them, within a budget for all."""

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from streams.web.budget import Budget
from streams.web.responses import NO_CACHE, busy

__all__ = ["HELD_BYTES_MAX", "SHORT_BYTES", "Answer", "HeldAnswers", "packed"]

#: Answers up to this size are sent as they are.
SHORT_BYTES = 256 << 10
#: Compressed bytes of all long answers that are being sent; others get 503.
HELD_BYTES_MAX = 64 << 20


_GZIP = 31


class Answer(NamedTuple):
    """A JSON answer: as it is, or with gzip and then the length that it has without."""

    body: bytes
    unpacked_length: int | None = None


def packed(parts: Iterable[bytes]) -> Answer:
    """Return an answer made of parts; a long one is compressed while it is made, so that it is never whole."""
    short = bytearray()
    compressor = None
    pieces: list[bytes] = []
    length = 0
    for part in parts:
        length += len(part)
        if compressor is None:
            short += part
            if length <= SHORT_BYTES:
                continue
            compressor, part = zlib.compressobj(1, wbits=_GZIP), bytes(short)  # noqa: PLW2901 - all parts until now
        pieces.append(compressor.compress(part))
    if compressor is None:
        return Answer(bytes(short))
    return Answer(b"".join([*pieces, compressor.flush()]), length)


class HeldAnswers:
    """The long answers of one app: a reader that takes nothing holds a twentieth of its answer."""

    def __init__(self) -> None:
        self._budget = Budget(HELD_BYTES_MAX)

    def response(self, request: Request, answer: Answer) -> Response:
        """Return a response with a JSON answer."""
        if answer.unpacked_length is None:
            return Response(answer.body, media_type="application/json", headers=NO_CACHE)
        if not self._budget.take(len(answer.body)):
            return busy("too many long answers are being sent; try again later, or ask for one cell")
        takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
        return _HeldResponse(answer.body, None if takes_gzip else answer.unpacked_length, self._budget)


class _HeldResponse(StreamingResponse):
    def __init__(self, body: bytes, length: int | None, budget: Budget) -> None:
        """`length` is that of the body for a client that does not take gzip."""
        headers = {**NO_CACHE, "Vary": "Accept-Encoding", "Content-Length": str(length or len(body))}
        if length is None:
            headers["Content-Encoding"] = "gzip"
        parts = iter([body]) if length is None else _unpacked(body)
        super().__init__(iterate_in_threadpool(parts), media_type="application/json", headers=headers)
        self._size = len(body)
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._budget.give_back(self._size)


def _unpacked(body: bytes) -> Iterator[bytes]:
    inflate = zlib.decompressobj(wbits=_GZIP)
    rest = body
    while rest:
        yield inflate.decompress(rest, SHORT_BYTES)
        rest = inflate.unconsumed_tail
    yield inflate.flush()
