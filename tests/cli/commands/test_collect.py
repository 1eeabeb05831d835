"""`truceline collect`: a folder of articles, its status, and exit codes."""

from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from streams.cli import app


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.txt").write_text("Losses\n\nNine soldiers were killed.")
    (tmp_path / "feeds.yaml").write_text("articles:\n  folder: articles\n")
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["collect", "feeds.yaml", *words])
    return done.exit_code, done.output


def test_what_is_collected_can_be_read() -> None:
    assert run("--status") == (0, "articles: never asked\n")
    summary = "1 feed, 0 failed; {} in collected/documents.jsonl\n"
    assert run("--once") == (0, "articles: 1 new\n" + summary.format("1 new document"))
    assert run("--once") == (0, "articles: 0 new\n" + summary.format("0 new documents"))
    code, status = run("--status")
    assert (code, status.startswith("articles: answered 20")) == (0, True)
    done = CliRunner().invoke(app, ["read", "collected/documents.jsonl", "--format", "json"])
    assert done.exit_code == 0, done.output


def test_a_feed_that_fails_is_told_and_exits_with_1(folder: Path) -> None:
    (folder / "feeds.yaml").write_text("articles:\n  folder: missing\n")
    code, said = run("--once", "-q")
    assert (code, said.startswith("articles: ")) == (1, True)
    assert "No such file or directory" in said
    assert "articles: dead since 20" in run("--status")[1]


def test_faults_of_the_file_are_told(folder: Path) -> None:
    (folder / "feeds.yaml").write_text("articles:\n  url: nowhere\n")
    code, said = run()
    assert code == 2
    assert "feeds.yaml:2: url: nowhere does not begin with http:// or https://" in said


def test_two_collectors_do_not_share_a_folder(folder: Path) -> None:
    (folder / "collected").mkdir()
    with FileLock(folder / "collected" / ".lock"):
        code, said = run("--once")
    assert (code, "another collect is writing in collected" in said) == (2, True)
