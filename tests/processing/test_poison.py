"""No record can stop a partition: a record that the fold or a broker fails on is rejected, and the rest continues."""

from typing import Any

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import TOPICS
from streams.core import ledger_codec
from streams.core.state.step import EntryKey
from streams.kafka.client import client_options
from streams.operations.verify.verify import verify
from streams.settings import Settings
from tests.support.failing_stages import failing_stages
from tests.support.kafka_log import REGISTRY, create_topics, read, running_consumer, send, settings_for, until_processed
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import NOW_MS, figure, report
from tests.support.undecodable_header import UndecodableName, send_with_header


def many_mediators(number: int, ceasefire: str = "main") -> Sent:
    """A report whose view of a ceasefire is long: it names as many mediators as a view may have."""
    names = [[f"{'m' * 70}-{number}-{claim}-{at}" for at in range(50)] for claim in range(40)]
    act = {"type": "ceasefire", "act": "announced", "ceasefire": ceasefire}
    return report(number, claims=[{**act, "mediators": each} for each in names])


def many_parties(number: int) -> Sent:
    """A report that adds as many declaring parties to the view as it can; each is later than the one before."""
    act = {"type": "ceasefire", "act": "announced"}
    claims = [{**act, "by": f"{'p' * 70}-{number}-{claim}"} for claim in range(64)]
    return report(number, claims=claims, published_at=f"2022-09-15T10:30:{number:02}Z")


#: Each change of the view has it before and after: with enough parties it is longer than 400 kB.
LONG_CHANGES = [many_mediators(1), *(many_parties(number) for number in range(2, 20))]


async def rejected_codes(settings: Any) -> dict[int, str]:
    found = [dict(record.headers) for record in await read(settings, "rejected", 1)]
    return {int(headers["offset"]): headers["code"].decode() for headers in found}


@pytest.mark.parametrize("moment", failing_stages(""))
async def test_bug_in_the_fold_rejects_its_report_and_degrades(kafka: str, prefix: str, moment: str) -> None:
    """A report whose fold fails is rejected as internal, the others are folded, and the worker is degraded."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    # With an act: the ceasefires are not folded for a batch that does not concern them.
    act = {"type": "ceasefire", "act": "holding"}
    await send(settings, [report(number, claims=[figure(number), act]) for number in range(6)])
    async with running_consumer(settings, stages=failing_stages("r-3")[moment]) as consumer:
        await until_processed(settings)
        assert consumer.status.internal_errors == 1
        assert consumer.status.degraded() == ["1 reports rejected as internal: a bug, see the log"]
    assert await rejected_codes(settings) == {3: "internal"}
    (record,) = await read(settings, "rejected", 1)
    assert dict(record.headers)["message"] == b"ZeroDivisionError: a bug"
    assert await verify(settings, REGISTRY) == []


async def test_a_report_with_a_too_long_change_is_rejected(kafka: str, prefix: str) -> None:
    """A report whose change is too long for its topic is rejected."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, ceasefires={"max.message.bytes": "400000"})
    async with running_consumer(settings):
        await send(settings, [report(0), *LONG_CHANGES, report(20)])
        await until_processed(settings)
    codes = await rejected_codes(settings)
    assert codes
    assert set(codes.values()) == {"too_large"}
    assert len(await read(settings, "casualties", 1)) == 2
    assert await verify(settings, REGISTRY) == []


