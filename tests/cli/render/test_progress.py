"""The progress of a long run on standard error: lines at intervals without a terminal, nothing with --quiet."""

from __future__ import annotations

import time

import pytest

from streams.cli.render import progress as module
from streams.cli.render.progress import Position, progress
from tests.support.waiting import eventually_sync


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_EVERY_S", 0.01)


def said(capsys: pytest.CaptureFixture[str], position: Position) -> str:
    """The first line that is said."""
    with progress(lambda: position):
        lines = eventually_sync(lambda: capsys.readouterr().err, "a line", poll_s=0.01)
    return lines.splitlines()[0]


def test_a_line_says_how_far_and_for_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, Position(50, 200, "reports.jsonl line 7")) == "25 %, reports.jsonl line 7, 0 s"


def test_where_the_whole_is_not_known_no_share_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, Position(50, None, "7 sent")) == "7 sent, 0 s"


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(lambda: Position(1, 2, "x"), quiet=True):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_it_ends_with_the_work_also_when_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with progress(lambda: Position(1, 2, "x")):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    capsys.readouterr()
    time.sleep(0.05)
    assert capsys.readouterr().err == ""
