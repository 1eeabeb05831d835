"""A batch that is short on the wire and huge uncompressed is not decompressed, and stops nobody."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.consumer import fetcher
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka import oversized
from streams.kafka.aiokafka_patches.record_decoding import decode_any_record
from streams.kafka.client import client_options
from streams.kafka.oversized import Oversized
from streams.operations.verify.verify import verify
from tests.support.kafka_log import REGISTRY, create_topics, read, running_consumer, send, settings_for, until_processed
from tests.support.numbered_reports import report

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def batch(codec: str, *values: bytes) -> bytes:
    builder = BatchBuilder(50 << 20, CODECS[codec], is_transactional=0)
    for value in values:
        assert builder.append(timestamp=7, key=b"k", value=value, headers=[("h", b"1")]) is not None
    return bytes(builder._build())


def decoded(raw: bytes) -> list[Any]:
    decode_any_record()
    records, found = fetcher.MemoryRecords(raw), list[Any]()
    while records.has_next():
        found += list(records.next_batch())
    return found


def fields(record: Any) -> tuple[Any, ...]:
    return record.offset, record.timestamp, record.key, record.value, record.headers


@pytest.mark.parametrize("codec", list(CODECS))
def test_a_compressed_batch_is_decoded_as_by_aiokafka(codec: str) -> None:
    raw = batch(codec, b"a", b"bb" * 5_000, b"")
    theirs = [fields(record) for record in MemoryRecords(raw).next_batch()]
    assert [fields(record) for record in decoded(raw)] == theirs
    assert len(theirs) == 3


@pytest.mark.parametrize("codec", list(CODECS))
def test_a_batch_over_the_limit_keeps_its_offsets(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that each record of it can be rejected, and those behind it are read."""
    monkeypatch.setattr(oversized, "MAX_UNPACKED_BYTES", 1 << 20)
    raw = batch(codec, b"x" * 900_000, b"x" * 900_000, b"x") + batch(codec, b"after")
    found = decoded(raw)
    assert [type(record.value) for record in found] == [Oversized] * 3 + [bytes]
    assert [record.offset for record in found] == [0, 1, 2, 0]
    assert found[-1].value == b"after"


def test_a_batch_of_too_many_records_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversized, "MAX_UNPACKED_RECORDS", 2)
    assert [type(record.value) for record in decoded(batch("zstd", b"1", b"2", b"3"))] == [Oversized] * 3


async def test_a_bomb_is_rejected_and_the_next_report_folded(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oversized, "MAX_UNPACKED_BYTES", 1 << 20)
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(1)])
    producer = AIOKafkaProducer(**client_options(settings), compression_type="zstd", max_request_size=8 << 20)
    await producer.start()
    await producer.send_and_wait(settings.topic("reports"), b"[" + b" " * (4 << 20) + b"]", key=b"e-1", partition=0)
    await producer.stop()
    await send(settings, [report(2)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert (desk.status.counts["accepted"], desk.status.counts["rejected_too_large"]) == (2, 1)
    (rejected,) = await read(settings, "rejected", 1)
    assert (rejected.value, dict(rejected.headers)["code"], dict(rejected.headers)["offset"]) == (
        b"",
        b"too_large",
        b"1",
    )
    assert await verify(settings, REGISTRY) == []
