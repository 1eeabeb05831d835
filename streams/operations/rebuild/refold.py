"""Process the copied log in this process, without adding to it."""

import asyncio
import time
from collections.abc import Callable

from streams.core.source_registry import Registry
from streams.processing import PartitionConsumer
from streams.processing.batch import FoldedBatch
from streams.processing.errors import NeedsOperator
from streams.settings import Settings

__all__ = ["Refold"]

LOOK_EVERY_S = 0.3
#: Number of checks in a row that must find nothing left.
QUIET_LOOKS = 3
#: Patience with an unreachable broker, or a partition that is taken over again.
TROUBLE_S = 60.0


class Refold:
    """The processing of all partitions; it appends no ticks, since the copy has those of the live worker."""

    def __init__(self, settings: Settings, registry: Registry, partitions: int) -> None:
        """Process the log of these settings."""
        settings = settings.model_copy(update={"partitions_max": max(partitions, settings.partitions_max)})
        self._desk = PartitionConsumer(settings, registry, [_counts, _ceasefires], ticks=False)
        self._partitions = partitions

    @property
    def left(self) -> int | None:
        """Approximate number of records left; None if not known yet."""
        held = self._desk.status.partitions
        lags = [status.lag for status in held.values() if status.runs]
        known = [lag for lag in lags if lag is not None]
        return sum(known) if len(known) == self._partitions else None

    @property
    def trouble(self) -> str:
        """Reason why a partition is blocked; empty if none is."""
        status = self._desk.status
        reasons = [f"partition {held.partition}: {held.reason}" for held in status.partitions.values() if held.reason]
        return status.unreachable or "; ".join(reasons)

    async def run(self) -> None:
        """Process up to the end of the log now; raises NeedsOperator if it stays blocked."""
        self._desk.start()
        try:
            quiet, went_on_s = 0, time.monotonic()
            while quiet < QUIET_LOOKS:
                await asyncio.sleep(LOOK_EVERY_S)
                quiet = quiet + 1 if self._desk.status.ready and self.left == 0 else 0
                if not self.trouble:
                    went_on_s = time.monotonic()
                elif time.monotonic() - went_on_s > TROUBLE_S:
                    raise NeedsOperator(self.trouble)
        finally:
            await self._desk.stop()


async def _counts(batch: FoldedBatch) -> Exception | None:
    return _run(batch.fold_counts)


async def _ceasefires(batch: FoldedBatch) -> Exception | None:
    return _run(batch.fold_ceasefires)


def _run(fold: Callable[[], None]) -> Exception | None:
    try:
        fold()
    except Exception as error:  # noqa: BLE001 - reported to the caller, as the agents do
        return error
    return None
