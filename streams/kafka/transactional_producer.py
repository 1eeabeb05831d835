"""A transactional producer whose retries are quick at first and slow when a broker is down.

aiokafka waits `retry_backoff_ms`, one figure for all cases, before each retry. After a commit the next
transaction nearly always meets CONCURRENT_TRANSACTIONS once, for a millisecond or two, and would sit
out the whole of it; a broker that is gone would be asked again as fast as the figure allows.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.errors import ConcurrentTransactions, IncompatibleBrokerVersion, KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.sender import AddPartitionsToTxnHandler, Sender
from aiokafka.structs import TopicPartition
from tenacity import retry, retry_if_exception, wait_fixed

from streams.kafka.protocol.transactions import DECIDED, open_transactions, state_of
from streams.settings import Codec

__all__ = ["TransactionalProducer"]

#: By their number in a record batch (KIP-98; zstd by KIP-110).
CODECS: dict[Codec, int] = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

QUICK_S = 0.002
SLOW_S = 1.0
#: Quick retries that a transaction may make before each next one waits twice as long.
QUICK_RETRIES = 25
#: Between questions to a broker that cannot answer yet.
ASK_AGAIN_S = 0.2


class RetryPace:
    """How long to wait before the next retry: `QUICK_S` at first, doubling to `SLOW_S`, until something succeeds."""

    def __init__(self) -> None:
        self._retries = 0

    def next_s(self) -> float:
        """Return how long to wait now, in seconds."""
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


class _PacedSender(Sender):  # type: ignore[misc] # aiokafka has no types
    """A sender that waits by a pace, and whose requests under way can be given up."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.pace = RetryPace()
        #: How the transaction before our first was decided, True: committed; None: not, or nobody knows any more.
        self.last_outcome: bool | None = None
        self._under_way: set[asyncio.Future[Any]] = set()
        super().__init__(*args, **options)

    @property
    def _retry_backoff(self) -> float:
        return self.pace.next_s()

    @_retry_backoff.setter
    def _retry_backoff(self, _fixed_s: float) -> None:
        """What Sender.__init__ sets is not used."""

    async def _do_init_pid(self, node_id: int) -> Any:
        # What is wrong with the coordinator shows in the request that follows.
        with contextlib.suppress(KafkaError):
            # In each try: the first may have found it open, and fenced it.
            self.last_outcome = DECIDED.get(await state_of(self.client, node_id, self._txn_manager.transactional_id))
        return await super()._do_init_pid(node_id)

    async def add_group(self, group: str) -> None:
        """Let a group's offsets be part of the transaction in hand, of which none need be given."""
        while not await super()._do_add_offsets_to_txn(group):
            pass  # after the wait that its pace has

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        await self._noted(super()._send_produce_req(node_id, batches))

    async def _do_add_partitions_to_txn(self, tps: Any) -> Any:
        async def add() -> Any:
            node_id = await self._find_coordinator(CoordinationType.TRANSACTION, self._txn_manager.transactional_id)
            return await _PacedAddPartitions(self, tps).do(node_id)

        return await self._noted(add())

    async def _do_add_offsets_to_txn(self, group_id: str) -> Any:
        return await self._noted(super()._do_add_offsets_to_txn(group_id))

    async def _do_txn_offset_commit(self, offsets: Any, group_id: str) -> Any:
        return await self._noted(super()._do_txn_offset_commit(offsets, group_id))

    async def _do_txn_commit(self, commit_result: Any) -> Any:
        return await self._noted(super()._do_txn_commit(commit_result))

    async def _noted(self, request: Awaitable[Any]) -> Any:
        task = asyncio.ensure_future(request)
        self._under_way.add(task)
        try:
            return await task
        finally:
            self._under_way.discard(task)

    def give_up(self) -> None:
        """Cancel the sender and every request under way: aiokafka would retry them for ever."""
        if self._sender_task is not None:
            self._sender_task.cancel()
        for task in self._under_way:
            task.cancel()


def _may_pass(error: BaseException) -> bool:
    # aiokafka does not call it retriable that a transaction is just being ended.
    return isinstance(error, ConcurrentTransactions) or getattr(error, "retriable", False)


