"""Steps, ledger entries, rerouted and rejected records as output records."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from schemas.topics import CHANGE_TOPICS
from streams.core.cloudevents import Header, Headers
from streams.core.ledger import Ledger
from streams.kafka.routing import REROUTED, Route, Router
from streams.observability.tracing import traced
from streams.processing.decode import CODE_TOO_LARGE
from streams.processing.output_record import NO_HEADERS, SMALL_BYTES, OutputRecord, SizeLimits, size_bytes
from streams.processing.rejection_log import Rejection

if TYPE_CHECKING:
    from streams.core.state.step import EntryKey, Step

__all__ = ["Encoder"]


class Encoder:
    """Encodes the outputs of one partition; raises OutputTooLarge for a change or an entry that does not fit."""

    def __init__(self, prefix: str, partition: int, router: Router) -> None:
        """`prefix` is that of the topics."""
        self._partition = partition
        self._router = router
        self._topics = {name: f"{prefix}.{name}" for name in (*CHANGE_TOPICS, "reports", "rejected", "ledger")}
        self._headers = {name: Headers(prefix, name) for name in (*CHANGE_TOPICS, "rejected")}
        self._no_timestamp_below = 0

    def drop_timestamps_below(self, offset: int) -> None:
        """Write the outputs of records below an offset with the time of writing: the broker refuses theirs."""
        self._no_timestamp_below = offset

    def changes(self, steps: "Sequence[tuple[Any, Step]]", limits: SizeLimits) -> list[OutputRecord]:
        """Return the changes that steps publish."""
        outputs: list[OutputRecord] = []
        for record, step in steps:
            if step.moves:
                trace = traced(record.headers) if record.headers else NO_HEADERS
                self._add_changes(outputs, step, self._timestamp_ms(record), trace, limits)
        return outputs

    def registry_changes(self, step: "Step", limits: SizeLimits) -> list[OutputRecord]:
        """Return the changes that another source registry causes in an episode."""
        outputs: list[OutputRecord] = []
        if step.moves:
            self._add_changes(outputs, step, None, NO_HEADERS, limits)
        return outputs

    def _add_changes(
        self,
        outputs: list[OutputRecord],
        step: "Step",
        timestamp_ms: int | None,
        trace: list[Header],
        limits: SizeLimits,
    ) -> None:
        key = self._router.route(step.episode).key
        for name, change_id, value in step.published():
            headers = self._headers[name].event(change_id, key, step.time, trace)
            output = (self._topics[name], self._partition, key, value, headers, timestamp_ms)
            if len(value) >= SMALL_BYTES:
                limits.check(output)
            outputs.append(output)

    def entries(self, ledger: Ledger, keys: "Iterable[EntryKey]", limits: SizeLimits) -> list[OutputRecord]:
        """Return ledger entries with their present values."""
        topic, partition = self._topics["ledger"], self._partition
        outputs: list[OutputRecord] = []
        for key, value in ledger.entries(keys):
            output = (topic, partition, key, value, NO_HEADERS, None)
            if value is not None and len(value) >= SMALL_BYTES:
                limits.check(output)
            outputs.append(output)
        return outputs

    def rerouted(
        self, rerouted: Sequence[tuple[Any, Route]], limits: SizeLimits
    ) -> tuple[list[OutputRecord], list[Rejection]]:
        """Return copies for the right partition, with their origin, and rejections of those that do not fit."""
        outputs: list[OutputRecord] = []
        rejected: list[Rejection] = []
        for record, route in rerouted:
            headers = [*record.headers, (REROUTED, f"{self._partition}/{record.offset}".encode())]
            timestamp_ms = self._timestamp_ms(record)
            copy = (self._topics["reports"], route.partition, route.key, record.value, headers, timestamp_ms)
            if limits.fits(copy):
                outputs.append(copy)
                continue
            message = f"it must be sent on to partition {route.partition}, and its headers are too long"
            rejected.append(Rejection(record, CODE_TOO_LARGE, message))
        return outputs, rejected

    def rejected(self, rejection: Rejection, limits: SizeLimits) -> tuple[OutputRecord, bool]:
        """Return the rejected record as it is published, and whether its value had to be cut."""
        record = rejection.record
        origin = (self._topics["reports"], self._partition, record.offset)
        own = self._headers["rejected"].rejected(rejection.code, rejection.message, origin, record.timestamp)
        topic, partition, timestamp_ms = self._topics["rejected"], self._partition, self._timestamp_ms(record)
        key, value = record.key, record.value or b""
        output = (topic, partition, key, record.value, [*record.headers, *own], timestamp_ms)
        if limits.fits(output):
            return output, False
        # A record as long as its topic takes does not fit with our headers, or was compressed.
        output = (topic, partition, key, record.value, own, timestamp_ms)
        if limits.fits(output):
            return output, False
        room = max(0, len(value) - (size_bytes(output) - limits.of(topic)) - 64)
        headers = [*own, ("truncated_from", str(len(value)).encode())]
        output = (topic, partition, key, value[:room], headers, timestamp_ms)
        return (output if limits.fits(output) else (topic, partition, None, value[:room], headers, timestamp_ms)), True

    def _timestamp_ms(self, record: Any) -> int | None:
        """Return the timestamp for the outputs of a record; None: the time of writing."""
        return None if record.timestamp < 0 or record.offset < self._no_timestamp_below else record.timestamp
