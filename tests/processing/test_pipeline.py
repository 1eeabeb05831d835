"""A slice of records through decode, fold and encode, with no broker."""

from types import SimpleNamespace
from typing import Any

import orjson
from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.topics import TOPICS
from streams.core.ledger import Ledger
from streams.core.source_registry import Registry
from streams.kafka.routing import Router, partition_of
from streams.processing.batch import FoldedBatch
from streams.processing.decode import Decoder
from streams.processing.encode import Encoder
from streams.processing.outbox import Outbox
from streams.processing.output_record import SizeLimits
from streams.processing.pipeline import BatchPipeline
from tests.support.build import killed, report

PARTITIONS = 3
HERE = partition_of(b"e-1", PARTITIONS)
TP = TopicPartition("p.reports", HERE)


def record(offset: int, value: bytes, key: bytes = b"e-1") -> Any:
    return SimpleNamespace(offset=offset, key=key, value=value, headers=[], timestamp=1_663_300_000_000)


def reports(count: int) -> list[Any]:
    return [record(n, orjson.dumps(report(f"r-{n}", killed(n + 1)) | {"episode": "e-1"})) for n in range(count)]


class FailsOn:
    """A stage that folds counts, and fails on the report ids it is given."""

    def __init__(self, *bad: str) -> None:
        self.bad = set(bad)
        self.sizes: list[int] = []

    async def __call__(self, batch: FoldedBatch) -> Exception | None:
        self.sizes.append(len(batch.messages))
        if any(getattr(message, "report_id", "") in self.bad for _, message in batch.messages):
            return ValueError("a bug")
        batch.fold_counts()
        batch.fold_ceasefires()
        return None


async def run(stage: FailsOn, records: list[Any]) -> tuple[Outbox, Any]:
    pipeline = BatchPipeline(TP, Decoder(HERE, Router(PARTITIONS)), Encoder("p", HERE, Router(PARTITIONS)), [stage])
    outbox = Outbox(lambda _: BatchBuilder(10 << 20, 0, is_transactional=1), HERE)
    limits = SizeLimits({f"p.{name}": 1 << 20 for name in TOPICS})
    return outbox, await pipeline.run(Ledger(Registry()), records, outbox, limits)


def written(outbox: Outbox) -> dict[str, int]:
    return {tp.topic: sum(batch.record_count() for batch in batches) for tp, batches in outbox.batches.items()}


async def test_a_slice_that_fails_comes_again_one_by_one() -> None:
    """Only the record at fault is rejected, as `internal`."""
    stage = FailsOn("r-2")
    outbox, stats = await run(stage, reports(5))
    assert stage.sizes == [5, 1, 1, 1, 1, 1]
    assert stats.counts == {"accepted": 4, "rejected_internal": 1}
    assert [rejection.record.offset for rejection in stats.internal_errors] == [2]
    assert written(outbox)["p.rejected"] == 1


async def test_each_stage_sees_a_slice_once() -> None:
    stage = FailsOn()
    _, stats = await run(stage, reports(130))
    assert (stage.sizes, stats.counts) == ([64, 64, 2], {"accepted": 130})


async def test_records_of_other_partitions_are_copied_there() -> None:
    elsewhere = next(name for name in map(str, range(99)) if partition_of(name.encode(), PARTITIONS) != HERE)
    value = orjson.dumps(report("r-9", killed(1)) | {"episode": elsewhere})
    outbox, stats = await run(FailsOn(), [record(0, value), record(1, b"no json")])
    assert stats.counts == {"rerouted": 1, "rejected_not_json": 1}
    assert {tp.partition for tp in outbox.batches if tp.topic == "p.reports"} == {
        partition_of(elsewhere.encode(), PARTITIONS)
    }
