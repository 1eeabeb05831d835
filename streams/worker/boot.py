"""The order in which a worker's parts start: web, then a broker that answers, then Faust, then the desk.

Left to itself a Faust worker ends after 1.5 s where no broker answers, and starts its web only after its first
assignment.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from aiokafka.admin import AIOKafkaAdminClient
from faust.app.base import BootStrategy
from mode import Service
from mode.types import ServiceT

from streams.kafka import topics
from streams.kafka.connectivity import diagnose
from streams.processing import PartitionConsumer
from streams.processing.topology import TopicShapes

if TYPE_CHECKING:
    from streams.worker.faust_app import TrucelineApp

__all__ = ["BrokerGate", "ProcessingService", "TrucelineBootStrategy"]

log = logging.getLogger(__name__)

RETRY_FIRST_S = 0.5
RETRY_MOST_S = 10.0
PROBE_S = 5.0


class TrucelineBootStrategy(BootStrategy):
    """Which services a worker has, in the order in which they start; they stop the other way round."""

    def server(self) -> Iterable[ServiceT]:
        """Return the services. Faust's own consumer and producer are there only for agents on topics."""
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
            [ProcessingService(app.desk)],
        )


class BrokerGate(Service):
    """Starts once a broker answers, and tries for as long as it takes.

    Agents on topics wait for the topics as well. Faust would ask for a missing one by its name, and a broker that makes
    what it is asked for would make it of another shape.
    """

    def __init__(self, app: "TrucelineApp", **options: Any) -> None:
        """Take the app whose brokers are meant."""
        self._app = app
        super().__init__(**options)

    async def on_start(self) -> None:
        """Return when a broker has answered, and the topics are there if need be, or the worker is told to stop."""
        desk = self._app.desk
        retry_s = RETRY_FIRST_S
        while not self.should_stop:
            error = await self._probe()
            if error is None:
                return
            desk.status.reason = await diagnose(error, self._app.settings, "worker")
            log.error("%s; trying again in %.1f s", desk.status.reason, retry_s)
            await self.sleep(retry_s)
            retry_s = min(RETRY_MOST_S, 2 * retry_s)

    async def _probe(self) -> Exception | None:
        admin = AIOKafkaAdminClient(**self._app.client_options)
        try:
            async with asyncio.timeout(PROBE_S):
                await admin.start()
                if self._app.has_topic_agents:
                    settings = self._app.settings
                    TopicShapes(settings, await topics.survey(admin, settings.topic_prefix))
        except Exception as error:  # noqa: BLE001 - no kind of failure is a reason to give up
            return error
        finally:
            await admin.close()
        return None


class ProcessingService(Service):
    """The desk as a part of the worker."""

    def __init__(self, desk: PartitionConsumer, **options: Any) -> None:
        """Take the desk to run."""
        self._desk = desk
        super().__init__(**options)

    async def on_start(self) -> None:
        """Start the desk."""
        self._desk.start()

    async def on_stop(self) -> None:
        """Finish what is in hand and leave the group."""
        await self._desk.stop()
