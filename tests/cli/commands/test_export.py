"""`truceline export`: a topic as lines, and the replay of it the same as what the live server published."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from schemas.topics import CHANGE_TOPICS, TOPICS
from streams.cli import app
from streams.cli.commands.export import Topic
from streams.files.jsonl import Lines
from streams.operations.export.resumable_file import ResumableFile
from streams.settings import Settings
from streams.stores.sqlite.database import DATABASE
from tests.chaos.replayed import differs_from_replay
from tests.support.build import act, at, killed, report, says, withdrawal
from tests.support.kafka_log import (
    SOURCES_YAML,
    create_topics,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.ledger_file import opened, stored, taken, value
from tests.support.mixed_log import Sent, mixed_records

SENT = 400


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", *arguments])


def exported(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in Lines([path])]


async def worked(settings: Settings) -> None:
    await create_topics(settings, 4)
    await send(settings, mixed_records(11, SENT, 4))
    async with running_consumer(settings):
        await until_processed(settings)


@pytest.fixture(scope="module")
def settings(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A log of everything that can be in one, and what was made of it."""
    sources = tmp_path_factory.mktemp("sources") / "sources.yaml"
    sources.write_text(SOURCES_YAML)
    settings = settings_for(kafka, f"t{uuid.uuid4().hex[:12]}", sources=sources)
    asyncio.run(worked(settings))
    return settings


def on(settings: Settings) -> list[str]:
    return ["--bootstrap-servers", settings.bootstrap_servers, "--topic-prefix", settings.topic_prefix]


def test_a_replay_of_the_export_gives_what_was_published_live(settings: Settings, tmp_path: Path) -> None:
    assert asyncio.run(differs_from_replay(settings, 4, tmp_path / "log.jsonl.zst")) == []