async def test_a_report_that_makes_a_view_too_long_is_alone_refused(kafka: str, prefix: str) -> None:
    """A view has at most 2,000 mediators: of one batch only the report with one more is refused."""

    def mediated(number: int, *names: str) -> Sent:
        return report(number, claims=[{"type": "ceasefire", "act": "agreed", "mediators": names}, figure(number)])

    full = [mediated(number, *(f"m-{number}-{at}" for at in range(50))) for number in range(40)]
    after = [mediated(41, "m-0-0"), report(42), mediated(43, "m-1-1")]
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [*full, mediated(40, "one-more"), *after])
    async with running_consumer(settings) as consumer:
        await until_processed(settings)
        assert (consumer.status.counts["accepted"], consumer.status.internal_errors) == (43, 0)
    assert await rejected_codes(settings) == {40: "too_large"}
    (record,) = await read(settings, "rejected", 1)
    reason = "mediators of ceasefire main/joint: 2001 names; the limit is 2000"
    assert dict(record.headers)["message"].decode().startswith(reason)
    assert {orjson.loads(each.value)["cause"]["report_id"] for each in await read(settings, "casualties", 1)} == {
        f"r-{number}" for number in range(44) if number != 40
    }
    assert await verify(settings, REGISTRY) == []


@pytest.mark.interpreted
async def test_a_cell_too_long_to_store_rejects_its_report(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that cannot be stored is laid to the report that moves it."""
    stored = ledger_codec.value_bytes

    def failing(episodes: Any, key: EntryKey) -> bytes | None:
        if key[0] == "c" and "p-2" in key:
            raise ZeroDivisionError
        return stored(episodes, key)

    monkeypatch.setattr(ledger_codec, "value_bytes", failing)
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(number) for number in range(5)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert desk.status.counts["failures"] == 1, "the batch fails as a whole, once"
    assert await rejected_codes(settings) == {2: "internal"}
    assert len(await read(settings, "casualties", 1)) == 4
    assert await verify(settings, REGISTRY) == []


async def test_a_cell_that_moves_often_in_a_batch_is_stored_once(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    figure = {"type": "casualties", "party": "azerbaijan", "outcome": "killed"}
    await send(settings, [report(best, claims=[figure | {"count": {"best": best}}]) for best in range(100, 300)])
    async with running_consumer(settings):
        await until_processed(settings)
    keys = [orjson.loads(record.key) for record in await read(settings, "ledger", 1) if record.key.startswith(b"[")]
    assert sorted(key for key in keys if key[0] != "r") == [
        ["c", "e-1", "reuters", "azerbaijan", "killed", "unknown"],
        ["e", "e-1"],
    ]
    assert len(await read(settings, "casualties", 1)) == 200
    assert await verify(settings, REGISTRY) == []


async def test_a_picture_too_long_for_its_topic_is_replaced_by_a_stub(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, episodes={"max.message.bytes": "400000"})
    async with running_consumer(settings) as desk:
        await send(settings, [report(0), *(many_mediators(number, f"c-{number}") for number in range(1, 5))])
        await until_processed(settings)
        assert desk.status.counts["pictures_truncated"] > 0
        assert any("pictures" in reason for reason in desk.status.degraded())
    *_, last = [orjson.loads(record.value) for record in await read(settings, "episodes", 1)]
    assert last == {"episode": "e-1", "through": {"partition": 0, "offset": 4}, "truncated": True}
    assert await verify(settings, REGISTRY) == []


async def test_a_narrowed_topic_rejects_what_no_longer_fits(kafka: str, prefix: str) -> None:
    """A topic made narrower while the desk works rejects the one report that no longer fits."""
    settings = settings_for(kafka, prefix, compression="none")  # so that what is too long stays so
    await create_topics(settings, 1)
    async with running_consumer(settings) as desk:
        await send(settings, [report(0)])
        await until_processed(settings)
        await narrow(settings, "ceasefires")
        await send(settings, [*LONG_CHANGES, report(20), report(21)])
        await until_processed(settings)
        assert desk.status.counts["failures"] > 0, "the broker was to refuse"
    codes = await rejected_codes(settings)
    assert set(codes.values()) == {"too_large"}
    assert len(await read(settings, "casualties", 1)) == 3
    assert await verify(settings, REGISTRY) == []


async def test_a_too_long_picture_rejects_no_report(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that no longer fits is not laid to the report that came with it."""
    monkeypatch.setattr("streams.processing.picture_schedule.EVERY_S", 0.0)
    settings = settings_for(kafka, prefix, compression="none")  # so that what is too long stays so
    await create_topics(settings, 1)
    async with running_consumer(settings) as desk:
        await send(settings, [many_mediators(number, f"c-{number}") for number in range(2)])
        await until_processed(settings)
        await narrow(settings, "episodes")
        await send(settings, [report(4)])
        await until_processed(settings)
        assert desk.status.counts["failures"] > 0, "the broker was to refuse"
    assert await rejected_codes(settings) == {}
    *_, last = [orjson.loads(record.value) for record in await read(settings, "episodes", 1)]
    assert last == {"episode": "e-1", "through": {"partition": 0, "offset": 2}, "truncated": True}
    assert await verify(settings, REGISTRY) == []


async def narrow(settings: Settings, name: str) -> None:
    # It replaces all of a topic's settings.
    configs = TOPICS[name].configuration | {"max.message.bytes": "400000"}
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic(name), configs=configs)])
    finally:
        await admin.close()


