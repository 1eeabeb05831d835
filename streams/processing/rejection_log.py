"""What is logged of records that are refused: where they lie, what they are called and why, never what they say."""

import logging
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition

from streams.observability.log_config import record_ids, redacted_exc_info

__all__ = ["MOST_A_BATCH", "Rejected", "tell", "tell_bug"]

log = logging.getLogger(__name__)

#: Record, code and message.
Rejected = tuple[Any, str, str]
#: A flood of them fills no disk: the topic of the rejected has them all.
MOST_A_BATCH = 5


def tell(place: TopicPartition, rejected: Sequence[Rejected], count: int) -> None:
    """Log the first records that a batch of a partition has refused, of so many."""
    for record, code, message in rejected:
        fields = _fields(place, record) | {"code": code}
        log.warning("a record is rejected", extra=fields)
        log.debug("why it is rejected: %s", message, extra=fields)
    if count > len(rejected):
        log.warning("%d more records of the batch are rejected", count - len(rejected))


def tell_bug(place: TopicPartition, record: Any, error: Exception) -> None:
    """Log a record that the fold has failed on, with where."""
    log.error(
        "a bug: %s partition %d offset %d is rejected as internal",
        place.topic, place.partition, record.offset, exc_info=redacted_exc_info(error), extra=_fields(place, record),
    )  # fmt: skip
    log.debug("what it says", exc_info=error, extra=_fields(place, record))


def _fields(place: TopicPartition, record: Any) -> dict[str, Any]:
    return {"topic": place.topic, "partition": place.partition, "offset": record.offset} | record_ids(record.value)
