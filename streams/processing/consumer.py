"""The group's consumer, and a task for each partition that the group assigns to this worker."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from streams.core.source_registry import Registry
from streams.kafka.aiokafka_patches.group import note_generation, sticky_assignor, wait_for_rebalances
from streams.kafka.cancellation import cancel
from streams.kafka.client import client_options
from streams.kafka.consumers import group_consumer
from streams.kafka.retry import retry_forever
from streams.kafka.routing import Router
from streams.observability import metrics
from streams.observability.unknown_sources import UnknownSourceLog
from streams.observability.wall_clock import WallClock
from streams.processing.context import MAX_TAKEOVERS, Limits, TaskContext
from streams.processing.errors import NeedsOperator, describe, log_cut
from streams.processing.gc_tuning import GcFreezer
from streams.processing.partition_task import PartitionTask
from streams.processing.pipeline import FoldStage
from streams.processing.status import ProcessingStatus
from streams.processing.topology import Topology
from streams.settings import Settings

__all__ = ["PartitionConsumer"]

_log = structlog.get_logger(__name__)

POLL_MS = 200
#: More than uncompressed fetches hold; a compressed one may hold any number.
POLL_RECORDS = 50_000
#: A pending fetch delays the next one to the same broker, also for a partition that was just resumed.
FETCH_WAIT_MS = 100
WATCH_S = 2.0
#: Between two surveys of the shapes of topics and the begin of the log.
SURVEY_S = 60.0
PARTITIONS_POLL_S = 0.5
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 5.0
STOP_S = 5.0
#: Beyond the time that the members of the group have to join.
JOIN_MARGIN_S = 5.0
NAN = float("nan")
SECOND = timedelta(seconds=1)


class PartitionConsumer(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Processes from `start` to `stop`; no lost broker, rebalance or failed transaction ends it.

    `status` says how it is doing.
    """

    def __init__(
        self, settings: Settings, registry: Registry, stages: Sequence[FoldStage], *, ticks: bool = True
    ) -> None:
        """`stages` are the folding agents in order; they must run before `start`.

        Without `ticks` it appends none, for a copy of a log that has the ticks of another worker.
        """
        self.settings = settings
        self.status = ProcessingStatus()
        self._registry = registry
        self._clock = WallClock()
        self._stages = stages
        self._ticks = ticks
        self._options = client_options(settings)
        self._topic = settings.topic("reports")
        self._consumer: Any = None
        self._context: TaskContext | None = None
        self._router = Router(1)
        #: Why the topics are unfit according to the last survey, and the partitions of the log then.
        self._unfit = ""
        self._partitions_found = 1
        #: Ids of the log and the ledger when the topics were first looked at.
        self._topic_ids: Mapping[str, str] = {}
        self._partitions: dict[int, PartitionTask] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        #: Tasks of partitions that are another worker's now, while they close.
        self._closing: set[asyncio.Task[None]] = set()
        self._polled_s = 0.0
        self._running: asyncio.Task[None] | None = None
        self._assignor = sticky_assignor()

    def start(self) -> None:
        """Begin; returns at once."""
        self._running = asyncio.create_task(self._run(), name="consumer")

    async def stop(self) -> None:
        """Finish the transactions in progress, leave the group and close all connections."""
        await self._pause_all(STOP_S)
        if self._running is not None:
            await cancel([self._running])
        for number in list(self._partitions):
            self._release(number)
        if self._closing:
            await asyncio.wait(self._closing, timeout=STOP_S)
        await cancel(self._closing)
        if self._context is not None:
            await self._context.topology.stop()
        self.status.reason = "stopped"

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the transactions in progress; the next owner fetches the queued records again."""
        del revoked  # rebalances are eager: all of them
        await self._pause_all(self.settings.rebalance_timeout / SECOND / 3)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Resume the partitions that are still ours, release the others, and take over the new ones."""
        if self._consumer is None:
            return  # it is being closed: a join that ends meanwhile assigns nothing
        for tp in assigned:
            # Before anything else: fetching must not begin at the group's offset.
            self._consumer.pause(tp)
            self._consumer.seek(tp, 0)
        numbers = sorted(tp.partition for tp in assigned)
        note_generation(self._assignor, self._consumer)
        most = self.settings.partitions_max
        self.status.reason = ""
        if len(numbers) > most:
            self.status.reason = f"{len(numbers)} partitions for one worker, which holds {most}: start more workers"
            _log.error("too_many_partitions", partitions=len(numbers), limit=most)
        _log.info("partitions_assigned", partitions=numbers)
        for number in set(self._partitions) - set(numbers[:most]):
            self._release(number)
        for number in numbers[:most]:
            if number in self._partitions:
                self._partitions[number].resume_work()
            elif self._context is not None:
                self._adopt(self._context, number)

    # The consumer as a partition uses it (`PartitionReader`)

    def open(self, partition: int, offset: int) -> None:
        """Fetch a partition from this offset on."""
        tp = TopicPartition(self._topic, partition)
        if self._is_assigned(tp):
            self._consumer.seek(tp, offset)
            self._consumer.resume(tp)

    def resume(self, partition: int) -> None:
        """Continue fetching after a pause."""
        tp = TopicPartition(self._topic, partition)
        if self._is_assigned(tp):
            self._consumer.resume(tp)

    def pause(self, partition: int) -> None:
        """Stop fetching for now."""
        tp = TopicPartition(self._topic, partition)
        if self._is_assigned(tp):
            self._consumer.pause(tp)

    async def unread(self, partition: int) -> int | None:
        """Return the number of stable offsets that are not fetched yet; None: unknown."""
        tp = TopicPartition(self._topic, partition)
        if not self._is_assigned(tp):
            return None
        stable = self._consumer.last_stable_offset(tp)
        if stable is None or stable < 0:
            return None
        return max(0, int(stable - await self._consumer.position(tp)))

    def _is_assigned(self, tp: TopicPartition) -> bool:
        return self._consumer is not None and tp in self._consumer.assignment()

    # The life of the consumer

    async def _run(self) -> None:
        await retry_forever(self._consume, first_s=RETRY_FIRST_S, max_s=RETRY_MAX_S, failed=self._failed)

    def _failed(self, error: Exception, wait_s: float) -> None:
        servers = self.settings.bootstrap_servers
        reason = str(error) if isinstance(error, NeedsOperator) else f"Kafka at {servers}: {describe(error)}"
        if self.status.reason != reason:
            _log.error("processing_stopped", reason=reason, retry_in_s=wait_s)
        self.status.reason = reason

    async def _connect(self) -> TaskContext:
        settings = self.settings
        topology = Topology(self._options, settings)
        try:
            await topology.start()
            shapes = await topology.shapes()
        except BaseException:
            await topology.stop()
            raise
        self._topic_ids = {name: shapes.topic_ids[name] for name in ("reports", "ledger") if name in shapes.topic_ids}
        share = min(shapes.partitions, settings.partitions_max)
        limits = Limits(
            batch_records=settings.batch_max_records,
            # Each partition may queue two batches before it is paused.
            batch_bytes=min(settings.batch_max_bytes, settings.backlog_max_bytes // share // 2),
            transaction_s=settings.transaction_timeout / SECOND,
            fenced_s=settings.session_timeout / SECOND / 10,
            ticks=self._ticks,
        )
        self._router, self._partitions_found = Router(shapes.partitions), shapes.partitions
        return TaskContext(
            settings, self._options, self._registry, limits, self._stages, topology, self.status,
            GcFreezer(), UnknownSourceLog(self._registry), asyncio.Semaphore(MAX_TAKEOVERS), self._clock,
        )  # fmt: skip

    async def _consume(self) -> None:
        if self._context is None:
            self._context = await self._connect()
        context, settings = self._context, self.settings
        session_ms = int(settings.session_timeout / SECOND * 1000)
        # Each time: the last consumer may have ended because a right was taken away.
        await context.topology.shapes()
        watch = asyncio.create_task(self._watch(context), name="watch")
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
        wait_for_rebalances(consumer, settings.rebalance_timeout / SECOND + JOIN_MARGIN_S)
        try:
            await consumer.start()
            self.status.reason = "joining the group"
            consumer.subscribe([self._topic], listener=self)
            while True:
                await self._poll(context)
        finally:
            watch.cancel()
            await self._pause_all(STOP_S)
            self._consumer = None
            await _leave(consumer)

    async def _watch(self, context: TaskContext) -> None:
        """Note whether a broker answers, and whether the topics are still those that the state was made of.

        The clients retry for ever without an error, also on a topic that was deleted.
        """
        surveyed_s = -SURVEY_S
        while True:
            self._watch_clock()
            try:
                await context.topology.ping()
                unreachable = ""
                all_there = self._check_topic_ids(await context.topology.topic_ids())
                if not all_there or time.monotonic() - surveyed_s >= SURVEY_S:
                    surveyed_s = time.monotonic()
                    await self._survey(context)
            except Exception as error:  # noqa: BLE001 - no failure is an answer
                unreachable = f"no Kafka broker answers at {self.settings.bootstrap_servers}: {error!r}"
            if unreachable and not self.status.unreachable:
                _log.error("broker_unreachable", reason=unreachable)
            elif self.status.unreachable and not unreachable:
                _log.info("broker_answers")
            self.status.unreachable = unreachable
            await asyncio.sleep(WATCH_S)

    def _check_topic_ids(self, topic_ids: Mapping[str, str]) -> bool:
        """Note a topic that is another one than before; return whether all are there."""
        for name, topic_id in self._topic_ids.items():
            if topic_ids.get(name, topic_id) != topic_id:
                self._unfit = f"{self.settings.topic(name)} was deleted and created again"
        return self._topic_ids.keys() <= topic_ids.keys()

    def _watch_clock(self) -> None:
        doubt = self._clock.doubt()
        if doubt and not self.status.clock_doubt:
            _log.error("clock_in_doubt", reason=doubt)
        self.status.clock_doubt = doubt

    async def _survey(self, context: TaskContext) -> None:
        """Stop all processing if topics are unfit, or a partition if its log was cut; both are retried.

        Partitions of other workers are looked at too: this one answers questions about their episodes.
        """
        try:
            shapes = await context.topology.shapes()
            log = [TopicPartition(self._topic, number) for number in range(shapes.partitions)]
            begins = {tp.partition: begin for tp, (begin, _) in (await context.topology.bounds(log)).items()}
        except NeedsOperator as error:
            self._unfit = str(error)
            return
        self._partitions_found = shapes.partitions
        cut = {number: log_cut(f"{self._topic} partition {number}", begin) for number, begin in begins.items() if begin}
        self.status.cut_elsewhere = [words for number, words in cut.items() if number not in self._partitions]
        for number, task in self._partitions.items():
            if number in cut:
                task.fail(cut[number])

    async def _poll(self, context: TaskContext) -> None:
        """Drain the fetched records: one unread partition would hold up all others of its broker."""
        try:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        except NoOffsetForPartitionError:
            return  # of a partition that is not taken over yet
        except OffsetOutOfRangeError as error:
            for tp, offset in error.args[0].items():
                if tp.partition in self._partitions:
                    self._partitions[tp.partition].fail(f"the log has no offset {offset} any more")
            return
        for tp, records in fetched.items():
            task = self._partitions.get(tp.partition)
            if task is not None:
                task.enqueue(records)
        # While records keep coming no fetch is ever empty.
        if not fetched or time.monotonic() - self._polled_s > PARTITIONS_POLL_S:
            await self._poll_partitions(context)

    async def _poll_partitions(self, context: TaskContext) -> None:
        self._polled_s = time.monotonic()
        # Metadata of a consumer are up to five minutes old, a survey one.
        present = self._consumer.partitions_for_topic(self._topic) or ()
        found = {len(present), self._partitions_found} - {0, self._router.partitions}
        if found and not self._unfit:
            self._unfit = f"{self._topic} had {self._router.partitions} partitions and has {max(found)} now"
        if self._unfit:
            await self._abandon(context, self._unfit)
        for number, task in self._partitions.items():
            task.poll(await self.unread(number))

    async def _abandon(self, context: TaskContext, reason: str) -> None:
        """Release all partitions and begin again from the present topics; raises NeedsOperator."""
        self._context, self._unfit = None, ""
        for number in list(self._partitions):
            self._release(number)
        await context.topology.stop()
        raise NeedsOperator(reason)

    # The tasks of partitions

    def _adopt(self, context: TaskContext, number: int) -> None:
        partition = self._partitions[number] = PartitionTask(context, number, self, self._router)
        status = self.status.partitions[number] = partition.status
        metrics.watch_partition(
            number, lag=lambda: NAN if status.lag is None else status.lag, running=lambda: status.runs,
            restored=lambda: status.restored_ratio,
            standing=lambda: NAN if partition.reports is None else partition.reports,
        )  # fmt: skip
        task = self._tasks[number] = asyncio.create_task(partition.run(), name=f"partition {number}")
        task.add_done_callback(_report_end)

    def _release(self, number: int) -> None:
        self._partitions.pop(number).request_stop()
        del self.status.partitions[number]
        metrics.forget_partition(number)
        task = self._tasks.pop(number)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _pause_all(self, limit_s: float) -> None:
        await asyncio.gather(*(task.pause_work(limit_s) for task in self._partitions.values()))


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("partition_task_ended", task=task.get_name(), exc_info=error)


async def _leave(consumer: Any) -> None:
    """Leave the group; a consumer in the middle of a rebalance would wait for the others."""
    try:
        async with asyncio.timeout(STOP_S):
            await consumer.stop()
    except Exception as error:  # noqa: BLE001 - the group finds out after the session timeout
        _log.warning("group_not_left", reason=describe(error))
