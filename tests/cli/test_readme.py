"""The README is true: its picture of the demo, its topics, its commands and its addresses."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from starlette.routing import Route
from typer.testing import CliRunner

from schemas.topics import TOPICS
from streams.cli import app
from streams.cli.demo.dashboard import Dashboard
from streams.cli.demo.play import TITLE
from streams.cli.demo.servers import ShownChange
from streams.cli.demo.story import EPISODE, story
from streams.core.source_registry import Registry
from streams.files.source_registry import default_sources
from streams.operations.replay.replay import replay
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text()
WIDTH = 110


def table_rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [[cell.replace("`", "") for cell in row] for row in rows[2:]]


def test_the_table_is_what_the_demo_shows_at_the_end() -> None:
    fold = replay(ROOT / "streams" / "defaults" / "story.jsonl", sources=default_sources())
    board = Dashboard(TITLE)
    board.times = next(story()).times
    board.now = "That is the story."
    for topic, record in fold:
        board.take(ShownChange(topic, record))
    board.picture = fold.snapshot()["episodes"][EPISODE]
    drawn = io.StringIO()
    Console(file=drawn, width=WIDTH, height=60, color_system=None).print(board)
    assert drawn.getvalue() in README


def test_the_topics_are_those_of_the_table() -> None:
    assert table_rows("Topics") == [
        [f"truceline.{topic.name}", topic.key, topic.says, str(topic.cleanup)] for topic in TOPICS.values()
    ]


def test_every_command_it_names_is_there() -> None:
    for command in set(re.findall(r"truceline ([a-z]+)", README)):
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0, command


def test_the_example_in_python_runs_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - our own page
    assert "casualties armenia-azerbaijan-2022-09/armenia-pm/armenia/killed/military@1" in capsys.readouterr().out


def test_every_command_there_is_has_a_row() -> None:
    rows = "\n".join(row[0] for row in table_rows("Use it"))
    commands = [name.split()[0] for name in re.findall(r"│ ([a-z]+ +\S)", CliRunner().invoke(app, ["--help"]).output)]
    assert len(commands) > 10
    assert [name for name in commands if f"truceline {name}" not in rows] == []


def test_every_address_of_the_server_is_named(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path, Registry())
    paths = [route.path for route in create_app(store).routes if isinstance(route, Route)]
    store.close()
    # The page's own files are its own affair.
    named = [path for path in paths if not path.startswith("/static/")]
    assert [path for path in named if f"{path}`" not in README] == []
