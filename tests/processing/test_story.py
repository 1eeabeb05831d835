"""From input to output on a real broker: every output topic is compared with the core's own fold of the log."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.topics import CHANGE_TOPICS
from streams.core.source_registry import Registry, Source
from streams.kafka.routing import partition_of
from streams.operations.verify.verify import verify
from tests.support.kafka_log import (
    REGISTRY,
    SOURCES_YAML,
    Worker,
    create_topics,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import Sent, mixed_records
from tests.support.paths import TESTS

VECTORS = TESTS / "vectors"
STORY = json.loads((VECTORS / "seed-article.json").read_text())
NOW_MS = 1_700_000_000_000


def in_place(line: str, partitions: int) -> Sent:
    report = json.loads(line)
    key = report["episode"].encode()
    return Sent(partition_of(key, partitions), key, line.encode(), NOW_MS)


def without_origin(change: dict[str, Any]) -> dict[str, Any]:
    return change | {"cause": {name: value for name, value in change["cause"].items() if name != "origin"}}


async def test_the_seed_story_gives_the_vectors_changes_and_snapshot(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    registry = Registry({slug: Source(**source) for slug, source in STORY["sources"].items()})
    await create_topics(settings)
    async with running_consumer(settings, registry):
        await send(settings, [in_place(line, 4) for line in STORY["input"]])
        await until_processed(settings)
    expected = STORY["expected"]
    for topic in CHANGE_TOPICS:
        made = [orjson.loads(record.value) for record in await read(settings, topic)]
        wanted = [change["data"] for change in expected["changes"] if change["topic"] == topic]
        assert [without_origin(change) for change in made] == wanted
    *_, last = [orjson.loads(record.value) for record in await read(settings, "episodes")]
    (episode,) = expected["snapshot"]["episodes"]
    through = last.pop("through")
    assert last == {"episode": episode} | expected["snapshot"]["episodes"][episode]
    assert through["offset"] >= len(STORY["input"]) - 1
    assert await verify(settings, registry) == []


async def test_a_change_bears_cloudevents_headers_made_from_itself(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings)
    report = {
        "report_id": "azmod-1", "episode": "e-1", "source": "azerbaijan-mod",
        "published_at": "2022-09-15T10:30:00+04:00",
        "claims": [{"type": "casualties", "party": "azerbaijan", "outcome": "killed", "count": {"best": 71}}],
    }  # fmt: skip
    async with running_consumer(settings):
        await send(settings, [in_place(json.dumps(report), 4)])
        await until_processed(settings)
    (change,) = await read(settings, "casualties")
    (log,) = await read(settings, "reports")
    assert change.key == b"e-1"
    assert change.partition == log.partition == partition_of(b"e-1", 4)
    assert change.timestamp == NOW_MS
    assert change.headers == (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e-1/azerbaijan-mod/azerbaijan/killed/unknown@1"),
        ("ce_type", f"{prefix}.casualties".encode()),
        ("ce_source", f"{prefix}.reports".encode()),
        ("ce_subject", b"e-1"),
        ("ce_time", b"2022-09-15T06:30:00Z"),
        ("content-type", b"application/json"),
    )
    made = orjson.loads(change.value)
    assert made["cause"]["origin"] == {"topic": f"{prefix}.reports", "partition": log.partition, "offset": log.offset}
    (picture,) = await read(settings, "episodes")
    headers = dict(picture.headers)
    assert headers["ce_id"] == f"e-1@{log.partition}/{log.offset}".encode()
    assert headers["ce_time"] == b"2022-09-15T06:30:00Z"


async def test_a_refused_record_keeps_its_bytes_and_says_why(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings)
    async with running_consumer(settings):
        await send(settings, [Sent(2, b"any key", b"no report", NOW_MS, [("trace", b"7")])])
        await until_processed(settings)
    (rejected,) = await read(settings, "rejected")
    assert (rejected.partition, rejected.key, rejected.value) == (2, b"any key", b"no report")
    headers = dict(rejected.headers)
    assert headers["code"] == b"not_json"
    assert headers["message"]
    assert headers["topic"] == f"{prefix}.reports".encode()
    assert (headers["partition"], headers["offset"], headers["time"]) == (b"2", b"0", b"2023-11-14T22:13:20Z")
    assert headers["trace"] == b"7"


async def test_a_misplaced_report_is_sent_on_once_with_its_timestamp(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings)
    home = partition_of(b"e-1", 4)
    astray = (home + 1) % 4
    value = b'{"tick": "2020-01-01T00:00:00Z", "episode": "e-1"}'
    async with running_consumer(settings):
        await send(settings, [Sent(astray, b"e-1", value, NOW_MS), Sent(home, b"wrong", value, NOW_MS - 5)])
        await send(settings, [Sent(astray, b"e-1", value, NOW_MS, [("rerouted", b"somewhere")])])
        await until_processed(settings)
    copies = [record for record in await read(settings, "reports") if ("rerouted", b"somewhere") not in record.headers]
    moved = {dict(record.headers)["rerouted"]: record for record in copies if record.headers}
    assert {mark: (r.partition, r.key, r.value, r.timestamp) for mark, r in moved.items()} == {
        f"{astray}/0".encode(): (home, b"e-1", value, NOW_MS),
        f"{home}/0".encode(): (home, b"e-1", value, NOW_MS - 5),
    }
    (rejected,) = await read(settings, "rejected")
    assert dict(rejected.headers)["code"] == b"misrouted"
    assert await verify(settings, REGISTRY) == []


@pytest.mark.parametrize("batch", [7, 5000])
async def test_a_worker_publishes_the_fold_of_the_log(kafka: str, prefix: str, tmp_path: Path, batch: int) -> None:
    """Through a worker as users run it: Faust, its agents and the web in one process."""
    sources = tmp_path / "sources.yaml"
    sources.write_text(SOURCES_YAML)
    settings = settings_for(kafka, prefix, sources=sources, horizon="P400D")
    await create_topics(settings)
    await send(settings, mixed_records(1, 1000, 4))
    worker = Worker(
        settings, tmp_path / "worker.log", TRUCELINE_BATCH_MAX_RECORDS=str(batch), TRUCELINE_HORIZON="P400D"
    )
    await until_processed(settings)
    assert worker.stop() == 0
    assert await verify(settings) == []
    rejected = {dict(record.headers)["code"].decode() for record in await read(settings, "rejected")}
    assert rejected == {
        "too_large", "not_json", "invalid", "misrouted", "from_the_future", "revision_conflict", "too_late",
    }  # fmt: skip
    for topic in CHANGE_TOPICS:
        assert len(await read(settings, topic)) > 100


async def test_pruning_changes_nothing_published(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled reports are pruned, and all published records stay those of the fold."""
    monkeypatch.setattr("streams.processing.transaction.PRUNE_EVERY_RECORDS", 20)
    settings = settings_for(kafka, prefix, horizon="P3D", batch_max_records=15)
    await create_topics(settings)
    records = list(mixed_records(3, 1200, 4))
    await send(settings, records[:600])
    async with running_consumer(settings):
        await until_processed(settings)
    await send(settings, records[600:])
    async with running_consumer(settings):
        await until_processed(settings)
    kept = {record.key: record.value for record in await read(settings, "ledger") if record.key.startswith(b'["r"')}
    assert min(len(value) for value in kept.values()) < 60, "of settled reports little is kept"
    assert await verify(settings, REGISTRY) == []
