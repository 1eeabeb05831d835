"""The README is true: the output of the demo, its example in Python, the commands and pages that it names."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.demo.dashboard import change_line
from streams.cli.demo.servers import ShownChange
from streams.cli.demo.story import story
from streams.files.source_registry import default_sources
from streams.operations.replay.replay import replay
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text()
LINES_MAX = 150


def test_demo_prints_the_lines_shown() -> None:
    fold = replay(ROOT / "streams" / "defaults" / "story.jsonl", sources=default_sources())
    times = next(story()).times
    printed = [str(change_line(ShownChange(topic, record), times)) for topic, record in fold]
    (shown,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    assert [line for line in shown.splitlines() if line not in printed] == []


def test_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - our own page
    assert "casualties armenia-azerbaijan-2022-09/armenia-pm/armenia/killed/military@1" in capsys.readouterr().out


def test_every_command_it_names_exists() -> None:
    for command in set(re.findall(r"`truceline ([a-z]+)|^\$ truceline ([a-z]+)", README, re.MULTILINE)):
        assert CliRunner().invoke(app, ["".join(command), "--help"]).exit_code == 0, command


def test_every_link_leads_to_a_file() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)|srcset=\"([^\"]+)", README) for link in link]
    assert [link for link in links if link and not (ROOT / link).exists()] == []


def test_it_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) <= LINES_MAX
