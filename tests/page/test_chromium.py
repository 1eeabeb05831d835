"""A Chromium is found, got, or its absence said with what to do; never skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.chromium import NoChromium, chromium


def test_the_one_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my-chromium"
    program.touch(mode=0o755)
    monkeypatch.setenv("TRUCELINE_CHROMIUM", str(program))
    assert chromium() == str(program)
    monkeypatch.setenv("TRUCELINE_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(NoChromium, match="is no program"):
        chromium()


def test_where_none_can_be_had_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUCELINE_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.support.chromium.APPLICATIONS", ())
    with pytest.raises(NoChromium, match="apt-get install chromium"):
        chromium()
