"""The parts of the desk that need no broker."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from schemas.topics import TOPICS
from streams.core.cloudevents import Headers
from streams.kafka.routing import Route, Router, partition_of
from streams.kafka.topics import TopicSurvey
from streams.observability.log_throttle import ThrottleFilter
from streams.processing.backlog import Backlog
from streams.processing.errors import NeedsOperator, OutputTooLarge
from streams.processing.outbox import Outbox
from streams.processing.output_record import NO_HEADERS, OutputRecord, SizeLimits
from streams.processing.picture_schedule import PictureSchedule
from streams.processing.status import PartitionState, PartitionStatus, ProcessingStatus
from streams.processing.topology import TopicShapes
from streams.settings import load


@pytest.mark.parametrize(
    ("key", "murmur2"),
    # Of Kafka's own UtilsTest: the hashes that its Java client gives.
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_lies_where_the_java_client_puts_it(key: bytes, murmur2: int) -> None:
    assert partition_of(key, 7) == (murmur2 & 0x7FFFFFFF) % 7


def test_the_home_of_an_episode_is_remembered() -> None:
    routes = Router(5)
    home = routes.route("e-1")
    assert home == Route(b"e-1", partition_of(b"e-1", 5))
    assert routes.route("e-1") is home


def record(size: int, offset: int = 0) -> Any:
    return SimpleNamespace(key=None, value=b"x" * size, offset=offset)


def test_a_backlog_is_taken_in_batches_of_so_many_records() -> None:
    backlog = Backlog(batch_records=3, batch_bytes=1000)
    records = [record(1) for _ in range(8)]
    backlog.put(records[:5])
    backlog.put(records[5:])
    assert backlog.full
    assert backlog.take(100) == records[:3]
    assert backlog.take(1) == records[3:4]
    assert backlog.records == 4
    assert backlog.take(100) == records[4:7]
    assert backlog.low
    assert backlog.take(100) == records[7:]
    assert backlog.records == 0


def test_a_backlog_is_full_by_its_bytes_too() -> None:
    backlog = Backlog(batch_records=100, batch_bytes=1000)
    fullness = []
    for size in (1500, 600):
        backlog.put([record(size)])
        fullness.append(backlog.full)
    assert fullness == [False, True]
    backlog.clear()
    assert backlog.low


def test_what_a_backlog_has_no_room_for_is_to_be_fetched_again() -> None:
    backlog = Backlog(batch_records=3, batch_bytes=10_000)
    assert backlog.put([record(1, offset) for offset in range(7)]) is None
    assert backlog.put([record(1, offset) for offset in range(7, 12)]) == 9
    assert backlog.records == 9
    backlog.clear()
    assert backlog.put([record(20_000, 0), record(20_000, 1)]) == 1
    backlog.clear()
    assert backlog.put([record(90_000, 0), record(1, 1)]) == 1
    assert backlog.records == 1, "one that is too long for all is taken alone"


def test_a_picture_is_written_once_a_second() -> None:
    """A picture is written at once and then once a second while its episode changes."""
    pictures = PictureSchedule()
    written = []
    for tenth in range(35):
        now_s = tenth / 10
        pictures.changed(["e-1"], now_s)
        written += [now_s] * len(pictures.take_due(now_s, 10))
    assert written == [0.0, 1.0, 2.0, 3.0]
    assert pictures.next_s() == 4.0
    assert pictures.take_due(4.0, 10) == ["e-1"]
    assert pictures.next_s() is None


def test_an_owed_picture_is_marked_once() -> None:
    """A due picture is marked once, and the mark goes with it."""
    pictures = PictureSchedule()
    pictures.changed(["e-1", "e-2"], 0.0)
    assert pictures.take_due(0.0, 1) == ["e-1"]
    assert pictures.marks(["e-1"]) == (["e-2"], [])
    pictures.changed(["e-1", "e-2"], 0.5)
    assert pictures.marks([]) == (["e-1"], [])
    assert pictures.take_due(1.5, 10) == ["e-2", "e-1"]
    assert pictures.marks(["e-2", "e-1"]) == ([], ["e-2", "e-1"])


def test_what_the_last_owner_owed_is_due_at_once() -> None:
    pictures = PictureSchedule()
    pictures.restore(["e-1"], 7.0)
    assert pictures.take_due(7.0, 10) == ["e-1"]
    assert pictures.marks(["e-1"]) == ([], ["e-1"])


def output(topic: str, partition: int, key: bytes, length: int) -> OutputRecord:
    return topic, partition, key, b"x" * length, NO_HEADERS, None


def test_records_fill_batches_in_their_order() -> None:
    """Records of the outbox's own partition and of others."""
    box = Outbox(lambda _: BatchBuilder(1000, 0, is_transactional=1), 3)
    for partition in (3, 9):
        box.extend(output("a", partition, b"%d" % number, 100) for number in range(30))
        box.extend(output("a", partition, b"%d" % number, 100) for number in range(30, 50))
    assert box.records == 100
    assert box.batches.keys() == {TopicPartition("a", 3), TopicPartition("a", 9)}
    for batches in box.batches.values():
        assert len(batches) > 1
        keys = [record.key for batch in batches for record in MemoryRecords(bytes(batch._build())).next_batch()]
        assert keys == [b"%d" % number for number in range(50)]
        assert sum(batch.record_count() for batch in batches) == 50


