"""Charts over HTTP: `GET /episodes/{episode}/chart.svg|.png` (contract section 12)."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from streams.core.log_record import Record
from streams.core.queries.chart_choice import ChartChoice, NothingToDraw
from streams.core.source_registry import Registry
from streams.stores.episode_log import read_all, require_whole
from streams.stores.store import Store
from streams.web.folding import FoldQueue, Watch
from streams.web.parameters import time_us
from streams.web.responses import conditional, unknown_episode
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["ChartAnswers", "DrawChart"]

MEDIA_TYPES: Mapping[str, str] = {"svg": "image/svg+xml", "png": "image/png"}
#: Drawing takes half a second. An SVG that is opened by its address runs nothing.
_HEADERS = {"Cache-Control": "max-age=60", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
THEMES = frozenset({"light", "dark"})
_WIDTH = re.compile(r"[0-9]{1,4}")
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
            raise unknown_episode(name)

        async def drawn(watch: Watch) -> bytes:
            await require_whole(self._store, name)
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
        return conditional(request, body, MEDIA_TYPES[choice.form], _HEADERS)


def _choice(request: Request) -> ChartChoice:
    query, form = request.query_params, request.path_params["format"]
    if form not in MEDIA_TYPES:
        raise RequestRefused(ErrorCode.UNKNOWN_FORMAT, f"{form!r} is not one of {', '.join(MEDIA_TYPES)}")
    theme, width = query.get("theme", "light"), query.get("width", "700")
    if theme not in THEMES:
        raise RequestRefused(ErrorCode.INVALID, "theme: must be light or dark")
    if not _WIDTH.fullmatch(width) or int(width) not in WIDTHS:
        raise RequestRefused(ErrorCode.INVALID, f"width: must be {WIDTHS[0]} to {WIDTHS[-1]} pixels")
    outcomes, parties, sources = (
        frozenset(filter(None, query.getlist(name))) for name in ("outcome", "party", "source")
    )
    # Control and bidi characters would break the SVG, or turn its words around.
    title = "".join(filter(str.isprintable, query.get("title", "")[:TITLE_MAX])) or None
    return ChartChoice(form, time_us(request, "at"), outcomes, parties, sources, theme, title, int(width))
