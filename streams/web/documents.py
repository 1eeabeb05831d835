"""Documents in, drafts to review, reviews in, over HTTP (contract section 9)."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from weakref import WeakValueDictionary

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streams.core.times import format_time
from streams.files.writers import Writer
from streams.review import Quality, Review, ReviewRefused, coded_document, parse_review, reports_of
from streams.stores.review_store import ReviewConflict, Reviewed, ReviewStore
from streams.stores.store import Receipt, Store
from streams.web.auth import Guard
from streams.web.budget import Budget
from streams.web.dry_run import DryRun
from streams.web.request_body import collect
from streams.web.responses import NO_CACHE, json_response
from streams.web.rights import check_right
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["ReviewAnswers"]

DOCUMENTS_MAX = 1_000
WAITING_MAX = 200
#: Seconds for which a draft counts as open after it was asked for.
OPEN_S = 300
#: Reviews that are read at once.
REVIEWS_PAGE = 200


class OpenDrafts:
    """The people who have a draft open: a hint, so that two do not decide the same document."""

    def __init__(self) -> None:
        #: When a person last asked for a document, in seconds of a monotonic clock.
        self._seen: dict[tuple[str, str], float] = {}

    def note(self, document: str, name: str | None, now_s: float) -> None:
        """Take note that a person has asked for a document; forget what is too old."""
        self._seen = {key: at for key, at in self._seen.items() if now_s - at <= OPEN_S}
        if name is not None:
            self._seen[document, name] = now_s

    def by(self, document: str, asking: str | None, now_s: float) -> list[str]:
        """Return the other people who have a document open."""
        return sorted(
            name
            for (noted, name), at in self._seen.items()
            if noted == document and name != asking and now_s - at <= OPEN_S
        )


class ReviewAnswers:
    """Answers to requests about documents and drafts, over a store and its review store."""

    def __init__(
        self, store: Store, reviews: ReviewStore | None, guard: Guard, bodies: Budget, dry_run: DryRun
    ) -> None:
        self._store = store
        self._store_of_reviews = reviews
        self._guard = guard
        self._bodies = bodies
        self._dry_run = dry_run
        #: A lock for each document that is being decided.
        self._deciding: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._open = OpenDrafts()

    @property
    def _reviews(self) -> ReviewStore:
        """The review store. Raises RequestRefused where this server has none."""
        if self._store_of_reviews is None:
            raise RequestRefused(ErrorCode.NO_REVIEW_DESK, "only `serve --embedded DIR` takes documents")
        return self._store_of_reviews

    async def submit(self, request: Request) -> Response:
        """Answer `POST /documents`: one document, or an array."""
        writer = self._guard.check_write(request)
        content = _json(await collect(request.stream(), self._bodies))
        documents = content if isinstance(content, list) else [content]
        if len(documents) > DOCUMENTS_MAX:
            raise RequestRefused(ErrorCode.TOO_LARGE, f"more than {DOCUMENTS_MAX:,} documents")
        if bad := [number for number, each in enumerate(documents) if not isinstance(each, dict)]:
            raise RequestRefused(ErrorCode.INVALID, f"document {bad[0]}: must be an object with text and published_at")
        for document in documents:
            check_right(writer, document)
        receipts = await self._reviews.submit_documents(documents)
        body = {"documents": [receipt.as_record() for receipt in receipts]}
        if receipts and all(receipt.outcome == "refused" for receipt in receipts):
            return json_response({"code": "invalid", "message": receipts[0].message, **body}, status=422)
        return json_response(body, status=202)

    async def waiting(self, request: Request) -> Response:
        """Answer `GET /drafts`: those that wait for a person, the oldest first, after the document `?after=`.

        A draft that another person has open names them; `more` says whether others wait behind the last one.
        """
        found = await self._reviews.waiting(WAITING_MAX + 1, request.query_params.get("after"))
        asking, now_s = self._guard.reader(request), time.monotonic()
        drafts = [each | {"open_by": self._open.by(each["id"], asking, now_s)} for each in found[:WAITING_MAX]]
        return json_response({"drafts": drafts, "more": len(found) > WAITING_MAX})

    async def draft(self, request: Request) -> Response:
        """Answer `GET /drafts/{id}`: the newest draft, with the reviews of the document."""
        draft = await self._draft(request)
        self._open.note(draft["document"]["id"], self._guard.reader(request), time.monotonic())
        return json_response({**draft, "reviews": await self._reviews.reviews(draft["document"]["id"])})

    async def review(self, request: Request) -> Response:
        """Answer `POST /drafts/{id}/review`: send the confirmed reports, then record the review.

        With `?dry` nothing is sent or recorded: the answer has the reports and their effect.
        """
        writer = self._guard.check_write(request, "reviewer")
        content = _json(await collect(request.stream(), self._bodies))
        draft = await self._draft(request)
        if "dry" in request.query_params:
            _, reports = await self._decided(draft, content, writer, {})
            bodies = [orjson.dumps(report) for report in reports]
            return json_response({"reports": reports, "effects": await self._dry_run.effects(request, bodies)})
        # One decision of a document at a time: the second person finds the review of the first.
        async with self._deciding.setdefault(draft["document"]["id"], asyncio.Lock()):
            named = content.get("episode") if isinstance(content, dict) else None
            episode = named if isinstance(named, str) and named else draft["episode"]
            sent = await self._sent(draft["document"]["id"], episode)
            review, reports = await self._decided(draft, content, writer, sent)
            if (before := _earlier(review, await self._reviews.reviews(review.document))) is not None:
                return json_response({"review": before, "receipts": []})
            return await self._confirm(review, reports, self._guard.author(writer))

    async def quality(self, request: Request) -> Response:
        """Answer `GET /reviews/quality`: how often drafted claims were right, by tier and by reason."""
        self._guard.check_write(request, "reviewer")
        quality = Quality()
        async for each in _pages(self._reviews):
            quality.count(each.draft, each.review)
        return json_response(quality.as_record())

    async def export(self, request: Request) -> Response:
        """Answer `GET /reviews.jsonl`: reviewed documents with the claims that were taken, one a line."""
        self._guard.check_write(request, "reviewer")
        reviews = self._reviews

        async def lines() -> AsyncIterator[bytes]:
            async for each in _pages(reviews):
                yield orjson.dumps(coded_document(each.draft, each.review), option=orjson.OPT_APPEND_NEWLINE)

        return StreamingResponse(lines(), media_type="application/x-ndjson", headers=NO_CACHE)

    async def _decided(
        self, draft: dict[str, Any], content: Any, writer: Writer, sent: Mapping[str, dict[str, Any]]
    ) -> tuple[Review, list[dict[str, Any]]]:
        """Return a review and the reports that it sends; `sent` are those on the log.

        A report that was sent as it is keeps its revision: the repeat is a duplicate.
        """
        try:
            review = parse_review(content, draft, writer.name)
            revisions = _revisions(await self._reviews.reviews(review.document))
            for report_id, report in sent.items():
                revisions[report_id] = max(revisions.get(report_id, 0), report["revision"])
            reports = reports_of(draft, review, revisions)
        except ReviewRefused as refused:
            raise RequestRefused(ErrorCode.INVALID, str(refused)) from None
        for report in reports:
            check_right(writer, report)
            before = sent.get(report["report_id"], {})
            if {**report, "revision": before.get("revision")} == before:
                report["revision"] = before["revision"]
        return review, reports

    async def _sent(self, document: str, episode: str | None) -> dict[str, dict[str, Any]]:
        """Return the newest report of each source that a review of a document has sent.

        A server that was killed between sending and recording has sent reports that no recorded review names.
        """
        found: dict[str, dict[str, Any]] = {}
        named = orjson.dumps(document)[1:-1]
        async for stored in self._store.episode_log(episode or ""):
            if named not in stored.value:
                continue
            try:
                report = orjson.loads(stored.value)
            except orjson.JSONDecodeError:
                continue
            if isinstance(report, dict) and report.get("report_id") == f"{document}.{report.get('source')}"[:200]:
                found[report["report_id"]] = {**report, "revision": report.get("revision") or 1}
        return found

    async def _confirm(self, review: Review, reports: list[dict[str, Any]], author: str | None) -> Response:
        receipts: list[Receipt] = []
        if reports:
            receipts = await self._store.submit([orjson.dumps(report) for report in reports], author)
            if refused := [receipt for receipt in receipts if receipt.code is not None]:
                body = {"code": refused[0].code, "message": refused[0].message}
                return json_response({**body, "receipts": [each.as_record() for each in receipts]}, status=409)
        record = review.as_record(format_time(time.time_ns() // 1_000), reports)
        try:
            await self._reviews.record(record)
        except ReviewConflict as conflict:
            raise RequestRefused(ErrorCode.REVIEWED, str(conflict)) from None
        return json_response({"review": record, "receipts": [receipt.as_record() for receipt in receipts]})

    async def _draft(self, request: Request) -> dict[str, Any]:
        name = request.path_params["id"]
        draft = await self._reviews.draft(name)
        if draft is None:
            raise RequestRefused(ErrorCode.UNKNOWN_DOCUMENT, f"there is no draft of {name!r}")
        return draft


async def _pages(reviews: ReviewStore) -> AsyncIterator[Reviewed]:
    """Yield all reviews with their drafts, a page in memory at a time."""
    after = 0
    while page := await reviews.reviewed(after, REVIEWS_PAGE):
        for each in page:
            yield each
        after = page[-1].row


def _earlier(review: Review, recorded: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the recorded review if it is this one, sent again; None if there is none of this version.

    Raises RequestRefused where another was first.
    """
    for other in recorded:
        if other["version"] == review.version:
            if review.as_record(other["at"], other["reports"]) == other:
                return other
            words = f"{other['by']} {other['decision']} this version at {other['at']}"
            raise RequestRefused(ErrorCode.REVIEWED, words)
    return None


def _revisions(recorded: list[dict[str, Any]]) -> dict[str, int]:
    return {sent["report_id"]: sent["revision"] for review in recorded for sent in review["reports"]}


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestRefused(ErrorCode.NOT_JSON, f"the body is not JSON: {error}") from None
