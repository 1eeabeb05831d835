"""The names of parties, episodes and places that the page shows: GET /atlas (contract section 8)."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response

from streams.core.atlas import Atlas

__all__ = ["atlas_answer"]


def atlas_answer(atlas: Atlas) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler that answers with an atlas."""
    body = orjson.dumps(atlas.as_record(), option=orjson.OPT_APPEND_NEWLINE)

    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})

    return answer
