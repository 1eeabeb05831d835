"""A log whose first records were deleted: every answer that is made from it says so, and nothing is rebuilt from it."""

import asyncio

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from typer.testing import CliRunner

from streams.cli import app
from streams.core.times import read_time
from streams.kafka.client import client_options
from streams.kafka.topics import admin
from streams.operations.verify.verify import verify
from streams.settings import Settings
from streams.stores.episode_log import require_whole
from streams.stores.kafka.store import KafkaStore
from streams.stores.store import StoreUnavailable
from streams.web.folding import Watch
from streams.web.queries.as_of import picture_at
from streams.web.queries.explain import ExplainQuery, explain_answer
from tests.support.kafka_log import (
    REGISTRY,
    create_topics,
    fold_all,
    running_consumer,
    settings_for,
)
from tests.support.numbered_reports import report
from tests.support.waiting import eventually

LATER = read_time("2030-01-01T00:00:00Z")


async def cut(settings: Settings, partition: int, before: int) -> None:
    async with admin(client_options(settings)) as client:
        place = TopicPartition(settings.topic("reports"), partition)
        await client.delete_records({place: RecordsToDelete(before_offset=before)})


async def answers(settings: Settings) -> dict[str, bool]:
    """Return whether each answer about an episode is complete."""
    store = KafkaStore(settings, registry=REGISTRY)
    changes = await store.changes_of("e-1", 1_000, lambda: None)
    explained = await explain_answer(store, "e-1", ExplainQuery([], [], None), Watch())
    known = await picture_at(store, "e-1", LATER, Watch())
    assert explained is not None
    assert known is not None
    return {
        "changes": changes.complete,
        "explain": orjson.loads(explained.body)["complete"],
        "at": orjson.loads(known.body)["complete"],
    }


async def test_answers_from_a_cut_log_say_so(kafka: str, prefix: str) -> None:
    """Tables and charts, which cannot, are refused; verify names the log first, not its outputs."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(number) for number in range(5)])
    assert await answers(settings) == {"changes": True, "explain": True, "at": True}
    await cut(settings, 0, 2)
    assert await answers(settings) == {"changes": False, "explain": False, "at": False}
    with pytest.raises(StoreUnavailable, match=r"begins at offset 2: .* a table or chart of the rest would be wrong"):
        await require_whole(KafkaStore(settings), "e-1")
    [problem] = await verify(settings, REGISTRY)
    assert problem.startswith(f"{prefix}.reports partition 0 begins at offset 2: the records before were deleted")
    assert "truceline export" in problem


async def folded_and_cut(settings: Settings) -> None:
    await create_topics(settings, 1)
    await fold_all(settings, [report(number) for number in range(5)])
    await cut(settings, 0, 2)


def test_commands_name_a_cut_log(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild from it is refused, and asks for the export."""
    asyncio.run(folded_and_cut(settings_for(kafka, prefix)))
    for name, value in {"BOOTSTRAP_SERVERS": kafka, "TOPIC_PREFIX": prefix, "APP_ID": prefix}.items():
        monkeypatch.setenv(f"TRUCELINE_{name}", value)
    shown = CliRunner().invoke(app, ["show", "e-1", "--at", "2030-01-01"])
    assert f"note: {prefix}.reports begins at offset 2" in shown.stderr
    refused = CliRunner().invoke(app, ["rebuild", "--to", f"{prefix}-new"])
    assert refused.exit_code == 1
    assert f"{prefix}.reports partition 0 begins at offset 2" in refused.stderr
    assert "take an export that has the missing records" in refused.stderr


async def test_a_worker_names_a_cut_partition_of_another(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that has no partition, as soon as it starts."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(number) for number in range(5)])
    monkeypatch.setattr("streams.processing.consumer.WATCH_S", 0.2)
    monkeypatch.setattr("streams.processing.consumer.SURVEY_S", 0.0)
    async with running_consumer(settings) as one:
        await eventually(lambda: one.status.ready and bool(one.status.partitions), "it runs")
        async with running_consumer(settings) as other:
            await eventually(lambda: other.status.ready and one.status.ready, "both are in the group")
            await cut(settings, 0, 2)
            words = f"{prefix}.reports partition 0 begins at offset 2: the records before were deleted"
            idle, busy = sorted((one, other), key=lambda consumer: len(consumer.status.partitions))
            await eventually(lambda: words in " ".join(idle.status.degraded()), "the idle one says it")
            await eventually(lambda: words in " ".join(busy.status.reasons()), "the other is blocked")
            assert idle.status.ready
