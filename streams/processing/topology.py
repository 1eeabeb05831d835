"""Shapes of topics, offsets, and the group's commits, as the brokers have them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import TOPICS
from streams.kafka import topics
from streams.kafka.acl import missing_acls, missing_right, rights
from streams.kafka.consumers import make_consumer
from streams.processing.errors import NeedsOperator
from streams.settings import Settings

__all__ = ["TopicShapes", "Topology"]

PING_S = 5.0


class TopicShapes:
    """The topics as they are, fit to be processed."""

    def __init__(self, settings: Settings, found: Mapping[str, topics.TopicSurvey]) -> None:
        """Raise NeedsOperator if a topic is missing or has a shape that no worker may run on."""
        fatal = [difference for difference in topics.differences(settings.topic_prefix, found) if difference.fatal]
        if fatal:
            raise NeedsOperator(f"{'; '.join(map(str, fatal))}: {_advice(fatal)}")
        self.partitions = found["reports"].partitions
        #: By short name; without those that the brokers report no id for.
        self.topic_ids = {name: topic.topic_id for name, topic in found.items() if topic.topic_id is not None}
        #: The longest record batch that a topic takes, in bytes, by full name.
        self.record_limits = {
            settings.topic(name): int(found[name].settings.get("max.message.bytes", topic.max_message_bytes))
            for name, topic in TOPICS.items()
        }


class Topology:
    """Two connections that last as long as the worker; start before use."""

    def __init__(self, options: dict[str, Any], settings: Settings) -> None:
        self._settings = settings
        self._admin = AIOKafkaAdminClient(**options, client_id=f"{settings.app_id}-admin")
        # Reads no records; its offsets are read_uncommitted, so that they include open transactions.
        self._consumer = make_consumer(options, isolation="read_uncommitted", client_id=f"{settings.app_id}-offsets")

    async def start(self) -> None:
        """Connect; raises KafkaConnectionError if no broker answers."""
        await self._consumer.start()
        await self._admin.start()

    async def stop(self) -> None:
        """Close the connections."""
        await self._consumer.stop()
        await self._admin.close()

    async def topic_ids(self) -> dict[str, str]:
        """Return the present ids of the log and the ledger, by short name; raises KafkaError or TimeoutError."""
        names = {self._settings.topic(name): name for name in ("reports", "ledger")}
        async with asyncio.timeout(PING_S):
            found = await topics.topic_ids(self._admin, list(names))
        return {names[full]: topic_id for full, topic_id in found.items()}

    async def ping(self) -> None:
        """Return when a broker has answered; raises KafkaError or TimeoutError."""
        async with asyncio.timeout(PING_S):
            await self._admin.describe_cluster()

    async def shapes(self) -> TopicShapes:
        """Return the present shapes; raises NeedsOperator as `TopicShapes`, and if a right is missing."""
        await self._check_rights()
        return TopicShapes(self._settings, await topics.survey(self._admin, self._settings.topic_prefix))

    async def _check_rights(self) -> None:
        # First, because without DESCRIBE a topic seems to be missing, without READ joining the group seems slow, and
        # the first refused write may come hours later.
        needed = [right for right in rights("worker", self._settings) if right.needed]
        try:
            lacks = await missing_acls(self._admin, needed)
        except NotImplementedError:
            return  # a broker before Kafka 2.3
        if lacks:
            raise NeedsOperator(missing_right(lacks, self._settings))

    async def bounds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """Return the first offset of each partition and the one that its next record gets."""
        wanted = list(partitions)
        first = await self._consumer.beginning_offsets(wanted)
        end = await self._consumer.end_offsets(wanted)
        return {tp: (first[tp], end[tp]) for tp in wanted}

    async def committed(self, group: str, tp: TopicPartition) -> int | None:
        """Return the offset that a group has committed, or None."""
        found = await self._admin.list_consumer_group_offsets(group, partitions=[tp])
        offset = found[tp].offset if tp in found else -1
        return None if offset < 0 else int(offset)


def _advice(fatal: list[topics.TopicDifference]) -> str:
    what = {difference.what for difference in fatal}
    if what == {"topic"}:
        return "run `truceline topics create`"
    if "partitions" in what:
        return (
            "delete the topics that differ (outputs are rebuilt from the log; keep that one), and run"
            " `truceline topics create`"
        )
    return "`truceline topics create` says how to alter them"
