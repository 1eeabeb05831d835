"""Answers as JSON, and errors as `{"code", "message"}`."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from streams.stores.episode_log import EpisodeLogTooLong
from streams.stores.store import Receipt, StoreUnavailable
from streams.web.rate_limit import RateLimited
from streams.web.request_body import PostedReports
from streams.web.status_codes import STATUS, ErrorCode, RequestRefused

__all__ = [
    "NO_CACHE",
    "REFUSALS",
    "busy",
    "conditional",
    "error",
    "http_error",
    "internal_error",
    "json_response",
    "receipts",
    "refusal",
    "unknown_episode",
]

NO_CACHE = {"Cache-Control": "no-cache"}
RETRY_AFTER_S = "2"
#: The exceptions that `refusal` turns into an answer.
REFUSALS = (RequestRefused, EpisodeLogTooLong, StoreUnavailable, RateLimited)
_OF_HTTP = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.METHOD_NOT_ALLOWED}


def json_response(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer in JSON that is not to be cached."""
    body = orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
    return Response(body, status, media_type="application/json", headers={**NO_CACHE, **(headers or {})})


def conditional(request: Request, body: bytes, media_type: str, headers: Mapping[str, str] = NO_CACHE) -> Response:
    """Return an answer with the digest of its body as ETag, or 304 for a client that has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag, **headers})
    return Response(body, media_type=media_type, headers={"ETag": etag, **headers})


def unknown_episode(episode: str) -> RequestRefused:
    """Return the refusal of a request about an episode of which there is no report."""
    return RequestRefused(ErrorCode.UNKNOWN_EPISODE, f"no report of {episode!r} has been accepted")


def error(code: ErrorCode, message: str, *, headers: dict[str, str] | None = None) -> Response:
    """Return an error with the status of its code."""
    return json_response({"code": code, "message": message}, status=STATUS[code], headers=headers)


def refusal(exception: Exception) -> Response:
    """Return the answer for one of `REFUSALS`."""
    match exception:
        case RequestRefused():
            bearer = {"WWW-Authenticate": "Bearer"} if exception.code is ErrorCode.UNAUTHORIZED else None
            return error(exception.code, exception.message, headers=bearer)
        case EpisodeLogTooLong():
            return error(ErrorCode.PAST_TOO_LONG, str(exception))
        case RateLimited():
            return error(ErrorCode.TOO_MANY, str(exception), headers={"Retry-After": str(exception.retry_after_s)})
        case _:
            return busy(str(exception))


def receipts(reports: PostedReports, taken: list[Receipt]) -> Response:
    """Return how each posted report was taken: 202 if any was, else the status of the first refusal."""
    refused = [receipt for receipt in taken if receipt.code is not None]
    first = ErrorCode(str(refused[0].code)) if len(refused) == len(taken) else None
    status = 202 if first is None else STATUS[first]
    if reports.named is None:
        return json_response(taken[0].as_record(), status=status)
    named = reports.named
    results = [{named: place, **receipt.as_record()} for place, receipt in zip(reports.places, taken, strict=True)]
    counts = Counter(receipt.outcome for receipt in taken)
    body: dict[str, Any] = {"counts": counts, "results": results}
    if first is not None:
        body = {"code": first, "message": f"none of {len(taken)} reports was accepted", **body}
    return json_response(body, status=status)


def busy(message: str) -> Response:
    """Return 503 for a request above a limit of this server."""
    return error(ErrorCode.UNAVAILABLE, message, headers={"Retry-After": RETRY_AFTER_S})


async def http_error(_request: Request, exception: Exception) -> Response:
    """Answer an error of routing: no such path, or a method that the path does not take."""
    assert isinstance(exception, HTTPException)  # noqa: S101 - registered for this class
    code = _OF_HTTP.get(exception.status_code, ErrorCode.INVALID)
    body = {"code": code, "message": exception.detail}
    return json_response(body, status=exception.status_code, headers=dict(exception.headers or {}))


async def internal_error(_request: Request, _exception: Exception) -> Response:
    """Answer a bug."""
    return error(ErrorCode.INTERNAL, "internal error: a bug; its traceback is in the server's log")
