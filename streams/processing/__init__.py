"""Exactly-once read-process-write on Kafka: input, fold, outputs, ledger and offsets in one transaction a batch.

`PartitionConsumer` runs it. A partition is taken over in a fixed order (`partition`), because aiokafka sends no
group metadata with the offsets: the producer's transactional id fences the last owner, and the
ledger topic, not the group, has the position to resume from.
"""

from streams.processing.consumer import PartitionConsumer
from streams.processing.status import PartitionStatus, ProcessingStatus

__all__ = ["PartitionConsumer", "PartitionStatus", "ProcessingStatus"]
