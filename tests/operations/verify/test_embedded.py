"""`verify_embedded`: a ledger is what its log gives, or each difference is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from streams.core.source_registry import Registry
from streams.operations.verify.embedded import verify_embedded
from streams.stores.sqlite.database import DATABASE
from streams.stores.store import StoreUnavailable
from tests.support.build import REGISTRY, act, at, killed, report, withdrawal
from tests.support.ledger_file import opened, taken

REPORTS = [
    report("a", killed(71), act("announced")),
    report("b", killed(80), published_at=at(15)),
    report("a", killed(1)),
    report("other", killed(1), episode="elsewhere"),
    withdrawal("b", 2),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    book = opened(tmp_path / DATABASE)
    assert taken(book, *REPORTS) == ["accepted", "accepted", "revision_conflict", "accepted", "accepted"]
    book.finish()
    return tmp_path


def problems(folder: Path, statement: str | None = None) -> list[str]:
    if statement is not None:
        with sqlite3.connect(folder / DATABASE) as file:
            file.execute(statement)
        file.close()
    return verify_embedded(folder, REGISTRY)


def test_an_intact_ledger_has_no_problem(folder: Path) -> None:
    assert problems(folder) == []


def test_it_may_be_verified_while_its_server_runs(folder: Path) -> None:
    book = opened(folder / DATABASE)
    taken(book, report("c", killed(90), published_at=at(16)))
    assert problems(folder) == []
    book.close()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            'DELETE FROM state WHERE "key" = (SELECT max("key") FROM state)',
            "state: the picture of war is not what the log gives",
        ),
        ("UPDATE state SET value = x'00'", "state: it cannot be read: "),
        ('DELETE FROM log WHERE "offset" = 1', "log: offsets 1 to 1 are missing"),
        ("UPDATE log SET value = '{' WHERE \"offset\" = 1", "changes: row 4 "),
        (
            'DELETE FROM changes WHERE "row" = (SELECT max("row") FROM changes)',
            "changes: missing the casualties change of war for the report at offset 4",
        ),
        (
            'INSERT INTO changes SELECT 99, "offset", topic, episode, record FROM changes WHERE "row" = 1',
            "changes: row 99 (casualties of war) does not follow from the log",
        ),
        (
            "UPDATE changes SET record = '{}' WHERE \"row\" = 2",
            "changes: row 2 (ceasefires of war) is not what the log",
        ),
    ],
)
def test_each_difference_is_named(folder: Path, statement: str, problem: str) -> None:
    found = problems(folder, statement)
    assert any(line.startswith(problem) for line in found), found


def test_another_source_registry_is_named(folder: Path) -> None:
    (problem,) = verify_embedded(folder, Registry())
    assert "another source registry: name its file with --sources" in problem


def test_a_torn_file_is_damaged(folder: Path) -> None:
    content = bytearray((folder / DATABASE).read_bytes())
    content[4096:8192] = b"\xff" * 4096
    (folder / DATABASE).write_bytes(content)
    found = problems(folder)
    assert found
    assert all("damaged" in line or "malformed" in line for line in found), found


def test_a_folder_without_a_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no ledger in"):
        verify_embedded(tmp_path, REGISTRY)
