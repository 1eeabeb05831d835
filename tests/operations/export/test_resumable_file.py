"""A file that may be interrupted at any moment: whole in the end, or not there, and gone on with where it was."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from streams.files.jsonl import Lines
from streams.operations.export import resumable_file as files
from streams.operations.export.resumable_file import ResumableFile, ResumeError

OF = {"place": "t.reports", "topic": "reports"}
LINES = [b'{"n":%d}\n' % n for n in range(100)]
NAMES = ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"]


def write(file: ResumableFile, first: int, last: int) -> None:
    for number in range(first, last):
        file.write(LINES[number], number % 3, number + 1)


def interrupted(path: Path) -> None:
    with suppress(KeyboardInterrupt), ResumableFile(path, OF, resume=False) as file:
        write(file, 0, 40)
        raise KeyboardInterrupt


def lines_of(path: Path) -> list[bytes]:
    return [line + b"\n" for line in Lines([path])]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_there_when_all_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with ResumableFile(path, OF, resume=False) as file:
        write(file, 0, 100)
        assert not path.exists()
    assert lines_of(path) == LINES
    assert [left.name for left in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_what_an_error_interrupts_is_gone_on_with(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    interrupted(path)
    assert sorted(left.name for left in tmp_path.iterdir()) == [f"{name}.part", f"{name}.part.json"]
    with ResumableFile(path, OF, resume=True) as again:
        assert again.positions == {0: 40, 1: 38, 2: 39}
        assert again.written == 40
        write(again, 40, 100)
    assert lines_of(path) == LINES
    assert [left.name for left in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_after_a_crash_what_was_kept_is_gone_on_with(tmp_path: Path, name: str) -> None:
    """The folder at any moment is the state after a crash then: half a line, half a frame."""
    path, crashed = tmp_path / "sound" / name, tmp_path / "crashed"
    path.parent.mkdir()
    with ResumableFile(path, OF, resume=False) as file:
        write(file, 0, 30)
        file.keep()
        write(file, 30, 60)
        file._raw.write(b'{"n":')
        file._raw.flush()
        shutil.copytree(path.parent, crashed)
    with ResumableFile(crashed / name, OF, resume=True) as again:
        assert again.written == 30
        write(again, 30, 100)
    assert lines_of(crashed / name) == LINES


def test_every_so_often_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "KEEP_EVERY_BYTES", 90)
    path = tmp_path / "log.jsonl"
    with ResumableFile(path, OF, resume=False) as file:
        write(file, 0, 60)
        shutil.copytree(tmp_path, tmp_path / "crashed")
    with ResumableFile(tmp_path / "crashed" / "log.jsonl", OF, resume=True) as again:
        kept = again.written
        assert 48 < kept < 60
        write(again, kept, 100)
    assert lines_of(tmp_path / "crashed" / "log.jsonl") == LINES


def test_what_is_interrupted_is_not_begun_anew_unasked(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    interrupted(path)
    with pytest.raises(ResumeError, match="an interrupted export: continue it with --resume, or delete it"):
        ResumableFile(path, OF, resume=False)
    with pytest.raises(ResumeError, match=r"is another export \(topic reports\)"):
        ResumableFile(path, OF | {"topic": "casualties"}, resume=True)
    path.with_name("log.jsonl.part").write_bytes(b"")
    with pytest.raises(ResumeError, match="is shorter than"):
        ResumableFile(path, OF, resume=True)
    path.with_name("log.jsonl.part.json").write_text("[]")
    with pytest.raises(ResumeError, match="cannot be read"):
        ResumableFile(path, OF, resume=True)


def test_with_nothing_to_go_on_from_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("of yesterday\n")
    with ResumableFile(path, OF, resume=True) as file:
        assert file.positions == {}
        assert path.read_text() == "of yesterday\n"
        write(file, 0, 100)
    assert lines_of(path) == LINES
