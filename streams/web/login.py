"""Log in and out of the page, and the list of who put reports in (contract section 10)."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from streams.core.model import Report
from streams.core.parse import Refusal, parse
from streams.core.times import format_time
from streams.files.writers import Writer
from streams.stores.episode_log import read_all
from streams.stores.store import Store, StoredReport
from streams.web.auth import COOKIE, Guard
from streams.web.budget import Budget
from streams.web.request_body import collect
from streams.web.responses import json_response
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["Access"]

#: Seconds after which a browser forgets the token: twelve hours, a long shift.
COOKIE_S = 12 * 3_600


class Access:
    """Answers to requests about who is logged in, and who wrote."""

    def __init__(self, store: Store, guard: Guard, bodies: Budget) -> None:
        self._store = store
        self._guard = guard
        self._bodies = bodies

    async def log_in(self, request: Request) -> Response:
        """Answer `POST /login` with `{"token"}`: the browser keeps it where no script can read it."""
        self._guard.check_origin(request)
        try:
            token = orjson.loads(await collect(request.stream(), self._bodies))["token"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            raise RequestRefused(ErrorCode.NOT_JSON, 'the body is not {"token": "…"}') from None
        writer = self._guard.holder(token) if isinstance(token, str) and token else None
        if writer is None:
            raise RequestRefused(ErrorCode.UNAUTHORIZED, "no writer has this token")
        answer = json_response(_who(writer))
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, token, max_age=COOKIE_S, httponly=True, samesite="strict", secure=secure)
        return answer

    async def log_out(self, request: Request) -> Response:
        """Answer `POST /logout`."""
        self._guard.check_origin(request)
        answer = json_response({})
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    async def who(self, request: Request) -> Response:
        """Answer `GET /whoami`."""
        return json_response({**_who(self._guard.writer(request)), "cookie": COOKIE in request.cookies})

    async def audit(self, request: Request) -> Response:
        """Answer `GET /audit?episode=NAME`: each report on the log, with who put it in; for reviewers."""
        self._guard.check_write(request, "reviewer")
        episode = request.query_params.get("episode")
        if not episode:
            raise RequestRefused(ErrorCode.INVALID, "episode: name one, as in /audit?episode=NAME")
        reports = await read_all(self._store.episode_log(episode))
        return json_response({"episode": episode, "reports": [_entry(each) for each in reports]})


def _who(writer: Writer) -> dict[str, Any]:
    limits = {"sources": writer.sources, "outlets": writer.outlets, "episodes": writer.episodes}
    return {"name": writer.name, "role": writer.role, **{name: limit for name, limit in limits.items() if limit}}


def _entry(stored: StoredReport) -> dict[str, Any]:
    named: dict[str, Any] = {}
    try:
        message = parse(stored.value)
        if isinstance(message, Report):
            named = {"report_id": message.report_id, "revision": message.revision, "source": message.source}
            named |= {"withdrawn": True} if message.withdrawn else {}
        else:
            named = {"tick": format_time(message.at)}
    except Refusal as error:
        named = {"refused": str(error)}
    return {
        "at": format_time(stored.timestamp_us),
        "partition": stored.partition,
        "offset": stored.offset,
        "submitted_by": stored.submitted_by,
        **{name: value for name, value in named.items() if value is not None},
    }
