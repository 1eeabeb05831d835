"""An explanation on a terminal: increments with their signs, places by name, and the words that a claim rests on."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from streams.cli import app
from tests.support.build import at, more, report


def test_increments_places_and_quotes_are_shown(tmp_path: Path) -> None:
    (tmp_path / "atlas.yaml").write_text("places:\n  jermuk: {name: Jermuk town}\n")
    story = report(
        "a",
        more(7, place="jermuk", quote="seven men"),
        more(-2, as_of=at(14, 13)),
        more(5, as_of=at(14, 14), qualifier="at_least"),
    )
    asked = ["explain", "war", "mod/", "--from", "-", "--atlas", str(tmp_path / "atlas.yaml")]
    run = CliRunner().invoke(app, asked, input=json.dumps(story), env={"COLUMNS": "120", "TERM": "dumb"})
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    added = [line.split(maxsplit=1)[1] for line in lines if line.startswith("added")]
    assert [line.rpartition(" Sep")[0].rpartition(" ")[0] for line in added] == ["+7", "-2", "+≥ 5"]
    first = lines.index(next(line for line in lines if line.startswith("added")))
    assert lines[first + 4 : first + 6] == ["at Jermuk town", "“seven men”"]