def test_those_that_lie_astray_are_left_out_and_said(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    ended = run(str(path), *on(settings))
    assert ended.exit_code == 0, ended.output
    lines = exported(path)
    assert all(line["key"] == line["value"]["episode"] for line in lines if "claims" in line["value"])
    log = asyncio.run(read(settings, "reports"))
    left_out = len(log) - len(lines)
    assert f"{len(lines)} lines of {settings.topic('reports')}, " in ended.stderr
    assert "left out (rerouted or misrouted)" in ended.stderr
    assert "left out (not JSON)" in ended.stderr
    assert left_out > 40
    assert {left.name for left in tmp_path.iterdir()} == {"log.jsonl"}


def test_an_interrupted_export_is_gone_on_with_to_the_same_bytes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path = tmp_path / "whole.jsonl", tmp_path / "log.jsonl"
    assert run(str(whole), "-q", *on(settings)).exit_code == 0
    write = ResumableFile.write
    with monkeypatch.context() as patched:

        def interrupted(file: ResumableFile, *line: Any) -> None:
            if file.written == 100:
                raise KeyboardInterrupt
            write(file, *line)

        patched.setattr(ResumableFile, "write", interrupted)
        ended = run(str(path), *on(settings))
        assert (ended.exit_code, ended.stderr) == (
            130, f"truceline: stopped; continue with truceline export --resume … {path}\n",
        )  # fmt: skip
    assert not path.exists()
    refused = run(str(path), *on(settings))
    assert (refused.exit_code, "continue it with --resume" in refused.stderr) == (2, True)
    # Records that arrived meanwhile are at the end.
    asyncio.run(send(settings, [Sent(0, b"x", b"{}", time.time_ns() // 1_000_000)]))
    assert run(str(path), "--resume", *on(settings)).exit_code == 0
    assert path.read_bytes().startswith(whole.read_bytes())
    assert [line["value"] for line in exported(path)][len(exported(whole)) :] == [{}]


@pytest.mark.parametrize("topic", [*CHANGE_TOPICS, "episodes", "rejected"])
def test_every_topic_can_be_exported(settings: Settings, tmp_path: Path, topic: str) -> None:
    path = tmp_path / "topic.jsonl"
    assert run(str(path), "--topic", topic, "-q", *on(settings)).exit_code == 0
    found = asyncio.run(read(settings, topic))
    lines = exported(path)
    assert len(lines) == len(found)
    if topic == "rejected":
        assert {line["headers"]["code"] for line in lines} >= {"not_json", "misrouted", "revision_conflict"}
    else:
        said = sorted((record.key.decode(), record.value) for record in found)
        assert sorted((line["key"], orjson.dumps(line["value"])) for line in lines) == said


def test_all_topics_but_the_private_one_have_a_name_here() -> None:
    assert {topic.value for topic in Topic} == TOPICS.keys() - {"ledger"}


def test_an_episode_or_a_partition_is_a_part_of_it(settings: Settings, tmp_path: Path) -> None:
    whole, path = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    assert run(str(whole), "-q", *on(settings)).exit_code == 0
    assert run(str(path), "--episode", "e-3", *on(settings)).exit_code == 0
    assert exported(path) == [line for line in exported(whole) if line["key"] == "e-3"]
    of_parts = []
    for number in range(4):
        assert run(str(path), "--partition", str(number), *on(settings)).exit_code == 0
        of_parts += exported(path)
    assert sorted(map(orjson.dumps, of_parts)) == sorted(map(orjson.dumps, exported(whole)))
    refused = run(str(path), "--partition", "4", *on(settings))
    assert (refused.exit_code, "has 4 partitions; there is no partition 4" in refused.stderr) == (1, True)


STORY = [
    report("a", killed(49), act("announced", effective_at=at(20))),
    report("b", killed(60), says(), source="watch"),
    report("a", killed(71), revision=2),
    withdrawal("b"),
]


def test_the_log_of_an_embedded_server_is_exported_beside_it(tmp_path: Path) -> None:
    book = opened(tmp_path / DATABASE)
    taken(book, *STORY)
    path = tmp_path / "log.jsonl.gz"
    ended = run(str(path), "--embedded", str(tmp_path))
    assert (ended.exit_code, ended.stderr) == (0, f"4 lines of {tmp_path}\n")
    assert [(line["timestamp"], line["key"], line["value"]) for line in exported(path)] == [
        ("2022-10-01T00:00:00Z", "war", one) for one in STORY
    ]
    changes = tmp_path / "changes.jsonl"
    sources = tmp_path / "sources.yaml"
    sources.write_text("mod: {name: Ministry of the north, kind: official, affiliation: north}\n")
    replayed = CliRunner().invoke(
        app, ["replay", "-q", "--sources", str(sources), "--changes", str(changes), str(path)]
    )
    assert replayed.exit_code == 0
    live = [json.loads(record) for *_, record in stored(tmp_path / DATABASE)["changes"]]
    for change in live:
        del change["cause"]["origin"]
    assert [line["data"] for line in exported(changes)] == live
    assert run(str(tmp_path / "c.jsonl"), "--topic", "casualties", "--embedded", str(tmp_path), "-q").exit_code == 0
    assert [line["value"]["version"] for line in exported(tmp_path / "c.jsonl")] == [1, 1, 2, 2]
    book.close()


def test_of_a_file_made_anew_an_export_is_not_gone_on_with(tmp_path: Path) -> None:
    book = opened(tmp_path / DATABASE)
    taken(book, STORY[0])
    note = {"of": {"place": str(tmp_path), "topic": "reports", "episode": None, "partition": None}}
    (tmp_path / "log.jsonl.part").write_bytes(b"")
    (tmp_path / "log.jsonl.part.json").write_bytes(orjson.dumps(note | {"bytes": 0, "lines": 9, "positions": {"0": 8}}))
    ended = run(str(tmp_path / "log.jsonl"), "--resume", "--embedded", str(tmp_path))
    assert ended.exit_code == 2
    assert "now ends at offset 0, and the export was at 8: the file was recreated" in ended.stderr
    book.close()


def test_standard_output_takes_lines_too(tmp_path: Path) -> None:
    book = opened(tmp_path / DATABASE)
    book.write([value(one) for one in STORY])
    book.close()
    ended = run("-", "--embedded", str(tmp_path), "-q")
    assert [json.loads(line)["value"] for line in ended.stdout.splitlines()] == STORY


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-", "--resume"], 2, "--resume needs an output file"),
        (["x", "--episode", "e", "--partition", "1"], 2, "name either --episode or --partition"),
        (["x", "--embedded", ".", "--partition", "1"], 2, "--partition is for Kafka"),
        (["x", "--embedded", ".", "--topic", "episodes"], 2, "an embedded server keeps no episodes"),
        (["x", "--topic", "rejected", "--episode", "e"], 2, "truceline rejected list --episode"),
        (["x", "--embedded", "nowhere"], 74, "no embedded server has run there"),
        (["no/where", "--embedded", "."], 74, "cannot be written: No such file"),
    ],
)
def test_what_makes_no_sense_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    opened(tmp_path / DATABASE).close()
    ended = run(*arguments)
    assert ended.exit_code == code
    assert words in ended.stderr
