"""A Faust transport with a read_committed consumer; the only use of private names of Faust 0.15.

Faust's own consumer is read_uncommitted unless Faust runs transactions itself: an agent on an output topic would act on
changes of aborted transactions.

Faust's bookkeeping of committable offsets takes transaction markers for records that are still to come: it passes one
of them each time it commits, every few seconds, and falls behind for good.
"""

from typing import Any, ClassVar

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport

__all__ = ["CommittedTransport"]


class _CommittedThread(AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Read when the consumer starts; Faust sets it only together with its own transactions.
        consumer._isolation_level = "read_committed"
        return consumer


class _CommittedConsumer(Consumer):
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Ignore offsets without a record."""

    def _new_offset(self, tp: Any) -> int | None:
        """Return the offset after the last acknowledged record; agents process a partition in order."""
        acked = self._acked[tp]
        if not acked:
            return None
        last = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return int(last) + 1


class CommittedTransport(Transport):
    """Faust's transport, but read_committed."""

    Consumer: ClassVar[type[Consumer]] = _CommittedConsumer
