"""The order in which the parts of a worker start: web, an answering broker, Faust, processing.

Faust alone ends after 1.5 s if no broker answers, and starts its web only after its first assignment.
"""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from faust.app.base import BootStrategy
from mode import Service
from mode.types import ServiceT

from streams.kafka import topics
from streams.kafka.connectivity import diagnose
from streams.kafka.retry import retry_forever
from streams.processing import PartitionConsumer
from streams.processing.topology import TopicShapes

if TYPE_CHECKING:
    from streams.worker.faust_app import TrucelineApp

__all__ = ["BrokerGate", "ProcessingService", "TrucelineBootStrategy"]

_log = structlog.get_logger(__name__)

RETRY_FIRST_S = 0.5
RETRY_MAX_S = 10.0
PROBE_S = 5.0


class TrucelineBootStrategy(BootStrategy):
    """The services of a worker in the order in which they start; they stop in reverse."""

    def server(self) -> Iterable[ServiceT]:
        """Return the services; Faust's own consumer and producer only if agents read topics."""
        app = cast("TrucelineApp", self.app)
        self.enable_kafka = app.has_topic_agents
        return self._chain(
            self.sensors(),
            [app.http],
            [BrokerGate(app)],
            self.kafka_producer(),
            self.kafka_consumer(),
            self.agents(),
            self.kafka_conductor(),
            self.tables(),
            [ProcessingService(app.processing)],
        )


class BrokerUnavailable(Exception):
    """No broker answers, or topics or rights are missing."""


class BrokerGate(Service):
    """Starts once a broker answers, and retries for as long as it takes.

    With agents on topics it waits for the topics as well: Faust would ask for a missing one by name, and a broker that
    creates topics on request would create it with another shape.
    """

    def __init__(self, app: "TrucelineApp", **options: Any) -> None:
        self._app = app
        super().__init__(**options)

    async def on_start(self) -> None:
        """Return once a broker answers and the needed topics exist, or when the worker is asked to stop."""
        await self.wait(retry_forever(self._probe, first_s=RETRY_FIRST_S, max_s=RETRY_MAX_S, failed=self._failed))

    def _failed(self, error: Exception, wait_s: float) -> None:
        self._app.processing.status.reason = str(error)
        _log.error("broker_unavailable", reason=str(error), retry_in_s=wait_s)

    async def _probe(self) -> None:
        """Raise BrokerUnavailable with a reason for people."""
        admin = AIOKafkaAdminClient(**self._app.client_options)
        try:
            async with asyncio.timeout(PROBE_S):
                await admin.start()
                if self._app.has_topic_agents:
                    settings = self._app.settings
                    TopicShapes(settings, await topics.survey(admin, settings.topic_prefix))
        except Exception as error:
            raise BrokerUnavailable(await diagnose(error, self._app.settings, "worker")) from error
        finally:
            await admin.close()


class ProcessingService(Service):
    """The processing of reports as a part of the worker."""

    def __init__(self, processing: PartitionConsumer, **options: Any) -> None:
        self._processing = processing
        super().__init__(**options)

    async def on_start(self) -> None:
        """Start processing."""
        self._processing.start()

    async def on_stop(self) -> None:
        """Finish the transactions in progress and leave the group."""
        await self._processing.stop()
