"""Records of the log on their way through the ledger, and the count of what became of them."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from streams.core.ledger import Ledger
from streams.core.model import Message, Report
from streams.core.parse import Refusal
from streams.processing.rejection_log import MOST_A_BATCH, Rejected

if TYPE_CHECKING:
    from streams.core.state.step import EntryKey, Step
    from streams.kafka.routing import Route

__all__ = ["BatchStats", "FoldedBatch"]


class BatchStats:
    """What became of a batch, to be counted once it is committed."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        #: The episodes that moved.
        self.moved: dict[str, None] = {}
        #: The sources of its accepted reports.
        self.sources: set[str] = set()
        #: Whether a ceasefire changed, and with it perhaps what the fold waits for.
        self.ceasefires = False
        #: The first that were refused, to be logged.
        self.rejected: list[Rejected] = []


class FoldedBatch:
    """Some input records, and what became of each.

    An agent runs `fold_counts`, and another `fold_ceasefires` where they concern any.
    """

    def __init__(self, ledger: Ledger, messages: Sequence[tuple[Any, Message]], place: TopicPartition) -> None:
        """Take the messages that the records hold, in the order of the log, and the partition that they lie in."""
        self.messages = messages
        self.steps: list[tuple[Any, Step]] = []
        self.rejected: list[Rejected] = []
        self.rerouted: list[tuple[Any, Route]] = []
        self.ledger = ledger
        self._place = place

    def fold_counts(self) -> None:
        """Take the messages in and fold their counts and statements."""
        ledger, steps = self.ledger, self.steps
        topic, partition = self._place
        for record, message in self.messages:
            origin = (topic, partition, record.offset)
            try:
                step = ledger.intake(message, origin)
            except Refusal as refusal:
                self.rejected.append((record, refusal.code, refusal.message))
                continue
            steps.append((record, step))
            ledger.fold_counts(step)

    def concerns_ceasefires(self) -> bool:
        """Whether `fold_ceasefires` has anything to do.

        Where no step concerns a ceasefire as things stand, none changes what the next one is asked about.
        """
        concerns = self.ledger.concerns_ceasefires
        return any(concerns(step) for _, step in self.steps)

    def fold_ceasefires(self) -> None:
        """Fold the ceasefire views; follows `fold_counts`."""
        fold = self.ledger.fold_ceasefires
        for _, step in self.steps:
            fold(step)

    def undo(self) -> None:
        """Take all steps back, the newest first."""
        while self.steps:
            self.ledger.undo(self.steps.pop()[1])

    def touched(self) -> "tuple[list[EntryKey], list[EntryKey]]":
        """Return the ledger entries to write: reports, and others, which come again and again, record by record."""
        reports: list[EntryKey] = []
        others: list[EntryKey] = []
        for _, step in self.steps:
            for key in step.touched:
                if key[0] == "r":
                    reports.append(key)
                else:
                    others.append(key)
        return reports, others

    def tally(self, tally: BatchStats) -> None:
        """Note what became of each record."""
        counts, moved = tally.counts, tally.moved
        for _, step in self.steps:
            counts[step.outcome] += 1
            if step.moves:
                moved[step.episode] = None
            if step.new is not None:
                tally.sources.add(step.new.source)
            if step.ceasefires:
                tally.ceasefires = True
            if type(step.message) is Report and step.message.unknown_fields:
                counts["unknown_fields"] += step.message.unknown_fields
        for _, code, _ in self.rejected:
            counts[f"rejected_{code}"] += 1
        tally.rejected += self.rejected[: MOST_A_BATCH - len(tally.rejected)]
        if self.rerouted:
            counts["rerouted"] += len(self.rerouted)
