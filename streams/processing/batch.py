"""A slice of input records on its way through the ledger, and the counts of a batch."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from streams.core.ledger import Ledger
from streams.core.model import Message, Report
from streams.core.parse import Refusal
from streams.processing.rejection_log import MAX_PER_BATCH, Rejection

if TYPE_CHECKING:
    from streams.core.state.step import EntryKey, Step

__all__ = ["BatchStats", "FoldedBatch"]


class BatchStats:
    """Outcomes of a batch, to be counted and logged once it is committed."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        #: Episodes that changed, in order.
        self.moved: dict[str, None] = {}
        #: Sources of the accepted reports.
        self.sources: set[str] = set()
        #: True if a ceasefire changed, and with it perhaps the next timer.
        self.ceasefires = False
        #: The first rejected records, and all that are rejected for a bug.
        self.rejected: list[Rejection] = []
        self.internal_errors: list[Rejection] = []
        #: Rejected records whose value did not fit.
        self.truncated = 0

    def count_steps(self, batch: "FoldedBatch") -> None:
        """Count the steps of a folded batch."""
        counts, moved = self.counts, self.moved
        for _, step in batch.steps:
            counts[step.outcome] += 1
            if step.moves:
                moved[step.episode] = None
            if step.new is not None:
                self.sources.add(step.new.source)
            if step.ceasefires:
                self.ceasefires = True
            if type(step.message) is Report and step.message.unknown_fields:
                counts["unknown_fields"] += step.message.unknown_fields

    def count_rejected(self, rejections: Sequence[Rejection]) -> None:
        """Count rejected records and keep the first for the log."""
        for rejection in rejections:
            self.counts[f"rejected_{rejection.code}"] += 1
            if rejection.error is not None:
                self.internal_errors.append(rejection)
        self.rejected += rejections[: MAX_PER_BATCH - len(self.rejected)]


class FoldedBatch:
    """Messages of one partition and their steps in its ledger.

    The agent `casualties` calls `fold_counts`; `ceasefires` calls `fold_ceasefires` if any step concerns it.
    """

    def __init__(self, ledger: Ledger, messages: Sequence[tuple[Any, Message]], tp: TopicPartition) -> None:
        """`messages` are records with their message, in log order."""
        self.messages = messages
        self.steps: list[tuple[Any, Step]] = []
        self.rejected: list[Rejection] = []
        self.ledger = ledger
        self._tp = tp

    def fold_counts(self) -> None:
        """Check the messages against the ledger and fold counts and statements."""
        ledger, steps = self.ledger, self.steps
        topic, partition = self._tp
        for record, message in self.messages:
            origin = (topic, partition, record.offset)
            try:
                step = ledger.intake(message, origin)
            except Refusal as refusal:
                self.rejected.append(Rejection(record, refusal.code, refusal.message))
                continue
            steps.append((record, step))
            ledger.fold_counts(step)

    def concerns_ceasefires(self) -> bool:
        """Return True if `fold_ceasefires` has anything to do.

        If no step concerns a ceasefire in the present state, none changes the answer for the next one.
        """
        concerns = self.ledger.concerns_ceasefires
        return any(concerns(step) for _, step in self.steps)

    def fold_ceasefires(self) -> None:
        """Fold the ceasefire views; follows `fold_counts`."""
        fold = self.ledger.fold_ceasefires
        for _, step in self.steps:
            fold(step)

    def undo(self) -> None:
        """Undo all steps, the newest first."""
        while self.steps:
            self.ledger.undo(self.steps.pop()[1])

    def touched(self) -> "tuple[list[EntryKey], list[EntryKey]]":
        """Return the ledger entries to write: those of reports, and others, which many records touch."""
        reports: list[EntryKey] = []
        others: list[EntryKey] = []
        for _, step in self.steps:
            for key in step.touched:
                if key[0] == "r":
                    reports.append(key)
                else:
                    others.append(key)
        return reports, others
