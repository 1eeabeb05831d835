"""`truceline backup` and `truceline verify --embedded`: an embedded ledger, copied and checked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.files.source_registry import read_sources
from streams.stores.sqlite.database import DATABASE
from tests.support.build import killed, report
from tests.support.embedded_server import SOURCES
from tests.support.ledger_file import opened, taken


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ledger"
    folder.mkdir()
    (tmp_path / "sources.yaml").write_text(SOURCES)
    book = opened(folder / DATABASE, registry=read_sources(tmp_path / "sources.yaml"))
    taken(book, report("a", killed(71)), report("b", killed(72), source="watch"))
    book.finish()
    return folder


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def verified(folder: Path) -> tuple[int, str, str]:
    return run("verify", "--embedded", folder, "--sources", folder.parent / "sources.yaml")


def test_an_intact_ledger_matches_its_log(folder: Path) -> None:
    assert verified(folder) == (0, f"the ledger in {folder} matches its log\n", "")


def test_a_damaged_ledger_exits_with_1_and_a_way_out(folder: Path) -> None:
    with sqlite3.connect(folder / DATABASE) as file:
        file.execute('DELETE FROM changes WHERE "row" = 2')
    file.close()
    code, out, err = verified(folder)
    assert (code, err.startswith("Restore a backup; or export")) == (1, True)
    assert out.startswith("changes: ")


def test_a_backup_can_be_verified(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "restored"
    copy.mkdir()
    target = copy / DATABASE
    assert run("backup", folder, target) == (0, f"{target}: {target.stat().st_size:,} bytes\n", "")
    assert verified(copy)[0] == 0


def test_a_backup_of_no_ledger_fails(tmp_path: Path) -> None:
    code, _, err = run("backup", tmp_path, tmp_path / "copy.sqlite")
    assert (code, "no ledger in" in err) == (74, True)
