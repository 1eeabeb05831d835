"""The metrics of a worker's partitions, as /metrics shows them."""

import dataclasses

import orjson

from tests.support.kafka_log import create_topics, running_consumer, send, settings_for, until_processed
from tests.support.metrics import MetricsDelta, samples
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import NOW_MS, report
from tests.support.waiting import eventually


async def test_outcomes_and_partitions_are_counted(kafka: str, prefix: str) -> None:
    """A desk counts what became of records and shows its partitions."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    gained = MetricsDelta()
    strayed = dataclasses.replace(report(3), key=b"e-2")
    records = [
        *(report(number) for number in (1, 2, 2)),
        report(4, unknown="x"),
        strayed,
        Sent(0, b"e-1", b"{}", NOW_MS),
        Sent(0, b"e-1", b"{", NOW_MS),
        Sent(0, b"e-1", orjson.dumps({"tick": "2022-09-16T00:00:00Z", "episode": "e-1"}), NOW_MS),
    ]
    await send(settings, records)
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        # A commit is seen by others before it is counted here; the copy that was sent on is taken in too.
        await eventually(lambda: desk.status.counts["accepted"] == 4, "all are counted")
        await eventually(lambda: desk.status.partitions[0].lag == 0, "nothing is left")
        shown = samples()
    assert gained.by("truceline_reports_total", "outcome") == {
        "accepted": 4, "duplicate": 1, "tick": 1, "rerouted": 1, "rejected": 2,
    }  # fmt: skip
    assert gained.by("truceline_rejected_total", "code") == {"invalid": 1, "not_json": 1}
    assert gained.of("truceline_unknown_fields_total") == 1
    published = gained.by("truceline_published_total", "topic")
    assert {topic: published[topic] for topic in ("casualties", "rejected", "reports")} == {
        "casualties": 4, "rejected": 2, "reports": 1,
    }  # fmt: skip
    assert published["ledger"] > 4
    transactions = gained.by("truceline_transactions_total", "outcome")
    assert transactions == {"committed": gained.of("truceline_commit_seconds_count")}
    batches = gained.of("truceline_fold_seconds_count")
    assert 2 <= batches <= transactions["committed"]
    assert gained.of("truceline_end_to_end_seconds_count") == batches
    assert gained.of("truceline_takeovers_total") == 1
    of_partition = (("partition", "0"),)
    assert [
        shown[name, of_partition]
        for name in ("truceline_lag_records", "truceline_partition_running", "truceline_restored_ratio")
    ] == [0, 1, 1]
    assert ("truceline_lag_records", of_partition) not in samples(), "the partition is let go of"
