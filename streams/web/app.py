"""The web server: reports in, pictures out (contract section 7, HTTP)."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from streams.core.atlas import Atlas
from streams.core.times import read_time
from streams.observability import metrics, tracing
from streams.stores.episode_log import EpisodeLogTooLong
from streams.stores.store import STATUS_OF_REFUSAL, Receipt, Store, StoreUnavailable
from streams.web.auth import Forbidden, Guard
from streams.web.feeds import FeedAnswers
from streams.web.names import atlas_answer
from streams.web.queries.as_of import picture_at
from streams.web.queries.changes import changes_answer, gzipped
from streams.web.queries.explain import ExplainQuery, explain_answer
from streams.web.queries.newest_claims import read_limit
from streams.web.rate_limit import RateLimited, RateLimiter
from streams.web.request_body import BodyRefused, PostedReports, collect, split
from streams.web.sse.hub import Hub
from streams.web.sse.query import QueryRefused, event_filter, start_mark
from streams.web.static_files import StaticPage
from streams.web.tables import TableAnswers

__all__ = ["create_app"]

RETRY_AFTER_S = "2"
FOLDED_AT_ONCE = 2
#: A client of events that takes nothing for so long is cut off.
SEND_TIMEOUT_S = 20.0
_ROUTE = "truceline.route"
REFUSALS = (Forbidden, QueryRefused, BodyRefused, EpisodeLogTooLong, StoreUnavailable, RateLimited)
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
) -> Starlette:
    """Return the ASGI app over a store.

    POST /reports asks for the `token`. `loopback` says that the server listens on this machine alone: then it
    answers to local names alone, and can do without a token. `post_rate`: reports a second that one address may post,
    0 for no limit. `lifespan` starts and stops what the store needs. `atlas` has the names of episodes, parties and
    places. `cors_origins` are the sites whose pages may read (GET alone); `*` for all.
    """
    guard = Guard(token, loopback=loopback)
    web = _Web(store, guard, Hub(store), RateLimiter(post_rate))
    tables, feeds = TableAnswers(store, atlas or Atlas(), web.folding), FeedAnswers(store, atlas or Atlas())
    routes = {
        "/": ("GET", web.page.index),
        "/static/{version}/{path:path}": ("GET", web.page.static),
        "/reports": ("POST", web.reports),
        "/episodes": ("GET", web.episodes),
        "/episodes/{episode}": ("GET", web.episode),
        "/episodes/{episode}/explain": ("GET", web.explain),
        "/episodes/{episode}/changes": ("GET", web.changes),
        "/feed.{format}": ("GET", feeds.all_episodes),
        "/episodes/{episode}/feed.{format}": ("GET", feeds.episode),
        "/episodes/{episode}/ceasefires.ics": ("GET", feeds.calendar),
        "/episodes.{format}": ("GET", tables.episodes),
        "/episodes/{episode}/{table}.{format}": ("GET", tables.table),
        "/events": ("GET", web.events),
        "/sources": ("GET", web.sources),
        "/atlas": ("GET", atlas_answer(atlas or Atlas())),
        "/healthz": ("GET", web.healthz),
        "/readyz": ("GET", web.readyz),
        "/metrics": ("GET", web.metrics),
        "/openapi.json": ("GET", web.openapi),
    }
    app = Starlette(
        routes=[Route(path, web.guarded(path, answer), methods=[method]) for path, (method, answer) in routes.items()],
        middleware=[Middleware(_Measured), *_cors(cors_origins)],
        exception_handlers={HTTPException: web.http_error, Exception: _crash},
        lifespan=lifespan,
    )
    # What holds connections open; a server that stops calls it before it waits for them to end.
    app.state.close = web.hub.close
    return app


def _cors(origins: Sequence[str]) -> list[Middleware]:
    if not origins:
        return []
    return [Middleware(CORSMiddleware, allow_origins=origins, allow_methods=["GET"], expose_headers=["ETag"])]


class _Web:
    def __init__(self, store: Store, guard: Guard, hub: Hub, buckets: RateLimiter) -> None:
        self.store = store
        self.guard = guard
        #: What is folded anew for an answer, at once: each may hold 64 MiB and a processor for a second or two.
        self.folding = asyncio.Semaphore(FOLDED_AT_ONCE)
        self.page = StaticPage()
        self.hub = hub
        self.buckets = buckets

    def guarded(self, route: str, answer: _Answer) -> _Answer:
        """Turn what a request is refused by into its answer."""

        async def guarded(request: Request) -> Response:
            request.scope[_ROUTE] = route
            try:
                self.guard.check(request)
                return await answer(request)
            except REFUSALS as error:
                return _refused(error)
            except ClientDisconnect:
                return Response(status_code=499)

        return guarded

    async def http_error(self, request: Request, error: Exception) -> Response:
        """Answer an error of routing; a browser gets a page that leads back."""
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        if error.status_code == 404 and (page := self.page.not_found(request)):
            return page
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http")
        return _error(error.status_code, code, error.detail, headers=dict(error.headers or {}))

    async def reports(self, request: Request) -> Response:
        self.guard.check_write(request)
        if request.headers.get("content-encoding", "identity") != "identity":
            return _error(415, "encoding", "a compressed body is not taken")
        reports = split(await collect(request.stream()), request.headers.get("content-type", ""))
        tracing.incoming.set(tuple(tracing.traced((name, value.encode()) for name, value in request.headers.items())))
        self.buckets.take(request.client.host if request.client else "", len(reports.values))
        receipts = await self.store.submit(reports.values)
        for receipt in receipts:
            _count(receipt)
        return _answer(reports, receipts)

    async def episodes(self, _request: Request) -> Response:
        mark = await self.hub.marker()
        summaries = await self.store.summaries()
        throughs = {short["episode"]: short["through"]["offset"] for short in summaries}
        return _json({"episodes": summaries, "mark": mark(throughs)})

    async def episode(self, request: Request) -> Response:
        episode = request.path_params["episode"]
        if "at" in request.query_params:
            return await self._episode_then(request, episode)
        mark = await self.hub.marker()
        picture = await self.store.picture(episode)
        if picture is None:
            return _error(404, "unknown_episode", "no report of this episode has been taken")
        offset = orjson.loads(picture)["through"]["offset"]
        marked = picture[:-1] + b',"mark":' + orjson.dumps(mark({episode: offset})) + b"}"
        return Response(marked, media_type="application/json", headers={"Cache-Control": "no-cache"})

    async def _episode_then(self, request: Request, episode: str) -> Response:
        try:
            at_us = read_time(request.query_params["at"])
        except ValueError as error:
            return _error(422, "invalid", f"at: {error}")
        async with self.folding:
            picture = await picture_at(self.store, episode, at_us)
        if picture is None:
            words = "no report of this episode that has been taken was published by then"
            return _error(404, "unknown_episode", words)
        return Response(picture, media_type="application/json", headers={"Cache-Control": "no-cache"})

    async def events(self, request: Request) -> Response:
        asked, begin = event_filter(request), start_mark(request)
        await self.hub.ensure_following()
        if self.hub.full():
            raise StoreUnavailable("as many clients listen as this server takes")
        return EventSourceResponse(self.hub.stream(asked, begin), ping=0, sep="\n", send_timeout=SEND_TIMEOUT_S)

    async def explain(self, request: Request) -> Response:
        query, at = request.query_params, request.query_params.get("at")
        try:
            at_us = None if at is None else read_time(at)
        except ValueError as error:
            return _error(422, "invalid", f"at: {error}")
        try:
            limit = read_limit(query.get("limit"))
        except ValueError as error:
            return _error(422, "invalid", f"limit: {error}")
        asked = ExplainQuery(query.getlist("cell"), query.getlist("ceasefire"), at_us, limit)
        async with self.folding:
            account = await explain_answer(self.store, request.path_params["episode"], asked)
        if account is None:
            when = "" if at is None else " was published by then"
            return _error(404, "unknown_episode", f"no report of this episode that has been taken{when}")
        return await _packed(request, account)

    async def changes(self, request: Request) -> Response:
        episode = request.path_params["episode"]
        if await self.store.picture(episode) is None:
            return _error(404, "unknown_episode", "no report of this episode has been taken")
        async with self.folding:
            body = await changes_answer(self.store, episode)
        return await _packed(request, body)

    async def sources(self, _request: Request) -> Response:
        return _json({"sources": self.store.registry.as_record()})

    async def healthz(self, _request: Request) -> Response:
        return _json({"status": "ok", "mode": self.store.mode})

    async def readyz(self, _request: Request) -> Response:
        missing, troubles = await self.store.reasons(), await self.store.degraded()
        status = "unready" if missing else "degraded" if troubles else "ready"
        # Degraded is 200: the worker does its work, and to take it out of service would mend nothing.
        body = {"ready": not missing, "status": status, "reasons": missing + troubles}
        return _json(body, status=503 if missing else 200)

    async def openapi(self, _request: Request) -> Response:
        return Response(openapi_document(), media_type="application/json", headers={"Cache-Control": "no-cache"})

    async def metrics(self, _request: Request) -> Response:
        metrics.READY.set(not await self.store.reasons())
        metrics.DEGRADED.set(bool(await self.store.degraded()))
        return Response(generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Measured:
    """Counts requests and times their answers, by route and not by path: slugs would be endless labels."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get(_ROUTE, "none")
                metrics.HTTP_REQUESTS.labels(metrics.method(scope["method"]), route, message["status"]).inc()
                metrics.HTTP_SECONDS.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, measured)


