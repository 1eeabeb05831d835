"""The desk: a consumer in the group, and an owner for each partition that the group gives it."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from streams.core.source_registry import Registry
from streams.kafka.aiokafka_patches.group import note_generation, sticky_assignor
from streams.kafka.cancellation import cancel
from streams.kafka.client import client_options
from streams.kafka.consumers import group_consumer
from streams.kafka.routing import Router
from streams.observability import metrics
from streams.processing.batch_fold import FoldStage
from streams.processing.context import Limits, TaskContext
from streams.processing.errors import NeedsOperator
from streams.processing.partition_task import PartitionTask
from streams.processing.status import ProcessingStatus
from streams.processing.topology import Topology
from streams.settings import Settings

__all__ = ["PartitionConsumer"]

log = logging.getLogger(__name__)

POLL_MS = 200
#: More than fetches hold that are not compressed; those that are may hold anything.
POLL_RECORDS = 50_000
#: A fetch under way holds up the next one to the same broker, also for a partition that was just resumed.
FETCH_WAIT_MS = 100
WATCH_S = 2.0
LOOK_AROUND_S = 0.5
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 5.0
LEAVE_S = 5.0
NAN = float("nan")
SECOND = timedelta(seconds=1)


class PartitionConsumer(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Runs from `start` to `stop`; a broker that is gone, a rebalance or a failed transaction never ends it.

    `status` says how it is doing.
    """

    def __init__(
        self, settings: Settings, registry: Registry, stages: Sequence[FoldStage], *, ticks: bool = True
    ) -> None:
        """Take the agents that fold, in their order; they must be up before `start`.

        Without `ticks` it appends none, for a log whose time is another desk's.
        """
        self.settings = settings
        self.status = ProcessingStatus()
        self._registry = registry
        self._stages = stages
        self._ticks = ticks
        self._options = client_options(settings)
        self._topic = settings.topic("reports")
        self._consumer: Any = None
        self._setup: TaskContext | None = None
        self._routes = Router(1)
        self._partitions: dict[int, PartitionTask] = {}
        self._owners: dict[int, asyncio.Task[None]] = {}
        #: Owners of partitions that are somebody else's by now, closing down.
        self._leaving: set[asyncio.Task[None]] = set()
        self._looked_s = 0.0
        self._running: asyncio.Task[None] | None = None
        self._assignor = sticky_assignor()

    def start(self) -> None:
        """Begin; returns at once."""
        self._running = asyncio.create_task(self._run(), name="consumer")

    async def stop(self) -> None:
        """Finish the transactions in hand, leave the group, let go of everything."""
        await self._hold_all(LEAVE_S)
        if self._running is not None:
            await cancel([self._running])
        for number in list(self._partitions):
            self._give_up(number)
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=LEAVE_S)
        await cancel(self._leaving)
        if self._setup is not None:
            await self._setup.cluster.stop()
        self.status.reason = "stopped"

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish what is in hand; what was fetched and not begun is fetched again by the next owner."""
        del revoked  # rebalances are eager: it is all of them
        await self._hold_all(self.settings.rebalance_timeout / SECOND / 3)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on with what is still ours, let go of the rest, and take over what is new."""
        for place in assigned:
            # Before anything else: fetching must not begin where the group's offset says.
            self._consumer.pause(place)
            self._consumer.seek(place, 0)
        numbers = sorted(place.partition for place in assigned)
        note_generation(self._assignor, self._consumer)
        most = self.settings.partitions_max
        self.status.reason = ""
        if len(numbers) > most:
            self.status.reason = f"{len(numbers)} partitions for one worker, which holds {most}: start more workers"
            log.error("%s", self.status.reason)
        log.info("partitions of this worker: %s", numbers)
        for number in set(self._partitions) - set(numbers[:most]):
            self._give_up(number)
        for number in numbers[:most]:
            if number in self._partitions:
                self._partitions[number].resume_work()
            elif self._setup is not None:
                self._adopt(self._setup, number)

    # What a partition sees of the consumer (`Reader`)

    def open(self, partition: int, offset: int) -> None:
        """Fetch a partition from here on."""
        place = TopicPartition(self._topic, partition)
        if self._assigned(place):
            self._consumer.seek(place, offset)
            self._consumer.resume(place)

    def resume(self, partition: int) -> None:
        """Go on fetching after a pause."""
        place = TopicPartition(self._topic, partition)
        if self._assigned(place):
            self._consumer.resume(place)

    def pause(self, partition: int) -> None:
        """Fetch no more for now."""
        place = TopicPartition(self._topic, partition)
        if self._assigned(place):
            self._consumer.pause(place)

    async def unread(self, partition: int) -> int | None:
        """Return how many offsets are stable in the log and not fetched; None where that is not known."""
        place = TopicPartition(self._topic, partition)
        if not self._assigned(place):
            return None
        stable = self._consumer.last_stable_offset(place)
        if stable is None or stable < 0:
            return None
        return max(0, int(stable - await self._consumer.position(place)))

    def _assigned(self, place: TopicPartition) -> bool:
        return self._consumer is not None and place in self._consumer.assignment()

    # The life of the consumer

    async def _run(self) -> None:
        retry_s = RETRY_FIRST_S
        while True:
            try:
                if self._setup is None:
                    self._setup = await self._connect()
                await self._consume(self._setup)
            except NeedsOperator as error:
                self._stand_still(str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
                self._stand_still(f"Kafka at {self.settings.bootstrap_servers}: {type(error).__name__}: {error}")
            else:
                retry_s = RETRY_FIRST_S
            await asyncio.sleep(retry_s)
            retry_s = min(RETRY_MOST_S, 2 * retry_s)

    def _stand_still(self, reason: str) -> None:
        if self.status.reason != reason:
            log.error("the desk stands still and goes on trying: %s", reason)
        self.status.reason = reason

    async def _connect(self) -> TaskContext:
        settings, status = self.settings, self.status
        cluster = Topology(self._options, settings)
        try:
            await cluster.start()
            shape = await cluster.shape()
        except BaseException:
            await cluster.stop()
            raise
        share = min(shape.partitions, settings.partitions_max)
        limits = Limits(
            batch_records=settings.batch_max_records,
            # Each partition may hold two batches before it is paused.
            batch_bytes=min(settings.batch_max_bytes, settings.backlog_max_bytes // share // 2),
            transaction_s=settings.transaction_timeout / SECOND,
            fenced_s=settings.session_timeout / SECOND / 10,
            ticks=self._ticks,
        )
        self._routes = Router(shape.partitions)
        return TaskContext(settings, self._options, self._registry, limits, self._stages, cluster, shape, status)

    async def _consume(self, setup: TaskContext) -> None:
        settings = self.settings
        session_ms = int(settings.session_timeout / SECOND * 1000)
        # Anew: what ended the last consumer may be a right that was taken away.
        setup.shape = await setup.cluster.shape()
        watch = asyncio.create_task(self._watch(setup), name="watch")
        consumer = self._consumer = group_consumer(
            self._options,
            settings.app_id,
            client_id=settings.app_id,
            partition_assignment_strategy=[self._assignor],
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(100, session_ms // 10),
            rebalance_timeout_ms=int(settings.rebalance_timeout / SECOND * 1000),
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=settings.fetch_max_bytes,
        )
        try:
            await consumer.start()
            self.status.reason = "joining the group"
            consumer.subscribe([self._topic], listener=self)
            while True:
                await self._poll(setup)
        finally:
            watch.cancel()
            await self._hold_all(LEAVE_S)
            self._consumer = None
            await _stop(consumer)

    async def _watch(self, setup: TaskContext) -> None:
        """Note whether a broker answers: the clients try again for ever and say nothing."""
        while True:
            try:
                await setup.cluster.ping()
                unreachable = ""
            except Exception as error:  # noqa: BLE001 - no kind of failure is an answer
                unreachable = f"no Kafka broker answers at {self.settings.bootstrap_servers}: {error!r}"
            if bool(unreachable) != bool(self.status.unreachable):
                log.log(logging.ERROR if unreachable else logging.INFO, "%s", unreachable or "a broker answers again")
            self.status.unreachable = unreachable
            await asyncio.sleep(WATCH_S)

    async def _poll(self, setup: TaskContext) -> None:
        """Drain what has been fetched: one partition left unread would hold up all of its broker."""
        try:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        except NoOffsetForPartitionError:
            return  # of a partition not yet taken over
        except OffsetOutOfRangeError as error:
            for place in error.args[0]:
                if place.partition in self._partitions:
                    self._partitions[place.partition].fail(f"the log has no offset {error.args[0][place]} any more")
            return
        for place, records in fetched.items():
            owner = self._partitions.get(place.partition)
            if owner is not None:
                owner.offer(records)
        # Where records come all the time, nothing would ever be fetched in vain.
        if not fetched or time.monotonic() - self._looked_s > LOOK_AROUND_S:
            await self._look_around(setup)

    async def _look_around(self, setup: TaskContext) -> None:
        self._looked_s = time.monotonic()
        found = self._consumer.partitions_for_topic(self._topic)
        if found and len(found) != setup.shape.partitions:
            self._setup = None
            for number in list(self._partitions):
                self._give_up(number)
            await setup.cluster.stop()
            raise NeedsOperator(f"{self._topic} had {setup.shape.partitions} partitions and has {len(found)} now")
        for number, owner in self._partitions.items():
            owner.status.unread = await self.unread(number)
            owner.poll()

    # The owners of partitions

    def _adopt(self, setup: TaskContext, number: int) -> None:
        owner = self._partitions[number] = PartitionTask(setup, number, self, self._routes)
        status = self.status.partitions[number] = owner.status
        metrics.watch_partition(
            number, lag=lambda: NAN if status.lag is None else status.lag, running=lambda: status.runs,
            restored=lambda: status.restored_ratio, standing=lambda: NAN if owner.reports is None else owner.reports,
        )  # fmt: skip
        task = self._owners[number] = asyncio.create_task(owner.run(), name=f"partition {number}")
        task.add_done_callback(_report_end)

    def _give_up(self, number: int) -> None:
        self._partitions.pop(number).leave()
        del self.status.partitions[number]
        metrics.forget_partition(number)
        task = self._owners.pop(number)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _hold_all(self, limit_s: float) -> None:
        await asyncio.gather(*(owner.hold(limit_s) for owner in self._partitions.values()))


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("%s has ended", task.get_name(), exc_info=error)


async def _stop(consumer: Any) -> None:
    """Leave the group; a consumer in the middle of a rebalance would wait for the others."""
    try:
        async with asyncio.timeout(LEAVE_S):
            await consumer.stop()
    except Exception as error:  # noqa: BLE001 - the group will find out by itself
        log.warning("the group was not left in good order: %r", error)
