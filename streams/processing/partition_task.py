"""One input partition: taken over, worked on one transaction at a time, taken over again after any failure.

Taking over has an order that must not change (`takeover`): the producer of the partition's transactional id is
started, which fences the last owner and ends its open transaction; then the ledger is read back; then work
goes on at the offset that the ledger gives. Each transaction writes the next offset there.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    ProducerFenced,
    RecordListTooLargeError,
)

from streams.kafka.routing import Router
from streams.kafka.transactional_producer import TransactionalProducer
from streams.observability import metrics
from streams.processing.backlog import Backlog
from streams.processing.context import TaskContext
from streams.processing.errors import NeedsOperator, SplitBatch
from streams.processing.status import PartitionState, PartitionStatus
from streams.processing.takeover import OUTPUTS, TakenOver, finish_open_transactions, take_over, transactional_id
from streams.processing.transaction import PartitionTransactions

__all__ = ["PartitionTask", "RawReader"]

log = logging.getLogger(__name__)

#: A batch is refused for what is in it, mostly by a broker: trying the same again would be in vain.
REFUSALS = (
    SplitBatch,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    CorruptRecordException,
    InvalidTimestampError,
)
RETRY_FIRST_S = 0.2
RETRY_MOST_S = 5.0
#: How often it is looked whether a partition whose timer is due has caught up.
CATCH_UP_S = 0.25


class RawReader(Protocol):
    """The desk's consumer, as a partition sees it; nothing happens where the partition is not assigned to us."""

    def open(self, partition: int, offset: int) -> None:
        """Fetch from here on."""

    def resume(self, partition: int) -> None:
        """Go on fetching after a pause."""

    def pause(self, partition: int) -> None:
        """Fetch no more for now."""

    async def unread(self, partition: int) -> int | None:
        """Return how many offsets are stable in the log and not fetched; None where that is not known."""


