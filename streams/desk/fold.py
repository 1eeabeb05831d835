"""A batch of input records on its way through the ledger: read, folded by the two agents, encoded.

Whatever the parser or the fold raises is the record's own: it ends in `rejected`, and the partition
goes on. An exception that no rule foresees rejects its record as `internal`.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from streams.core.claims import Message, Report
from streams.core.intake import Refusal, check_timestamp, parse
from streams.core.ledger import Ledger
from streams.desk.errors import OutputTooLarge
from streams.desk.headers import Headers, cause_time
from streams.desk.outbox import Outbox, Record
from streams.desk.routing import REROUTED, Home, Routes, was_rerouted
from streams.desk.status import DeskStatus

if TYPE_CHECKING:
    from streams.core.episode import EntryKey, Step

__all__ = ["Fold", "Folded", "Stage"]

log = logging.getLogger(__name__)

CHANGES = ("casualties", "ceasefires", "statements")
CODE_INTERNAL = "internal"
CODE_TOO_LARGE = "too_large"


class Folded:
    """Some input records, and what became of each. An agent runs `fold_counts`, another `fold_ceasefires`."""

    def __init__(self, ledger: Ledger, messages: Sequence[tuple[Any, Message]]) -> None:
        """Take the messages that the records hold, in the order of the log."""
        self.messages = messages
        self.steps: list[tuple[Any, Step]] = []
        #: Record, code and message.
        self.rejected: list[tuple[Any, str, str]] = []
        self.rerouted: list[tuple[Any, Home]] = []
        #: Ledger entries that changed otherwise than by these messages.
        self.changed: Sequence[EntryKey] = ()
        self._ledger = ledger

    def fold_counts(self) -> None:
        """Take the messages in and fold their counts and statements."""
        ledger, steps = self._ledger, self.steps
        for record, message in self.messages:
            origin = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            try:
                step = ledger.intake(message, origin)
            except Refusal as refusal:
                self.rejected.append((record, refusal.code, refusal.message))
                continue
            steps.append((record, step))
            ledger.fold_counts(step)

    def fold_ceasefires(self) -> None:
        """Fold the ceasefire views; follows `fold_counts`."""
        fold = self._ledger.fold_ceasefires
        for _, step in self.steps:
            fold(step)

    def undo(self) -> None:
        """Take all steps back, the newest first."""
        while self.steps:
            self._ledger.undo(self.steps.pop()[1])

    def entries(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the ledger entries to write, each once."""
        touched = chain.from_iterable(step.touched for _, step in self.steps)
        return self._ledger.entries(chain(self.changed, touched))


class Stage(Protocol):
    """One of the agents that fold."""

    async def __call__(self, batch: Folded) -> Exception | None:
        """Return what the fold raised, or None. Raises where the agent does not answer."""


