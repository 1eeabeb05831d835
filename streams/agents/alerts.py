"""The agent `alerts`: a plain Faust agent from the topics of changes to the topic of alerts.

The state of the rules is not stored. It is made again from the topics, which are kept for good: if a partition is new
to this worker, or Faust's group has rebalanced since, the records before the first new one are read again and raise
nothing. So rules may be changed at any restart, and a new rule knows the past.

Faust commits processed offsets every few seconds, and after a crash some records come again. They raise the same alerts
with the same ids, and an id that is on the topic already is not written again.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import faust
import orjson
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from schemas.alerts import Alert
from streams.agents.event_writer import EventHeaders, Write, writer
from streams.agents.retry import retry_forever
from streams.alerts import TOPICS, AlertEngine, Rules
from streams.core.source_registry import Registry
from streams.kafka.range_reader import NOW, OffsetRange, RangeReader
from streams.observability import metrics
from streams.stores.alert_evaluation import evaluate

__all__ = ["AlertAgent", "add_alerting_agent"]

#: Ids of written alerts that are kept for each partition, the newest: some 100 MB at most.
MAX_IDS = 1_000_000

_log = structlog.get_logger(__name__)


class PartitionProgress:
    """One partition of a topic of changes, as far as it has been looked at."""

    def __init__(self, watch: AlertEngine) -> None:
        self.watch = watch
        #: The offset to look at next.
        self.next = 0
        #: The generation of Faust's group in which it was last brought up to date.
        self.generation: int | None = None

    def on_change(self, record: Any) -> list[Alert]:
        """Return the alerts that a record raises; one that cannot be looked at raises none."""
        self.next = record.offset + 1
        topic = record.topic.rpartition(".")[2]
        return evaluate(self.watch, topic, record.value, partition=record.partition, offset=record.offset)


class SentIds:
    """The alerts in one partition of their topic, by a digest of their id."""

    def __init__(self) -> None:
        self.next = 0
        self._digests: dict[bytes, None] = {}

    def add(self, alert_id: str) -> None:
        """Note an id."""
        self._digests[_digest(alert_id)] = None
        if len(self._digests) > MAX_IDS:
            del self._digests[next(iter(self._digests))]

    def __contains__(self, alert_id: str) -> bool:
        return _digest(alert_id) in self._digests


class AlertAgent:
    """Checks changes one by one, in the order of their partitions, and writes the alerts that they raise."""

    def __init__(
        self,
        make_watch: Callable[[], AlertEngine],
        options: dict[str, Any],
        topic: str,
        write: Write,
    ) -> None:
        """`topic` is the full name of the topic of alerts, and `write` writes to it."""
        self._make_watch = make_watch
        self._options = options
        self._topic = topic
        self._write = write
        self._progress: dict[TopicPartition, PartitionProgress] = {}
        self._sent: dict[int, SentIds] = {}

    async def take(self, record: Any) -> None:
        """Check a record; when this returns, the alerts that it raises are on the topic."""
        tp = TopicPartition(record.topic, record.partition)
        progress = self._progress.get(tp)
        if progress is None:
            progress = self._progress[tp] = PartitionProgress(self._make_watch())
        try:
            if progress.generation != record.generation_id:
                await retry_forever(self._catch_up, progress, tp, record.offset)
                progress.generation = record.generation_id
            if record.offset < progress.next:
                return
            for alert in progress.on_change(record):
                await self._write_once(alert, record.partition)
        except BaseException:
            # Cancelled: the state of the rules may be ahead of the written alerts.
            self._progress.pop(tp, None)
            raise

    def retain(self, assigned: set[tuple[str, int]]) -> None:
        """Forget the partitions that other workers own now."""
        for tp in [tp for tp in self._progress if tuple(tp) not in assigned]:
            del self._progress[tp]

    async def _write_once(self, alert: Alert, partition: int) -> None:
        sent = self._sent[partition]
        if alert["alert_id"] in sent:
            return
        try:
            await retry_forever(self._write, alert["alert_id"], alert["episode"], alert["at"], alert, partition)
        except MessageSizeTooLargeError:
            _log.error("alert_too_large", alert_id=alert["alert_id"], topic=self._topic)
        else:
            metrics.ALERTS.labels(alert["severity"], alert["state"]).inc()
        sent.add(alert["alert_id"])

    async def _catch_up(self, progress: PartitionProgress, tp: TopicPartition, offset: int) -> None:
        """Read the changes before `offset`, which raise nothing, and the ids on the topic of alerts."""
        async with RangeReader(self._options, {tp: OffsetRange(progress.next, offset)}) as earlier:
            async for record in earlier.records():
                progress.on_change(record)
        sent = self._sent.setdefault(tp.partition, SentIds())
        alerts = TopicPartition(self._topic, tp.partition)
        async with RangeReader(self._options, {alerts: OffsetRange(sent.next, NOW)}) as written:
            async for record in written.records():
                sent.next = record.offset + 1
                try:
                    sent.add(orjson.loads(record.value)["alert_id"])
                except (TypeError, ValueError, KeyError):  # not an alert
                    fields = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                    _log.warning("foreign_record_skipped", key=repr(record.key)[:100], **fields)


def add_alerting_agent(  # noqa: PLR0917 - the parts of the app
    app: faust.App, prefix: str, options: dict[str, Any], rules: Rules, registry: Registry, headers: EventHeaders
) -> None:
    """Add the agent `alerts` to an app whose consumer is read_committed; `prefix` is that of the topics."""
    watched = {rule.topic for rule in rules}
    names = [f"{prefix}.{topic}" for topic in TOPICS if topic in watched]
    changes = app.topic(*names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    topic = f"{prefix}.alerts"
    alerting = AlertAgent(lambda: AlertEngine(rules, registry), options, topic, writer(app, topic, headers))

    @app.agent(changes, name="alerts")
    async def agent(stream: Any) -> None:
        # Acknowledged explicitly: Faust would acknowledge an event that was cancelled half-way.
        unacknowledged = stream.noack()
        async for event in unacknowledged.events():
            await alerting.take(event.message)
            await unacknowledged.ack(event)

    @app.on_partitions_assigned.connect
    async def assigned(_app: Any, /, *assignments: Any, **_: Any) -> None:
        alerting.retain({(topic, number) for assignment in assignments for topic, number in assignment})


def _digest(alert_id: str) -> bytes:
    return hashlib.blake2b(alert_id.encode(), digest_size=8).digest()
