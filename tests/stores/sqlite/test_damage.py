"""A ledger file that is deleted, replaced or damaged: noticed before a report is accepted, and at the next start."""

from __future__ import annotations

import random
import shutil
import sqlite3
import stat
from collections import Counter
from pathlib import Path

import pytest

from streams.operations.verify.embedded import verify_embedded
from streams.stores.sqlite.backup import back_up
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.file_guard import MARKER
from streams.stores.sqlite.ledger_file import LedgerFile
from streams.stores.store import StoreUnavailable
from tests.support.build import REGISTRY, killed, report
from tests.support.ledger_file import opened, stored, taken

WAL = f"{DATABASE}-wal"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE


@pytest.fixture
def kept(path: Path) -> Path:
    """A ledger with three reports, closed cleanly."""
    book = opened(path)
    taken(book, *(report(f"r{n}", killed(n), source=f"s{n}") for n in range(3)))
    book.finish()
    return path


def refuses_to_write(book: LedgerFile, words: str) -> None:
    with pytest.raises(StoreUnavailable, match=words):
        taken(book, report("late", killed(9), source="late"))


def refuses_to_open(path: Path, words: str) -> None:
    with pytest.raises(StoreUnavailable, match=words):
        opened(path)


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as file:
        file.execute(statement)
    file.close()


@pytest.mark.parametrize("name", [DATABASE, WAL])
def test_a_deleted_file_refuses_reports(path: Path, name: str) -> None:
    """SQLite continues to write to a deleted file: a 202 would be false."""
    book = opened(path)
    taken(book, report("a", killed(1)))
    path.with_name(name).unlink()
    assert str(book.lost()) == f"{path.with_name(name)} was deleted or replaced while the server runs"
    refuses_to_write(book, "nothing can be stored; stop the server")
    refuses_to_write(book, "nothing can be stored")
    book.finish()


def test_reports_before_a_deleted_wal_are_saved(path: Path) -> None:
    """Reports accepted before the write-ahead log was deleted are in the file after a restart."""
    book = opened(path)
    taken(book, report("a", killed(1)), report("b", killed(2), source="watch"))
    path.with_name(WAL).unlink()
    refuses_to_write(book, "was deleted")
    book.close()
    again = opened(path)
    assert taken(again, report("a", killed(1)), report("b", killed(2), source="watch")) == ["duplicate", "duplicate"]
    again.close()


@pytest.mark.parametrize("how", ["unlink", "truncate"])
def test_a_used_folder_without_its_file_is_refused(kept: Path, how: str) -> None:
    """An empty ledger in a folder that was used means that reports are missing."""
    if how == "unlink":
        kept.unlink()
    else:
        kept.write_bytes(b"")
    refuses_to_open(kept, "is missing or empty, but held 3 reports and ticks.*Restore a backup")
    kept.with_name(MARKER).unlink()
    book = opened(kept)
    assert book.next_offset == 0
    book.close()


def test_a_lost_wal_after_a_kill_is_refused(path: Path) -> None:
    """The file itself is still empty then: the first checkpoint comes at 16 MiB."""
    book = opened(path)
    taken(book, report("a", killed(1)))
    copy = path.parent / "killed"
    copy.mkdir()
    for name in (DATABASE, MARKER):
        shutil.copy(path.with_name(name), copy / name)
    book.close()
    refuses_to_open(copy / DATABASE, "is empty, but this folder was used before and held 1 reports and ticks")


def test_another_file_in_its_place_is_refused(kept: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    book = opened(other / DATABASE)
    taken(book, *(report(f"x{n}", killed(n), source=f"s{n}") for n in range(5)))
    book.finish()
    shutil.copy(other / DATABASE, kept)
    refuses_to_open(kept, "is not the file that this folder held before")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ('DELETE FROM state WHERE "key" IN (SELECT "key" FROM state LIMIT 1)', "its checksum differs"),
        ("DELETE FROM state", "its checksum differs"),
        ("UPDATE state SET value = x'00'", "its stored state cannot be read"),
        ("INSERT INTO state VALUES (x'deadbeef', x'00')", "its stored state cannot be read"),
        ("DELETE FROM log", "held 3 reports"),
        ('DELETE FROM log WHERE "offset" = 2', "ends at offset 1, but had reached 2"),
        ('DELETE FROM log WHERE "offset" < 2', "its log begins at offset 2"),
        ("DELETE FROM changes", "it has 0 changes, and 3 were stored"),
    ],
)
def test_damage_at_rest_is_refused_with_a_way_out(kept: Path, statement: str, words: str) -> None:
    """Each kind of damage ends the start with a sentence that says what to do, never with a traceback."""
    change(kept, statement)
    with pytest.raises(StoreUnavailable, match=words) as refused:
        opened(kept)
    assert "Restore a backup" in str(refused.value)


