"""The log of a real worker: JSON with fields, and nothing of what reports say unless debug is asked for."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.build import Json
from tests.support.kafka_log import Worker, create_topics, send, settings_for, until_processed
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import NOW_MS, report

SECRET = "Unsayable"


def said(number: int, episode: str = "e-1", **more: Any) -> Sent:
    """A report whose every text is the one that must not be logged."""
    claims = [
        {"type": "casualties", "party": "p", "outcome": "killed", "count": {"best": number}},
        {"type": "statement", "act": "asserted", "about": "other", "text": f"{SECRET} text"},
    ]
    texts: Json = {"headline": f"{SECRET} headline", "url": f"https://example.org/{SECRET}", "claims": claims}
    return report(number, episode, **texts | more)


def records() -> list[Sent]:
    return [
        said(1),
        said(2, "a-bug"),
        said(3, url=f"ftp://{SECRET}"),
        said(4, lang=f"{SECRET}!"),
        said(1, headline=f"{SECRET} otherwise"),
        dataclasses.replace(said(5), key=SECRET.encode()),
        Sent(0, b"e-1", f'{{"report_id": "r-6", "{SECRET}'.encode(), NOW_MS),
        Sent(0, SECRET.encode(), f"\xff{SECRET}".encode("latin-1"), NOW_MS),
        *(Sent(0, b"e-1", json.dumps({"report_id": SECRET, "episode": SECRET}).encode(), NOW_MS) for _ in range(9)),
    ]


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_rejected_records_are_logged_without_content(kafka: str, prefix: str, tmp_path: Path, level: str) -> None:
    """A worker logs which records it refuses and not what they say."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, records())
    log = tmp_path / "log"
    worker = Worker(
        settings,
        log,
        module="tests.support.workers.talkative",
        TRUCELINE_LOG_FORMAT="json",
        TRUCELINE_LOG_LEVEL=level,
    )
    try:
        await until_processed(settings)
    finally:
        assert worker.stop() == 0
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    above_debug = [line for line in lines if line["level"] != "debug"]
    # An id is no text: reports are called by it, whatever it is.
    assert [line for line in above_debug if SECRET in json.dumps({**line, "report_id": ""})] == []
    assert (SECRET in text.replace(f'"report_id": "{SECRET}"', "")) is (level == "debug")
    place = {"topic": f"{prefix}.reports", "partition": 0}
    told = [
        {name: line[name] for name in ("topic", "partition", "offset", "code", "episode", "report_id") if name in line}
        for line in above_debug
        if line["event"] == "record_rejected"
    ]
    assert told[:4] == [
        {**place, "offset": 1, "code": "internal", "episode": "a-bug", "report_id": "r-2"},
        {**place, "offset": 2, "code": "invalid", "episode": "e-1", "report_id": "r-3"},
        {**place, "offset": 3, "code": "invalid", "episode": "e-1", "report_id": "r-4"},
        {**place, "offset": 4, "code": "revision_conflict", "episode": "e-1", "report_id": "r-1"},
    ]
    (bug,) = [line for line in above_debug if line["event"] == "internal_error"]
    assert (bug["partition"], bug["offset"], bug["episode"], bug["report_id"]) == (0, 1, "a-bug", "r-2")
    assert bug["exception"][0]["exc_value"] == "ValueError (message withheld: it may quote a report)"
    assert bug["exception"][0]["frames"][-1]["name"] == "fold_or_fail"
    (restored,) = [line for line in above_debug if line["event"] == "partition_restored"]
    assert (restored["partition"], restored["offset"]) == (0, None)
