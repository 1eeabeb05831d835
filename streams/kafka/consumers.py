"""The one place where Kafka consumers are made."""

from typing import Any, Literal

from aiokafka import AIOKafkaConsumer

from streams.kafka.aiokafka_patches.raw_consumer import RawConsumer
from streams.kafka.aiokafka_patches.record_decoding import decode_any_record

__all__ = ["Isolation", "group_consumer", "make_consumer"]

Isolation = Literal["read_committed", "read_uncommitted"]


def make_consumer(
    options: dict[str, Any], *topics: str, isolation: Isolation = "read_committed", **more: Any
) -> AIOKafkaConsumer:
    """Return a consumer without a group: it commits nothing, and an offset out of range is an error.

    `options` are those of `client_options`; `more` override what is set here.
    """
    decode_any_record()
    settings: dict[str, Any] = {
        "group_id": None,
        "enable_auto_commit": False,
        "isolation_level": isolation,
        "auto_offset_reset": "none",
        # aiokafka waits this long for each topic that it has no metadata of.
        "retry_backoff_ms": 25,
        "fetch_max_wait_ms": 100,
    }
    return AIOKafkaConsumer(*topics, **(settings | options | more))


def group_consumer(options: dict[str, Any], group: str, **more: Any) -> RawConsumer:
    """Return a consumer for a group whose offsets are committed elsewhere; it returns records as decoded."""
    decode_any_record()
    settings: dict[str, Any] = {
        "group_id": group,
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "auto_offset_reset": "none",
    }
    return RawConsumer(**(settings | options | more))
