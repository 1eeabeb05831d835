"""Records with a header name that is not UTF-8, which aiokafka cannot decode."""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from streams.kafka.client import client_options
from streams.settings import Settings
from tests.support.mixed_log import Sent


class UndecodableName(str):
    """A header name whose bytes are not UTF-8."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe"


async def send_with_header(settings: Settings, sent: Sent, name: str, codec: int = 0) -> None:
    """Send a record twice, in one batch, with one header of this name."""
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    try:
        batch = producer.create_batch()
        # aiokafka's default builder accepts text only.
        batch._builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1 << 20)
        for _ in range(2):
            batch.append(key=sent.key, value=sent.value, timestamp=sent.timestamp_ms, headers=[(name, b"1")])
        await (await producer.send_batch(batch, settings.topic("reports"), partition=sent.partition))
    finally:
        await producer.stop()
