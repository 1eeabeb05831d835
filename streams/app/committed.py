"""A Faust transport whose consumer reads only what is committed.

Faust's own is read_uncommitted unless it runs transactions itself: a plain agent on an output topic would act on
changes that the desk has aborted.
"""

from typing import Any, ClassVar

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport

__all__ = ["CommittedTransport"]


class _CommittedThread(AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Read when the consumer starts; Faust's own setting of it goes with its transactions.
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        return consumer


class _CommittedConsumer(Consumer):
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class CommittedTransport(Transport):
    """As Faust's, but read_committed."""

    Consumer: ClassVar[type[Consumer]] = _CommittedConsumer
