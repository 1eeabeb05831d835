"""Two requests about transactions that aiokafka lacks (KIP-664).

DescribeProducers v0 and DescribeTransactions v0: every broker since Kafka 3.0 takes them; with an older one they raise
IncompatibleBrokerVersion.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import LeaderNotAvailableError, NoError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

__all__ = ["DECIDED", "OpenTransaction", "open_in", "open_transactions", "state_of"]

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
NONE_OPEN = -1

#: States of a transaction whose end is decided (org.apache.kafka.coordinator.transaction.TransactionState): whether it
#: is a commit.
DECIDED = {
    "PrepareCommit": True,
    "CompleteCommit": True,
    "PrepareAbort": False,
    "CompleteAbort": False,
    "PrepareEpochFence": False,
}


class ProducersResponse(Response):  # type: ignore[misc] # aiokafka has no types
    """DescribeProducers v0: the producers of each partition, with the first offset of an open transaction."""

    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", _TEXT),
                        (
                            "producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("open_from", Int64),
                                _TAGS,
                            ),
                        ),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Producers(RequestStruct):  # type: ignore[misc]
    API_KEY = 61
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = ProducersResponse
    SCHEMA = Schema(("topics", CompactArray(("topic", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)), _TAGS)


class ProducersRequest(Request[_Producers]):  # type: ignore[misc]
    """The producers of partitions; goes to their leader and needs READ on the topics."""

    API_KEY = 61

    def __init__(self, places: Iterable[TopicPartition]) -> None:
        self._numbers: dict[str, list[int]] = defaultdict(list)
        for place in places:
            self._numbers[place.topic].append(place.partition)

    def build(self, struct: type[_Producers]) -> _Producers:
        """Return the request in this version."""
        return struct([(topic, numbers, {}) for topic, numbers in self._numbers.items()], {})


class TransactionsResponse(Response):  # type: ignore[misc]
    """DescribeTransactions v0."""

    API_KEY = 65
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "transactions",
            CompactArray(
                ("error_code", Int16),
                ("transactional_id", _TEXT),
                ("state", _TEXT),
                ("timeout_ms", Int32),
                ("began_ms", Int64),
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                ("topics", CompactArray(("topic", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Transactions(RequestStruct):  # type: ignore[misc]
    API_KEY = 65
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = TransactionsResponse
    SCHEMA = Schema(("transactional_ids", CompactArray(_TEXT)), _TAGS)


class TransactionsRequest(Request[_Transactions]):  # type: ignore[misc]
    """The state of the transaction of an id; goes to its coordinator."""

    API_KEY = 65

    def __init__(self, transactional_id: str) -> None:
        self._id = transactional_id

    def build(self, struct: type[_Transactions]) -> _Transactions:
        """Return the request in this version."""
        return struct([self._id], {})


async def state_of(client: Any, coordinator: int, transactional_id: str) -> str:
    """Return the state of an id's transaction; raises KafkaError, UnknownError if the id was never used."""
    answer = await client.send(coordinator, TransactionsRequest(transactional_id))
    ((error, _, state, *_),) = answer.transactions
    if for_code(error) is not NoError:
        raise for_code(error)
    return str(state)


class OpenTransaction(NamedTuple):
    """A transaction that is open in a partition: its producer, and its first offset there."""

    place: TopicPartition
    producer_id: int
    first_offset: int


async def open_in(client: Any, leaders: Mapping[TopicPartition, int | None]) -> list[OpenTransaction]:
    """Return the open transactions of partitions, given with their leaders; raises KafkaError.

    A partition that may not be read counts as one without any.
    """
    led: dict[int, list[TopicPartition]] = defaultdict(list)
    for place, leader in leaders.items():
        if leader is None or leader < 0:
            raise LeaderNotAvailableError(place)
        led[leader].append(place)
    found = []
    for leader, theirs in led.items():
        answer = await client.send(leader, ProducersRequest(theirs))
        for topic, partitions, _ in answer.topics:
            for partition, error, _, producers, _ in partitions:
                if for_code(error) not in {NoError, TopicAuthorizationFailedError}:
                    raise for_code(error)
                place = TopicPartition(topic, partition)
                found += [OpenTransaction(place, each[0], each[5]) for each in producers or () if each[5] != NONE_OPEN]
    return found


async def open_transactions(client: Any, producer_id: int, places: Iterable[TopicPartition]) -> list[TopicPartition]:
    """Return the partitions where a producer has an open transaction; raises as `open_in`."""
    found = await open_in(client, {place: client.cluster.leader_for_partition(place) for place in places})
    return [each.place for each in found if each.producer_id == producer_id]
