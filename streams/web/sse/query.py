"""What a request for events asks for."""

import re
from collections.abc import Iterable

from starlette.requests import Request

from schemas.reports import SLUG
from streams.stores.change_feed import FEED_TOPICS, PICTURES
from streams.web.sse.buffer import EventFilter
from streams.web.sse.marks import BadMark, Mark

__all__ = ["EPISODES_MAX", "QueryRefused", "event_filter", "start_mark"]

EPISODES_MAX = 100
_SLUG = re.compile(SLUG)
_TOPICS = (*FEED_TOPICS, PICTURES)


class QueryRefused(Exception):
    """The query cannot be answered: `status` is 400 or 422, `code` names the reason."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def event_filter(request: Request) -> EventFilter:
    """Return what `?topic=` and `?episode=` ask for, each given once, several times, or with commas.

    Raises QueryRefused.
    """
    topics = frozenset(_listed(request, "topic")) or frozenset(FEED_TOPICS)
    episodes = frozenset(_listed(request, "episode"))
    if unknown := sorted(topics.difference(_TOPICS)):
        raise QueryRefused(422, "invalid", f"topic: {unknown[0]!r} is not one of {', '.join(_TOPICS)}")
    if bad := sorted(episode for episode in episodes if not _SLUG.fullmatch(episode)):
        raise QueryRefused(422, "invalid", f"episode: {bad[0]!r} is not a slug")
    if len(episodes) > EPISODES_MAX:
        raise QueryRefused(422, "invalid", f"episode: at most {EPISODES_MAX} at once; leave it out for all")
    return EventFilter(topics, episodes or None)


def start_mark(request: Request) -> Mark | None:
    """Return the mark to go on from: the header's, which a browser sends on coming back, before the query's.

    Raises QueryRefused.
    """
    query = request.query_params
    text = request.headers.get("last-event-id") or query.get("since") or query.get("last-event-id")
    if not text:
        return None
    try:
        return Mark.decode(text)
    except BadMark as error:
        raise QueryRefused(400, "bad_mark", str(error)) from None


def _listed(request: Request, name: str) -> Iterable[str]:
    return [part for value in request.query_params.getlist(name) for part in value.split(",") if part]
