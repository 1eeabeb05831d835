"""What the desk asks the brokers for beside records: shapes of topics, offsets, and the group's commits."""

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.desk.errors import Blocked
from streams.settings import Settings

__all__ = ["Cluster"]

#: The desk's topics, and how each must be cleaned up.
CLEANUP = {
    "reports": "delete",
    "casualties": "delete",
    "ceasefires": "delete",
    "statements": "delete",
    "episodes": "compact",
    "rejected": "delete",
    "ledger": "compact",
}
#: Taken where a topic's configuration may not be read: the brokers' own default, less some room.
RECORD_LIMIT_BYTES = 1_000_000
#: Below this a report could not even be rejected.
SMALLEST_RECORD_LIMIT_BYTES = 384 << 10


class Cluster:
    """Two connections that last as long as the desk; start before use."""

    def __init__(self, options: dict[str, Any], settings: Settings) -> None:
        self._settings = settings
        self._admin = AIOKafkaAdminClient(**options, client_id=f"{settings.app_id}-admin")
        # Reads nothing: offsets are asked for as read_uncommitted, so that they count open transactions.
        self._consumer = AIOKafkaConsumer(**options, client_id=f"{settings.app_id}-offsets", enable_auto_commit=False)

    async def start(self) -> None:
        """Connect; raises KafkaConnectionError where no broker answers."""
        await self._consumer.start()
        await self._admin.start()

    async def stop(self) -> None:
        """Let go of the connections."""
        await self._consumer.stop()
        await self._admin.close()

    async def bounds(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """Return the first offset of each partition and the one that its next record gets."""
        wanted = list(places)
        first = await self._consumer.beginning_offsets(wanted)
        end = await self._consumer.end_offsets(wanted)
        return {place: (first[place], end[place]) for place in wanted}

    async def committed(self, group: str, place: TopicPartition) -> int | None:
        """Return the offset that a group has committed, or None."""
        found = await self._admin.list_consumer_group_offsets(group, partitions=[place])
        offset = found[place].offset if place in found else -1
        return None if offset < 0 else int(offset)

    async def check_topics(self) -> int:
        """Return how many partitions all topics have; raises Blocked where one is missing or has another shape."""
        settings = self._settings
        wanted = {settings.topic(name): policy for name, policy in CLEANUP.items()}
        # All topics are asked for: to ask for a missing one by name may create it.
        described = {topic["topic"]: topic for topic in await self._admin.describe_topics()}
        missing = sorted(set(wanted) - set(described))
        if missing:
            raise Blocked(f"no topic {', '.join(missing)}: run `truceline topics create`")
        partitions = {topic: len(described[topic]["partitions"]) for topic in wanted}
        count = partitions[settings.topic("reports")]
        unequal = [f"{topic} has {n}" for topic, n in partitions.items() if n != count]
        if unequal:
            raise Blocked(
                f"{settings.topic('reports')} has {count} partitions, but {', '.join(unequal)}: all must have the same"
                " number, since a key lies in the same partition everywhere. Delete those that differ (outputs are"
                f" made anew from the log, which is to be kept) and run `truceline topics create --partitions {count}`"
            )
        configs = await self._configs()
        for topic, policy in wanted.items():
            found = configs.get(topic, {}).get("cleanup.policy", policy)
            if found != policy:
                raise Blocked(
                    f"{topic} has cleanup.policy={found}, it must be {policy}: `truceline topics create` says which"
                    " topics have another shape and how to alter them"
                )
        return count

    async def record_limits(self) -> dict[str, int]:
        """Return by topic how long a record batch it takes (`max.message.bytes`); raises Blocked where too short."""
        configs = await self._configs()
        limits = {}
        for name in CLEANUP:
            topic = self._settings.topic(name)
            limit = limits[topic] = int(configs.get(topic, {}).get("max.message.bytes", RECORD_LIMIT_BYTES))
            if limit < SMALLEST_RECORD_LIMIT_BYTES:
                raise Blocked(
                    f"{topic} has max.message.bytes={limit}, it must be at least {SMALLEST_RECORD_LIMIT_BYTES}:"
                    " a report may have 256 KiB"
                )
        return limits

    async def _configs(self) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, self._settings.topic(name)) for name in CLEANUP]
        found: dict[str, dict[str, str]] = {}
        for response in await self._admin.describe_configs(resources):
            for error, _, _, topic, entries in response.resources:
                if not error:
                    found[topic] = {entry[0]: entry[1] for entry in entries}
        return found