class TransactionalProducer:
    """One transactional id at work: a transaction at a time, each step under a time limit.

    After any error it is of no more use: `close` it and make another, whose `start` fences this one
    and ends its open transaction.
    """

    def __init__(
        self,
        options: dict[str, Any],
        transactional_id: str,
        *,
        transaction_timeout_ms: int,
        batch_bytes: int,
        codecs: Mapping[str, Codec] = MappingProxyType({}),
    ) -> None:
        """Take aiokafka's client options; a record batch is at most `batch_bytes` long before it is compressed.

        `codecs` says by topic how batches are compressed; others are not.
        """
        self.transactional_id = transactional_id
        self._options = options
        self._limit_s = transaction_timeout_ms / 1000
        self._producer = AIOKafkaProducer(
            **options,
            client_id=transactional_id,
            transactional_id=transactional_id,
            transaction_timeout_ms=transaction_timeout_ms,
            max_batch_size=batch_bytes,
            request_timeout_ms=min(transaction_timeout_ms, 40_000),
        )
        old = self._producer._sender  # noqa: SLF001 - held by tests/kafka/test_aiokafka.py
        self._sender = self._producer._sender = _PacedSender(  # noqa: SLF001
            self._producer.client,
            acks=-1,
            txn_manager=old._txn_manager,  # noqa: SLF001
            message_accumulator=old._message_accumulator,  # noqa: SLF001
            retry_backoff_ms=0,
            request_timeout_ms=min(transaction_timeout_ms, 40_000),
        )
        self._batch_bytes = batch_bytes
        self._codecs = codecs
        self._spoken_to: set[Any] = set()

    def create_batch(self, topic: str = "") -> BatchBuilder:
        """Return an empty record batch for a topic; for none that is named, one that is not compressed."""
        # As AIOKafkaProducer.create_batch does it, which knows one codec for all topics.
        return BatchBuilder(self._batch_bytes, CODECS[self._codecs.get(topic, "none")], is_transactional=1)

    async def start(self, topics: list[str]) -> None:
        """Return once the last owner of the id is fenced and its transaction ended, the topics' leaders known."""
        async with asyncio.timeout(self._limit_s):
            await self._producer.start()
            for topic in topics:
                await self._producer.partitions_for(topic)
        self._sender.pace.succeeded()

    async def commit(
        self,
        batches: dict[TopicPartition, list[Any]],
        offsets: dict[TopicPartition, int],
        group: str,
    ) -> None:
        """Write all batches and the group's offsets in one transaction.

        Returns only when all of it is committed. aiokafka would commit what is left of a
        transaction whose batch the broker refused, so each batch is awaited before the commit.
        Raises whatever went wrong; the outcome may then be unknown.
        """
        spoken_to = self._connections()
        async with asyncio.timeout(self._limit_s):
            await self._producer.begin_transaction()
            try:
                async with asyncio.TaskGroup() as writes:
                    for place, builders in batches.items():
                        writes.create_task(self._write(place, builders))
            except BaseExceptionGroup as failures:
                raise failures.exceptions[0] from None
            if offsets:
                # Not beside them: a broker takes no record while its coordinator is adding to the transaction.
                await self._producer.send_offsets_to_transaction(offsets, group)
            await self._end()
        # Those of the beginning too: the end may have been asked for again, of a broker that came back in between.
        self._spoken_to = spoken_to | self._connections()
        self._sender.pace.succeeded()

    @property
    def last_outcome(self) -> bool | None:
        """How the transaction before our first one was decided, True: committed; None: not, or not known any more."""
        return self._sender.last_outcome

    def _connections(self) -> set[Any]:
        return set(self._producer.client._conns.values())  # noqa: SLF001

    @property
    def connection_lost(self) -> bool:
        """Whether a broker that the last commit spoke to has gone since: see `open_transactions`."""
        return not all(connection.connected() for connection in self._spoken_to)

    async def open_transactions(self, places: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Return in which partitions a transaction of this id stands open although none is in hand.

        A coordinator started together with a partition's only broker may find no leader yet, take the partition for
        deleted and leave out there how a transaction ended (Kafka 4.3.1, TransactionMarkerChannelManager, after a
        kill -9). No reader of committed records comes past that any more. Raises KafkaError, TimeoutError.
        """
        async with asyncio.timeout(self._limit_s):
            try:
                found = await self._open_transactions(list(places))
            except IncompatibleBrokerVersion:
                found = []
        self._spoken_to = set()
        return found

    @retry(retry=retry_if_exception(_may_pass), wait=wait_fixed(ASK_AGAIN_S))
    async def _open_transactions(self, places: list[TopicPartition]) -> list[TopicPartition]:
        client, kind = self._producer.client, CoordinationType.TRANSACTION
        try:
            coordinator = await self._sender._find_coordinator(kind, self.transactional_id)  # noqa: SLF001
            state = await state_of(client, coordinator, self.transactional_id)
            found = await open_transactions(client, self._sender._txn_manager.producer_id, places)  # noqa: SLF001
        except KafkaError:
            self._sender._coordinator_dead(kind)  # noqa: SLF001
            await client.force_metadata_update()
            raise
        if found and state.startswith("Prepare"):
            raise ConcurrentTransactions  # its end is on the way
        return found

    async def finish_transaction(self, places: Iterable[TopicPartition], group: str, *, commit: bool) -> None:
        """End what is open in these partitions, and the group's offsets with it, as it was decided; nothing is written.

        The end of a transaction in a partition ends all that its producer has open there. Raises as `commit`.
        """
        async with asyncio.timeout(self._limit_s):
            await self._producer.begin_transaction()
            for place in places:
                self._sender._txn_manager.maybe_add_partition_to_txn(place)  # noqa: SLF001
            await self._sender.add_group(group)
            await (self._producer.commit_transaction() if commit else self._producer.abort_transaction())

    async def _end(self) -> None:
        await self._producer.commit_transaction()

    async def _write(self, place: TopicPartition, builders: list[Any]) -> None:
        # All at once where they fit into the accumulator, which takes one a partition at a time.
        delivered = [
            await self._producer.send_batch(builder, place.topic, partition=place.partition) for builder in builders
        ]
        await asyncio.gather(*delivered)

    async def close(self, limit_s: float = 2.0) -> None:
        """Let go of the connections; what is under way is given up."""
        self._sender.give_up()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(limit_s):
                self._producer._message_accumulator.fail_all(ConnectionAbortedError())  # noqa: SLF001
                await self._producer.stop()
