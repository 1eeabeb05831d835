"""The query of GET /events."""

import re
from collections.abc import Iterable

from starlette.requests import Request

from schemas.reports import SLUG
from streams.stores.change_feed import FEED_TOPICS, PICTURES
from streams.web.sse.buffer import EventFilter
from streams.web.sse.marks import BadMark, Mark
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["EPISODES_MAX", "event_filter", "start_mark"]

EPISODES_MAX = 100
_SLUG = re.compile(SLUG)
_TOPICS = (*FEED_TOPICS, PICTURES)


def event_filter(request: Request) -> EventFilter:
    """Return the filter of `?topic=` and `?episode=`, each given once, repeatedly, or with commas.

    Raises RequestRefused.
    """
    topics = frozenset(_listed(request, "topic")) or frozenset(FEED_TOPICS)
    episodes = frozenset(_listed(request, "episode"))
    if unknown := sorted(topics.difference(_TOPICS)):
        raise RequestRefused(ErrorCode.INVALID, f"topic: {unknown[0]!r} is not one of {', '.join(_TOPICS)}")
    if bad := sorted(episode for episode in episodes if not _SLUG.fullmatch(episode)):
        raise RequestRefused(ErrorCode.INVALID, f"episode: {bad[0]!r} is not a slug")
    if len(episodes) > EPISODES_MAX:
        raise RequestRefused(ErrorCode.INVALID, f"episode: at most {EPISODES_MAX} at once; leave it out for all")
    return EventFilter(topics, episodes or None)


def start_mark(request: Request) -> Mark | None:
    """Return the mark to resume from: the header's, which a browser sends on reconnecting, before the query's.

    Raises RequestRefused.
    """
    query = request.query_params
    text = request.headers.get("last-event-id") or query.get("since") or query.get("last-event-id")
    if not text:
        return None
    try:
        return Mark.decode(text)
    except BadMark as error:
        raise RequestRefused(ErrorCode.BAD_MARK, str(error)) from None


def _listed(request: Request, name: str) -> Iterable[str]:
    return [part for value in request.query_params.getlist(name) for part in value.split(",") if part]
