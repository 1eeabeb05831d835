"""The state of processing as plain values, for /readyz, /metrics and the logs."""

from collections import Counter
from dataclasses import dataclass, field

from streams.processing.partition_state import PartitionEvent, PartitionState, next_state

__all__ = ["PartitionState", "PartitionStatus", "ProcessingStatus"]


@dataclass(slots=True)
class PartitionStatus:
    """One input partition of this worker."""

    partition: int
    state: PartitionState = PartitionState.WAITING
    #: Why it does not run; empty while it runs.
    reason: str = ""
    #: Next input offset to process.
    next_offset: int | None = None
    #: Stable offsets that are not fetched yet; None: unknown.
    unread: int | None = None
    #: Records fetched and not processed.
    queued: int = 0
    #: Ledger records read so far in a restore, and their total.
    restored: int = 0
    restore_end: int = 0
    #: Outcome of the last transaction, True: committed, while its end may be missing somewhere; None: unknown.
    last_outcome: bool | None = None
    #: Time of the last commit, seconds since 1970; None: none yet.
    last_commit_s: float | None = None

    def on(self, event: PartitionEvent, reason: str = "") -> None:
        """Change the state by the table."""
        self.state, self.reason = next_state(self.state, event), reason

    def keep_outcome(self, *, committed: bool | None) -> None:
        """Keep a known outcome of the last transaction until all of it has ended."""
        self.last_outcome = self.last_outcome if committed is None else committed

    def forget_outcome(self) -> None:
        """Forget the outcome: no transaction is open any more."""
        self.last_outcome = None

    def restoring(self, read: int, total: int) -> None:
        """Note how many ledger records are read, of how many."""
        self.restored, self.restore_end = read, total

    @property
    def progress(self) -> str:
        """Progress of a restore, for people; empty outside of one."""
        if self.state is not PartitionState.RESTORING or not self.restore_end:
            return ""
        if self.restored >= self.restore_end:
            return f"all {self.restore_end:,} ledger records read, building the state"
        share = 100 * self.restored // self.restore_end
        return f"{share} % of {self.restore_end:,} ledger records read"

    @property
    def lag(self) -> int | None:
        """About how many records are still to be processed; None: unknown."""
        return None if self.unread is None else self.unread + self.queued

    @property
    def runs(self) -> bool:
        """Return True if it processes records, or did until a rebalance that is not over."""
        return self.state in {PartitionState.RUNNING, PartitionState.PAUSED}

    @property
    def restored_ratio(self) -> float:
        """Share of its state that is restored, from 0 to 1."""
        if self.runs or self.state is PartitionState.BLOCKED:
            return float(self.runs)
        return min(1.0, self.restored / self.restore_end) if self.restore_end else 0.0


@dataclass(slots=True)
class ProcessingStatus:
    """All partitions of this worker. `counts` only grow; their names are the metrics'."""

    #: Why nothing is processed; empty otherwise.
    reason: str = "starting"
    #: Why no broker answers at present; empty while one does.
    unreachable: str = ""
    partitions: dict[int, PartitionStatus] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    #: Reports rejected as `internal` since the start: a bug, so the worker is degraded.
    internal_errors: int = 0

    #: Partitions of other workers whose log was cut, in words.
    cut_elsewhere: list[str] = field(default_factory=list)
    #: Why the wall clock makes no tick; empty: it does.
    clock_doubt: str = ""

    @property
    def ready(self) -> bool:
        """Return True if a broker answers, the group is joined and every partition of this worker runs."""
        return not self.reasons()

    def degraded(self) -> list[str]:
        """Return the faults that somebody should look at although processing works."""
        counts = self.counts
        faults = {
            "pictures_truncated": "pictures too long for their topic, replaced by a stub",
            "rejected_truncated": "rejected records too long for their topic, cut",
            "offset_differences": "offsets of the group differed from the ledger's at a takeover: see the log",
            "foreign_records": "records in the ledger that no worker wrote, skipped: see the log",
            "left_open": "transactions that a broker had left open were finished: see the log",
        }
        found = [f"{counts[name]} {text}" for name, text in faults.items() if counts[name]]
        found += self.cut_elsewhere
        if self.clock_doubt:
            found.append(self.clock_doubt)
        if self.internal_errors:
            found.insert(0, f"{self.internal_errors} reports rejected as internal: a bug, see the log")
        return found

    def reasons(self) -> list[str]:
        """Return what keeps the worker from being ready."""
        found = [reason for reason in (self.unreachable, self.reason) if reason]
        for number, partition in sorted(self.partitions.items()):
            if not partition.runs:
                why = partition.reason or partition.progress
                found.append(f"partition {number} is {partition.state}" + (f": {why}" if why else ""))
        return found
