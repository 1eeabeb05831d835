"""`truceline verify` on a real broker: what is right is said to be right, what is not is listed."""

import asyncio
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.core.source_registry import Registry
from streams.settings import load
from tests.support.kafka_log import running_consumer, send, until_processed
from tests.support.mixed_log import mixed_records


async def work(kafka: str, prefix: str) -> None:
    settings = load(bootstrap_servers=kafka, topic_prefix=prefix, app_id=prefix)
    await send(settings, mixed_records(3, 60, 4))
    async with running_consumer(settings, Registry()):
        await until_processed(settings)


def run(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setenv("TRUCELINE_APP_ID", prefix)
    result = CliRunner().invoke(app, ["verify", "--bootstrap-servers", kafka, "--topic-prefix", prefix])
    return result.exit_code, result.output


def test_outputs_that_are_what_the_log_says(
    kafka: str, prefix: str, topics: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    topics(4)
    asyncio.run(work(kafka, prefix))
    assert run(kafka, prefix, monkeypatch) == (0, f"the outputs of {prefix} match its log\n")


def test_topics_that_are_missing_are_named(kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(kafka, prefix, monkeypatch)
    assert code == 1
    assert f"{prefix}." in said