@cache
def openapi_document() -> bytes:
    """Return what /openapi.json says, as `python -m schemas.generate` wrote it."""
    return files("schemas").joinpath("openapi.json").read_bytes()


def _answer(reports: PostedReports, receipts: list[Receipt]) -> Response:
    refused = [receipt for receipt in receipts if receipt.code is not None]
    # 202 as soon as one was taken: what became of each stands in the results.
    first = refused[0].code if len(refused) == len(receipts) else None
    status = 202 if first is None else STATUS_OF_REFUSAL[first]
    if reports.named is None:
        return _json(receipts[0].as_record(), status=status)
    named = reports.named
    results = [{named: at, **receipt.as_record()} for at, receipt in zip(reports.places, receipts, strict=True)]
    counts = Counter(receipt.outcome for receipt in receipts)
    body: dict[str, Any] = {"counts": counts, "results": results}
    if first is not None:
        body = {"code": first, "message": f"none of {len(receipts)} reports was taken", **body}
    return _json(body, status=status)


def _count(receipt: Receipt) -> None:
    if receipt.code is None:
        metrics.REPORTS_TAKEN.labels(receipt.outcome).inc()
    else:
        metrics.REPORTS_REFUSED.labels(receipt.code).inc()


async def _packed(request: Request, body: bytes) -> Response:
    """Return an answer in JSON, as gzip for a client that takes it."""
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = await gzipped(body)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


def _json(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
    return Response(
        body, status, media_type="application/json", headers={"Cache-Control": "no-cache", **(headers or {})}
    )


def _error(status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> Response:
    return _json({"code": code, "message": message}, status=status, headers=headers)


def _refused(error: Exception) -> Response:
    match error:
        case Forbidden():
            bearer = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
            return _error(error.status, error.code, str(error), headers=bearer)
        case QueryRefused():
            return _error(error.status, error.code, str(error))
        case BodyRefused():
            return _error(STATUS_OF_REFUSAL[error.code], error.code, str(error))
        case EpisodeLogTooLong():
            return _error(422, "past_too_long", str(error))
        case RateLimited():
            return _error(429, "too_many", str(error), headers={"Retry-After": str(error.retry_after_s)})
        case _:
            return _error(503, "unavailable", str(error), headers={"Retry-After": RETRY_AFTER_S})


async def _crash(_request: Request, _exception: Exception) -> Response:
    return _error(500, "internal", "a bug; the log has its traceback")
