"""A rebuild from its topics to its result, which decides whether the prefix may be switched."""

from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import TOPICS, full_name
from streams.core.source_registry import Registry
from streams.kafka import topics
from streams.kafka.client import client_options
from streams.kafka.consumer_group import EMPTY, describe_group
from streams.kafka.range_reader import RangeUnreadable, bounds, partitions
from streams.operations.rebuild.compare import Comparison, compare
from streams.operations.rebuild.copy_log import LogCopy
from streams.operations.rebuild.refold import Refold
from streams.operations.verify.verify import verify
from streams.settings import Settings

__all__ = ["Rebuild", "RebuildResult", "WrongShape"]

#: Replication factor by default, or the number of brokers if that is less.
REPLICATION = 3


class WrongShape(Exception):
    """The topics of the new prefix exist with another number of partitions."""


@dataclass
class RebuildResult:
    """The result of a rebuild."""

    partitions: int
    #: Faults that verify found in the new outputs; None: not checked, since workers already run on them.
    problems: list[str] | None
    #: Comparison with the live outputs; None as above.
    agreement: Comparison | None
    #: True if workers run on the live prefix, and on the new one.
    live_works: bool
    new_works: bool
    #: True if the whole live log, up to its end now, is copied.
    complete: bool
    left_out: dict[str, int] = field(default_factory=dict)


class Rebuild:
    """A rebuild from `old` to `new`, which share brokers, source registry and horizon; run again, it catches up."""

    def __init__(
        self, old: Settings, new: Settings, *, partitions: int | None = None, replication: int | None = None
    ) -> None:
        """Use these settings, and these partitions and copies for new topics; by default those of the live ones."""
        self.old, self.new = old, new
        self.copy = LogCopy(old, new)
        self.folding: Refold | None = None
        #: The current stage, in words.
        self.stage = "making topics"
        self._wanted = partitions
        self._replication = replication

    async def run(self, registry: Registry) -> RebuildResult:
        """Create topics, copy the log, process it, check and compare.

        Raises WrongShape, LogCut, NotItsCopy, TopicsNotMade, Unreadable, KafkaError, TimeoutError.
        """
        async with topics.admin(client_options(self.old)) as admin:
            count = await self._topics(admin)
            self.stage = "bringing the log over"
            await self.copy.run(admin)
            new_works = (await describe_group(admin, self.new)).state not in EMPTY
            problems = agreement = None
            if not new_works:
                self.stage = "folding"
                self.folding = Refold(self.new, registry, count)
                await self.folding.run()
                self.stage = "checking the outputs against the log"
                problems = await verify(self.new, registry)
                self.stage = "comparing with the live ones"
                agreement = await compare(self.old, self.new, self.copy.positions)
            live_works = (await describe_group(admin, self.old)).state not in EMPTY
            complete = await self._complete()
        return RebuildResult(count, problems, agreement, live_works, new_works, complete, dict(self.copy.left_out))

    async def _topics(self, admin: AIOKafkaAdminClient) -> int:
        live = await topics.survey(admin, self.old.topic_prefix)
        if "reports" not in live:
            raise RangeUnreadable(f"there is no topic {self.old.topic('reports')} on {self.old.bootstrap_servers}")
        count = self._wanted or live["reports"].partitions
        replication = self._replication or live["reports"].replication or REPLICATION
        await topics.create(admin, self.new.topic_prefix, count, replication)
        found = await topics.survey(admin, self.new.topic_prefix)
        if wrong := {full_name(self.new.topic_prefix, name) for name in TOPICS if found[name].partitions != count}:
            raise WrongShape(
                f"{', '.join(sorted(wrong))} should have {count} partitions: name another prefix, or delete them"
            )
        return count

    async def _complete(self) -> bool:
        options, topic = client_options(self.old), self.old.topic("reports")
        places = [TopicPartition(topic, number) for number in range(await partitions(options, topic))]
        ends = await bounds(options, places)
        return all(end <= self.copy.reached.get(place.partition, 0) for place, (_, end) in ends.items())
