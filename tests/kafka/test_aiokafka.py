"""The behaviour of aiokafka 0.14 that we rely on or work around: any change fails here."""

import asyncio
import inspect
import subprocess
import sys
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced
from aiokafka.producer import sender as sender_module
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecord
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.core.cloudevents import Header
from streams.core.ledger import Ledger
from streams.core.source_registry import Registry
from streams.kafka.aiokafka_patches.batch_builder import BatchFiller
from streams.kafka.aiokafka_patches.paced_sender import QUICK_RETRIES, QUICK_S, SLOW_S, RetryPace
from streams.kafka.aiokafka_patches.raw_consumer import RawConsumer
from streams.kafka.aiokafka_patches.record_decoding import decode_any_record
from streams.kafka.client import client_options
from streams.kafka.transactional_producer import TransactionalProducer
from streams.processing.errors import NeedsOperator
from streams.processing.restore import MadeWith, restore
from streams.settings import Settings
from tests.support.kafka_log import create_topics, read, read_ended, settings_for
from tests.support.numbered_reports import report
from tests.support.undecodable_header import UndecodableName, send_with_header
from tests.support.waiting import LIMIT_S

LEDGER, CHANGES = "ledger", "casualties"
SMALL = {"max.message.bytes": "400000"}


def batch_of(producer: Any, *values: bytes) -> Any:
    batch = producer.create_batch()
    for value in values:
        batch.append(timestamp=None, key=b"key", value=value)
    return batch


def ours(settings: Settings, name: str = "", **more: Any) -> TransactionalProducer:
    options = {"transaction_timeout_ms": 20_000, "batch_bytes": 900_000} | more
    return TransactionalProducer(client_options(settings), f"{settings.app_id}-id{name}", **options)


def place(settings: Settings, name: str) -> TopicPartition:
    return TopicPartition(settings.topic(name), 0)


async def started(settings: Settings, **more: Any) -> TransactionalProducer:
    producer = ours(settings, **more)
    await producer.start([settings.topic(LEDGER), settings.topic(CHANGES)])
    return producer


async def test_aiokafka_commits_although_a_batch_was_refused(kafka: str, prefix: str) -> None:
    """Aiokafka alone commits a transaction whose batch was refused."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, casualties=SMALL)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{prefix}-bare", max_batch_size=900_000)
    await producer.start()
    try:
        await producer.begin_transaction()
        refused = await producer.send_batch(batch_of(producer, b"x" * 500_000), settings.topic(CHANGES), partition=0)
        taken = await producer.send_batch(batch_of(producer, b"y"), settings.topic(LEDGER), partition=0)
        await producer.commit_transaction()
        with pytest.raises(MessageSizeTooLargeError):
            await refused
        await taken
    finally:
        await producer.stop()
    assert len(await read_ended(settings, LEDGER, 1)) == 1, "half a transaction"
    assert await read_ended(settings, CHANGES, 1) == []


async def test_a_refused_batch_aborts_the_transaction(kafka: str, prefix: str) -> None:
    """Our producer commits nothing of a transaction whose batch was refused."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, casualties=SMALL)
    producer = await started(settings)
    batches = {
        place(settings, CHANGES): [batch_of(producer, b"x" * 500_000)],
        place(settings, LEDGER): [batch_of(producer, b"y")],
    }
    with pytest.raises(MessageSizeTooLargeError):
        await producer.commit(batches, {place(settings, "reports"): 7}, settings.app_id)
    await producer.close()
    after = await started(settings)
    await after.close()
    assert await read_ended(settings, LEDGER, 1) == []
    assert await read_ended(settings, CHANGES, 1) == []


