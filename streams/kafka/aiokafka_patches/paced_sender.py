"""A sender for transactional producers that retries quickly at first and slowly when a broker is down.

aiokafka waits `retry_backoff_ms`, one figure for all cases, before each retry. After a commit the next transaction
nearly always meets CONCURRENT_TRANSACTIONS once, for a millisecond or two, and would wait the whole figure; a broker
that is down would be asked again as fast as the figure allows.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.producer.sender import AddPartitionsToTxnHandler, Sender
from aiokafka.structs import TopicPartition

from streams.kafka.protocol.transactions import DECIDED, state_of

__all__ = ["QUICK_RETRIES", "QUICK_S", "SLOW_S", "PacedSender", "RetryPace"]

QUICK_S = 0.002
SLOW_S = 1.0
#: Quick retries of a transaction before each further one waits twice as long.
QUICK_RETRIES = 25


class RetryPace:
    """The wait before the next retry: `QUICK_S` at first, doubling up to `SLOW_S`, until something succeeds."""

    def __init__(self) -> None:
        self._retries = 0

    def next_s(self) -> float:
        """Return the wait before the retry that is due now, in seconds."""
        self._retries += 1
        doublings = min(max(0, self._retries - QUICK_RETRIES), 16)
        return min(SLOW_S, QUICK_S * 2.0**doublings)

    def succeeded(self) -> None:
        """Begin again with quick retries."""
        self._retries = 0


class _PacedAddPartitions(AddPartitionsToTxnHandler):  # type: ignore[misc] # aiokafka has no types
    """Waits by the sender's pace also where aiokafka has a constant, BACKOFF_OVERRIDE."""

    def handle_response(self, resp: Any) -> float | None:
        wait_s = super().handle_response(resp)
        return None if wait_s is None else self._default_backoff


class PacedSender(Sender):  # type: ignore[misc] # aiokafka has no types
    """A sender that waits by a `RetryPace` and whose pending requests can be cancelled."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.pace = RetryPace()
        #: Outcome of the transaction before our first, True: committed; None: none, or not known any more.
        self.last_outcome: bool | None = None
        self._pending: set[asyncio.Future[Any]] = set()
        super().__init__(*args, **options)

    @classmethod
    def install(cls, producer: AIOKafkaProducer, request_timeout_ms: int) -> "PacedSender":
        """Replace the sender of a transactional producer that is not started yet; return the new one."""
        old = producer._sender
        producer._sender = cls(
            producer.client,
            acks=-1,
            txn_manager=old._txn_manager,
            message_accumulator=old._message_accumulator,
            retry_backoff_ms=0,
            request_timeout_ms=request_timeout_ms,
        )
        sender: PacedSender = producer._sender
        return sender

    @property
    def producer_id(self) -> int:
        """The id that the coordinator gave this producer."""
        return int(self._txn_manager.producer_id)

    @property
    def connections(self) -> set[Any]:
        """The open connections to brokers."""
        return set(self.client._conns.values())

    @property
    def _retry_backoff(self) -> float:
        return self.pace.next_s()

    @_retry_backoff.setter
    def _retry_backoff(self, _fixed_s: float) -> None:
        """Ignore the fixed wait that `Sender.__init__` sets."""

    async def coordinator(self) -> int:
        """Return the node that coordinates this producer's transactions; raises KafkaError."""
        node: int = await self._find_coordinator(CoordinationType.TRANSACTION, self._txn_manager.transactional_id)
        return node

    def forget_coordinator(self) -> None:
        """Find the coordinator again before the next request to it."""
        self._coordinator_dead(CoordinationType.TRANSACTION)

    def add_partition(self, tp: TopicPartition) -> None:
        """Add a partition to the open transaction without writing to it."""
        self._txn_manager.maybe_add_partition_to_txn(tp)

    async def add_group(self, group: str) -> None:
        """Add the offsets of a group to the open transaction without writing any."""
        while not await super()._do_add_offsets_to_txn(group):
            pass  # after the wait of its pace

    def cancel_pending(self) -> None:
        """Cancel the sender and every pending request, which aiokafka would retry for ever."""
        if self._sender_task is not None:
            self._sender_task.cancel()
        for task in self._pending:
            task.cancel()

    def fail_batches(self, error: Exception) -> None:
        """End the futures of all batches that are not delivered."""
        self._message_accumulator.fail_all(error)

    async def _do_init_pid(self, node_id: int) -> Any:
        # A fault of the coordinator shows in the request that follows.
        with contextlib.suppress(KafkaError):
            # On each try: the first may have found the transaction open, and fenced it.
            self.last_outcome = DECIDED.get(await state_of(self.client, node_id, self._txn_manager.transactional_id))
        return await super()._do_init_pid(node_id)

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        await self._tracked(super()._send_produce_req(node_id, batches))

    async def _do_add_partitions_to_txn(self, tps: Any) -> Any:
        async def add() -> Any:
            return await _PacedAddPartitions(self, tps).do(await self.coordinator())

        return await self._tracked(add())

    async def _do_add_offsets_to_txn(self, group_id: str) -> Any:
        return await self._tracked(super()._do_add_offsets_to_txn(group_id))

    async def _do_txn_offset_commit(self, offsets: Any, group_id: str) -> Any:
        return await self._tracked(super()._do_txn_offset_commit(offsets, group_id))

    async def _do_txn_commit(self, commit_result: Any) -> Any:
        return await self._tracked(super()._do_txn_commit(commit_result))

    async def _tracked(self, request: Awaitable[Any]) -> Any:
        task = asyncio.ensure_future(request)
        self._pending.add(task)
        try:
            return await task
        finally:
            self._pending.discard(task)