class Fold:
    """What a partition does with its records, short of writing: the same for every batch."""

    def __init__(
        self, prefix: str, partition: int, routes: Routes, stages: Sequence[Stage], status: DeskStatus
    ) -> None:
        """Take the topics' prefix, the input partition, and the agents in the order in which they fold."""
        #: By offset: records whose outputs the broker has refused, and why.
        self.refused: dict[int, str] = {}
        self._partition = partition
        self._routes = routes
        self._stages = stages
        self._status = status
        self._counts = status.counts
        self._topics = {name: f"{prefix}.{name}" for name in (*CHANGES, "reports", "rejected", "ledger")}
        self._headers = {name: Headers(prefix, name) for name in (*CHANGES, "rejected")}

    async def fold(
        self, ledger: Ledger, records: Sequence[Any], outbox: Outbox, changed: "Sequence[EntryKey]" = ()
    ) -> Folded:
        """Fold a batch and fill the outbox with what it makes; raises only where an agent does not answer.

        `changed` are ledger entries to be written as well.
        """
        batch = self._read(ledger, records, outbox)
        batch.changed = changed
        failed = await self._through(batch)
        if failed is None:
            failed = self._try_encode(batch, outbox)
        if failed is not None:
            log.warning("a batch of %d records is folded again, one at a time: %r", len(records), failed)
            outbox.clear()
            batch.undo()
            batch = await self._one_at_a_time(ledger, batch, outbox.scratch())
            batch.changed = changed
            self._encode(batch, outbox)
        batch.rejected.sort(key=lambda item: item[0].offset)
        for record, at in batch.rerouted:
            outbox.add(self._copy(record, at))
        for record, code, message in batch.rejected:
            outbox.add(self._rejected(record, code, message, outbox))
        return batch

    def _read(self, ledger: Ledger, records: Sequence[Any], outbox: Outbox) -> Folded:
        messages: list[tuple[Any, Message]] = []
        batch = Folded(ledger, messages)
        home = self._routes.home
        for record in records:
            try:
                self._pass_over_refused(record)
                message = parse(record.value or b"")
                at = home(message.episode)
                if record.key != at.key or record.partition != at.partition:
                    _sent_on_once(record, at)
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

    async def _through(self, batch: Folded) -> Exception | None:
        for stage in self._stages:
            failed = await stage(batch)
            if failed is not None:
                return failed
        return None

    async def _one_at_a_time(self, ledger: Ledger, whole: Folded, outbox: Outbox) -> Folded:
        """Fold each record by itself, so that the one at fault is found; the others take no harm."""
        done = Folded(ledger, whole.messages)
        done.rerouted = whole.rerouted
        read = {record.offset for record, _ in whole.messages}
        done.rejected = [item for item in whole.rejected if item[0].offset not in read]
        for record, message in whole.messages:
            one = Folded(ledger, [(record, message)])
            failed = await self._through(one) or self._try_encode(one, outbox)
            outbox.clear()
            done.rejected += one.rejected
            if failed is None:
                done.steps += one.steps
                continue
            one.undo()
            if isinstance(failed, OutputTooLarge):
                done.rejected.append((record, CODE_TOO_LARGE, str(failed)))
            else:
                done.rejected.append(self._internal(record, failed))
        return done

    def _internal(self, record: Any, error: Exception) -> tuple[Any, str, str]:
        log.error(
            "a bug: %s partition %d offset %d is rejected as internal",
            record.topic, record.partition, record.offset, exc_info=error,
        )  # fmt: skip
        self._status.internal_errors += 1
        return record, CODE_INTERNAL, f"{type(error).__name__}: {error}"

    def _try_encode(self, batch: Folded, outbox: Outbox) -> Exception | None:
        try:
            self._encode(batch, outbox)
        except Exception as error:  # noqa: BLE001 - the caller finds the record at fault
            return error
        return None

    def register(self, ledger: Ledger, outbox: Outbox) -> None:
        """Write the changes and ledger entries of another source registry, for a ledger just read back."""
        touched: list[EntryKey] = []
        for step in ledger.register():
            touched += step.touched
            self._changes(step, None, outbox)
        self._entries(ledger.entries(touched), outbox)

    def _encode(self, batch: Folded, outbox: Outbox) -> None:
        """Write the changes and the ledger entries; raises OutputTooLarge."""
        for record, step in batch.steps:
            self._changes(step, record.timestamp if record.timestamp >= 0 else None, outbox)
        self._entries(batch.entries(), outbox)

    def _changes(self, step: "Step", timestamp_ms: int | None, outbox: Outbox) -> None:
        key: bytes | None = None
        for topic, change in step.changes():
            if key is None:
                key, time = self._routes.home(step.episode).key, cause_time(step.cause)
            head = self._headers[topic].event(change["change_id"], key, time)
            outbox.put(self._topics[topic], key, orjson.dumps(change), head, timestamp_ms)

    def _entries(self, entries: Iterator[tuple[bytes, bytes | None]], outbox: Outbox) -> None:
        topic, put = self._topics["ledger"], outbox.put
        for key, value in entries:
            put(topic, key, value)

    def _copy(self, record: Any, at: Home) -> Record:
        """Return what goes on to another partition: the record as it is, under its key, and where it came from."""
        came = (REROUTED, f"{record.partition}/{record.offset}".encode())
        timestamp_ms = record.timestamp if record.timestamp >= 0 else None
        return Record(
            self._topics["reports"], at.partition, at.key, record.value, [*record.headers, came], timestamp_ms
        )

    def _rejected(self, record: Any, code: str, message: str, outbox: Outbox) -> Record:
        origin = (record.topic, record.partition, record.offset)
        head = self._headers["rejected"].rejected(code, message, origin, record.timestamp)
        timestamp_ms = record.timestamp if record.timestamp >= 0 else None
        made = Record(
            self._topics["rejected"], self._partition, record.key, record.value, [*record.headers, *head], timestamp_ms
        )
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

    def count(self, batch: Folded) -> None:
        """Count what became of a batch, once that is committed."""
        counts = self._counts
        for _, step in batch.steps:
            counts[step.outcome] += 1
            if type(step.message) is Report and step.message.unknown_fields:
                counts["unknown_fields"] += step.message.unknown_fields
        for _, code, _ in batch.rejected:
            counts[f"rejected_{code}"] += 1
        counts["rerouted"] += len(batch.rerouted)


def _fits(copy: Record, outbox: Outbox) -> None:
    if not outbox.fits(copy):
        raise Refusal(CODE_TOO_LARGE, f"it must be sent on to partition {copy.partition}, and its headers are too long")


def _sent_on_once(record: Any, at: Home) -> None:
    if was_rerouted(record.headers):
        raise Refusal(
            "misrouted",
            f"it lies in partition {record.partition} under the key {record.key!r} and has been sent on once;"
            f" its place is partition {at.partition}, key {at.key!r}",
        )
