"""The Metadata request in the version that reports topic ids (KIP-516), which aiokafka lacks.

Metadata v12: every broker since Kafka 2.8 takes it, and since 3.1 reports ids of all topics; an older one raises
IncompatibleBrokerVersion.
"""

from collections.abc import Iterable
from io import BytesIO
from uuid import UUID

from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

__all__ = ["NO_ID", "TopicIdsRequest"]

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
#: The id of a topic that has none, or that does not exist.
NO_ID = UUID(int=0)


class _Uuid(AbstractType[UUID]):  # type: ignore[misc] # aiokafka has no types
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class TopicIdsResponse(Response):  # type: ignore[misc]
    """Metadata v12: of each topic its error, name and id."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS)),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _TopicIds(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = TopicIdsResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("topic", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class TopicIdsRequest(Request[_TopicIds]):  # type: ignore[misc]
    """The ids of topics; creates no missing one."""

    API_KEY = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics = list(topics)

    def build(self, struct: type[_TopicIds]) -> _TopicIds:
        """Return the request in this version."""
        return struct([(NO_ID, topic, {}) for topic in self._topics], False, False, {})  # noqa: FBT003 - as the protocol
