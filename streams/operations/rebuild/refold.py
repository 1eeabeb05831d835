"""A desk in this process that folds the copied log and adds nothing to it."""

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
#: So many looks in a row must find nothing left.
QUIET_LOOKS = 3
#: A broker that is away for a while, a partition that is taken over again: no reason to give up.
TROUBLE_S = 60.0


class Refold:
    """The fold of all partitions; it appends no ticks, since the copied log has those of the live worker."""

    def __init__(self, settings: Settings, registry: Registry, partitions: int) -> None:
        """Take the settings of the new prefix."""
        settings = settings.model_copy(update={"partitions_max": max(partitions, settings.partitions_max)})
        self._desk = PartitionConsumer(settings, registry, [_counts, _ceasefires], ticks=False)
        self._partitions = partitions

    @property
    def left(self) -> int | None:
        """How many records are left to fold, about; None where that is not known yet."""
        held = self._desk.status.partitions
        lags = [status.lag for status in held.values() if status.runs]
        known = [lag for lag in lags if lag is not None]
        return sum(known) if len(known) == self._partitions else None

    @property
    def trouble(self) -> str:
        """Why it does not go on; empty while it does."""
        status = self._desk.status
        reasons = [f"partition {held.partition}: {held.reason}" for held in status.partitions.values() if held.reason]
        return status.unreachable or "; ".join(reasons)

    async def run(self) -> None:
        """Fold up to the end of the log as it is now; raises Blocked where it does not go on for long."""
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
    except Exception as error:  # noqa: BLE001 - the desk decides what becomes of it, as with the agents
        return error
    return None
