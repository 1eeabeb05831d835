"""One input partition: taken over, processed one transaction at a time, taken over again after any failure.

The order of a takeover must not change (`takeover`): the producer of the partition's transactional id is started, which
fences the last owner and ends its open transaction; then the ledger is restored; then processing resumes at the offset
in the ledger. Each transaction writes the next offset there.
"""

import asyncio
import time
from enum import Enum, auto
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import InvalidTimestampError, ProducerFenced

from streams.kafka.retry import backoff_s
from streams.kafka.routing import Router
from streams.kafka.transactional_producer import TransactionalProducer
from streams.observability import metrics
from streams.processing.backlog import FetchQueue, PartitionReader
from streams.processing.batch_limit import REFUSALS, BatchLimit
from streams.processing.context import TaskContext
from streams.processing.errors import NeedsOperator, describe
from streams.processing.partition_state import PartitionEvent
from streams.processing.status import PartitionStatus
from streams.processing.takeover import finish_open_transactions, make_producer, take_over
from streams.processing.tick_timer import TickTimer
from streams.processing.transaction import PartitionTransactions, PartitionWriters

__all__ = ["PartitionTask"]

_log = structlog.get_logger(__name__)

RETRY_FIRST_S = 0.2
RETRY_MAX_S = 5.0


class Assignment(Enum):
    """Return True if the group gives the partition to this worker."""

    OURS = auto()
    #: The group rebalances.
    UNKNOWN = auto()
    REVOKED = auto()