def test_a_record_longer_than_its_topic_takes_does_not_fit() -> None:
    limits = SizeLimits({"a": 400_000, "b": 900_000})
    with pytest.raises(OutputTooLarge, match=r"for a, which takes 400000 \(max.message.bytes\)"):
        limits.check(output("a", 3, b"k", 400_000))
    assert not limits.fits(output("a", 3, b"k", 400_000))
    limits.check(output("b", 3, b"k", 400_000))
    assert limits.fits(output("b", 3, b"k", 400_000))
    assert limits.of("b") == 900_000


def test_headers_of_a_rejected_record_say_where_it_stood() -> None:
    headers = Headers("p", "rejected").rejected("invalid", "claims[0]: no", ("p.reports", 2, 7), 1500)
    assert headers == [
        ("ce_specversion", b"1.0"), ("ce_id", b"p.reports/2/7"), ("ce_type", b"p.rejected"),
        ("ce_source", b"p.reports"), ("ce_subject", b"invalid"), ("content-type", b"application/octet-stream"),
        ("code", b"invalid"), ("message", b"claims[0]: no"), ("topic", b"p.reports"), ("partition", b"2"),
        ("offset", b"7"), ("time", b"1970-01-01T00:00:01.5Z"), ("ce_time", b"1970-01-01T00:00:01.5Z"),
    ]  # fmt: skip
    assert "time" not in dict(Headers("p", "rejected").rejected("invalid", "", ("p.reports", 2, 7), -1))


def found(**other: TopicSurvey) -> dict[str, TopicSurvey]:
    return {name: TopicSurvey(4, 1, topic.configuration) for name, topic in TOPICS.items()} | other


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"ledger": TopicSurvey(3, 1, {})}, "truceline.ledger has 3 partitions, the reports 4"),
        ({"ledger": TopicSurvey(4, 1, {"cleanup.policy": "delete"})}, "cleanup.policy is delete, must be compact"),
        ({"casualties": TopicSurvey(4, 1, {"max.message.bytes": "1000"})}, "max.message.bytes is 1000"),
    ],
)
def test_topics_of_a_wrong_shape_are_refused(other: dict[str, TopicSurvey], said: str) -> None:
    """Topics of a wrong shape are refused with the fix."""
    with pytest.raises(NeedsOperator, match="truceline topics create") as blocked:
        TopicShapes(load(), found(**other))
    assert said in str(blocked.value)


def test_a_shape_gives_the_length_that_each_topic_takes() -> None:
    shape = TopicShapes(
        load(), found(episodes=TopicSurvey(4, 1, {"max.message.bytes": "500000"}), ledger=TopicSurvey(4, 1, {}))
    )
    assert shape.partitions == 4
    assert shape.record_limits["truceline.episodes"] == 500_000
    assert shape.record_limits["truceline.ledger"] == TOPICS["ledger"].max_message_bytes


def test_a_desk_is_ready_when_all_its_partitions_run() -> None:
    status = ProcessingStatus()
    assert status.reasons() == ["starting"]
    status.reason = ""
    status.partitions = {0: PartitionStatus(0, PartitionState.RUNNING, unread=2, queued=3), 1: PartitionStatus(1)}
    assert not status.ready
    assert status.reasons() == ["partition 1 is waiting"]
    assert status.partitions[0].lag == 5
    assert status.partitions[1].lag is None
    status.partitions[1] = PartitionStatus(1, PartitionState.RESTORING, restored=4_500, restore_end=10_000)
    assert status.reasons() == ["partition 1 is restoring: 45 % of 10,000 ledger records read"]
    status.partitions[1].restored = 10_000
    assert status.partitions[1].progress == "all 10,000 ledger records read, building the state"


def test_a_repeated_library_message_is_throttled() -> None:
    """A librarys repeated message is let through seldom with its count."""
    now_s = 0.0
    seldom = ThrottleFilter("aiokafka", lambda: now_s)

    def said(name: str, number: int) -> str | None:
        record = logging.LogRecord(name, logging.ERROR, "", 0, "no node %d", (number,), None)
        return record.getMessage() if seldom.filter(record) else None

    assert [said("aiokafka.conn", number) for number in range(3)] == ["no node 0", None, None]
    assert [said("streams.processing", number) for number in range(2)] == ["no node 0", "no node 1"]
    now_s = 31.0
    assert said("aiokafka.conn", 9) == "no node 9 (repeated 2 times)"
