"""Feeds over HTTP: Atom and JSON Feed of the newest changes, iCalendar of ceasefires (contract section 12)."""

from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from streams.core.atlas import Atlas
from streams.core.phrases import Names
from streams.feeds import Entry, FeedInfo, alert_entry, atom, calendar, cap, change_entry, json_feed
from streams.stores.store import Store
from streams.tables import Links
from streams.web.folding import FoldQueue, Watch
from streams.web.responses import conditional, unknown_episode
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["ENTRIES_MAX", "FeedAnswers"]

#: The entries of a feed: the newest.
ENTRIES_MAX = 100
#: The changes of one episode that are looked at, so that a filter has enough to find.
CHANGES_LOOKED_AT = 2_000
#: Alerts that are looked at: the newest.
ALERTS_LOOKED_AT = 1_000
_TOPICS = frozenset({"casualties", "ceasefires", "statements"})
_WRITERS = {"atom": (atom, "application/atom+xml"), "json": (json_feed, "application/feed+json")}


class FeedAnswers:
    """Answers to requests for feeds, over a store."""

    def __init__(self, store: Store, atlas: Atlas, folds: FoldQueue) -> None:
        self._store = store
        self._folds = folds
        self._names = Names(atlas, store.registry)

    async def all_episodes(self, request: Request) -> Response:
        """Answer `GET /feed.{format}`: the newest changes of all episodes."""
        records = [orjson.loads(summary.record) for summary in await self._store.summaries()]
        clocks = sorted(((str(short["clock"]), short["episode"]) for short in records if short["clock"]), reverse=True)

        async def newest(watch: Watch) -> list[Entry]:
            entries: list[Entry] = []
            for clock, name in clocks:
                entries += await self._entries(request, name, watch)
                entries.sort(key=lambda entry: entry.time, reverse=True)
                # No later episode can have a newer entry than its clock.
                if len(entries) >= ENTRIES_MAX and entries[ENTRIES_MAX - 1].time > clock:
                    break
            return entries

        entries = await self._folds.run(request, newest)
        return self._answer(request, "truceline: all episodes", _base(request), entries)

    async def episode(self, request: Request) -> Response:
        """Answer `GET /episodes/{episode}/feed.{format}`: the newest changes of an episode."""
        name = request.path_params["episode"]
        if await self._store.picture(name) is None:
            raise unknown_episode(name)
        entries = await self._folds.run(request, partial(self._entries, request, name))
        title = self._names.episode(name)
        return self._answer(request, title, Links(_base(request)).episode(name), entries)

    async def alerts(self, request: Request) -> Response:
        """Answer `GET /alerts.{format}`: the newest alerts, of one episode with `?episode=`."""
        base, episode = _base(request), request.query_params.get("episode")
        alerts = [alert for alert in await self._alerts() if episode in (None, alert["episode"])]
        entries = [alert_entry(alert, Links(base).episode(alert["episode"])) for alert in alerts[:ENTRIES_MAX]]
        return self._answer(request, "truceline: alerts", base, entries)

    async def cap(self, request: Request) -> Response:
        """Answer `GET /alerts/{id}.cap`: an alert as a CAP 1.2 message."""
        name, alerts = request.path_params["id"], await self._alerts()
        for alert in alerts:
            if alert["alert_id"] == name:
                sent_at = {each["alert_id"]: each["at"] for each in alerts}
                page = Links(_base(request)).episode(alert["episode"])
                sender = request.url.hostname or "truceline"
                body = cap(alert, self._names, page, sent_at=sent_at, sender=sender)
                return conditional(request, body, "application/cap+xml")
        raise RequestRefused(ErrorCode.UNKNOWN_ALERT, f"none of the newest {ALERTS_LOOKED_AT:,} alerts is {name!r}")

    async def _alerts(self) -> list[dict[str, Any]]:
        """Return the newest alerts, newest first; other records are left out."""
        found = []
        for record in await self._store.newest_alerts(ALERTS_LOOKED_AT):
            try:
                alert = orjson.loads(record)
                if isinstance(alert, dict) and {"alert_id", "episode", "state", "at"} <= alert.keys():
                    found.append(alert)
            except orjson.JSONDecodeError:
                continue
        return found

    async def calendar(self, request: Request) -> Response:
        """Answer `GET /episodes/{episode}/ceasefires.ics`: the start and the end of each ceasefire."""
        name = request.path_params["episode"]
        picture = await self._store.picture(name)
        if picture is None:
            raise unknown_episode(name)
        loaded = orjson.loads(picture)
        info = FeedInfo(self._names.episode(name), str(request.url), Links(_base(request)).episode(name))
        body = calendar(info, {"ceasefires": [], **loaded}, self._names)
        return conditional(request, body, "text/calendar; charset=utf-8")

    async def _entries(self, request: Request, episode: str, watch: Watch) -> list[Entry]:
        """Return the newest entries of an episode that the query asks for, newest first."""
        page = Links(_base(request)).episode(episode)
        source, corrections = request.query_params.get("source"), "corrections" in request.query_params
        entries: list[Entry] = []
        stored = await self._store.changes_of(episode, CHANGES_LOOKED_AT, watch.check)
        changes = [change async for page in stored.pages for change in page]
        for change in reversed(changes):
            if change.topic not in _TOPICS:
                continue
            record: dict[str, Any] = orjson.loads(change.record)
            if source is not None and record.get("source", record["cause"].get("source")) != source:
                continue
            entry = change_entry(change.topic, record, self._names, page)
            if entry.is_correction or not corrections:
                entries.append(entry)
            if len(entries) == ENTRIES_MAX:
                break
        return entries

    def _answer(self, request: Request, title: str, page: str, entries: list[Entry]) -> Response:
        name = request.path_params["format"]
        if name not in _WRITERS:
            raise RequestRefused(ErrorCode.UNKNOWN_FORMAT, f"{name!r} is not one of {', '.join(_WRITERS)}")
        writer, media_type = _WRITERS[name]
        body = writer(FeedInfo(title, str(request.url), page), entries[:ENTRIES_MAX])
        return conditional(request, body, media_type)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