class PartitionTask:
    """The owner of one partition: `run` until `request_stop`."""

    def __init__(self, context: TaskContext, number: int, reader: PartitionReader, router: Router) -> None:
        self.number = number
        self.status = PartitionStatus(number)
        self._context = context
        self._tp = TopicPartition(context.settings.topic("reports"), number)
        self._writers = PartitionWriters(context, self._tp, router)
        limits = context.limits
        self._queue = FetchQueue(number, reader, limits.batch_records, limits.batch_bytes)
        self._batch_limit = BatchLimit(limits.batch_records, limits.transaction_s)
        self._reader = reader
        self._assignment = Assignment.OURS
        self._ticks = TickTimer(context.clock)
        self._wake = asyncio.Event()
        #: Set while no transaction is in progress.
        self._idle = asyncio.Event()
        self._idle.set()
        self._failures = 0
        #: The last reason that was logged: a retry that fails for the same one is not logged again.
        self._blocked_by = ""
        self._fetch_fault: NeedsOperator | None = None
        self._batch: list[Any] = []
        self._batch_began_s = 0.0
        self._producer: TransactionalProducer | None = None
        self._takeover: asyncio.Future[PartitionTransactions] | None = None
        self._work: PartitionTransactions | None = None

    @property
    def reports(self) -> int | None:
        """Number of accepted reports in its state; None while there is no state."""
        return None if self._work is None else self._work.ledger.reports()

    def enqueue(self, fetched: list[Any]) -> None:
        """Add fetched records to the queue."""
        self._queue.put(fetched)
        self.status.queued = self._queue.records
        self._wake.set()

    def poll(self, unread: int | None) -> None:
        """Note how much is unread, and wake up for what no record and no timer announces."""
        self.status.unread = unread
        if self._producer is not None and self._work is not None and self._producer.connection_lost:
            self._wake.set()

    async def pause_work(self, limit_s: float) -> None:
        """Begin no transaction any more and wait for the one in progress; state and producer are kept."""
        if self._assignment is Assignment.OURS:
            self._assignment = Assignment.UNKNOWN
        self.status.on(PartitionEvent.REBALANCE, self.status.reason)
        self._queue.discard()
        self._wake.set()
        try:
            async with asyncio.timeout(limit_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("transaction_not_finished", partition=self.number, limit_s=limit_s)

    def resume_work(self) -> None:
        """Continue after `pause_work`: the partition is assigned to this worker as before."""
        self._assignment = Assignment.OURS
        self.status.on(PartitionEvent.ASSIGNED, self.status.reason)
        if self._work is not None:
            self._queue.start(self._work.next_offset)
        self._wake.set()

    def fail(self, reason: str) -> None:
        """Stop for a fault found while fetching; the partition is taken over again later."""
        self._fetch_fault = NeedsOperator(reason)
        self._wake.set()

    def request_stop(self) -> None:
        """Let `run` end: the partition is another worker's, or this worker stops."""
        self._assignment = Assignment.REVOKED
        self._wake.set()
        if self._takeover is not None:
            # It would fence the new owner, or restore a state that is of no more use.
            self._takeover.cancel()

    async def run(self) -> None:
        """Take over and process until `request_stop`. A failure leads to another takeover, never to an exception."""
        while not self._is_revoked:
            wait_s = 0.0
            try:
                await self._until_assigned()
                self._takeover = asyncio.ensure_future(self._take_over())
                await self._process(await self._takeover)
            except asyncio.CancelledError:
                if not self._is_revoked:
                    raise
            except Exception as error:  # noqa: BLE001 - any failure leads to another takeover
                wait_s = self._failed(error)
            finally:
                await self._release()
            await self._sleep(wait_s)
            if not self._is_revoked:
                self.status.on(PartitionEvent.RETRY, self.status.reason)

    @property
    def _is_revoked(self) -> bool:
        return self._assignment is Assignment.REVOKED

    async def _until_assigned(self) -> None:
        while self._assignment is Assignment.UNKNOWN:
            await self._rest(None)

    async def _take_over(self) -> PartitionTransactions:
        context = self._context
        self._fetch_fault = None
        async with context.takeovers:
            self.status.on(PartitionEvent.TAKEOVER)
            shapes = await context.topology.shapes()
            self._producer = make_producer(context, self._tp, shapes)
            taken = await take_over(context, self.status, self._producer, shapes)
        work = PartitionTransactions(context, self._writers, taken)
        await work.register()
        context.memory.restored()
        context.status.counts["takeovers"] += 1
        metrics.TAKEOVERS.inc()
        self._ticks = TickTimer(context.clock)
        self._work = work
        self._set_timer(work)
        self.status.on(PartitionEvent.RESTORED)
        self.status.next_offset = work.next_offset
        if self._assignment is Assignment.OURS:
            self._queue.start(work.next_offset)
        else:
            self.status.on(PartitionEvent.REBALANCE)
        return work

    async def _process(self, work: PartitionTransactions) -> None:
        while not self._is_revoked:
            if self._fetch_fault is not None:
                raise self._fetch_fault
            if self._assignment is Assignment.UNKNOWN:
                await self._rest(None)
                continue
            self._idle.clear()
            try:
                done = await self._transaction(work)
            finally:
                self._idle.set()
            if done:
                self._failures, self._blocked_by = 0, ""
                self.status.last_commit_s = time.time()
            else:
                await self._rest(self._rest_s(work))

    async def _transaction(self, work: PartitionTransactions) -> bool:
        """Do the next piece of work; return whether there was any."""
        if work.producer.connection_lost:
            await finish_open_transactions(self._context, self._tp, work.producer, work.shapes, commit=True)
            return True
        if self._queue.records:
            await self._batch_transaction(work)
            return True
        due_s = work.due_s()
        if due_s is not None and due_s <= time.monotonic():
            await work.write_due()
            return True
        timer = self._ticks.due()
        if timer is None or (unread := await self._reader.unread(self.number)) is None:
            return False
        if unread + self._queue.records > 0:
            return False
        await work.tick(*timer)
        self._ticks.sent(timer)
        return True

    async def _batch_transaction(self, work: PartitionTransactions) -> None:
        records = self._queue.take(self._batch_limit.records(work.next_offset))
        if records[0].offset < work.next_offset:
            # Fetched again after a pause that ended before the batch then in progress did.
            records = [record for record in records if record.offset >= work.next_offset]
            if not records:
                return
        self._batch, self._batch_began_s = records, time.monotonic()
        stats = await work.batch(records)
        self._batch = []
        self._batch_limit.committed()
        self._context.clock.saw(records[-1].timestamp * 1_000)
        self._context.memory.added(len(records))
        if stats.ceasefires:
            self._set_timer(work)
        self.status.next_offset = work.next_offset
        self.status.queued = self._queue.records

    def _set_timer(self, work: PartitionTransactions) -> None:
        self._ticks.set(work.ledger.next_timer() if self._context.limits.ticks else None)

    def _failed(self, error: Exception) -> float:
        """Report a failure; return how long to wait before the next takeover."""
        limits, counts = self._context.limits, self._context.status.counts
        if isinstance(error, NeedsOperator):
            self._block(str(error), _log.error)
            return limits.blocked_s
        self._limit_batches(error)
        if isinstance(error, ProducerFenced):
            counts["fenced"] += 1
            metrics.FENCED.inc()
            self._block("fenced: another worker took it over, or its transaction timed out", _log.warning)
            return limits.fenced_s
        self._failures += 1
        counts["failures"] += 1
        self._block(describe(error), _log.warning)
        return backoff_s(self._failures, RETRY_FIRST_S, RETRY_MAX_S)

    def _limit_batches(self, error: Exception) -> None:
        """Make the next batches smaller where that may help."""
        batch = self._batch
        if not batch:
            return
        if not isinstance(error, REFUSALS):
            took_s = time.monotonic() - self._batch_began_s
            if self._batch_limit.too_slow(batch, took_s):
                _log.warning("batch_too_slow", partition=self.number, records=len(batch), took_s=round(took_s, 1))
        elif isinstance(error, InvalidTimestampError):
            self._writers.encoder.drop_timestamps_below(batch[-1].offset + 1)
        elif not self._batch_limit.refused(batch):
            # Alone, and not for the first time: the limits of the topics were read again in between.
            self._writers.decoder.reject_at(batch[-1].offset, f"the broker refuses what it makes: {error}")

    def _block(self, reason: str, log: Any) -> None:
        if reason != self._blocked_by:
            log("partition_blocked", partition=self.number, reason=reason)
        self._blocked_by = reason
        self.status.on(PartitionEvent.FAILED, reason)

    async def _release(self) -> None:
        """Discard the producer, and with it the state: the outcome of the last transaction may be unknown."""
        self._work, producer, self._producer, self._takeover = None, self._producer, None, None
        self._batch = []
        self._queue.stop()
        if producer is not None:
            await producer.close()

    def _rest_s(self, work: PartitionTransactions) -> float | None:
        """Return how long there is nothing to do unless records come; None: for ever."""
        due_s, tick_s = work.due_s(), self._ticks.wait_s()
        waits = [] if due_s is None else [due_s - time.monotonic()]
        if tick_s is not None:
            waits.append(tick_s)
        return max(0.0, min(waits)) if waits else None

    async def _rest(self, most_s: float | None) -> None:
        """Wait until woken, or for this long."""
        self._wake.clear()
        try:
            async with asyncio.timeout(most_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _sleep(self, wait_s: float) -> None:
        """Wait before the next takeover, or until `request_stop`."""
        until_s = time.monotonic() + wait_s
        while not self._is_revoked and (left_s := until_s - time.monotonic()) > 0:
            await self._rest(left_s)
