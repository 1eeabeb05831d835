"""The topics of the brokers compared with the table of topics (schemas/topics.py), and created from it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from schemas.topics import MIN_MESSAGE_BYTES, TOPICS, Topic, durability, full_name
from streams.kafka.aiokafka_patches.admin import admin_request
from streams.kafka.protocol.topic_ids import NO_ID, TopicIdsRequest

__all__ = [
    "TopicDifference",
    "TopicSurvey",
    "TopicsNotCreated",
    "admin",
    "brokers",
    "create",
    "differences",
    "survey",
    "topic_ids",
]

READY_TIMEOUT_S = 30.0
READY_PAUSE_S = 0.1


class TopicsNotCreated(Exception):
    """The brokers refused to create topics; the message names each one with the reason."""


@dataclass(frozen=True, slots=True)
class TopicSurvey:
    """A topic as the brokers have it; `settings` is empty where its configuration may not be read."""

    partitions: int
    replication: int
    settings: Mapping[str, str]
    #: A new one each time a topic of this name is created; None: the broker reports none.
    topic_id: str | None = None


@dataclass(frozen=True, slots=True)
class TopicDifference:
    """A difference between a topic and the table. `fatal`: no worker may run on it."""

    topic: str
    what: str
    found: str
    wanted: str
    fatal: bool

    @property
    def is_setting(self) -> bool:
        """Return True if altering the topic's configuration fixes it."""
        return self.what not in {"topic", "partitions"}

    def __str__(self) -> str:
        """One line, for people."""
        if self.what == "topic":
            return f"{self.topic} is missing"
        if self.what != "partitions":
            return f"{self.topic}: {self.what} is {self.found}, {'must' if self.fatal else 'should'} be {self.wanted}"
        count = "1 partition" if self.found == "1" else f"{self.found} partitions"
        if self.fatal:
            return f"{self.topic} has {count}, the reports {self.wanted}: a key lies in the same one"
        return f"{self.topic} has {count} and keeps them, not {self.wanted}: a key would move to another"


