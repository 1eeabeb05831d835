"""The end of an idempotent producer: after a fatal error every further send fails."""

import asyncio

from aiokafka import AIOKafkaProducer

__all__ = ["wait_for_failure"]


async def wait_for_failure(producer: AIOKafkaProducer) -> None:
    """Wait until the sender of a started producer has ended, and raise why.

    For example OutOfOrderSequenceNumber after an unclean election: aiokafka keeps the producer, which never recovers.
    """
    task = producer._sender.sender_task
    await asyncio.wait([task])
    task.result()
