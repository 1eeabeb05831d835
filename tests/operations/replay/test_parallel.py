"""A replay shared out among processes makes the bytes that one process makes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from tests.bench import workloads
from tests.support.build import act, at, killed, report
from tests.support.paths import TESTS

VECTORS = TESTS / "vectors"


def replayed(tmp_path: Path, jobs: int, *arguments: str) -> tuple[int, str, list[bytes]]:
    """Exit code, standard error, and the bytes of changes, snapshot and rejected."""
    outputs = [tmp_path / f"{name}-{jobs}" for name in ("changes", "snapshot", "rejected")]
    options = [f"--{path.name.rpartition('-')[0]}={path}" for path in outputs]
    result = CliRunner().invoke(app, ["replay", "--jobs", str(jobs), *options, *arguments])
    said = [line for line in result.stderr.splitlines() if not line.endswith(" s")]  # how far it is, on a busy machine
    return result.exit_code, "\n".join(said), [path.read_bytes() if path.exists() else b"" for path in outputs]


def mixed() -> list[str]:
    """More lines than a block has, refused ones of every kind among them, two episodes that wait for a timer."""
    lines = [json.dumps(each) for each in workloads.corrections(5_000)]
    for episode in ("north", "south"):
        waits = report(f"truce-{episode}", act("announced", effective_at=at(30)), episode=episode, published_at=at(1))
        lines.insert(1_000, json.dumps(waits))
    for place, odd in enumerate(
        ["x", '{"episode": "episode-1"}', '{"episode": 5}', "[]", '{"timestamp": "soon", "value": {"episode": "e"}}',
         json.dumps(report("r", killed(-1), episode="episode-3")), json.dumps({"report_id": "r", "episode": "\ud800"})]
    ):  # fmt: skip
        lines.insert(700 * place, odd)
    return lines


@pytest.mark.parametrize("jobs", [2, 3])
def test_it_makes_the_same_bytes_as_one_process(tmp_path: Path, jobs: int) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    lines = mixed()
    first.write_text("\n".join(lines[:3_000]) + "\n\n")
    second.write_bytes(gzip.compress("\n".join(lines[3_000:]).encode()))
    arguments = (str(first), str(second), "--until", "2022-09-15T10:00:00Z", "--tick", "2022-10-30T00:00:00Z")
    code, said, outputs = replayed(tmp_path, 1, *arguments)
    assert (code, [bool(output) for output in outputs]) == (0, [True, True, True])
    assert replayed(tmp_path, jobs, *arguments) == (code, said, outputs)


@pytest.mark.parametrize("vector", ["odd-records", "refusals"])
def test_a_process_may_have_no_episode(tmp_path: Path, vector: str) -> None:
    lines = tmp_path / "lines"
    lines.write_text("\n".join(json.loads((VECTORS / f"{vector}.json").read_text())["input"]))
    one = replayed(tmp_path, 1, str(lines))
    assert one[0] == 0
    assert replayed(tmp_path, 4, str(lines)) == one


def test_standard_input_cannot_be_shared_out() -> None:
    result = CliRunner().invoke(app, ["replay", "--jobs", "2", "-"], input="x\n")
    assert result.exit_code == 2
    assert "drop --jobs, or name a file" in result.stderr


def test_a_file_that_breaks_off_ends_it_with_no_half_output(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress("\n".join(mixed()).encode())[:-2_000])
    code, said, outputs = replayed(tmp_path, 2, str(cut))
    assert (code, outputs) == (74, [b"", b"", b""])
    assert "cut.jsonl.gz cannot be read, after line" in said
