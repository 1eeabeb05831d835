"""Tables over HTTP: `GET /episodes/{episode}/{table}.{format}` (contract section 11)."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from schemas.json_schema import VERSION
from schemas.tables import EPISODE_TABLES, MEDIA_TYPES, TABLES, formats_of
from streams.core.atlas import Atlas
from streams.core.log_record import Record
from streams.core.queries.series import PERS, NotInEffect, Per
from streams.core.times import read_time
from streams.stores.episode_log import read_all, require_whole
from streams.stores.store import Store, StoredChange, StoreUnavailable
from streams.tables import Links, MissingLibrary, episode_row, write
from streams.tables.query import EpisodeData, RowFilter, SeriesOptions, table_rows
from streams.tables.writers import TableTooLong
from streams.web.folding import FoldQueue, Watch
from streams.web.responses import unknown_episode
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["CHANGES_MAX", "TableAnswers"]

#: The most changes that one answer has; `?until=` asks for earlier ones.
CHANGES_MAX = 1_000_000
#: A table up to this size stays in memory while it is sent, a larger one goes to a temporary file.
SPOOL_BYTES = 8 << 20
SEND_BYTES = 64 << 10


class TableAnswers:
    """Answers to requests for tables, over a store."""

    def __init__(self, store: Store, atlas: Atlas, folds: FoldQueue) -> None:
        """`folds` runs the answers that read a log, one at a time."""
        self._store = store
        self._atlas = atlas
        self._folds = folds

    async def episodes(self, request: Request) -> Response:
        """Answer `GET /episodes.{format}`: a row an episode."""
        name = request.path_params["format"]
        _check_format("episodes", name)
        rows = []
        for summary in await self._store.summaries():
            picture = await self._store.picture(summary.episode)
            if picture is not None and "cells" in (loaded := orjson.loads(picture)):
                rows.append(episode_row(loaded, self._atlas.episode(summary.episode), _links(request)))
        return await _answer(request, "episodes", "episodes", iter(rows))

    async def table(self, request: Request) -> Response:
        """Answer `GET /episodes/{episode}/{table}.{format}`."""
        episode, table, name = (request.path_params[part] for part in ("episode", "table", "format"))
        if table not in EPISODE_TABLES:
            raise RequestRefused(ErrorCode.UNKNOWN_TABLE, f"{table!r} is not one of {', '.join(EPISODE_TABLES)}")
        _check_format(table, name)
        row_filter = _row_filter(request, table)
        picture = await self._store.picture(episode)
        if picture is None:
            raise unknown_episode(episode)
        loaded = orjson.loads(picture)
        etag = _etag(request, loaded["through"], self._store.registry.digest)
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "no-cache"})

        async def made(watch: Watch) -> Response:
            await require_whole(self._store, episode)
            data = await self._data(request, episode, loaded, table, watch)
            try:
                rows = watch.each(table_rows(data, table, row_filter))
            except NotInEffect as error:
                raise RequestRefused(ErrorCode.NOT_IN_EFFECT, str(error)) from None
            return await _answer(request, table, f"{episode}-{table}", rows, etag)

        return await self._folds.run(request, made)

    async def _data(
        self, request: Request, episode: str, picture: dict[str, Any], table: str, watch: Watch
    ) -> EpisodeData:
        """Read what the table is made from."""
        if "cells" not in picture:
            raise StoreUnavailable("the picture of this episode is too long for its topic; ask for changes or claims")
        records: list[Record] = []
        found: Iterator[StoredChange] = iter(())
        if table == "changes":
            stored = await self._store.changes_of(episode, CHANGES_MAX, watch.check)
            found = _from_thread(stored.pages, asyncio.get_running_loop())
        else:
            logged = await read_all(self._store.episode_log(episode), check=watch.check)
            records = [Record(each.value, each.timestamp_us) for each in logged]
        changes = ((change.topic, orjson.loads(change.record)) for change in found)
        registry, horizon_us = self._store.registry, self._store.horizon_us
        return EpisodeData(
            episode,
            picture,
            lambda: records,
            lambda: changes,
            registry,
            horizon_us,
            self._atlas,
            _links(request),
            _series_options(request),
        )


def _from_thread(pages: AsyncIterator[list[StoredChange]], loop: asyncio.AbstractEventLoop) -> Iterator[StoredChange]:
    """Yield the changes of pages in another thread than that of their event loop, a page in memory at a time."""

    async def following() -> list[StoredChange] | None:
        return await anext(pages, None)

    while (page := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not None:
        yield from page


def _links(request: Request) -> Links:
    return Links(f"{request.url.scheme}://{request.url.netloc}")


def _check_format(table: str, name: str) -> None:
    if name not in formats_of(table):
        raise RequestRefused(ErrorCode.UNKNOWN_FORMAT, f"{name!r} is not one of {', '.join(formats_of(table))}")


def _row_filter(request: Request, table: str) -> RowFilter:
    query = request.query_params
    cut = table == "series"  # its windows are cut instead
    return RowFilter(
        None if cut else _time(query.get("since"), "since"),
        None if cut else _time(query.get("until"), "until"),
        query.get("source"),
        query.get("party"),
        _limit(query.get("limit")),
    )


def _time(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        return read_time(f"{text}T00:00:00Z" if len(text) == len("YYYY-MM-DD") else text)
    except ValueError as error:
        raise RequestRefused(ErrorCode.INVALID, f"{name}: {error}") from None


def _series_options(request: Request) -> SeriesOptions:
    query = request.query_params
    per, zone, since = query.get("per", "day"), query.get("zone", "UTC"), query.get("since")
    if per not in PERS:
        raise RequestRefused(ErrorCode.INVALID, f"per: {per!r} is not one of {', '.join(PERS)}")
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RequestRefused(ErrorCode.INVALID, f"zone: {zone!r} is not a time zone: Asia/Yerevan, UTC …") from None
    until_us = _time(query.get("until"), "until")
    if since is not None and since.partition(":")[0] == "ceasefire":
        return SeriesOptions(cast(Per, per), known, None, until_us, since.partition(":")[2] or "main")
    return SeriesOptions(cast(Per, per), known, _time(since, "since"), until_us)


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 10 or int(text) == 0:
        raise RequestRefused(ErrorCode.INVALID, f"limit: {text!r} is not a number of rows from 1 on")
    return int(text)


def _etag(request: Request, through: Mapping[str, int], registry: str) -> str:
    named = f"{VERSION} {request.url.path}?{request.url.query} {through} {registry}"
    return f'"{hashlib.sha256(named.encode()).hexdigest()[:32]}"'


async def _answer(
    request: Request, table: str, file_name: str, rows: Iterator[dict[str, Any]], etag: str = ""
) -> Response:
    name = request.path_params["format"]
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115 - closed by the answer
    try:
        await asyncio.to_thread(write, TABLES[table], rows, name, file)
    except MissingLibrary as error:
        file.close()
        raise RequestRefused(ErrorCode.MISSING_LIBRARY, str(error)) from None
    except TableTooLong as error:
        file.close()
        raise RequestRefused(ErrorCode.TOO_LONG, str(error)) from None
    except BaseException:
        file.close()
        raise
    headers = {
        "Cache-Control": "no-cache",
        "Content-Disposition": f'inline; filename="{file_name}.{name}"',
        "Content-Length": str(file.tell()),
        **({"ETag": etag} if etag else {}),
    }
    file.seek(0)
    if request.method == "HEAD":
        file.close()
        return Response(status_code=200, headers=headers, media_type=MEDIA_TYPES[name])
    return StreamingResponse(_pieces(file), headers=headers, media_type=MEDIA_TYPES[name])


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(SEND_BYTES):
            yield piece