@asynccontextmanager
async def admin(options: dict[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, closed at the end; `options` as `streams.kafka.client.client_options` gives them.

    Raises KafkaConnectionError if no broker answers.
    """
    client = AIOKafkaAdminClient(**options)
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def brokers(client: AIOKafkaAdminClient) -> int:
    """Return the number of brokers in service."""
    return len((await client.describe_cluster())["brokers"])


async def survey(client: AIOKafkaAdminClient, prefix: str) -> dict[str, TopicSurvey]:
    """Return the topics of the table that exist, by short name.

    Raises TopicAuthorizationFailedError if some may not be described.
    """
    # Of all topics: a broker may create a missing one that is asked for by name.
    described = {topic["topic"]: topic["partitions"] for topic in await client.describe_topics()}
    there = {name: described[full] for name in TOPICS if (full := full_name(prefix, name)) in described}
    await _refuse_hidden(client, [full for name in TOPICS if (full := full_name(prefix, name)) not in described])
    configured = await _configurations(client, [full_name(prefix, name) for name in there])
    ids = await topic_ids(client, [full_name(prefix, name) for name in there])
    return {
        name: TopicSurvey(
            partitions=len(partitions),
            replication=min((len(partition["replicas"]) for partition in partitions), default=0),
            settings=configured.get(full_name(prefix, name), {}),
            topic_id=ids.get(full_name(prefix, name)),
        )
        for name, partitions in there.items()
    }


async def topic_ids(client: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, str]:
    """Return the ids of those topics that exist and have one (KIP-516), by full name; creates no missing one."""
    try:
        answer = await admin_request(client, TopicIdsRequest(names))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return {}  # a broker before Kafka 2.8
    return {topic[1]: str(topic[2]) for topic in answer.topics if not topic[0] and topic[2] != NO_ID}


def differences(prefix: str, found: Mapping[str, TopicSurvey], partitions: int | None = None) -> list[TopicDifference]:
    """Return the differences from the table, in its order.

    All topics must have as many partitions as `reports`; `partitions` is the number wanted for that, None: any.
    """
    different: list[TopicDifference] = []
    common = found["reports"].partitions if "reports" in found else partitions
    if partitions not in (None, common):
        reports = full_name(prefix, "reports")
        different.append(TopicDifference(reports, "partitions", str(common), str(partitions), fatal=False))
    for name, topic in TOPICS.items():
        full = full_name(prefix, name)
        if name not in found:
            different.append(TopicDifference(full, "topic", "missing", "there", fatal=True))
            continue
        if common is not None and found[name].partitions != common:
            different.append(TopicDifference(full, "partitions", str(found[name].partitions), str(common), fatal=True))
        different += _settings_differ(full, topic, found[name])
    return different


async def create(client: AIOKafkaAdminClient, prefix: str, partitions: int, replication: int) -> list[str]:
    """Create the missing topics, wait until each has a leader, and return their short names.

    Existing topics are not changed; if `reports` exists, the others get as many partitions. Raises TopicsNotCreated if
    the brokers refuse, for example because they are fewer than `replication`.
    """
    there = await survey(client, prefix)
    missing = [topic for name, topic in TOPICS.items() if name not in there]
    if not missing:
        return []
    if "reports" in there:
        partitions = there["reports"].partitions
    answer = await client.create_topics([_new(topic, prefix, partitions, replication) for topic in missing])
    made: list[str] = []
    refused: dict[str, list[str]] = {}
    for name, code, reason in (tuple(error)[:3] for error in answer.topic_errors):
        if not code:
            made.append(name.removeprefix(f"{prefix}."))
        # Created by another program in the meantime: its shape is checked as any other's.
        elif for_code(code) is not TopicAlreadyExistsError:
            refused.setdefault(reason or for_code(code).__name__, []).append(name)
    if refused:
        raise TopicsNotCreated(
            "; ".join(f"{', '.join(names)} not created: {reason}" for reason, names in refused.items())
        )
    await _until_led(client, prefix)
    return made


async def _refuse_hidden(client: AIOKafkaAdminClient, missing: list[str]) -> None:
    """Raise if a missing topic exists: the list of all topics leaves out those that may not be described."""
    if not missing:
        return
    request = MetadataRequest(missing, allow_auto_topic_creation=False)
    answer = (await admin_request(client, request)).to_object()
    hidden = [
        each["topic"] for each in answer["topics"] if for_code(each["error_code"]) is TopicAuthorizationFailedError
    ]
    if hidden:
        raise TopicAuthorizationFailedError(", ".join(hidden))


def _new(topic: Topic, prefix: str, partitions: int, replication: int) -> NewTopic:
    settings = topic.configuration | durability(replication)
    return NewTopic(full_name(prefix, topic.name), partitions, replication, topic_configs=settings)


async def _until_led(client: AIOKafkaAdminClient, prefix: str) -> None:
    """Wait until each topic has a leader for each partition, which takes a moment after its creation."""
    wanted = {full_name(prefix, name) for name in TOPICS}
    give_up_at = time.monotonic() + READY_TIMEOUT_S
    while True:
        described = await client.describe_topics()
        led = {
            topic["topic"]
            for topic in described
            if topic["partitions"] and all(partition["leader"] >= 0 for partition in topic["partitions"])
        }
        if wanted <= led:
            return
        if time.monotonic() > give_up_at:
            raise TopicsNotCreated(f"no leader after {READY_TIMEOUT_S:.0f} s: {', '.join(sorted(wanted - led))}")
        await asyncio.sleep(READY_PAUSE_S)


async def _configurations(client: AIOKafkaAdminClient, topics: list[str]) -> dict[str, dict[str, str]]:
    if not topics:
        return {}
    found: dict[str, dict[str, str]] = {}
    answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics])
    for answer in answers:
        for error, _, _, topic, entries in answer.resources:
            if not error:
                found[topic] = {entry[0]: entry[1] for entry in entries}
    return found


def _settings_differ(full: str, topic: Topic, found: TopicSurvey) -> list[TopicDifference]:
    wanted = topic.configuration | durability(found.replication)
    return [
        TopicDifference(
            full, setting, found.settings[setting], value, fatal=_is_fatal(topic, setting, found.settings[setting])
        )
        for setting, value in wanted.items()
        if setting in found.settings and not _does(setting, found.settings[setting], value)
    ]


def _does(setting: str, found: str, wanted: str) -> bool:
    if setting in {"max.message.bytes", "min.insync.replicas", "delete.retention.ms"}:
        return int(found) >= int(wanted)
    if setting in {"segment.bytes", "min.cleanable.dirty.ratio", "max.compaction.lag.ms"}:
        return float(found) <= float(wanted)
    return found == wanted


def _is_fatal(topic: Topic, setting: str, found: str) -> bool:
    """Return True if no worker may run: a log that loses records, a ledger with retention, a topic too small."""
    if setting in {"retention.ms", "retention.bytes"}:
        return topic.name == "reports"
    return setting == "cleanup.policy" or (setting == "max.message.bytes" and int(found) < MIN_MESSAGE_BYTES)
