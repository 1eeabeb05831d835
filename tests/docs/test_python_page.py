"""docs/reference/python.md cannot rot: its notebook is run from top to bottom, and prints what it says."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from streams.operations.replay.dataframes import TABLES
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "reference/python.md").read_text(encoding="utf-8")
CELLS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def test_every_cell_prints_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "streams" / "defaults" / "story.jsonl", tmp_path / "reports.jsonl")
    shutil.copy(ROOT / "streams" / "defaults" / "sources.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert len(CELLS) == PAGE.count("```python") == 5
    notebook: dict[str, Any] = {}
    for cell, said in CELLS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(cell, "docs/reference/python.md", "exec"), notebook)  # noqa: S102 - our own page
        assert printed.getvalue() == said


def test_columns_are_those_of_the_code() -> None:
    rows = [f"| `{name}` | {', '.join(f'`{column}`' for column in columns)} |" for name, columns in TABLES.items()]
    assert "\n".join(rows) in PAGE
