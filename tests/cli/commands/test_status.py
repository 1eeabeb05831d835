"""`truceline status` on a real Kafka, with workers and without."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.kafka.routing import partition_of
from streams.operations.diagnostics.status import look
from tests.support.kafka_log import create_topics, running_consumer, send, settings_for, until_processed
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import report
from tests.support.waiting import eventually
from tests.support.worker_process import start_worker, wait_for_status


def told(settings: Any, *arguments: str) -> dict[str, Any]:
    run = CliRunner().invoke(app, ["status", "--format", "json", *places(settings), *arguments])
    assert run.exit_code == 0, run.output
    found: dict[str, Any] = json.loads(run.output)
    return found


def places(settings: Any) -> list[str]:
    return ["--bootstrap-servers", settings.bootstrap_servers, "--topic-prefix", settings.topic_prefix]


@pytest.fixture
def ours(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TRUCELINE_APP_ID", prefix)
    return settings_for(kafka, prefix)


def some(partition: int, count: int) -> list[Sent]:
    episode = next(f"e-{number}" for number in range(99) if partition_of(f"e-{number}".encode(), 2) == partition)
    return [Sent(partition, episode.encode(), b"not json", int(time.time() * 1000)) for _ in range(count)]


def test_without_a_worker_lag_is_shown_and_no_owner(ours: Any) -> None:
    asyncio.run(create_topics(ours, 2))
    asyncio.run(send(ours, some(1, 3)))
    found = told(ours)
    assert (found["group"], found["state"] in {"Empty", "Dead"}, found["workers"]) == (ours.app_id, True, [])
    wanted = {"owner": None, "committed": None, "standing": None, "last_commit_s": None}
    assert found["rows"] == [
        {"partition": 0, "end": 0, "lag": 0, **wanted},
        {"partition": 1, "end": 3, "lag": 3, **wanted},
    ]
    table = CliRunner().invoke(app, ["status", *places(ours)]).output.splitlines()
    assert table[1].split() == ["partition", "owner", "lag", "next", "end", "reports", "last", "commit"]
    assert table[3].split() == ["1", "none", "3", "–", "3", "–", "–"]


async def test_owners_offsets_and_commits_come_from_kafka(ours: Any) -> None:
    """They are those of the group and of the ledger topic."""
    await create_topics(ours, 2)
    began_s = time.time()
    async with running_consumer(ours), running_consumer(ours):
        await send(ours, [*some(0, 1), *some(1, 2)])
        await until_processed(ours)

        async def shared() -> Any:
            found = await look(ours)
            return found if found.state == "Stable" and len({row.owner for row in found.rows}) == 2 else None

        # The second joins when it is ready, and the group rebalances.
        found = await eventually(shared, "both own a partition")
    assert (found.state, [row.lag for row in found.rows]) == ("Stable", [0, 0])
    owners = {row.owner for row in found.rows}
    assert None not in owners
    assert len(owners) == 2
    assert [row.committed for row in found.rows] == [1, 2]
    assert all(row.last_commit_s is not None and row.last_commit_s >= began_s - 1 for row in found.rows)


async def test_workers_named_by_url_are_asked(ours: Any, tmp_path: Path) -> None:
    """One that does not answer is shown as unreachable."""
    await create_topics(ours, 1)
    process, port = start_worker("truceline serve", tmp_path, ours.bootstrap_servers, ours.topic_prefix)
    try:
        await wait_for_status(port, "/readyz", 200)
        await send(ours, [report(1), report(2), report(2)])
        await until_processed(ours)
        found = await look(ours, [f"http://127.0.0.1:{port}/", "http://127.0.0.1:1"])
    finally:
        process.terminate()
        process.wait()
    assert [(worker.url, worker.status) for worker in found.workers] == [
        (f"http://127.0.0.1:{port}", "ready"),
        ("http://127.0.0.1:1", "unreachable"),
    ]
    assert [row.standing for row in found.rows] == [2]


def test_what_stands_in_the_way_is_said() -> None:
    run = CliRunner().invoke(app, ["status", "--bootstrap-servers", "127.0.0.1:1"])
    assert run.exit_code == 69
    assert "no Kafka broker answers at 127.0.0.1:1 (127.0.0.1:1: connection refused)" in run.output
    assert CliRunner().invoke(app, ["status", "--url", "localhost:8080"]).exit_code == 2


def test_missing_topics_are_said(ours: Any) -> None:
    run = CliRunner().invoke(app, ["status", *places(ours)])
    assert run.exit_code == 1
    assert f"there are no topics of {ours.topic_prefix}: run `truceline topics create`" in run.output
