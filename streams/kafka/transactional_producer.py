"""A transactional producer that commits a transaction only when every batch of it is delivered.

It also finishes what a broker left open of the transaction before.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ConcurrentTransactions, IncompatibleBrokerVersion, KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import TopicPartition
from tenacity import retry, retry_if_exception, wait_fixed

from streams.kafka.aiokafka_patches.paced_sender import PacedSender
from streams.kafka.client import REQUEST_TIMEOUT_MS
from streams.kafka.protocol.transactions import open_transactions, state_of
from streams.settings import Codec

__all__ = ["TransactionalProducer"]

#: By their number in a record batch (KIP-98; zstd by KIP-110).
CODECS: dict[Codec, int] = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

#: Between requests to a broker that cannot answer yet.
ASK_AGAIN_S = 0.2


def _is_retriable(error: BaseException) -> bool:
    # aiokafka does not call ConcurrentTransactions retriable: a transaction is just ending.
    return isinstance(error, ConcurrentTransactions) or getattr(error, "retriable", False)


class TransactionalProducer:
    """The producer of one transactional id: one transaction at a time, each step under a time limit.

    After any error it is of no more use: `close` it and make another, whose `start` fences this one and ends its open
    transaction.
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
        """A record batch is at most `batch_bytes` long before it is compressed with the codec of its topic, if any."""
        self.transactional_id = transactional_id
        self._options = options
        self._limit_s = transaction_timeout_ms / 1000
        request_timeout_ms = min(transaction_timeout_ms, REQUEST_TIMEOUT_MS)
        own = {
            "client_id": transactional_id,
            "transactional_id": transactional_id,
            "transaction_timeout_ms": transaction_timeout_ms,
            "max_batch_size": batch_bytes,
            "request_timeout_ms": request_timeout_ms,
        }
        self._producer = AIOKafkaProducer(**(options | own))
        self._sender = PacedSender.install(self._producer, request_timeout_ms)
        self._batch_bytes = batch_bytes
        self._codecs = codecs
        self._used_connections: set[Any] = set()

    def create_batch(self, topic: str = "") -> BatchBuilder:
        """Return an empty record batch with the codec of a topic, by default uncompressed."""
        # As AIOKafkaProducer.create_batch, which has one codec for all topics.
        return BatchBuilder(self._batch_bytes, CODECS[self._codecs.get(topic, "none")], is_transactional=1)

    async def start(self, topics: list[str]) -> None:
        """Return once the last owner of the id is fenced, its transaction ended, and the topics' leaders are known."""
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

        Returns only when all of it is committed. aiokafka would commit the rest of a transaction whose batch the broker
        refused, so each batch is awaited before the commit. After an error the outcome may be unknown.
        """
        connections = self._sender.connections
        async with asyncio.timeout(self._limit_s):
            await self._producer.begin_transaction()
            try:
                async with asyncio.TaskGroup() as writes:
                    for tp, builders in batches.items():
                        writes.create_task(self._write(tp, builders))
            except BaseExceptionGroup as failures:
                raise failures.exceptions[0] from None
            if offsets:
                # Not at the same time: a broker takes no record while its coordinator adds to the transaction.
                await self._producer.send_offsets_to_transaction(offsets, group)
            await self._end()
        # Those of the beginning too: the end may have been retried on a broker that came back in between.
        self._used_connections = connections | self._sender.connections
        self._sender.pace.succeeded()

    @property
    def last_outcome(self) -> bool | None:
        """Outcome of the transaction before our first, True: committed; None: none, or not known any more."""
        return self._sender.last_outcome

    @property
    def connection_lost(self) -> bool:
        """Return True if a connection that the last commit used is lost: see `open_transactions`."""
        return not all(connection.connected() for connection in self._used_connections)

    async def open_transactions(self, tps: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Return the partitions where a transaction of this id is open although none is in progress.

        A coordinator that starts together with a partition's only broker may find no leader yet, take the partition as
        deleted and not write the end of a transaction there (Kafka 4.3.1, TransactionMarkerChannelManager, after a
        kill -9). No reader of committed records gets past that. Raises KafkaError, TimeoutError.
        """
        async with asyncio.timeout(self._limit_s):
            try:
                found = await self._open_transactions(list(tps))
            except IncompatibleBrokerVersion:
                found = []
        self._used_connections = set()
        return found

    @retry(retry=retry_if_exception(_is_retriable), wait=wait_fixed(ASK_AGAIN_S))
    async def _open_transactions(self, tps: list[TopicPartition]) -> list[TopicPartition]:
        client = self._producer.client
        try:
            state = await state_of(client, await self._sender.coordinator(), self.transactional_id)
            found = await open_transactions(client, self._sender.producer_id, tps)
        except KafkaError:
            self._sender.forget_coordinator()
            await client.force_metadata_update()
            raise
        if found and state.startswith("Prepare"):
            raise ConcurrentTransactions  # it is ending
        return found

    async def finish_transaction(self, tps: Iterable[TopicPartition], group: str, *, commit: bool) -> None:
        """End the open transaction in these partitions, and the group's offsets in it, by its outcome; writes nothing.

        The end of a transaction in a partition ends all that its producer has open there. Raises as `commit`.
        """
        async with asyncio.timeout(self._limit_s):
            await self._producer.begin_transaction()
            for tp in tps:
                self._sender.add_partition(tp)
            await self._sender.add_group(group)
            await (self._producer.commit_transaction() if commit else self._producer.abort_transaction())

    async def _end(self) -> None:
        await self._producer.commit_transaction()

    async def _write(self, tp: TopicPartition, builders: list[Any]) -> None:
        # All at once; the accumulator takes one batch a partition at a time.
        delivered = [await self._producer.send_batch(builder, tp.topic, partition=tp.partition) for builder in builders]
        await asyncio.gather(*delivered)

    async def close(self, limit_s: float = 2.0) -> None:
        """Close the connections; pending requests are cancelled."""
        self._sender.cancel_pending()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(limit_s):
                self._sender.fail_batches(ConnectionAbortedError())
                await self._producer.stop()
