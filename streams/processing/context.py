"""What all partitions of a desk share."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.core.source_registry import Registry
from streams.observability.unknown_sources import UnknownSourceLog
from streams.processing.batch_fold import FoldStage
from streams.processing.gc_tuning import GcFreezer
from streams.processing.status import ProcessingStatus
from streams.processing.topology import TopicShapes, Topology
from streams.settings import Settings

__all__ = ["Limits", "TaskContext"]

#: How many partitions are taken over at a time: a restore fills memory and takes the event loop's time.
TAKEOVERS = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a partition's work; times in seconds."""

    batch_records: int
    batch_bytes: int
    transaction_s: float
    #: Waited before a fenced partition is taken again: by then the group knows whether it is still ours.
    fenced_s: float
    #: Whether time is brought into the log: not where it is a copy of one that has its ticks.
    ticks: bool = True
    #: Pictures in one transaction.
    pictures: int = 200
    #: Waited before the next try, when a partition is blocked by something a person has to mend.
    blocked_s: float = 10.0


@dataclass(slots=True)
class TaskContext:
    """Settings, connections and agents."""

    settings: Settings
    options: dict[str, Any]
    registry: Registry
    limits: Limits
    stages: Sequence[FoldStage]
    cluster: Topology
    #: The topics as the brokers have them; looked at anew in each takeover.
    shape: TopicShapes
    status: ProcessingStatus
    memory: GcFreezer = field(default_factory=GcFreezer)
    strangers: UnknownSourceLog = field(init=False)
    takeovers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TAKEOVERS))

    def __post_init__(self) -> None:
        self.strangers = UnknownSourceLog(self.registry)
