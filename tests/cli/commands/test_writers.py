"""`truceline writers`: the token is printed once, and the file keeps its digest alone."""

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.files.writers import read_writers


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["writers", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_writer_is_added_with_a_token(folder: Path) -> None:
    code, token, said = run("add", "ani", "--role", "reviewer")
    assert (code, said) == (0, "ani is a reviewer in writers.yaml; the token above is not shown again\n")
    run("add", "feed", "--source", "north-*", "--episode", "war")
    file = folder / "writers.yaml"
    writers = read_writers(file)
    found = writers.holder(token.strip())
    assert found is not None
    assert (found.name, found.role) == ("ani", "reviewer")
    assert token.strip() not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    feed = writers.by_name["feed"]
    assert (feed.role, feed.sources, feed.outlets, feed.episodes) == ("writer", ("north-*",), (), ("war",))


def test_a_name_is_given_once() -> None:
    run("add", "ani")
    assert run("add", "ani")[::2] == (2, "truceline: writers.yaml has 'ani' already: remove its entry first\n")


def test_the_list_has_each_writer_and_its_limits() -> None:
    run("add", "feed", "--source", "north-*")
    assert run("list")[1].split() == [
        *("name", "role", "sources", "outlets", "episodes"),
        *("feed", "writer", "north-*", "all", "all"),
    ]


def test_faults_of_the_file_are_listed_with_lines(folder: Path) -> None:
    assert run("check")[0] == 2
    (folder / "writers.yaml").write_text("ani: {role: king}\n")
    code, _, said = run("check")
    assert (code, "writers.yaml:1: 'ani': role 'king' is not one of" in said) == (2, True)
