"""Files as `truceline replay` folds them, beside the model reading the same lines (contract section 7)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.times import parse_time
from streams.files.jsonl import Lines
from streams.operations.replay.replay import Replay
from tests.property.folding import in_bytes, registry
from tests.property.model import Model
from tests.property.reading_json import MAX_BYTES
from tests.property.strategies import SOURCES, History, histories, history

TICK = "2022-09-20T00:00:00Z"


def replayed(history: History, lines: list[bytes], *, tick: bool) -> dict[str, Any]:
    """Return the outputs of a replay of these lines."""
    refused: list[tuple[int, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reports.jsonl"
        path.write_bytes(b"\n".join(lines))
        story = Replay(
            Lines([path]),
            registry(history.sources),
            horizon_us=history.horizon_us,
            tick_us=parse_time(TICK) if tick else None,
            on_refusal=lambda _path, number, code, _message, _line: refused.append((number, code)),
        )
        changes = [{"topic": change.topic, "data": change.record} for change in story]
    return {"changes": changes, "refused": refused, "snapshot": story.snapshot()}


def read_by_model(history: History, lines: list[bytes], *, tick: bool) -> dict[str, Any]:
    model = Model(history.sources, history.horizon_us)
    for line_no, line in enumerate(lines, 1):
        model.take_line(line, line_no)
    if tick:
        model.tick_all(datetime.fromisoformat(TICK).replace(tzinfo=None))
    return {"changes": model.changes, "refused": model.rejected, "snapshot": model.snapshot()}


@given(histories(), st.booleans())
def test_replayed_file_is_what_the_model_reads(history: History, tick: bool) -> None:
    """Changes, refused lines with their numbers, and snapshot, byte for byte; with and without a tick at the end."""
    lines = [line.encode() for line in history.lines]
    said, expected = (each(history, lines, tick=tick) for each in (replayed, read_by_model))
    assert in_bytes(said) == in_bytes(expected)


def test_another_process_says_the_same_bytes(tmp_path: Path) -> None:
    """Whatever its hashes are seeded with: nothing that is published follows the order of a set."""
    lines = [line.encode() for number in range(40) for line in history(number, 30).lines]
    (tmp_path / "reports.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "sources.yaml").write_text(json.dumps(SOURCES))
    said = []
    for seed in ("1", "2"):
        outputs = [tmp_path / f"{name}-{seed}" for name in ("changes", "snapshot", "rejected")]
        options = [f"--{path.name[:-2]}={path}" for path in outputs]
        command = [
            sys.executable,
            "-m",
            "streams",
            "replay",
            "-q",
            "--sources",
            str(tmp_path / "sources.yaml"),
            *options,
        ]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([*command, str(tmp_path / "reports.jsonl")], check=True, env=environment, capture_output=True)
        said.append([path.read_bytes() for path in outputs])
    assert all(said[0])
    assert said[0] == said[1]


NOW = '"timestamp": "2022-09-13T00:00:00Z"'
REPORT = (
    '{"report_id": "a", "episode": "war", "source": "mod", "published_at": "2022-09-13T00:00:00Z", "claims": '
    '[{"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 5}}]}'
)
PLAIN = REPORT[:-1]


def of_bytes(size: int) -> str:
    """Return a report of `size` bytes."""
    return f'{PLAIN}, "x": "{"y" * (size - len(PLAIN) - 9)}"}}'


LINES: dict[str, str | bytes] = {
    "a plain one": REPORT,
    "wrapped": f'{{{NOW}, "key": "war", "value": {REPORT}}}',
    "wrapped, with nothing else": f'{{"value": {REPORT}}}',
    "wrapped, other fields too": f'{{"offset": 7, "value": {REPORT}, "headers": [["a", null]]}}',
    "wrapped, with white space": f' {{ "value"\t:\r {REPORT} , {NOW} }} \r',
    "wrapped, its key escaped": f'{{"\\u0076alue": {REPORT}, {NOW}}}',
    "wrapped twice": f'{{"value": {{"value": {REPORT}}}}}',
    "two values, the last counts": f'{{"value": 5, "value": {REPORT}}}',
    "two values, the last is none": f'{{"value": {REPORT}, "value": 5}}',
    "two timestamps, the last counts": f'{{"timestamp": "never", {NOW}, "value": {REPORT}}}',
    "no timestamp": f'{{"timestamp": null, "value": {REPORT}}}',
    "a timestamp that is no time": f'{{"timestamp": "never", "value": {REPORT}}}',
    "a timestamp with no offset": f'{{"timestamp": "2022-09-13T00:00:00", "value": {REPORT}}}',
    "a timestamp in numbers": f'{{"timestamp": 1663027200000, "value": {REPORT}}}',
    "a timestamp an hour before": f'{{"timestamp": "2022-09-12T23:00:00Z", "value": {REPORT}}}',
    "a timestamp more than an hour before": f'{{"timestamp": "2022-09-12T22:59:59.999999Z", "value": {REPORT}}}',
    "a bad value and a bad timestamp": '{"timestamp": "never", "value": {}}',
    "a value that is null": '{"value": null}',
    "a value that is a text": json.dumps({"value": REPORT}),
    "a value that is a list": f'{{"value": [{REPORT}]}}',
    "a report with a field called value": f'{PLAIN}, "value": {{"report_id": "z"}}}}',
    "a report with a timestamp": f'{PLAIN}, "timestamp": "never", "value": 1}}',
    "a report with a null tick and a value": f'{PLAIN}, "tick": null, "value": 1}}',
    "a value beside a null tick": f'{{"tick": null, "value": {REPORT}}}',
    "a tick with a field called value": '{"tick": "2022-09-13T00:00:00Z", "episode": "war", "value": {}}',
    "a value of 256 KiB": f'{{{NOW}, "key": "{"k" * 999}", "value": {of_bytes(MAX_BYTES)}}}',
    "a value of a byte more": f'{{{NOW}, "value": {of_bytes(MAX_BYTES + 1)}}}',
    "a line of a byte more": of_bytes(MAX_BYTES + 1),
    "a value of 32 levels": f'{{"value": {PLAIN}, "x": {"[" * 31 + "]" * 31}}}}}',
    "a value of 33 levels": f'{{"value": {PLAIN}, "x": {"[" * 32 + "]" * 32}}}}}',
    "a value with NaN": f'{{"value": {PLAIN}, "x": NaN}}}}',
    "a value with a lone surrogate": f'{{"value": {PLAIN}, "x": "\\ud800"}}}}',
    "a value with 1e400": f'{{"value": {PLAIN}, "x": 1e400}}}}',
    "NaN beside the value": f'{{"value": {REPORT}, "x": NaN}}',
    "not closed": f'{{"value": {REPORT}',
    "something behind": f'{{"value": {REPORT}}} x',
    "a byte order mark": b"\xef\xbb\xbf" + REPORT.encode(),
    "bytes that are no UTF-8": b'{"value": {"report_id": "\xff"}}',
    "a report of Latin-1 in a wrapping": f'{{"value": {PLAIN}, "headline": "\xe4"}}}}'.encode("latin-1"),
    "spaces, tabs and CR": " \t\r",
    "a no-break space": "\xa0",
    "a vertical tab": "\v",
}


@pytest.mark.parametrize("name", LINES)
def test_line_of_a_file(name: str) -> None:
    """An odd line between two good ones: the same outcome, and the others keep their numbers and count."""
    line = LINES[name]
    raw = line if isinstance(line, bytes) else line.encode()
    around = [REPORT.replace('"a"', f'"{n}"').encode() for n in range(2)]
    history = History((), 400 * 86_400_000_000, {})
    lines = [around[0], raw, around[1]]
    said, expected = (each(history, lines, tick=False) for each in (replayed, read_by_model))
    assert said == expected
