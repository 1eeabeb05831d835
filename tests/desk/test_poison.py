"""No record can stop a partition: what the fold or a broker chokes on is rejected, and the rest goes on."""

import json
from typing import Any

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.core.ledger import Ledger
from streams.desk.routing import partition_of
from streams.testing.verify import verify
from tests.desk.mixed import Sent
from tests.desk.places import REGISTRY, create_topics, read, running_desk, send, settings_for, taken_in

NOW_MS = 1_700_000_000_000


def report(number: int, episode: str = "e-1", **more: Any) -> Sent:
    content = {
        "report_id": f"r-{number}", "episode": episode, "source": "reuters", "published_at": "2022-09-15T10:30:00Z",
        "claims": [{"type": "casualties", "party": f"p-{number}", "outcome": "killed", "count": {"best": number}}],
    }  # fmt: skip
    key = episode.encode()
    return Sent(partition_of(key, 1), key, json.dumps(content | more).encode(), NOW_MS)


def many_mediators(number: int, count: int) -> Sent:
    """A report whose change of status is long: it names as many mediators as fit."""
    claims = [
        {
            "type": "ceasefire",
            "act": "announced",
            "mediators": [f"{'m' * 60}-{number}-{claim}-{at}" for at in range(count)],
        }
        for claim in range(10)
    ]
    return report(number, claims=claims)


async def rejected_codes(settings: Any) -> dict[int, str]:
    found = [dict(record.headers) for record in await read(settings, "rejected", 1)]
    return {int(headers["offset"]): headers["code"].decode() for headers in found}


@pytest.mark.parametrize("stage", ["intake", "fold_counts", "fold_ceasefires"])
async def test_a_bug_in_the_fold_rejects_its_report_and_degrades_the_worker(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    fold = getattr(Ledger, stage)

    def buggy(ledger: Ledger, message: Any, *rest: Any) -> Any:
        if getattr(getattr(message, "message", message), "report_id", "") == "r-3":
            raise ZeroDivisionError("a bug")
        return fold(ledger, message, *rest)

    await send(settings, [report(number) for number in range(6)])
    async with running_desk(settings) as desk:
        with monkeypatch.context() as patched:
            patched.setattr(Ledger, stage, buggy)
            await taken_in(settings)
        assert desk.status.internal_errors == 1
        assert desk.status.degraded() == ["1 reports rejected as internal: a bug, see the log"]
    assert await rejected_codes(settings) == {3: "internal"}
    (record,) = await read(settings, "rejected", 1)
    assert dict(record.headers)["message"] == b"ZeroDivisionError: a bug"
    assert await verify(settings, REGISTRY) == []


async def test_a_report_whose_change_is_too_long_for_its_topic_is_rejected(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, ceasefires={"max.message.bytes": "400000"})
    async with running_desk(settings):
        await send(settings, [report(0), *(many_mediators(number, 200) for number in range(1, 5)), report(5)])
        await taken_in(settings)
    codes = await rejected_codes(settings)
    assert codes
    assert set(codes.values()) == {"too_large"}
    assert len(await read(settings, "casualties", 1)) == 2
    assert await verify(settings, REGISTRY) == []


async def test_a_report_whose_ledger_record_is_too_long_for_its_topic_is_rejected(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, ledger={"max.message.bytes": "400000"})
    async with running_desk(settings) as desk:
        await send(settings, [report(0), *(many_mediators(number, 200) for number in range(1, 5)), report(5)])
        await taken_in(settings)
        assert desk.status.counts["failures"] == 0
    messages = [dict(record.headers)["message"].decode() for record in await read(settings, "rejected", 1)]
    assert messages
    assert all(f"for {prefix}.ledger, which takes 400000" in message for message in messages)
    assert set((await rejected_codes(settings)).values()) == {"too_large"}
    assert len(await read(settings, "casualties", 1)) == 2
    assert await verify(settings, REGISTRY) == []


async def test_a_picture_too_long_for_its_topic_is_replaced_by_a_stub(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, episodes={"max.message.bytes": "400000"})
    async with running_desk(settings) as desk:
        await send(settings, [report(0), *(many_mediators(number, 200) for number in range(1, 5))])
        await taken_in(settings)
        assert desk.status.counts["pictures_truncated"] > 0
        assert any("pictures" in reason for reason in desk.status.degraded())
    *_, last = [orjson.loads(record.value) for record in await read(settings, "episodes", 1)]
    assert last == {"episode": "e-1", "through": {"partition": 0, "offset": 4}, "truncated": True}
    assert await verify(settings, REGISTRY) == []


async def test_a_topic_made_narrower_while_the_desk_works_rejects_the_one_report_that_no_longer_fits(
    kafka: str, prefix: str
) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    async with running_desk(settings) as desk:
        await send(settings, [report(0)])
        await taken_in(settings)
        await narrow(settings.bootstrap_servers, settings.topic("ceasefires"))
        await send(settings, [report(1), many_mediators(2, 200), many_mediators(3, 200), report(4)])
        await taken_in(settings)
        assert desk.status.counts["failures"] > 0, "the broker was to refuse"
    codes = await rejected_codes(settings)
    assert set(codes.values()) == {"too_large"}
    assert len(await read(settings, "casualties", 1)) == 3
    assert await verify(settings, REGISTRY) == []


async def narrow(bootstrap_servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, configs={"max.message.bytes": "400000"})]
        )
    finally:
        await admin.close()


async def test_a_refused_record_that_fits_nowhere_is_cut_and_says_so(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, rejected={"max.message.bytes": "400000"})
    async with running_desk(settings):
        await send(settings, [Sent(0, b"k", b"x" * 800_000, NOW_MS), report(1)])
        await taken_in(settings)
    (record,) = await read(settings, "rejected", 1)
    headers = dict(record.headers)
    assert headers["code"] == b"too_large"
    assert headers["truncated_from"] == b"800000"
    assert 390_000 < len(record.value) < 400_000
    assert len(await read(settings, "casualties", 1)) == 1
