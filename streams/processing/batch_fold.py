"""A batch of input records on its way through the ledger: read, folded by the two agents, encoded.

It goes a slice at a time, so that what one stage makes of a record is still in the processor's cache when the
next stage wants it: a batch of thousands, taken as a whole, costs half as much again.

Whatever the parser or the fold raises is the record's own: it ends in `rejected`, and the partition
goes on. An exception that no rule foresees rejects its record as `internal`.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiokafka import TopicPartition

from schemas.topics import CHANGE_TOPICS
from streams.core.cloudevents import Header, Headers
from streams.core.ledger import Ledger
from streams.core.parse import Refusal, check_timestamp, parse
from streams.kafka.routing import REROUTED, Route, Router, was_rerouted
from streams.observability import metrics
from streams.observability.tracing import traced
from streams.processing.batch import BatchStats, FoldedBatch
from streams.processing.errors import OutputTooLarge, SplitBatch
from streams.processing.outbox import NO_HEADERS, Outbox, OutputRecord
from streams.processing.rejection_log import tell, tell_bug
from streams.processing.status import ProcessingStatus

if TYPE_CHECKING:
    from streams.core.model import Message
    from streams.core.state.step import EntryKey, Step

__all__ = ["Fold", "FoldStage"]

log: Final = logging.getLogger(__name__)

CODE_INTERNAL: Final = "internal"
CODE_TOO_LARGE: Final = "too_large"
#: A slice of so many reports, and all that is made of them, fits into a core's own cache.
SLICE_RECORDS: Final = 64
#: What comes of a longer change may be too long for the ledger: to be found out while its record is in hand.
LONG_BYTES: Final = 16 << 10

#: Topic, key, value, headers and timestamp of a record for our own partition.
Made = tuple[str, bytes | None, bytes | None, list[Header], int | None]


class FoldStage(Protocol):
    """One of the agents that fold."""

    async def __call__(self, batch: FoldedBatch) -> Exception | None:
        """Return what the fold raised, or None. Raises where the agent does not answer."""


class Fold:
    """What a partition does with its records, short of writing: the same for every batch."""

    def __init__(
        self, prefix: str, partition: int, routes: Router, stages: Sequence[FoldStage], status: ProcessingStatus
    ) -> None:
        """Take the topics' prefix, the input partition, and the agents in the order in which they fold."""
        #: By offset: records whose outputs the broker has refused, and why.
        self.refused: dict[int, str] = {}
        #: What comes of records below this offset gets the time of writing: the broker has refused theirs.
        self.undated_below = 0
        self._partition = partition
        self._routes = routes
        self._stages = stages
        self._status = status
        self._counts = status.counts
        self._topics = {name: f"{prefix}.{name}" for name in (*CHANGE_TOPICS, "reports", "rejected", "ledger")}
        self._place = TopicPartition(self._topics["reports"], partition)
        self._headers = {name: Headers(prefix, name) for name in (*CHANGE_TOPICS, "rejected")}

    async def fold(
        self, ledger: Ledger, records: Sequence[Any], outbox: Outbox, changed: "Iterable[EntryKey]" = ()
    ) -> BatchStats:
        """Fold a batch and fill the outbox with what it makes.

        `changed` are ledger entries to be written as well. Raises OneByOne, or what an agent raises that does not
        answer.
        """
        tally = BatchStats()
        self._store(ledger, changed, outbox)
        # Cells and views move many times in a batch; what they come to is written, once.
        late: dict[EntryKey, None] | None = {} if len(records) > 1 else None
        for at in range(0, len(records), SLICE_RECORDS):
            await self._slice(ledger, records[at : at + SLICE_RECORDS], outbox, tally, late)
        if late:
            try:
                self._store(ledger, late, outbox)
            except Exception as error:
                raise SplitBatch(f"{type(error).__name__}: {error}") from error
        return tally

    def _store(self, ledger: Ledger, changed: "Iterable[EntryKey]", outbox: Outbox) -> None:
        """Write ledger entries as they are now; raises OutputTooLarge."""
        _put(self._entries(ledger, changed, outbox), outbox)

    async def _slice(
        self,
        ledger: Ledger,
        records: Sequence[Any],
        outbox: Outbox,
        tally: BatchStats,
        late: "dict[EntryKey, None] | None",
    ) -> None:
        """Fold some records; most ledger entries that are not reports go to `late` where there is one."""
        batch = self._read(ledger, records, outbox)
        made = await self._fold_and_make(batch, outbox, late)
        if isinstance(made, Exception):
            log.warning("%d records are folded again, one at a time: %s", len(records), type(made).__name__)
            batch.undo()
            made = await self._one_at_a_time(ledger, batch, outbox)
        _put(made, outbox)
        batch.rejected.sort(key=lambda item: item[0].offset)
        for source, at in batch.rerouted:
            outbox.add(self._copy(source, at))
        for source, code, message in batch.rejected:
            outbox.add(self._rejected(source, code, message, outbox))
        batch.tally(tally)

    def _read(self, ledger: Ledger, records: Sequence[Any], outbox: Outbox) -> FoldedBatch:
        messages: list[tuple[Any, Message]] = []
        batch = FoldedBatch(ledger, messages, self._place)
        home, partition = self._routes.home, self._partition
        for record in records:
            try:
                self._pass_over_refused(record)
                message = parse(record.value or b"")
                at = home(message.episode)
                if record.key != at.key or at.partition != partition:
                    self._sent_on_once(record, at)
                    _fits(self._copy(record, at), outbox)
                    batch.rerouted.append((record, at))
                    continue
                check_timestamp(message, record.timestamp * 1000 if record.timestamp >= 0 else None)
                messages.append((record, message))
            except Refusal as refusal:
                batch.rejected.append((record, refusal.code, refusal.message))
            except Exception as error:  # noqa: BLE001 - no record can stop a partition
                batch.rejected.append(self._internal(record, error))
        return batch

    def _pass_over_refused(self, record: Any) -> None:
        if record.offset in self.refused:
            raise Refusal(CODE_TOO_LARGE, self.refused[record.offset])

    async def _fold_and_make(
        self, batch: FoldedBatch, outbox: Outbox, late: "dict[EntryKey, None] | None" = None
    ) -> list[Made] | Exception:
        """Take the batch through the agents; return the records to write for it, or what went wrong."""
        for stage in self._stages:
            failed = await stage(batch)
            if failed is not None:
                return failed
        try:
            made = self._make(batch, outbox)
            reports, others = batch.touched()
            if late is None or any(len(value or b"") >= LONG_BYTES for _, _, value, _, _ in made):
                made += self._entries(batch.ledger, reports + others, outbox)
            else:
                made += self._entries(batch.ledger, reports, outbox)
                for key in others:
                    late[key] = None
        except Exception as error:  # noqa: BLE001 - the caller finds the record at fault
            return error
        return made

    async def _one_at_a_time(self, ledger: Ledger, batch: FoldedBatch, outbox: Outbox) -> list[Made]:
        """Fold each record by itself, so that the one at fault is found; the others take no harm."""
        made: list[Made] = []
        read = {record.offset for record, _ in batch.messages}
        batch.rejected = [item for item in batch.rejected if item[0].offset not in read]
        for record, message in batch.messages:
            one = FoldedBatch(ledger, [(record, message)], self._place)
            made_of_it = await self._fold_and_make(one, outbox)
            batch.rejected += one.rejected
            if not isinstance(made_of_it, Exception):
                made += made_of_it
                batch.steps += one.steps
                continue
            one.undo()
            if isinstance(made_of_it, OutputTooLarge):
                batch.rejected.append((record, CODE_TOO_LARGE, str(made_of_it)))
            else:
                batch.rejected.append(self._internal(record, made_of_it))
        return made

    def _internal(self, record: Any, error: Exception) -> tuple[Any, str, str]:
        tell_bug(self._place, record, error)
        self._status.internal_errors += 1
        return record, CODE_INTERNAL, f"{type(error).__name__}: {error}"

    def register(self, step: "Step", ledger: Ledger, outbox: Outbox) -> None:
        """Write the changes and ledger entries that another source registry brings about in an episode."""
        _put(self._changes(step, None, outbox), outbox)
        self._store(ledger, step.touched, outbox)

    def _make(self, batch: FoldedBatch, outbox: Outbox) -> list[Made]:
        """Return the changes to write; raises OutputTooLarge."""
        made: list[Made] = []
        for record, step in batch.steps:
            trace = traced(record.headers) if record.headers else NO_HEADERS
            made += self._changes(step, self._timestamp_ms(record), outbox, trace)
        return made

    def _changes(
        self, step: "Step", timestamp_ms: int | None, outbox: Outbox, trace: list[Header] = NO_HEADERS
    ) -> list[Made]:
        made: list[Made] = []
        if not step.moves:
            return made
        key = self._routes.home(step.episode).key
        for name, change_id, value in step.published():
            topic = self._topics[name]
            head = self._headers[name].event(change_id, key, step.time, trace)
            outbox.check(topic, key, value, head)
            made.append((topic, key, value, head, timestamp_ms))
        return made

    def _entries(self, ledger: Ledger, touched: "Iterable[EntryKey]", outbox: Outbox) -> list[Made]:
        """Return ledger entries to write, as they are now; raises OutputTooLarge."""
        topic = self._topics["ledger"]
        made: list[Made] = []
        for key, value in ledger.entries(touched):
            outbox.check(topic, key, value)
            made.append((topic, key, value, NO_HEADERS, None))
        return made

    def _timestamp_ms(self, record: Any) -> int | None:
        """Return the time that what comes of a record bears too; None: the time at which it is written."""
        return None if record.timestamp < 0 or record.offset < self.undated_below else record.timestamp

    def _copy(self, record: Any, at: Route) -> OutputRecord:
        """Return what goes on to another partition: the record as it is, under its key, and where it came from."""
        came = (REROUTED, f"{self._partition}/{record.offset}".encode())
        headers = [*record.headers, came]
        return OutputRecord(
            self._topics["reports"], at.partition, at.key, record.value, headers, self._timestamp_ms(record)
        )

    def _sent_on_once(self, record: Any, at: Route) -> None:
        if was_rerouted(record.headers):
            raise Refusal(
                "misrouted",
                f"it lies in partition {self._partition} under the key {record.key!r} and has been sent on once;"
                f" its place is partition {at.partition}, key {at.key!r}",
            )

    def _rejected(self, record: Any, code: str, message: str, outbox: Outbox) -> OutputRecord:
        origin = (self._topics["reports"], self._partition, record.offset)
        head = self._headers["rejected"].rejected(code, message, origin, record.timestamp)
        headers, timestamp_ms = [*record.headers, *head], self._timestamp_ms(record)
        made = OutputRecord(self._topics["rejected"], self._partition, record.key, record.value, headers, timestamp_ms)
        if outbox.fits(made):
            return made
        # A record as long as its topic takes does not fit once it bears our headers, or was compressed.
        made = made._replace(headers=head)
        if outbox.fits(made):
            return made
        self._counts["rejected_truncated"] += 1
        room = max(0, len(record.value or b"") - (made.size_bytes() - outbox.limit(made.topic)) - 64)
        length = ("truncated_from", str(len(record.value or b"")).encode())
        made = made._replace(value=(record.value or b"")[:room], headers=[*head, length])
        return made if outbox.fits(made) else made._replace(key=None)

    def count(self, tally: BatchStats) -> None:
        """Count what became of a batch, once that is committed."""
        self._counts.update(tally.counts)
        metrics.count_outcomes(tally.counts)
        if tally.rejected:
            count = sum(n for name, n in tally.counts.items() if name.startswith("rejected_"))
            tell(self._place, tally.rejected, count)


def _put(made: list[Made], outbox: Outbox) -> None:
    for topic, key, value, headers, timestamp_ms in made:
        outbox.put(topic, key, value, headers, timestamp_ms)


def _fits(copy: OutputRecord, outbox: Outbox) -> None:
    if not outbox.fits(copy):
        raise Refusal(CODE_TOO_LARGE, f"it must be sent on to partition {copy.partition}, and its headers are too long")
