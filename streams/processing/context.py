"""Settings, connections and agents that all partitions of a worker share."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streams.core.source_registry import Registry
from streams.observability.unknown_sources import UnknownSourceLog
from streams.observability.wall_clock import WallClock
from streams.processing.gc_tuning import GcFreezer
from streams.processing.pipeline import FoldStage
from streams.processing.status import ProcessingStatus
from streams.processing.topology import Topology
from streams.settings import Settings

__all__ = ["MAX_TAKEOVERS", "Limits", "TaskContext"]

#: Partitions taken over at a time: a restore fills memory and takes the event loop's time.
MAX_TAKEOVERS = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the work on one partition; times in seconds."""

    batch_records: int
    batch_bytes: int
    transaction_s: float
    #: Wait before a fenced partition is taken over again: by then the group knows whether it is still ours.
    fenced_s: float
    #: True if ticks are appended to the log; not to a copy of one that has them.
    ticks: bool = True
    #: Pictures in one transaction.
    pictures: int = 200
    #: Wait before the next takeover of a partition that needs an operator.
    blocked_s: float = 10.0


@dataclass(frozen=True, slots=True)
class TaskContext:
    """Everything a partition needs beside its own state."""

    settings: Settings
    options: dict[str, Any]
    registry: Registry
    limits: Limits
    stages: Sequence[FoldStage]
    topology: Topology
    status: ProcessingStatus
    memory: GcFreezer
    unknown_sources: UnknownSourceLog
    takeovers: asyncio.Semaphore
    clock: WallClock
