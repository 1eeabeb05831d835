"""Log lines about rejected records: their position, ids and error code, never their content."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from aiokafka import TopicPartition

from streams.observability.log_config import record_ids, redacted_exc_info

__all__ = ["MAX_PER_BATCH", "Rejection", "log_internal_error", "log_rejected"]

_log = structlog.get_logger(__name__)

#: Bounds what a flood of rejected records writes to the log; the topic `rejected` has them all.
MAX_PER_BATCH = 5


class Rejection(NamedTuple):
    """A record that is rejected, the code and message of it, and the exception if that is a bug."""

    record: Any
    code: str
    message: str
    error: Exception | None = None


def log_rejected(tp: TopicPartition, rejections: Sequence[Rejection], count: int) -> None:
    """Log the first rejected records of a batch, of `count`."""
    for record, code, message, _ in rejections:
        fields = _fields(tp, record) | {"code": code}
        _log.warning("record_rejected", **fields)
        _log.debug("record_rejected_because", message=message, **fields)
    if count > len(rejections):
        _log.warning("more_records_rejected", topic=tp.topic, partition=tp.partition, records=count - len(rejections))


def log_internal_error(tp: TopicPartition, rejection: Rejection) -> None:
    """Log a record that parser or fold failed on, with the traceback."""
    fields = _fields(tp, rejection.record)
    error = rejection.error
    _log.error("internal_error", exc_info=None if error is None else redacted_exc_info(error), **fields)
    _log.debug("internal_error_message", exc_info=error, **fields)


def _fields(tp: TopicPartition, record: Any) -> dict[str, Any]:
    return {"topic": tp.topic, "partition": tp.partition, "offset": record.offset} | record_ids(record.value)
