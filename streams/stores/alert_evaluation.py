"""Evaluate the alert rules on a published change, so that one bad change does not stop the rest."""

import orjson
import structlog

from schemas.alerts import Alert
from streams.alerts import AlertEngine
from streams.observability.log_config import redacted_exc_info

__all__ = ["evaluate"]

_log = structlog.get_logger(__name__)


def evaluate(engine: AlertEngine, topic: str, record: bytes, **position: str | int) -> list[Alert]:
    """Return the alerts that a change raises; an error is logged with the change's position, and raises none."""
    try:
        return engine.take(topic, orjson.loads(record))
    except Exception as error:  # noqa: BLE001 - the changes after this one must be evaluated
        _log.error("alert_evaluation_failed", topic=topic, exc_info=redacted_exc_info(error), **position)
        return []
