"""Charts over HTTP: `GET /episodes/{episode}/chart.svg|.png` (contract section 12)."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from streams.core.log_record import Record
from streams.core.queries.chart_choice import ChartChoice, NothingToDraw
from streams.core.source_registry import Registry
from streams.core.times import read_time
from streams.stores.episode_log import read_all
from streams.stores.store import Store
from streams.web.folding import FoldQueue, Watch
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["ChartAnswers", "DrawChart"]

MEDIA_TYPES: Mapping[str, str] = {"svg": "image/svg+xml", "png": "image/png"}
THEMES = frozenset({"light", "dark"})
WIDTHS = range(400, 2_001)
TITLE_MAX = 200


#: Draws a chart of an episode's records; raises NothingToDraw, and ModuleNotFoundError without `truceline[plots]`.
DrawChart = Callable[[str, Iterable[Record], Registry, int, ChartChoice], bytes]


class ChartAnswers:
    """Answers to requests for charts, over a store."""

    def __init__(self, store: Store, folds: FoldQueue, draw: DrawChart | None) -> None:
        self._store = store
        self._folds = folds
        self._draw = draw

    async def chart(self, request: Request) -> Response:
        """Answer `GET /episodes/{episode}/chart.{format}`."""
        choice, name = _choice(request), request.path_params["episode"]
        draw = self._draw
        if draw is None:
            raise RequestRefused(ErrorCode.MISSING_LIBRARY, "this server draws no charts")
        if await self._store.picture(name) is None:
            raise RequestRefused(ErrorCode.UNKNOWN_EPISODE, f"no report of {name!r} has been accepted")

        async def drawn(watch: Watch) -> bytes:
            logged = await read_all(self._store.episode_log(name), check=watch.check)
            records = (Record(each.value, each.timestamp_us) for each in watch.each(logged))
            # In a thread: drawing takes half a second.
            return await asyncio.to_thread(draw, name, records, self._store.registry, self._store.horizon_us, choice)

        try:
            body = await self._folds.run(request, drawn)
        except NothingToDraw as nothing:
            raise RequestRefused(ErrorCode.INVALID, str(nothing)) from None
        except ModuleNotFoundError as error:
            message = f"charts need {error.name}: pip install 'truceline[plots]'"
            raise RequestRefused(ErrorCode.MISSING_LIBRARY, message) from None
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "max-age=60"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        # An SVG opened by its address runs nothing.
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return Response(body, media_type=MEDIA_TYPES[choice.form], headers={**headers, **policy})


def _choice(request: Request) -> ChartChoice:
    query, form = request.query_params, request.path_params["format"]
    if form not in MEDIA_TYPES:
        raise RequestRefused(ErrorCode.UNKNOWN_FORMAT, f"{form!r} is not one of {', '.join(MEDIA_TYPES)}")
    theme, width = query.get("theme", "light"), query.get("width", "700")
    if theme not in THEMES:
        raise RequestRefused(ErrorCode.INVALID, "theme: must be light or dark")
    if not width.isascii() or not width.isdigit() or int(width[:5]) not in WIDTHS:
        raise RequestRefused(ErrorCode.INVALID, f"width: must be {WIDTHS[0]} to {WIDTHS[-1]} pixels")
    at = query.get("at")
    try:
        at_us = None if at is None else read_time(at)
    except ValueError as error:
        raise RequestRefused(ErrorCode.INVALID, f"at: {error}") from None
    outcomes, parties, sources = (
        frozenset(filter(None, query.getlist(name))) for name in ("outcome", "party", "source")
    )
    # Control and bidi characters would break the SVG, or turn its words around.
    title = "".join(filter(str.isprintable, query.get("title", "")[:TITLE_MAX])) or None
    return ChartChoice(form, at_us, outcomes, parties, sources, theme, title, int(width))
