"""The HTTP API: reports in, pictures and events out (contract section 7)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, partial
from importlib.resources import files

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Lifespan

from streams.core.atlas import Atlas
from streams.core.phrases import Names
from streams.files.writers import Writers
from streams.observability import metrics, tracing
from streams.stores.review_store import ReviewStore
from streams.stores.store import Receipt, Store, StoreUnavailable
from streams.web.auth import Guard
from streams.web.budget import Budget
from streams.web.charts import ChartAnswers, DrawChart
from streams.web.documents import ReviewAnswers
from streams.web.dry_run import DryRun
from streams.web.feeds import FeedAnswers
from streams.web.folding import FoldQueue
from streams.web.held_answers import HeldAnswers, packed
from streams.web.login import Access
from streams.web.measurement import ROUTE, RequestMetrics
from streams.web.names import atlas_answer
from streams.web.parameters import time_us
from streams.web.queries.as_of import picture_at
from streams.web.queries.changes import changes_parts, find_changes, gzipped
from streams.web.queries.explain import ExplainQuery, explain_answer
from streams.web.queries.newest_claims import read_limit
from streams.web.rate_limit import RateLimiter
from streams.web.request_body import collect, split
from streams.web.responses import (
    NO_CACHE,
    REFUSALS,
    error,
    http_error,
    internal_error,
    json_response,
    receipts,
    refusal,
)
from streams.web.rights import check_rights
from streams.web.sending import RequestLimits
from streams.web.sse.hub import Hub
from streams.web.sse.query import event_filter, start_mark
from streams.web.static_files import StaticPage
from streams.web.status_codes import ErrorCode, RequestRefused
from streams.web.tables import TableAnswers

__all__ = ["create_app"]

#: Bytes of all bodies that are being received, but for the first 64 KiB of each.
BODIES_BYTES_MAX = 128 << 20
_Answer = Callable[[Request], Awaitable[Response]]


def create_app(
    store: Store,
    *,
    token: SecretStr | None = None,
    loopback: bool = False,
    post_rate: int = 0,
    lifespan: Lifespan[Starlette] | None = None,
    atlas: Atlas | None = None,
    cors_origins: Sequence[str] = (),
    reviews: ReviewStore | None = None,
    writers: Writers | None = None,
    draw_chart: DrawChart | None = None,
) -> Starlette:
    """Return the ASGI app over a store.

    POST /reports requires the `token`. With `loopback` the server listens on this machine only: it then answers only
    to local host names, and needs no token. `post_rate` limits the reports per second from one address; 0: no limit.
    `lifespan` starts and stops the store's connections. `atlas` names episodes, parties and places. `cors_origins` are
    the sites whose pages may read (GET only); `*` for all. `reviews` takes documents and holds drafts; without it they
    are answered with 501. `writers` may post, each with a token and rights of its own. `draw_chart` draws charts;
    without it they are answered with 503.
    """
    guard = Guard(token, loopback=loopback, writers=writers)
    web = _Web(store, guard, Hub(store), RateLimiter(post_rate), Names(atlas or Atlas(), store.registry))
    tables = TableAnswers(store, atlas or Atlas(), web.folds)
    charts = ChartAnswers(store, web.folds, draw_chart)
    feeds = FeedAnswers(store, atlas or Atlas(), web.folds)
    routes = {
        "/": ("GET", web.page.index),
        "/static/{version}/{path:path}": ("GET", web.page.static),
        "/reports": ("POST", web.reports),
        "/episodes": ("GET", web.episodes),
        "/episodes/{episode}": ("GET", web.episode),
        "/episodes/{episode}/explain": ("GET", web.explain),
        "/episodes/{episode}/changes": ("GET", web.changes),
        "/feed.{format}": ("GET", feeds.all_episodes),
        "/alerts.{format}": ("GET", feeds.alerts),
        "/alerts/{id:path}.cap": ("GET", feeds.cap),
        "/episodes/{episode}/feed.{format}": ("GET", feeds.episode),
        "/episodes/{episode}/ceasefires.ics": ("GET", feeds.calendar),
        "/episodes.{format}": ("GET", tables.episodes),
        "/episodes/{episode}/chart.{format}": ("GET", charts.chart),
        "/episodes/{episode}/{table}.{format}": ("GET", tables.table),
        "/events": ("GET", web.events),
        "/sources": ("GET", web.sources),
        "/atlas": ("GET", atlas_answer(atlas or Atlas())),
        "/healthz": ("GET", web.healthz),
        "/readyz": ("GET", web.readyz),
        "/metrics": ("GET", web.metrics),
        "/openapi.json": ("GET", web.openapi),
        "/schemas/report.json": ("GET", web.report_schema),
    }
    desk = ReviewAnswers(store, reviews, guard, web.bodies, web.dry_run)
    routes |= {
        "/documents": ("POST", desk.submit),
        "/drafts": ("GET", desk.waiting),
        "/drafts/{id:path}/review": ("POST", desk.review),
        "/drafts/{id:path}": ("GET", desk.draft),
    }
    access = Access(store, guard, web.bodies)
    routes |= {
        "/reviews/quality": ("GET", desk.quality),
        "/reviews.jsonl": ("GET", desk.export),
        "/login": ("POST", access.log_in),
        "/logout": ("POST", access.log_out),
        "/whoami": ("GET", access.who),
        "/audit": ("GET", access.audit),
    }
    app = Starlette(
        routes=[Route(path, web.guarded(path, answer), methods=[method]) for path, (method, answer) in routes.items()],
        middleware=[Middleware(RequestMetrics), Middleware(RequestLimits), *_cors(cors_origins)],
        exception_handlers={HTTPException: web.http_error, Exception: internal_error},
        lifespan=lifespan,
    )
    # The server calls this on shutdown, before it waits for connections to close: event streams stay open otherwise.
    app.state.close = web.hub.close
    return app


def _cors(origins: Sequence[str]) -> list[Middleware]:
    if not origins:
        return []
    return [Middleware(CORSMiddleware, allow_origins=origins, allow_methods=["GET"], expose_headers=["ETag"])]


class _Web:
    def __init__(self, store: Store, guard: Guard, hub: Hub, rate_limit: RateLimiter, names: Names) -> None:
        self.store = store
        self.guard = guard
        self.folds = FoldQueue()
        self.dry_run = DryRun(store, names, self.folds)
        self.bodies = Budget(BODIES_BYTES_MAX)
        self.held = HeldAnswers()
        self.page = StaticPage()
        self.hub = hub
        self.rate_limit = rate_limit

    def guarded(self, route: str, answer: _Answer) -> _Answer:
        """Answer a request on a route, or turn its refusal into an error."""

        async def guarded(request: Request) -> Response:
            request.scope[ROUTE] = route
            try:
                self.guard.check(request)
                return await answer(request)
            except REFUSALS as refused:
                return refusal(refused)
            except ClientDisconnect:
                return Response(status_code=499)

        return guarded

    async def http_error(self, request: Request, exception: Exception) -> Response:
        """Answer an error of routing; a browser gets a page that leads back."""
        assert isinstance(exception, HTTPException)  # noqa: S101 - registered for this class
        if exception.status_code == 404 and (page := self.page.not_found(request)):
            return page
        return await http_error(request, exception)

    async def reports(self, request: Request) -> Response:
        writer = self.guard.check_write(request)
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            return error(ErrorCode.ENCODING, "the body is compressed: send it uncompressed")
        body = await collect(request.stream(), self.bodies)
        # In a thread: a body of 16 MiB takes half a second.
        reports = await asyncio.to_thread(split, body, request.headers.get("content-type", ""))
        tracing.incoming.set(tuple(tracing.traced((name, value.encode()) for name, value in request.headers.items())))
        author = self.guard.author(writer)
        self.rate_limit.take(author or (request.client.host if request.client else ""), len(reports.values))
        await check_rights(writer, reports.values, self.store)
        if "dry" in request.query_params:
            return json_response({"effects": await self.dry_run.effects(request, reports.values)})
        taken = await self.store.submit(reports.values, author)
        for receipt in taken:
            _count(receipt)
        return receipts(reports, taken)

    async def episodes(self, request: Request) -> Response:
        mark = await self.hub.marker()
        summaries = await self.store.summaries()
        position = orjson.dumps(mark({summary.episode: summary.through for summary in summaries}))
        rows = b",".join([summary.record for summary in summaries])
        answer = await asyncio.to_thread(packed, (b'{"episodes":[', rows, b'],"mark":', position, b"}\n"))
        return self.held.response(request, answer)

    async def episode(self, request: Request) -> Response:
        episode = request.path_params["episode"]
        if (at_us := time_us(request, "at")) is not None:
            return await self._episode_at(request, episode, at_us)
        mark = await self.hub.marker()
        picture = await self.store.picture(episode)
        if picture is None:
            raise _unknown_episode()
        offset = orjson.loads(picture)["through"]["offset"]
        marked = picture[:-1] + b',"mark":' + orjson.dumps(mark({episode: offset})) + b"}"
        return _json_bytes(marked)

    async def _episode_at(self, request: Request, episode: str, at_us: int) -> Response:
        picture = await self.folds.run(request, partial(picture_at, self.store, episode, at_us))
        if picture is None:
            raise _unknown_episode(by_then=True)
        return self.held.response(request, picture)

    async def events(self, request: Request) -> Response:
        wanted, mark = event_filter(request), start_mark(request)
        await self.hub.ensure_following()
        if self.hub.full():
            raise StoreUnavailable(f"too many event clients (limit {self.hub.clients_max:,})")
        return EventSourceResponse(self.hub.stream(wanted, mark), ping=0, sep="\n")

    async def explain(self, request: Request) -> Response:
        params = request.query_params
        query = ExplainQuery(
            params.getlist("cell"), params.getlist("ceasefire"), time_us(request, "at"), _limit(request)
        )
        episode = request.path_params["episode"]
        explanation = await self.folds.run(request, partial(explain_answer, self.store, episode, query))
        if explanation is None:
            raise _unknown_episode(by_then=query.at_us is not None)
        return self.held.response(request, explanation)

    async def changes(self, request: Request) -> Response:
        episode = request.path_params["episode"]
        if await self.store.picture(episode) is None:
            raise _unknown_episode()
        changes = await self.folds.run(request, partial(find_changes, self.store, episode))
        headers = {**NO_CACHE, "Vary": "Accept-Encoding"}
        parts = changes_parts(episode, changes)
        if "gzip" in request.headers.get("accept-encoding", ""):
            parts = gzipped(parts)
            headers["Content-Encoding"] = "gzip"
        return StreamingResponse(parts, media_type="application/json", headers=headers)

    async def sources(self, _request: Request) -> Response:
        return json_response({"sources": self.store.registry.as_record()})

    async def healthz(self, _request: Request) -> Response:
        return json_response({"status": "ok", "mode": self.store.mode})

    async def readyz(self, _request: Request) -> Response:
        reasons, degraded = await self.store.reasons(), await self.store.degraded()
        status = "unready" if reasons else "degraded" if degraded else "ready"
        # Degraded is 200: the worker does its work, and taking it out of service would not help.
        body = {"ready": not reasons, "status": status, "reasons": reasons + degraded}
        return json_response(body, status=503 if reasons else 200)

    async def openapi(self, _request: Request) -> Response:
        return _json_bytes(openapi_document())

    async def report_schema(self, _request: Request) -> Response:
        return _json_bytes(report_schema())

    async def metrics(self, _request: Request) -> Response:
        metrics.TASKS.set(len(asyncio.all_tasks()))
        metrics.READY.set(not await self.store.reasons())
        metrics.DEGRADED.set(bool(await self.store.degraded()))
        return Response(generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})


@cache
def openapi_document() -> bytes:
    """Return the OpenAPI document that `python -m schemas.generate` wrote."""
    return files("schemas").joinpath("openapi.json").read_bytes()


@cache
def report_schema() -> bytes:
    """Return the JSON Schema of a report that `python -m schemas.generate` wrote."""
    return files("schemas").joinpath("json/report.json").read_bytes()


def _count(receipt: Receipt) -> None:
    if receipt.code is None:
        metrics.REPORTS_TAKEN.labels(receipt.outcome).inc()
    else:
        metrics.REPORTS_REFUSED.labels(receipt.code).inc()


def _json_bytes(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers=NO_CACHE)


def _unknown_episode(*, by_then: bool = False) -> RequestRefused:
    when = ", published by that time," if by_then else ""
    return RequestRefused(ErrorCode.UNKNOWN_EPISODE, f"no report of this episode{when} has been accepted")


def _limit(request: Request) -> int | None:
    try:
        return read_limit(request.query_params.get("limit"))
    except ValueError as fault:
        raise RequestRefused(ErrorCode.INVALID, f"limit: {fault}") from None
