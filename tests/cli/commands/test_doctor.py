"""`truceline doctor` on a real Kafka: each fault is found and reported with its fix."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from typer.testing import CliRunner

from streams.cli import app
from streams.kafka.topics import admin
from streams.operations.diagnostics import doctor
from tests.support.kafka_log import (
    create_topics,
    fold_all,
    is_gone,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import report
from tests.support.waiting import eventually

CHECKS = ["brokers", "versions", "disk", "kafka", "topics", "log", "rights", "group", "lag", "commits", "clocks"]


def examined(*arguments: str, code: int = 0) -> dict[str, dict[str, str]]:
    run = CliRunner().invoke(app, ["doctor", "--format", "json", *arguments])
    assert run.exit_code == code, run.output
    told: dict[str, Any] = json.loads(run.output)
    assert told["ok"] == (code == 0)
    return {finding["check"]: finding for finding in told["findings"]}


@pytest.fixture(autouse=True)
def _data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCELINE_DATA_DIR", str(tmp_path))


@pytest.fixture
def ours(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in (("BOOTSTRAP_SERVERS", kafka), ("TOPIC_PREFIX", prefix), ("APP_ID", prefix)):
        monkeypatch.setenv(f"TRUCELINE_{name}", value)
    return settings_for(kafka, prefix)


def test_with_no_broker_it_says_so_and_checks_what_it_can() -> None:
    found = examined("--bootstrap-servers", "127.0.0.1:1", code=1)
    assert sorted(found) == sorted(CHECKS)
    assert found["brokers"]["says"] == "no broker answers: 127.0.0.1:1: connection refused"
    assert "`truceline kafka up`" in found["brokers"]["do"]
    assert {found[check]["state"] for check in CHECKS[:3]} == {"fault", "ok"}
    assert {found[check]["state"] for check in CHECKS[3:]} == {"skipped"}


def test_missing_topics_are_a_fault_a_missing_worker_a_note(ours: Any) -> None:
    found = examined(code=1)
    assert (found["topics"]["state"], found["topics"]["do"]) == ("fault", "run `truceline topics create`")
    assert found["lag"]["state"] == found["clocks"]["state"] == "skipped"
    asyncio.run(create_topics(ours, 2))
    found = examined()
    assert (found["group"]["state"], found["group"]["do"]) == ("note", "start one: `truceline serve`")
    assert found["lag"]["says"] == "0 offsets not processed yet, in 2 partitions"
    assert {check: found[check]["state"] for check in CHECKS if check != "group"} == dict.fromkeys(
        (check for check in CHECKS if check != "group"), "ok"
    )


async def test_with_a_worker_all_is_well(ours: Any) -> None:
    await create_topics(ours, 2)
    async with running_consumer(ours):
        await send(ours, [report(1)])
        await until_processed(ours)
        found = await asyncio.to_thread(examined)
    assert {finding["state"] for finding in found.values()} == {"ok"}
    assert found["group"]["says"] == f"1 worker in group {ours.app_id}"


def test_wrong_topics_a_backlog_and_a_clock_ahead_are_found(ours: Any) -> None:
    asyncio.run(create_topics(ours, 1, ledger={"cleanup.policy": "delete"}))
    hour_ahead_ms = int(time.time() * 1000) + 3_600_000
    many = [Sent(0, b"e", b"{}", hour_ahead_ms) for _ in range(10_000)]
    asyncio.run(send(ours, many))
    found = examined(code=1)
    assert {check: found[check]["state"] for check in ("topics", "lag", "clocks")} == {
        "topics": "fault",
        "lag": "note",
        "clocks": "fault",
    }
    assert "cleanup.policy is delete, must be compact" in found["topics"]["says"]
    assert found["lag"]["says"].endswith("most in partition 0: 10,000")
    assert "in the future of this machine" in found["clocks"]["says"]


async def test_a_log_that_was_cut_or_made_again_is_found(ours: Any) -> None:
    await create_topics(ours, 1)
    log = ours.topic("reports")
    await fold_all(ours, [report(1), report(2)])
    async with admin({"bootstrap_servers": ours.bootstrap_servers}) as client:
        await client.delete_records({TopicPartition(log, 0): RecordsToDelete(before_offset=1)})
        found = await asyncio.to_thread(examined, code=1)
        assert found["log"]["says"] == f"{log} lost its first records: partition 0 at 1 begins later than at offset 0"
        await client.delete_topics([log])
        await eventually(lambda: is_gone(client, log), "the topic is gone")
        await create_topics(ours, 1)
    found = await asyncio.to_thread(examined, code=1)
    assert (found["log"]["state"], found["log"]["do"]) == ("fault", "`truceline rebuild --to PREFIX`")
    assert found["log"]["says"] == f"{log} was deleted and created again since the ledger was made"


async def test_a_transaction_that_stays_open_is_found(ours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ends is not."""
    monkeypatch.setattr(doctor, "OPEN_S", 1.0)
    await create_topics(ours, 2)
    producer = AIOKafkaProducer(bootstrap_servers=ours.bootstrap_servers, transactional_id=ours.app_id)
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(ours.topic("reports"), b"{}", partition=0)
        await producer.begin_transaction()
        await producer.send_and_wait(ours.topic("ledger"), b"{}", key=b"k", partition=1)
        found = await asyncio.to_thread(examined)
        assert found["commits"]["state"] == "note"
        assert found["commits"]["says"].startswith(
            f"a transaction is open for more than 1 s: {ours.topic('ledger')} partition 1 from offset 0 (producer "
        )
        assert "kafka-transactions.sh abort" in found["commits"]["do"]
        monkeypatch.setattr(doctor, "OPEN_S", 5.0)  # a busy machine looks late
        ending = asyncio.create_task(asyncio.to_thread(examined))
        await asyncio.sleep(0.2)
        await producer.abort_transaction()
        assert (await ending)["commits"]["says"] == "no transaction stays open"
    finally:
        await producer.stop()


def test_a_folder_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    assert sorted(examined("--embedded", str(tmp_path / "ledger"))) == ["disk", "versions"]
    (tmp_path / "file").touch()
    found = examined("--embedded", str(tmp_path / "file" / "ledger"), code=1)
    assert found["disk"]["says"] == f"{tmp_path / 'file'} (the ledger) cannot be written"
    assert found["disk"]["do"] == "make it writable for this user, or name another folder"


def test_each_finding_is_a_line_and_its_advice_another() -> None:
    run = CliRunner().invoke(app, ["doctor", "--bootstrap-servers", "127.0.0.1:1"])
    lines = run.output.splitlines()
    assert run.exit_code == 1
    assert lines[0] == "fault   brokers   no broker answers: 127.0.0.1:1: connection refused"
    assert lines[1].startswith("           → start the brokers")
    assert lines[2].startswith("ok      versions  truceline ")


def test_a_setting_that_makes_no_sense_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["doctor", "--bootstrap-servers", "nowhere"]).exit_code == 2


def test_a_broker_of_two_that_is_down_is_a_note(ours: Any) -> None:
    found = examined("--bootstrap-servers", f"{ours.bootstrap_servers},127.0.0.1:1", code=1)
    assert found["brokers"]["says"] == "1 of 2 answer; 127.0.0.1:1: connection refused"
    assert (found["brokers"]["state"], found["kafka"]["state"]) == ("note", "ok")
