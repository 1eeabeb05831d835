"""The expected outputs of one partition: its log folded by the core, record by record."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.topics import CHANGE_TOPICS
from streams.core.cloudevents import Header, Headers
from streams.core.ledger import Ledger
from streams.core.model import Message
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.state.step import EntryKey, Outcome, Step
from streams.kafka.routing import REROUTED, Router, was_rerouted
from streams.observability.tracing import traced
from streams.operations.verify.version_1 import History, WrittenViews

__all__ = ["Expected", "ExpectedOutput"]

#: Codes that only the worker can give: a bug, or an output too long for its topic.
DESK_CODES = {"internal", "too_large"}


class ExpectedOutput(NamedTuple):
    """A record that must be in an output topic; `name` identifies it there."""

    name: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Expected:
    """The fold of one partition's log, record by record, with all expected outputs so far."""

    def __init__(
        self,
        prefix: str,
        routes: Router,
        history: History,
        horizon_us: int,
        rejected: Mapping[int, tuple[str, str]],
        *,
        written: WrittenViews,
    ) -> None:
        """Begin with the source registries used so far, at least one.

        `rejected` holds the code and message with which the desk has rejected records, by offset; `written` the views
        that version 1 published.
        """
        registries, self._upgraded_at = history
        self.ledger = Ledger(registries[0][1], horizon_us=horizon_us)
        self._later = deque(registries[1:])
        self._written = written
        self.outputs: dict[str, list[ExpectedOutput]] = {topic: [] for topic in (*CHANGE_TOPICS, "rejected")}
        #: Mark of the copy → key, partition and value of each rerouted record.
        self.sent_on: dict[bytes, tuple[bytes, int, bytes | None]] = {}
        self.touched: dict[EntryKey, None] = {}
        self._routes = routes
        self._rejected = rejected
        self._headers = {topic: Headers(prefix, topic) for topic in (*CHANGE_TOPICS, "rejected")}

    def take(self, record: Any) -> None:
        """Fold one record of the log."""
        try:
            self._foresee(record)
            message = parse(record.value or b"")
            if not self._belongs(record, message):
                return
            check_timestamp(message, record.timestamp * 1000 if record.timestamp >= 0 else None)
            origin = (record.topic, record.partition, record.offset)
            self._publish(self.ledger.take(message, origin), traced(record.headers))
        except Refusal as refusal:
            self._reject(record, refusal)

    def register(self, offset: int) -> bool:
        """Switch to the next source registry if it begins at or before an offset; return whether it did."""
        if not self._later or self._later[0][0] > offset:
            return False
        begins, registry = self._later.popleft()
        entries = self.ledger.entries(self.touched)
        if begins == self._upgraded_at:
            entries = list(self._written.put_into(entries))
            self.outputs["ceasefires"].clear()
        self.ledger = Ledger(registry, horizon_us=self.ledger.horizon_us)
        for key, value in entries:
            if value is not None:
                self.ledger.load(key, value)
        self.ledger.loaded()
        for step in self.ledger.register():
            self._publish(step)
        return True

    def _foresee(self, record: Any) -> None:
        code, message = self._rejected.get(record.offset, ("", ""))
        if code in DESK_CODES:
            raise Refusal(code, message)

    def _belongs(self, record: Any, message: Message) -> bool:
        home = self._routes.route(message.episode)
        if record.key == home.key and record.partition == home.partition:
            return True
        if was_rerouted(record.headers):
            code, said = self._rejected.get(record.offset, ("misrouted", ""))
            raise Refusal("misrouted", said if code == "misrouted" else "")
        mark = f"{record.partition}/{record.offset}".encode()
        self.sent_on[mark] = (home.key, home.partition, record.value)
        return False

    def _publish(self, step: Step, trace: Sequence[Header] = ()) -> None:
        self.touched.update(dict.fromkeys(step.touched))
        if step.outcome not in {Outcome.ACCEPTED, Outcome.TICK, Outcome.REGISTERED}:
            return
        key = self._routes.route(step.episode).key
        for topic, name, json in step.published():
            headers = self._headers[topic].event(name, key, step.time, trace)
            self.outputs[topic].append(ExpectedOutput(name, key, json, tuple(headers)))

    def _reject(self, record: Any, refusal: Refusal) -> None:
        origin = (record.topic, record.partition, record.offset)
        message = refusal.message
        if record.offset < self._upgraded_at:
            message = self._rejected.get(record.offset, ("", message))[1]
        headers = self._headers["rejected"].rejected(refusal.code, message, origin, record.timestamp)
        output = ExpectedOutput(str(record.offset), record.key, record.value, (*record.headers, *headers))
        self.outputs["rejected"].append(output)


def rerouted_marks(records: Iterable[Any]) -> Iterator[tuple[bytes, Any]]:
    """Yield the value of the header `rerouted` and the record, for records that have one."""
    for record in records:
        for name, value in record.headers:
            if name == REROUTED:
                yield value or b"", record