async def test_a_later_producer_fences_the_earlier(kafka: str, prefix: str) -> None:
    """A later producer of the same id fences the earlier and ends its transaction."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    zombie = await started(settings)
    bare = zombie._producer
    await bare.begin_transaction()
    await (await bare.send_batch(batch_of(bare, b"zombie"), settings.topic(LEDGER), partition=0))
    owner = await started(settings)
    await owner.commit({place(settings, LEDGER): [batch_of(owner, b"owner")]}, {}, settings.app_id)
    with pytest.raises(ProducerFenced):
        await bare.commit_transaction()
    await zombie.close()
    await owner.close()
    assert [record.value for record in await read_ended(settings, LEDGER, 1)] == [b"owner"]


async def test_batches_of_one_partition_keep_their_order(kafka: str, prefix: str) -> None:
    """Several batches of one partition go into one transaction in their order."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = await started(settings)
    for turn in range(3):
        batches = [batch_of(producer, b"%d.%d" % (turn, number)) for number in range(4)]
        await producer.commit({place(settings, LEDGER): batches}, {place(settings, "reports"): turn}, settings.app_id)
    await producer.close()
    values = [record.value for record in await read_ended(settings, LEDGER, 1)]
    assert values == [b"%d.%d" % (turn, number) for turn in range(3) for number in range(4)]