class PartitionTask:
    """The owner of one partition: `run` until `leave`."""

    def __init__(self, setup: TaskContext, number: int, reader: RawReader, routes: Router) -> None:
        self.number = number
        self.status = PartitionStatus(number)
        self._setup = setup
        self._reader = reader
        self._work = PartitionTransactions(setup, number, routes)
        self._backlog = Backlog(setup.limits.batch_records, setup.limits.batch_bytes)
        self._wake = asyncio.Event()
        #: Set while no transaction is in hand.
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._held = False
        self._leaving = False
        self._paused = False
        #: Where fetching goes on after a pause, if not where it stopped: there was no room for what came.
        self._again: int | None = None
        self._broken: Exception | None = None
        self._failures = 0
        self._in_hand: list[Any] = []
        #: Records below this offset go one a transaction: the broker refused them together.
        self._careful_below = 0
        self._producer: TransactionalProducer | None = None
        self._takeover: asyncio.Future[TakenOver] | None = None
        self._state: TakenOver | None = None
        #: The next timer of the ledger, and the one that the last tick was sent for: (time in µs, episode).
        self._timer: tuple[int, str] | None = None
        self._ticked: tuple[int, str] | None = None

    @property
    def reports(self) -> int | None:
        """How many accepted reports its state holds; None while there is no state."""
        return None if self._state is None else self._state.ledger.reports()

    def offer(self, fetched: list[Any]) -> None:
        """Take fetched records.

        Passed over are those that were fetched before the partition was ours, and those behind one that there was no
        room for: they are fetched again.
        """
        if self._state is None or self._held or (self._paused and self._again is not None):
            return
        self._again = self._backlog.put(fetched)
        self.status.queued = self._backlog.records
        # There may be no room although there is not enough yet: for a record that is longer than a batch.
        if (self._backlog.full or self._again is not None) and not self._paused:
            self._paused = True
            self._reader.pause(self.number)
        self._wake.set()

    def poll(self) -> None:
        """Go on where there is something to do that no record and no timer tells of."""
        if self._state is not None and self._state.producer.connection_lost:
            self._wake.set()

    async def hold(self, limit_s: float) -> None:
        """Begin no transaction any more, and wait for the one in hand; state and producer are kept."""
        self._held = True
        self._backlog.clear()
        self._wake.set()
        try:
            async with asyncio.timeout(limit_s):
                await self._quiet.wait()
        except TimeoutError:
            log.warning(
                "partition %d: the transaction in hand is not done after %.0f s", self.number, limit_s,
                extra={"partition": self.number},
            )  # fmt: skip

    def resume_work(self) -> None:
        """Go on after a hold: the partition is assigned to us as before."""
        self._held = False
        self._begin_fetching()
        self._wake.set()

    def fail(self, reason: str) -> None:
        """Stop work for what was found out while fetching; it is taken over again later."""
        self._broken = NeedsOperator(reason)
        self._wake.set()

    def leave(self) -> None:
        """Let `run` end: the partition is somebody else's, or the worker stops."""
        self._leaving = True
        self._wake.set()
        if self._takeover is not None:
            # It would fence the new owner, or read for a minute what is of no more use.
            self._takeover.cancel()

    async def run(self) -> None:
        """Take over and work until told to leave. What goes wrong ends in another takeover, never in an exception."""
        while not self._leaving:
            wait_s = 0.0
            try:
                await self._until_ours()
                self._takeover = asyncio.ensure_future(self._take_over())
                await self._go_on(await self._takeover)
            except asyncio.CancelledError:
                if not self._leaving:
                    raise
            except NeedsOperator as error:
                wait_s = self._setup.limits.blocked_s
                self._stand_still(str(error), log.error)
            except ProducerFenced:
                wait_s = self._setup.limits.fenced_s
                self._setup.status.counts["fenced"] += 1
                metrics.FENCED.inc()
                self._stand_still("fenced: another worker took it over, or its transaction timed out", log.warning)
            except Exception as error:  # noqa: BLE001 - whatever it is, the partition goes on
                wait_s = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0**self._failures)
                self._failures = min(self._failures + 1, 10)
                self._setup.status.counts["failures"] += 1
                self._note_refusal(error)
                self._stand_still(f"{type(error).__name__}: {error}", log.warning)
            finally:
                await self._let_go()
            await self._sleep(wait_s)

    async def _until_ours(self) -> None:
        """Wait out a hold: whether the partition is still ours is not known."""
        while self._held and not self._leaving:
            await self._rest(None)

    async def _take_over(self) -> TakenOver:
        settings, limits = self._setup.settings, self._setup.limits
        place = TopicPartition(settings.topic("reports"), self.number)
        self._broken = None
        self._producer = TransactionalProducer(
            self._setup.options,
            transactional_id(settings.app_id, place),
            transaction_timeout_ms=int(limits.transaction_s * 1000),
            batch_bytes=min(self._setup.shape.record_limits.values()),
            # The ledger is nobody else's, so nobody else needs to have its codec.
            codecs={settings.topic(name): "zstd" if name == "ledger" else settings.compression for name in OUTPUTS},
        )
        state = await take_over(self._setup, self.status, self._producer)
        await self._work.register(state)
        self._setup.memory.restored()
        self._setup.status.counts["takeovers"] += 1
        metrics.TAKEOVERS.inc()
        self._timer, self._ticked = self._next_timer(state), None
        self._state = state
        self.status.state, self.status.reason = PartitionState.RUNNING, ""
        self.status.next_offset = state.next_offset
        self._begin_fetching()
        return state

    async def _go_on(self, state: TakenOver) -> None:
        while not self._leaving:
            if self._broken is not None:
                raise self._broken
            if self._held:
                await self._rest(None)
                continue
            self._quiet.clear()
            try:
                done = await self._transaction(state)
            finally:
                self._quiet.set()
            if done:
                self._failures = 0
                self.status.last_commit_s = time.time()
            else:
                await self._rest(self._rest_s(state))

    async def _transaction(self, state: TakenOver) -> bool:
        """Do what is to be done next; return whether there was anything."""
        if state.producer.connection_lost:
            await finish_open_transactions(self._setup, self.number, state.producer, commit=True)
            return True
        if self._backlog.records:
            await self._batch(state)
            return True
        due_s = state.due_s()
        if due_s is not None and due_s <= time.monotonic():
            await self._work.due(state)
            return True
        timer = self._timer
        if timer is None or timer == self._ticked or timer[0] > time.time_ns() // 1000:
            return False
        unread = await self._reader.unread(self.number)
        if unread is None or unread + self._backlog.records > 0:
            return False
        await self._work.tick(state, *timer)
        self._ticked = timer
        return True

    async def _batch(self, state: TakenOver) -> None:
        most = 1 if state.next_offset < self._careful_below else self._setup.limits.batch_records
        records = self._backlog.take(most)
        if self._paused and self._backlog.low:
            self._resume()
        if records[0].offset < state.next_offset:
            # Fetched again: after a hold that ended before the batch then in hand did.
            records = [record for record in records if record.offset >= state.next_offset]
            if not records:
                return
        self._in_hand = records
        tally = await self._work.batch(state, records)
        self._setup.memory.grew(len(records))
        if tally.ceasefires:
            self._timer = self._next_timer(state)
        self.status.next_offset = state.next_offset
        self.status.queued = self._backlog.records

    def _next_timer(self, state: TakenOver) -> tuple[int, str] | None:
        return state.ledger.next_timer() if self._setup.limits.ticks else None

    def _note_refusal(self, error: Exception) -> None:
        """Find the record whose outputs a broker refuses: no record can stop a partition."""
        if not isinstance(error, REFUSALS) or not self._in_hand:
            return
        last = self._in_hand[-1].offset
        if isinstance(error, InvalidTimestampError):
            self._work.undate(last + 1)
        elif len(self._in_hand) == 1 and last < self._careful_below:
            # Alone, and not for the first time: what the topics take was looked at anew in between.
            self._work.refuse(last, f"the broker refuses what it makes: {error}")
        else:
            self._careful_below = last + 1

    def _begin_fetching(self) -> None:
        if self._state is not None and not self._held:
            self._again = self._state.next_offset
            self._resume()

    def _resume(self) -> None:
        self._paused = False
        if self._again is None:
            self._reader.resume(self.number)
        else:
            self._reader.open(self.number, self._again)

    def _stand_still(self, reason: str, say: Callable[..., None]) -> None:
        say("partition %d stands still: %s", self.number, reason, extra={"partition": self.number})
        self.status.state, self.status.reason = PartitionState.BLOCKED, reason

    async def _let_go(self) -> None:
        """Throw the producer away, and with it the state: what became of the last transaction may be unknown."""
        self._state, producer, self._producer, self._takeover = None, self._producer, None, None
        self._in_hand = []
        self._backlog.clear()
        self._reader.pause(self.number)
        if producer is not None:
            await producer.close()

    def _rest_s(self, state: TakenOver) -> float | None:
        """Return for how long there is nothing to do unless records come; None: for ever."""
        due = []
        if (due_s := state.due_s()) is not None:
            due.append(due_s - time.monotonic())
        if self._timer is not None and self._timer != self._ticked:
            due.append(max(CATCH_UP_S, self._timer[0] / 1e6 - time.time()))
        return max(0.0, min(due)) if due else None

    async def _rest(self, most_s: float | None) -> None:
        """Wait until woken, or for so long."""
        self._wake.clear()
        try:
            async with asyncio.timeout(most_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _sleep(self, wait_s: float) -> None:
        """Wait so long before the next try, or until told to leave."""
        until_s = time.monotonic() + wait_s
        while not self._leaving and (left_s := until_s - time.monotonic()) > 0:
            await self._rest(left_s)
