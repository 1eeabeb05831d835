"""The one table of topics (contract section 6): `topics create` makes them, and checks and documents use it.

A topic's full name is `<prefix>.<name>`. All topics have the same number of partitions. A key is in the same partition
everywhere (murmur2, the Java client's default), and the output of an input partition is written to that partition of
each output topic, in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

__all__ = ["CHANGE_TOPICS", "MIN_MESSAGE_BYTES", "TOPICS", "Cleanup", "Topic", "durability", "full_name"]

DAY_MS = 24 * 60 * 60 * 1000
MIB = 1 << 20

#: A topic that takes less could not even take a refused report: 256 KiB, headers and a batch's own bytes.
MIN_MESSAGE_BYTES = 384 << 10


class Cleanup(StrEnum):
    """Kafka's treatment of old records: `delete` by age or size, or `compact` to the last of each key."""

    DELETE = "delete"
    COMPACT = "compact"


#: Nothing goes by age: records may carry the times of events long past, and would go at once.
KEPT: Mapping[str, str] = {"retention.ms": "-1", "retention.bytes": "-1"}

#: A restore reads the whole topic, so it is kept close to one record a key; tombstones and transaction markers
#: stay longer than any restore takes.
TIGHT: Mapping[str, str] = {
    "segment.bytes": str(64 * MIB),
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": str(60 * 60 * 1000),
    "delete.retention.ms": str(2 * DAY_MS),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: what its key and value are, how old records go, and the most bytes that a record batch may have."""

    name: str
    key: str
    value: str
    says: str
    cleanup: Cleanup
    max_message_bytes: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def configuration(self) -> dict[str, str]:
        """Every setting that the topic is made with, in Kafka's words."""
        return {
            "cleanup.policy": str(self.cleanup),
            "max.message.bytes": str(self.max_message_bytes),
            **self.settings,
        }


# name, key, value, what it says, clean-up, most bytes of a batch, other settings
_TABLE = (
    Topic("reports", "episode", "Report | Tick", "the reports; the source of truth", Cleanup.DELETE, MIB, KEPT),
    Topic("casualties", "episode", "CountChange", "changes of counts", Cleanup.DELETE, MIB, KEPT),
    Topic("ceasefires", "episode", "StatusChange", "changes of ceasefire status", Cleanup.DELETE, MIB, KEPT),
    Topic("statements", "episode", "StatementChange", "statements made and withdrawn", Cleanup.DELETE, MIB, KEPT),
    Topic("episodes", "episode", "Picture", "a snapshot of each episode", Cleanup.COMPACT, 8 * MIB, TIGHT),
    Topic("rejected", "as it came", "original bytes", "rejected records and reasons", Cleanup.DELETE, 2 * MIB, KEPT),
    Topic("ledger", "private", "private", "state to restore from", Cleanup.COMPACT, 8 * MIB, TIGHT),
    Topic("alerts", "episode", "Alert", "alerts that the rules raised", Cleanup.DELETE, MIB, KEPT),
    Topic("undelivered", "episode", "Undelivered", "alerts that a target did not accept", Cleanup.DELETE, MIB, KEPT),
)

#: The topics of changes, in the order in which a report's changes are published.
CHANGE_TOPICS = ("casualties", "ceasefires", "statements")
TOPICS: Mapping[str, Topic] = MappingProxyType({topic.name: topic for topic in _TABLE})


def full_name(prefix: str, name: str) -> str:
    """The name on the brokers, `<prefix>.<name>`."""
    return f"{prefix}.{name}"


def durability(replication: int) -> dict[str, str]:
    """Return the number of copies that must have a record: with three or more replicas, one may be down."""
    return {"min.insync.replicas": "2" if replication >= 3 else "1"}
