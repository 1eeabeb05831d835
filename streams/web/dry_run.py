"""Dry runs: the effect that reports would have, without sending them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request

from streams.core.log_record import Record
from streams.core.model import Report
from streams.core.phrases import Names
from streams.review import Effect, effects, read_report
from streams.stores.episode_log import read_all
from streams.stores.store import Store
from streams.web.folding import FoldQueue, Watch
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["DRY_REPORTS_MAX", "DryRun"]

#: Reports of a dry run; they are of few episodes, each of which is folded.
DRY_REPORTS_MAX = 100


class DryRun:
    """Folds an episode's log and then reports that are not sent."""

    def __init__(self, store: Store, names: Names, folds: FoldQueue) -> None:
        self._store = store
        self._names = names
        self._folds = folds

    async def effects(self, request: Request, reports: Sequence[bytes]) -> list[dict[str, Any]]:
        """Return the effect of each report, in their order."""
        if len(reports) > DRY_REPORTS_MAX:
            raise RequestRefused(ErrorCode.TOO_LARGE, f"a dry run takes up to {DRY_REPORTS_MAX} reports")
        found: dict[int, Effect] = {}
        by_episode: defaultdict[str, dict[int, Report]] = defaultdict(dict)
        for place, report in enumerate(reports):
            read = read_report(report)
            if isinstance(read, Effect):
                found[place] = read
            else:
                by_episode[read.episode][place] = read
        for episode, placed in by_episode.items():
            fold = partial(self._fold, episode, list(placed.values()))
            found |= zip(placed, await self._folds.run(request, fold), strict=True)
        return [found[place].as_record() for place in sorted(found)]

    async def _fold(self, episode: str, reports: list[Report], watch: Watch) -> list[Effect]:
        logged = await read_all(self._store.episode_log(episode), check=watch.check)
        records = (Record(each.value, each.timestamp_us) for each in watch.each(logged))
        registry, horizon_us = self._store.registry, self._store.horizon_us
        # In a thread: a long log takes a second or two.
        return await asyncio.to_thread(effects, episode, records, reports, registry, self._names, horizon_us=horizon_us)
