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
from streams.kafka.protocol.transactions import open_transactions, state_of
from streams.settings import Codec

__all__ = ["TransactionalProducer"]

#: By their number in a record batch (KIP-98; zstd by KIP-110).
CODECS: dict[Codec, int] = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

#: Between requests to a broker that cannot answer yet.
ASK_AGAIN_S = 0.2
REQUEST_TIMEOUT_MS = 40_000


def _is_retriable(error: BaseException) -> bool:
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
            request_timeout_ms=min(transaction_timeout_ms, REQUEST_TIMEOUT_MS),
        )
        self._sender = PacedSender.install(self._producer, min(transaction_timeout_ms, REQUEST_TIMEOUT_MS))
        self._batch_bytes = batch_bytes
        self._codecs = codecs
        self._used_connections: set[Any] = set()

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
        connections = self._sender.connections
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
        self._used_connections = connections | self._sender.connections
        self._sender.pace.succeeded()

    @property
    def last_outcome(self) -> bool | None:
        """How the transaction before our first one was decided, True: committed; None: not, or not known any more."""
        return self._sender.last_outcome

    @property
    def connection_lost(self) -> bool:
        """Whether a broker that the last commit spoke to has gone since: see `open_transactions`."""
        return not all(connection.connected() for connection in self._used_connections)

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
        self._used_connections = set()
        return found

    @retry(retry=retry_if_exception(_is_retriable), wait=wait_fixed(ASK_AGAIN_S))
    async def _open_transactions(self, places: list[TopicPartition]) -> list[TopicPartition]:
        client = self._producer.client
        try:
            state = await state_of(client, await self._sender.coordinator(), self.transactional_id)
            found = await open_transactions(client, self._sender.producer_id, places)
        except KafkaError:
            self._sender.forget_coordinator()
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
                self._sender.add_partition(place)
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
        self._sender.cancel_pending()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(limit_s):
                self._sender.fail_batches(ConnectionAbortedError())
                await self._producer.stop()
