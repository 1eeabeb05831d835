"""The agent `delivery`: a plain Faust agent that sends alerts to targets, at least once.

An alert is acknowledged when each target has taken it or has failed for good; failures go to the topic of undelivered
alerts. Its offset is committed at once: alerts are few, and an uncommitted one is sent again after a crash.
"""

from typing import TYPE_CHECKING, Any

import faust
import orjson
import structlog
from aiokafka.errors import MessageSizeTooLargeError

from streams.agents.event_writer import EventHeaders, Write, writer
from streams.agents.retry import retry_forever
from streams.notifications import Notifier, undelivered
from streams.observability.log_config import redacted_exc_info

if TYPE_CHECKING:
    from schemas.alerts import Alert

__all__ = ["add_delivery_agent"]

_log = structlog.get_logger(__name__)


def add_delivery_agent(app: faust.App, prefix: str, delivery: Notifier, headers: EventHeaders) -> None:
    """Add the agent `delivery` to an app; `prefix` is that of the topics, the headers are of undelivered alerts."""
    name = f"{prefix}.alerts"
    alerts = app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    give_up = writer(app, f"{prefix}.undelivered", headers)

    @app.agent(alerts, name="delivery")
    async def agent(stream: Any) -> None:
        # Acknowledged explicitly: Faust would acknowledge an event that was cancelled half-way.
        unacknowledged = stream.noack()
        async for event in unacknowledged.events():
            await _send_on(event.message, delivery, give_up)
            await unacknowledged.ack(event)
            await app.consumer.commit({name})


async def _send_on(record: Any, delivery: Notifier, give_up: Write) -> None:
    try:
        alert: Alert = orjson.loads(record.value)
        lost = await delivery.deliver(alert)
    except Exception as error:  # noqa: BLE001 - one alert never stops those after it
        _log.error(
            "alert_not_sent",
            partition=record.partition,
            offset=record.offset,
            exc_info=redacted_exc_info(error),
        )
        return
    for one in lost:
        event = undelivered(alert, one)
        try:
            await retry_forever(
                give_up, f"{alert['alert_id']}/{one.target}", alert["episode"], alert["at"], event, record.partition
            )
        except MessageSizeTooLargeError:
            _log.error("undelivered_alert_too_large", alert_id=alert["alert_id"])
