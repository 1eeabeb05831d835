"""A Faust transport whose consumer reads only what is committed.

Faust's own is read_uncommitted unless it runs transactions itself: a plain agent on an output topic would act on
changes that the desk has aborted.

And Faust's bookkeeping of what may be committed takes the offsets of transaction markers for records that are still
to come: it gets over one of them each time that it commits, every few seconds, and falls behind for good.
"""

from typing import Any, ClassVar

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport

__all__ = ["CommittedTransport"]


class _CommittedThread(AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Read when the consumer starts; Faust's own setting of it goes with its transactions.
        consumer._isolation_level = "read_committed"
        return consumer


class _CommittedConsumer(Consumer):
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Offsets that no record has are nothing to wait for."""

    def _new_offset(self, tp: Any) -> int | None:
        """Return the offset behind the last record done: our agents take each partition in its order."""
        acked = self._acked[tp]
        if not acked:
            return None
        last = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return int(last) + 1


class CommittedTransport(Transport):
    """As Faust's, but read_committed."""

    Consumer: ClassVar[type[Consumer]] = _CommittedConsumer