async def test_a_refused_record_that_fits_nowhere_is_cut_and_says_so(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, rejected={"max.message.bytes": "400000"})
    async with running_consumer(settings):
        await send(settings, [Sent(0, b"k", b"x" * 800_000, NOW_MS), report(1)])
        await until_processed(settings)
    (record,) = await read(settings, "rejected", 1)
    headers = dict(record.headers)
    assert headers["code"] == b"too_large"
    assert headers["truncated_from"] == b"800000"
    assert 390_000 < len(record.value) < 400_000
    assert len(await read(settings, "casualties", 1)) == 1


@pytest.mark.parametrize("codec", [0, 1], ids=["plain", "gzip"])
async def test_a_header_name_that_is_not_utf8_stops_nobody(kafka: str, prefix: str, codec: int) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(0)])
    await send_with_header(settings, report(1), UndecodableName("x"), codec)
    await send_with_header(settings, Sent(0, b"k", b"no report", NOW_MS), UndecodableName("x"), codec)
    await send(settings, [report(2)])
    async with running_consumer(settings) as desk:
        await until_processed(settings)
        assert (desk.status.counts["accepted"], desk.status.counts["duplicate"]) == (3, 1)
    rejected = [(record.value, record.headers[0]) for record in await read(settings, "rejected", 1)]
    assert rejected == [(b"no report", ("\ufffd\ufffd", b"1"))] * 2
    assert await verify(settings, REGISTRY) == []


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_what_others_compress_is_read(kafka: str, prefix: str, codec: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, reports={"compression.type": codec}, ledger={"compression.type": codec})
    await send(settings, [report(number) for number in range(100)])
    for _ in range(2):
        async with running_consumer(settings):
            await until_processed(settings)
    assert len(await read(settings, "casualties", 1)) == 100
    assert await verify(settings, REGISTRY) == []


async def test_a_time_that_an_output_does_not_take_is_left_out(kafka: str, prefix: str) -> None:
    """A report of long ago where outputs take the last days alone, and a refused one of the year 30,000."""
    settings = settings_for(kafka, prefix)
    narrow_times = {"message.timestamp.before.max.ms": "86400000"}
    await create_topics(
        settings,
        1,
        reports={"message.timestamp.after.max.ms": str((1 << 63) - 1)},
        **dict.fromkeys(("casualties", "rejected"), narrow_times),
    )
    far = Sent(0, b"k", b"no report", 900_000_000_000_000)
    await send(settings, [report(1), far, report(2)])
    async with running_consumer(settings):
        await until_processed(settings)
    assert len(await read(settings, "casualties", 1)) == 2
    (rejected,) = await read(settings, "rejected", 1)
    assert "time" not in dict(rejected.headers)
    assert rejected.value == b"no report"
    assert await verify(settings, REGISTRY) == []
