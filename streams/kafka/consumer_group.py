"""The consumer group of the workers and its progress, as the brokers report it; no group is joined."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupLoadInProgressError,
    NoError,
    NotCoordinatorForGroupError,
    for_code,
)
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from streams.kafka.acl import coordinator
from streams.kafka.aiokafka_patches.admin import admin_request
from streams.kafka.consumers import make_consumer
from streams.kafka.protocol.authorized_operations import GroupRightsRequest
from streams.settings import Settings

__all__ = ["Group", "GroupMember", "PartitionFacts", "describe_group", "partition_facts"]

STABLE = "Stable"
EMPTY = ("Empty", "Dead")
READ_S = 10.0


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One worker of the group."""

    member_id: str
    client_id: str
    host: str
    partitions: tuple[int, ...]

    @property
    def name(self) -> str:
        """A short name, different for each worker of a host."""
        return f"{self.host.removeprefix('/')} {self.member_id[-8:]}"


@dataclass(frozen=True, slots=True)
class Group:
    """The group: Stable, Empty if no worker runs, or rebalancing."""

    name: str
    state: str
    members: tuple[GroupMember, ...]

    def owner(self, partition: int) -> GroupMember | None:
        """Return the member that owns a partition of the log."""
        return next((member for member in self.members if partition in member.partitions), None)


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """One partition of the log; times in seconds since 1970."""

    partition: int
    #: First offset, and the one that the next stable record gets.
    begin: int
    end: int
    #: Next offset of the group; None if it has none yet.
    committed: int | None
    #: Timestamp of the last record, by the clock of its sender.
    newest_s: float | None
    #: Time of the last commit, by the worker's clock.
    last_commit_s: float | None

    @property
    def lag(self) -> int:
        """Number of offsets that are not processed yet, including markers of transactions."""
        return max(0, self.end - max(self.begin, self.committed or 0))


@retry(
    retry=retry_if_exception_type((NotCoordinatorForGroupError, GroupLoadInProgressError)),
    stop=stop_after_delay(10),
    wait=wait_fixed(0.2),
    reraise=True,
)
async def describe_group(client: AIOKafkaAdminClient, settings: Settings) -> Group:
    """Return the group of the workers. Raises GroupAuthorizationFailedError and what else Kafka raises."""
    node = await coordinator(client, settings.app_id)
    answer = await admin_request(client, GroupRightsRequest(settings.app_id), node)
    [(code, name, state, _, _, members, _)] = answer.groups
    error = for_code(code)
    if error is GroupAuthorizationFailedError:
        raise GroupAuthorizationFailedError(settings.app_id)
    if error is not NoError:
        raise error(settings.app_id)
    log = settings.topic("reports")
    return Group(name, state, tuple(_member(log, *member) for member in members))


async def partition_facts(
    client: AIOKafkaAdminClient, options: dict[str, Any], settings: Settings, partitions: int
) -> list[PartitionFacts]:
    """Return each partition of the log. Raises what Kafka raises, and TimeoutError."""
    log, ledger = settings.topic("reports"), settings.topic("ledger")
    places = [TopicPartition(log, number) for number in range(partitions)]
    states = [TopicPartition(ledger, number) for number in range(partitions)]
    node = await coordinator(client, settings.app_id)
    committed = await client.list_consumer_group_offsets(settings.app_id, node, places)
    consumer = make_consumer(options)
    async with asyncio.timeout(READ_S):
        await consumer.start()
        try:
            begins = await consumer.beginning_offsets(places + states)
            ends = await consumer.end_offsets(places + states)
            newest = await _newest(consumer, {place: (begins[place], end) for place, end in ends.items()})
        finally:
            await consumer.stop()
    found = []
    for place, state in zip(places, states, strict=True):
        known = committed.get(place)
        next_offset = None if known is None or known.offset < 0 else known.offset
        found.append(
            PartitionFacts(
                place.partition, begins[place], ends[place], next_offset, newest.get(place), newest.get(state)
            )
        )
    return found


async def _newest(consumer: Any, bounds: dict[TopicPartition, tuple[int, int]]) -> dict[TopicPartition, float]:
    """Return the timestamp of the last record in each partition; the last offset of a transaction is its marker."""
    left = {place for place, (begin, end) in bounds.items() if begin < end}
    if not left:
        return {}
    consumer.assign(sorted(left))
    for place in left:
        begin, end = bounds[place]
        consumer.seek(place, max(begin, end - 2))
    newest: dict[TopicPartition, float] = {}
    while left:
        for place, records in (await consumer.getmany(timeout_ms=200)).items():
            newest[place] = records[-1].timestamp / 1000
        for place in list(left):
            if await consumer.position(place) >= bounds[place][1]:
                left.discard(place)
                consumer.pause(place)
    return newest


def _member(log: str, member_id: str, client_id: str, host: str, _metadata: bytes, assignment: bytes) -> GroupMember:
    assigned: list[int] = []
    if assignment:
        decoded = ConsumerProtocolMemberAssignment.decode(assignment)
        assigned = [place.partition for place in decoded.partitions() if place.topic == log]
    return GroupMember(member_id, client_id, host, tuple(sorted(assigned)))
