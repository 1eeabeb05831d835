"""The agent `alerts`: a plain Faust agent from the topics of changes to the topic of alerts.

What its rules remember is not stored. It is made again from the topics, which are kept for good: where a partition
is new to this worker, or Faust's group has been shuffled since, the records before the first one that comes are read
again, and raise nothing. So rules may be changed at any restart, and know the past under their new form.

Faust commits what has been dealt with every few seconds, and after a crash some records come again. They raise the
same alerts with the same ids, and ids that stand on the topic already are not written again.
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
from streams.observability.log_config import redacted_exc_info

__all__ = ["AlertAgent", "add_alerting_agent"]

#: Ids of alerts that stand in one partition already; the oldest go. Some 100 MB at the most.
REMEMBERED = 1_000_000

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
        try:
            return self.watch.take(record.topic.rpartition(".")[2], orjson.loads(record.value))
        except Exception as error:  # noqa: BLE001 - whatever it is, the records behind it are looked at
            _log.error(
                "a change that the rules cannot be held against",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                exc_info=redacted_exc_info(error),
            )
            return []


class SentIds:
    """The alerts that stand in one partition of their topic, by a digest of their id."""

    def __init__(self) -> None:
        self.next = 0
        self._digests: dict[bytes, None] = {}

    def add(self, alert_id: str) -> None:
        """Note an id."""
        self._digests[_digest(alert_id)] = None
        if len(self._digests) > REMEMBERED:
            del self._digests[next(iter(self._digests))]

    def __contains__(self, alert_id: str) -> bool:
        return _digest(alert_id) in self._digests


class AlertAgent:
    """Looks at changes one by one, in the order of their partitions, and writes the alerts that they raise."""

    def __init__(
        self,
        make_watch: Callable[[], AlertEngine],
        options: dict[str, Any],
        topic: str,
        write: Write,
    ) -> None:
        """Take how a watch is made, the client's options, the full name of the topic of alerts, and its writer."""
        self._make_watch = make_watch
        self._options = options
        self._topic = topic
        self._write = write
        self._lanes: dict[TopicPartition, PartitionProgress] = {}
        self._sent: dict[int, SentIds] = {}

    async def take(self, record: Any) -> None:
        """Look at a record; when this returns, the alerts that it raises stand on the topic."""
        place = TopicPartition(record.topic, record.partition)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = PartitionProgress(self._make_watch())
        try:
            if lane.generation != record.generation_id:
                await retry_forever(self._catch_up, lane, place, record.offset)
                lane.generation = record.generation_id
            if record.offset < lane.next:
                return
            for alert in lane.on_change(record):
                await self._tell(alert, record.partition)
        except BaseException:
            # Cancelled: what the rules remember may be ahead of what was written.
            self._lanes.pop(place, None)
            raise

    def keep(self, assigned: set[tuple[str, int]]) -> None:
        """Forget the partitions that are others' now."""
        for place in [place for place in self._lanes if tuple(place) not in assigned]:
            del self._lanes[place]

    async def _tell(self, alert: Alert, partition: int) -> None:
        sent = self._sent[partition]
        if alert["alert_id"] in sent:
            return
        try:
            await retry_forever(self._write, alert["alert_id"], alert["episode"], alert["at"], alert, partition)
        except MessageSizeTooLargeError:
            _log.error("an alert is too long for its topic", alert_id=alert["alert_id"], topic=self._topic)
        else:
            metrics.ALERTS.labels(alert["severity"], alert["state"]).inc()
        sent.add(alert["alert_id"])

    async def _catch_up(self, lane: PartitionProgress, place: TopicPartition, offset: int) -> None:
        """Look at what lies before `offset` without a word, and at what stands on the topic of alerts."""
        async with RangeReader(self._options, {place: OffsetRange(lane.next, offset)}) as earlier:
            async for record in earlier.records():
                lane.on_change(record)
        sent = self._sent.setdefault(place.partition, SentIds())
        alerts = TopicPartition(self._topic, place.partition)
        async with RangeReader(self._options, {alerts: OffsetRange(sent.next, NOW)}) as told:
            async for record in told.records():
                sent.next = record.offset + 1
                sent.add(orjson.loads(record.value)["alert_id"])


def add_alerting_agent(  # noqa: PLR0917 - what the app puts together
    app: faust.App, prefix: str, options: dict[str, Any], rules: Rules, registry: Registry, headers: EventHeaders
) -> None:
    """Add the agent `alerts` to an app whose consumer is read_committed; `prefix` is that of the topics."""
    looked_at = {rule.topic for rule in rules}
    names = [f"{prefix}.{topic}" for topic in TOPICS if topic in looked_at]
    changes = app.topic(*names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    topic = f"{prefix}.alerts"
    alerting = AlertAgent(lambda: AlertEngine(rules, registry), options, topic, writer(app, topic, headers))

    @app.agent(changes, name="alerts")
    async def agent(stream: Any) -> None:
        # Acknowledged by hand: Faust takes an event that was cancelled half-way for one that is done.
        unacknowledged = stream.noack()
        async for event in unacknowledged.events():
            await alerting.take(event.message)
            await unacknowledged.ack(event)

    @app.on_partitions_assigned.connect
    async def assigned(_app: Any, /, *assignments: Any, **_: Any) -> None:
        alerting.keep({(topic, number) for assignment in assignments for topic, number in assignment})


def _digest(alert_id: str) -> bytes:
    return hashlib.blake2b(alert_id.encode(), digest_size=8).digest()
