"""How the desk is doing, as plain values: for /readyz, /metrics and the logs."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["PartitionState", "PartitionStatus", "ProcessingStatus"]


class PartitionState(StrEnum):
    """What a partition of ours is at."""

    WAITING = "waiting"
    FENCING = "fencing"
    RESTORING = "restoring"
    RUNNING = "running"
    BLOCKED = "blocked"
    HELD = "held"


@dataclass(slots=True)
class PartitionStatus:
    """One input partition held by this worker."""

    partition: int
    state: PartitionState = PartitionState.WAITING
    #: Why it does not run, in words; empty while it runs.
    reason: str = ""
    #: Next input offset to take in.
    next_offset: int | None = None
    #: Offsets that are stable in the log and not fetched yet; None: not known.
    unread: int | None = None
    #: Records fetched and not begun.
    queued: int = 0
    #: Ledger records read so far in a restore, and how many there are.
    restored: int = 0
    restore_end: int = 0
    #: How the last transaction was decided, True: committed, where its end may be missing somewhere; None: not known.
    last_outcome: bool | None = None
    #: When the last transaction was committed, seconds since 1970; None: not yet.
    last_commit_s: float | None = None

    @property
    def progress(self) -> str:
        """How far a restore is, in words; empty outside of one."""
        if self.state is not PartitionState.RESTORING or not self.restore_end:
            return ""
        if self.restored >= self.restore_end:
            return f"all {self.restore_end:,} ledger records read, the state is being made of them"
        share = 100 * self.restored // self.restore_end
        return f"{share} % of {self.restore_end:,} ledger records read"

    @property
    def lag(self) -> int | None:
        """How many records are still to be taken in, about; None where that is not known."""
        return None if self.unread is None else self.unread + self.queued

    @property
    def runs(self) -> bool:
        """Whether it takes records in."""
        return self.state is PartitionState.RUNNING

    @property
    def restored_ratio(self) -> float:
        """How much of its state has been read back, from 0 to 1."""
        if self.runs or self.state is PartitionState.BLOCKED:
            return float(self.runs)
        return min(1.0, self.restored / self.restore_end) if self.restore_end else 0.0


@dataclass(slots=True)
class ProcessingStatus:
    """The whole desk. `counts` only grow; their names are the metrics'."""

    #: Empty when the desk is at work; otherwise why it is not.
    reason: str = "starting"
    #: Why no broker answers just now; empty while one does.
    unreachable: str = ""
    partitions: dict[int, PartitionStatus] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    #: Reports rejected as `internal` since the start: a bug somewhere, so the worker is degraded.
    internal_errors: int = 0

    @property
    def ready(self) -> bool:
        """Whether a broker answers, the desk is in its group and every partition of ours runs."""
        return not self.reasons()

    def degraded(self) -> list[str]:
        """Return, in words, what is not as it should be although the desk works."""
        found = []
        if self.internal_errors:
            found.append(f"{self.internal_errors} reports rejected as internal: a bug, see the log")
        if truncated := self.counts["pictures_truncated"]:
            found.append(f"{truncated} pictures too long for their topic, replaced by a stub")
        if cut := self.counts["rejected_truncated"]:
            found.append(f"{cut} rejected records too long for their topic, cut")
        if moved := self.counts["offset_differences"]:
            found.append(f"{moved} offsets of the group were not the ledger's when it was taken over: see the log")
        if left_open := self.counts["left_open"]:
            found.append(f"{left_open} transactions that a broker had left open were ended: see the log")
        return found

    def reasons(self) -> list[str]:
        """Return, in words, what keeps the desk from being ready."""
        found = [reason for reason in (self.unreachable, self.reason) if reason]
        for number, partition in sorted(self.partitions.items()):
            if partition.state is not PartitionState.RUNNING:
                why = partition.reason or partition.progress
                found.append(f"partition {number} is {partition.state}" + (f": {why}" if why else ""))
        return found
