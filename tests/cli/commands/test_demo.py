"""`truceline demo`: the whole story through a real server, and through a real Kafka."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.demo.dashboard import Dashboard
from streams.cli.demo.servers import ShownChange
from streams.cli.demo.story import story
from streams.files.source_registry import default_sources
from streams.operations.replay.replay import replay
from streams.stores.sqlite.database import DATABASE
from tests.support.ledger_file import stored
from tests.support.paths import ROOT

TOLD = [
    "14 Sep 18:00 armenia-pm  armenia killed, military: 105 (first)",
    "14 Sep 23:30 armenia-security-council  ceasefire main: in effect since 14 Sep 20:00; declared by armenia",
    "15 Sep 11:00 azerbaijan-mod  azerbaijan killed, military: 71 (first)",
]
RESULT = [
    "self-reported by the parties, killed, military: 176 = 105 Armenia + 71 Azerbaijan",
    "all sides killed, military: 176; agrees with",
]


def told(*args: str) -> tuple[int, str]:
    """Exit code, and what was printed with its lines joined."""
    run = CliRunner().invoke(app, ["demo", *args], env={"COLUMNS": "120"})
    return run.exit_code, run.output


def test_without_a_terminal_it_prints_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change is a line, and the result follows."""
    monkeypatch.setenv("TRUCELINE_DATA_DIR", str(tmp_path))
    for _ in range(2):  # the second time it begins again
        code, said = told()
        assert code == 0, said
        assert [line for line in TOLD + RESULT if line not in said] == []
        again = f"serve --embedded {tmp_path / 'demo'} --sources {tmp_path / 'demo' / 'sources.yaml'}"
        assert again in " ".join(said.split())
    assert len(stored(tmp_path / "demo" / DATABASE)["log"]) == 7


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert told("--dir", str(tmp_path))[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.kafka
def test_through_kafka_the_same_is_told(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    code, said = told("--kafka", "--no-wait")
    assert code == 0, said
    assert [line for line in TOLD + RESULT if line not in said] == []


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 50)])
def test_the_live_table_fits_the_terminal(width: int, height: int) -> None:
    """It shows counts, their total and the ceasefire."""
    fold = replay(ROOT / "streams" / "defaults" / "story.jsonl", sources=default_sources())
    board = Dashboard("the story")
    board.times = next(story()).times
    for topic, record in fold:
        board.take(ShownChange(topic, record))
    board.picture = fold.snapshot()["episodes"]["armenia-azerbaijan-2022-09"]
    drawn = io.StringIO()
    Console(file=drawn, width=width, height=height, color_system=None).print(board)
    shown = " ".join(drawn.getvalue().replace("│", " ").split())
    assert "176 = 105 armenia + 71 azerbaijan" in shown
    assert "in effect since 14 Sep 20:00; declared by armenia; announced by armenia-security-council 14 Sep 23:30" in (
        shown
    )
    if width > 100:
        assert "105 14 Sep 18:00 first, 105" in shown
        assert len(drawn.getvalue().splitlines()) < height