async def test_closing_gives_up_what_is_under_way(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = await started(settings)
    before = asyncio.all_tasks()
    await producer._producer.begin_transaction()
    sent = await producer._producer.send_batch(batch_of(producer, b"never"), settings.topic(LEDGER), partition=0)
    await producer.close()
    with pytest.raises(ConnectionAbortedError):
        await sent
    assert not {task for task in asyncio.all_tasks() - before if not task.done()}


def test_importing_every_module_leaves_aiokafka_as_it_is() -> None:
    """A library that is imported changes nothing in the host's own consumers."""
    rooms = "streams.worker, streams.cli, streams.processing, streams.stores.kafka.store, streams.kafka.consumers"
    code = f"import {rooms}; from aiokafka.consumer import fetcher; print(fetcher.MemoryRecords.__module__)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "aiokafka.record._crecords.memory_records\n"


async def test_aiokafka_stops_at_a_header_name_not_in_utf8(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So `streams.kafka.aiokafka_patches.record_decoding` reads it for every consumer of the process."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send_with_header(settings, report(1), UndecodableName("x"))
    assert fetcher.MemoryRecords is not MemoryRecords
    assert [record.headers for record in await read(settings, "reports", 1)] == [(("\ufffd\ufffd", b"1"),)] * 2
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)
    monkeypatch.setattr("streams.kafka.consumers.decode_any_record", lambda: None)
    with pytest.raises(UnicodeDecodeError):
        await read(settings, "reports", 1)


async def test_a_raw_consumer_returns_the_same_records(kafka: str, prefix: str) -> None:
    """Step by step, from the middle of a batch on: past markers, past what was aborted, and as many as were asked for.

    Their lengths come from the bytes; topic and partition are not needed.
    """
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    at = place(settings, CHANGES)
    producer = await started(settings)
    bare = producer._producer
    for values in ([b"0", b"1", b"2"], [b"aborted"], [b"5", b"", None], [b"9", b"10"]):
        await bare.begin_transaction()
        batch = bare.create_batch()
        for value in values:
            batch.append(timestamp=1_700_000_000_000, key=b"k" if value else None, value=value, headers=[("h", value)])
        await (await bare.send_batch(batch, at.topic, partition=0))
        await (bare.abort_transaction() if b"aborted" in values else bare.commit_transaction())
    await producer.close()
    theirs = await in_steps(AIOKafkaConsumer, kafka, at, end=12)
    own = await in_steps(RawConsumer, kafka, at, end=12)
    assert {type(record) for records, _ in theirs for record in records} == {ConsumerRecord}
    assert {type(record) for records, _ in own for record in records} == {DefaultRecord}
    assert [([record.offset for record in records], position) for records, position in own] == [
        ([1, 2], 3), ([6, 7], 8), ([8, 10], 11), ([11], 13),
    ]  # fmt: skip
    assert [position for _, position in own] == [position for _, position in theirs]
    assert [fields(record) for records, _ in own for record in records] == [
        fields(record) for records, _ in theirs for record in records
    ]


async def in_steps(kind: Any, kafka: str, at: TopicPartition, end: int) -> list[tuple[list[Any], int]]:
    """Read to the end from offset 1 on, two records at a time; return what came, and the position behind it."""
    consumer = kind(bootstrap_servers=kafka, auto_offset_reset="none", isolation_level="read_committed")
    steps = list[tuple[list[Any], int]]()
    await consumer.start()
    try:
        consumer.assign([at])
        consumer.seek(at, 1)
        while await consumer.position(at) < end:
            for records in (await consumer.getmany(timeout_ms=500, max_records=2)).values():
                steps.append((records, await consumer.position(at)))
    finally:
        await consumer.stop()
    return steps


def fields(record: Any) -> tuple[Any, ...]:
    headers = [*record.headers]
    return record.offset, record.timestamp, record.timestamp_type, record.key, record.value, headers


@pytest.mark.parametrize("codec", [0, 1], ids=["plain", "gzip"])
@pytest.mark.parametrize("magic", [0, 1])
def test_a_record_of_an_old_format_is_read_as_one_of_today(magic: int, codec: int) -> None:
    """aiokafka says of one without a time that it is None, which is no number: record_decoding says -1."""
    builder = LegacyRecordBatchBuilder(magic, codec, 1000)
    for number, timestamp_ms in enumerate((1_700_000_000_000, -1)):
        builder.append(number, timestamp_ms, b"k", b"v")
    raw = bytes(builder.build())
    times_ms = [1_700_000_000_000 if magic else -1, -1]
    assert [record.timestamp for record in decoded(MemoryRecords(raw))] == [
        None if time_ms < 0 else time_ms for time_ms in times_ms
    ]
    decode_any_record()
    today = decoded(fetcher.MemoryRecords(raw))
    assert {type(record) for record in today} == {DefaultRecord}
    assert [fields(record) for record in today] == [
        (number, time_ms, 0, b"k", b"v", []) for number, time_ms in enumerate(times_ms)
    ]


def decoded(fetched: Any) -> list[Any]:
    found = []
    while fetched.has_next():
        found += list(fetched.next_batch())
    return found


async def test_the_ledger_is_restored_to_its_very_end(kafka: str, prefix: str) -> None:
    """The end counts an open transaction in: it is not taken for the end of what was committed."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = await started(settings)
    batch = producer.create_batch()
    for key, value in ((b"_o", b"41"), (b"_p/e-1", b"true"), (b"_g", b'"abc"'), (b"_o", b"42"), (b"_p/e-1", None)):
        batch.append(timestamp=1_700_000_000_000, key=key, value=value)
    await producer.commit({place(settings, LEDGER): [batch]}, {}, settings.app_id)
    ledger, read_up_to = Ledger(Registry()), list[int]()
    # Five records and the marker of the commit.
    restored = await restore(client_options(settings), place(settings, LEDGER), (0, 6), ledger, read_up_to.append)
    await producer.close()
    assert restored._asdict() == {
        "next_offset": 42, "group_offset": None, "made_with": MadeWith("abc", None, None, None),
        "owed": [], "registries": 0, "entries": 2, "foreign": 0, "newest_us": 1_700_000_000_000_000,
    }  # fmt: skip
    assert read_up_to[-1] == 6


async def test_an_end_that_is_not_reached_is_an_error(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.kafka.range_reader.STALLED_S", 1.0)
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = await started(settings)
    await producer._producer.begin_transaction()
    await (await producer._producer.send_batch(batch_of(producer, b"1"), settings.topic(LEDGER), partition=0))
    with pytest.raises(NeedsOperator, match="a transaction is left open there"):
        await restore(client_options(settings), place(settings, LEDGER), (0, 1), Ledger(Registry()), lambda _: None)
    await producer.close()


@pytest.mark.parametrize("kind", [AIOKafkaConsumer, RawConsumer])
async def test_a_paused_partition_fetches_again(kafka: str, prefix: str, kind: Any) -> None:
    """A paused partition gives back what was fetched and reads it again."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = await started(settings)
    await producer.commit({place(settings, LEDGER): [batch_of(producer, b"1", b"2", b"3")]}, {}, settings.app_id)
    await producer.close()
    consumer = kind(bootstrap_servers=kafka, auto_offset_reset="none", isolation_level="read_committed")
    await consumer.start()
    try:
        at = place(settings, LEDGER)
        consumer.assign([at])
        consumer.seek(at, 0)
        while len(await consumer.getmany(timeout_ms=500, max_records=1)) == 0:
            pass
        consumer.pause(at)
        assert await consumer.getmany(timeout_ms=300) == {}
        consumer.resume(at)
        rest = await consumer.getmany(timeout_ms=int(LIMIT_S * 1000))
        assert [record.value for record in rest[at]] == [b"2", b"3"]
        # The marker of the commit is behind the last record, and the position behind the marker.
        assert await consumer.position(at) == consumer.last_stable_offset(at) == 4
    finally:
        await consumer.stop()


def test_a_batch_takes_any_first_record() -> None:
    """So that lengths are our own concern (`Outbox.fits`), and each None means a new batch."""
    batch = BatchBuilder(1000, 0, is_transactional=1)
    assert batch.append(timestamp=None, key=b"k", value=b"x" * 2000) is not None
    assert batch.append(timestamp=None, key=b"k", value=b"x") is None
    assert batch.closed()


def test_the_sticky_assignor_keeps_its_assignment_in_the_class() -> None:
    """So each desk makes a class of its own."""
    assert inspect.ismethod(StickyPartitionAssignor.on_assignment)
    first: Any = type("First", (StickyPartitionAssignor,), {})
    second: Any = type("Second", (StickyPartitionAssignor,), {})
    first.member_assignment = [TopicPartition("t", 0)]
    assert second.member_assignment is StickyPartitionAssignor.member_assignment is None


def test_the_wait_after_a_commit_is_replaced() -> None:
    """Waits after a commit are constants that our sender replaces."""
    assert sender_module.BACKOFF_OVERRIDE == 0.02
    assert "return BACKOFF_OVERRIDE" in inspect.getsource(sender_module.AddPartitionsToTxnHandler.handle_response)
    assert "self._default_backoff = sender._retry_backoff" in inspect.getsource(sender_module.BaseHandler.__init__)


def test_retries_are_quick_until_there_are_many_of_them() -> None:
    pace = RetryPace()
    assert [pace.next_s() for _ in range(QUICK_RETRIES)] == [QUICK_S] * QUICK_RETRIES
    later = [pace.next_s() for _ in range(12)]
    assert later == sorted(later)
    assert later[-1] == SLOW_S
    pace.succeeded()
    assert pace.next_s() == QUICK_S


def test_a_record_batch_is_filled_past_its_own_append_as_by_it() -> None:
    """Which keeps count of the records, and does nothing else that a batch of bytes needs."""
    by_it, past_it = (BatchBuilder(10_000, 0, is_transactional=1) for _ in range(2))
    headers: list[Header] = [("name", b"value")]
    filling = BatchFiller(past_it)
    for value in (b"a", b"bb", None):
        assert by_it.append(timestamp=7, key=b"k", value=value, headers=headers) is not None
        assert filling.append(7, b"k", value, headers)
    assert by_it.append(timestamp=7, key=b"k", value=b"c" * 20_000, headers=headers) is None
    assert not filling.append(7, b"k", b"c" * 20_000, headers)
    assert by_it._closed
    assert past_it._closed
    assert by_it.record_count() == past_it.record_count() == 3
    assert by_it._build() == past_it._build()