def flip(path: Path, bits: int, chance: random.Random) -> None:
    """Flip bits anywhere in a file but its header of 100 bytes."""
    content = bytearray(path.read_bytes())
    for _ in range(bits):
        content[chance.randrange(100, len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def halve(path: Path, _bits: int, _chance: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


#: Kinds of damage: to a file of a clean stop, or to the write-ahead log of a killed server.
DAMAGES = [
    ("stopped", DATABASE, flip, 1),
    ("stopped", DATABASE, flip, 8),
    ("stopped", DATABASE, flip, 200),
    ("stopped", DATABASE, halve, 0),
    ("killed", WAL, flip, 1),
    ("killed", WAL, flip, 8),
    ("killed", WAL, flip, 200),
    ("killed", WAL, halve, 0),
]
WAYS_OUT = ("Restore a backup", "not a truceline ledger")


@pytest.mark.parametrize("files", [40, pytest.param(200, marks=pytest.mark.deep)])
def test_a_damaged_file_is_refused_or_right(tmp_path: Path, files: int) -> None:
    """Each either ends the start with words, or has every report that was answered for and the right pictures."""
    (tmp_path / "stopped").mkdir()
    book = opened(tmp_path / "stopped" / DATABASE)
    for number in range(60):
        taken(book, report(f"r{number}", killed(number), episode=f"e-{number % 5}", source=f"s{number % 7}"))
    shutil.copytree(tmp_path / "stopped", tmp_path / "killed")
    pictures = {f"e-{number}": book.picture(f"e-{number}") for number in range(5)}
    book.finish()
    chance = random.Random(20220914)
    results = Counter[str]()
    for number in range(files):
        state, name, damage, bits = DAMAGES[number % len(DAMAGES)]
        folder = shutil.copytree(tmp_path / state, tmp_path / str(number))
        damage(folder / name, bits, chance)
        found = verify_embedded(folder, REGISTRY)
        try:
            damaged = opened(folder / DATABASE)
        except StoreUnavailable as refused:
            assert any(words in str(refused) for words in WAYS_OUT), refused  # noqa: PT017 - the words
            assert found or state == "killed", number
            results["refused"] += 1
        else:
            shown = {episode: damaged.picture(episode) for episode in pictures}
            assert (damaged.next_offset, shown) == (60, pictures)
            damaged.close()
            results["right"] += 1
    assert results["refused"] > results["right"] > 0


def test_a_kill_leaves_no_checksum_to_compare(path: Path) -> None:
    """The checksum is of a clean stop; every write removes it."""
    book = opened(path)
    taken(book, report("a", killed(1)))
    book.finish()
    book = opened(path)
    taken(book, report("b", killed(2), source="watch"))
    book.close()
    again = opened(path)
    assert again.next_offset == 2
    again.close()


def test_its_files_are_for_their_owner_alone(path: Path) -> None:
    book = opened(path)
    taken(book, report("a", killed(1)))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    book.close()
    assert modes == dict.fromkeys((DATABASE, WAL, f"{DATABASE}-shm", MARKER), 0o600)


def test_a_backup_of_a_running_server_is_whole(path: Path, tmp_path: Path) -> None:
    """It has every committed report, is one file, and opens as a ledger."""
    book = opened(path)
    taken(book, *(report(f"r{n}", killed(n), source=f"s{n}") for n in range(50)))
    target = tmp_path / "copy" / DATABASE
    target.parent.mkdir()
    assert back_up(path.parent, target) == target.stat().st_size
    assert taken(book, report("after", killed(1), source="after")) == ["accepted"]
    book.close()
    assert [file.name for file in target.parent.iterdir()] == [DATABASE]
    assert len(stored(target)["log"]) == 50
    restored = opened(target)
    assert restored.next_offset == 50
    restored.close()
    with pytest.raises(StoreUnavailable, match="exists already"):
        back_up(path.parent, target)


def test_a_damaged_ledger_is_not_backed_up(kept: Path, tmp_path: Path) -> None:
    content = bytearray(kept.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    kept.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="cannot back up"):
        back_up(kept.parent, tmp_path / "copy.sqlite")
    assert not (tmp_path / "copy.sqlite").exists()
    assert not (tmp_path / "copy.sqlite.part").exists()
