"""A book: a transaction is in the ledger and in the file, or in neither, whatever goes wrong."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.core.source_registry import Registry, Source
from streams.core.times import DAY_US
from streams.stores.sqlite.ledger_file import PRUNE_EVERY, LedgerFile
from streams.stores.store import StoreUnavailable
from tests.support.build import act, at, killed, report, says, tick, withdrawal
from tests.support.ledger_file import Clock, folded_again, opened, outcome, stored, taken, value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.sqlite"


@pytest.fixture
def book(path: Path) -> Iterator[LedgerFile]:
    book = opened(path)
    yield book
    book.close()


def picture(book: LedgerFile, episode: str = "war") -> Any:
    encoded = book.picture(episode)
    return encoded and json.loads(encoded)


STORY = [
    report("a", killed(49), act("announced", effective_at=at(20))),
    report("b", killed(60), says(), source="watch"),
    report("a", killed(71), revision=2),
    withdrawal("b"),
]


def test_what_was_written_is_there_after_a_restart_and_goes_on(path: Path, book: LedgerFile) -> None:
    assert taken(book, *STORY) == ["accepted"] * 4
    before = picture(book)
    book.close()
    again = opened(path)
    assert picture(again) == before
    assert taken(again, STORY[0], report("a", killed(72), revision=3)) == ["stale", "accepted"]
    assert picture(again)["through"] == {"partition": 0, "offset": 4}
    again.close()


def test_the_file_holds_the_log_and_what_its_fold_publishes(path: Path, book: LedgerFile) -> None:
    taken(book, *STORY[:2])
    taken(book, *STORY[2:], tick(at(21)))
    book.close()
    tables = stored(path)
    assert [(offset, value_) for offset, _, value_ in tables["log"]] == list(
        enumerate(value(record) for record in [*STORY, tick(at(21))])
    )
    rows, snapshot = folded_again(tables["log"])
    assert [(*row[:3], json.loads(row[3])) for row in tables["changes"]] == rows
    again = opened(path)
    assert {**picture(again), "through": None} == {"episode": "war", **snapshot["war"], "through": None}
    again.close()


def test_a_repeat_is_answered_and_leaves_no_trace(path: Path, book: LedgerFile) -> None:
    assert taken(book, STORY[0], STORY[0]) == ["accepted", "duplicate"]
    assert taken(book, STORY[0], tick(at(1), "unknown")) == ["duplicate", "ignored_tick"]
    assert len(stored(path)["log"]) == 1


def test_one_bad_report_does_not_lose_the_others(path: Path, book: LedgerFile) -> None:
    values = [value(STORY[0]), b"x", value(report("c", killed(-1))), value(report("a", killed(50)))]
    values += [value(report("d", killed(1), published_at="2011-01-01T00:00:00Z")), value(STORY[1])]
    values.append(value(report("e", killed(1), published_at="2022-10-01T02:00:00Z")))
    receipts = book.write(values)
    assert [outcome(receipt) for receipt in receipts] == [
        "accepted", "not_json", "invalid", "revision_conflict", "too_late", "accepted", "from_the_future",
    ]  # fmt: skip
    assert [receipt.offset for receipt in receipts] == [0, None, None, 1, 2, 3, None]
    assert stored(path)["rejected"] == [("revision_conflict", values[3]), ("too_late", values[4])]


def test_a_full_disk_refuses_and_accepts_again_after(path: Path, book: LedgerFile) -> None:
    taken(book, STORY[0])
    before = picture(book)
    file = book._opened()
    (pages,) = file.execute("PRAGMA page_count").fetchone()
    file.execute(f"PRAGMA max_page_count={pages}")
    many = [report(f"r{n}", killed(n), source=f"s{n}") for n in range(500)]
    with pytest.raises(StoreUnavailable, match=r"book\.sqlite: database or disk is full"):
        taken(book, *many)
    assert picture(book) == before
    # A limit goes with its connection, and that was given up.
    assert set(taken(book, *many)) == {"accepted"}
    assert [offset for offset, *_ in stored(path)["log"]] == list(range(501))


class Failing:
    """A connection whose COMMIT fails, before it is done or after."""

    def __init__(self, file: sqlite3.Connection, *, after: bool) -> None:
        self._file = file
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if statement != "COMMIT":
            return self._file.execute(statement, *values)
        if self._after:
            self._file.execute("COMMIT")
        raise sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize("after", [False, True], ids=["not on disk", "on disk all the same"])
def test_a_commit_that_failed_is_as_the_file_says(path: Path, book: LedgerFile, after: bool) -> None:
    taken(book, STORY[0])
    book._file = Failing(book._opened(), after=after)  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable, match="disk I/O error"):
        taken(book, *STORY[1:])
    assert taken(book, *STORY[1:]) == (["stale", "duplicate", "duplicate"] if after else ["accepted"] * 3)
    tables = stored(path)
    rows, snapshot = folded_again(tables["log"])
    assert [(*row[:3], json.loads(row[3])) for row in tables["changes"]] == rows
    assert picture(book)["cells"] == snapshot["war"]["cells"]


@pytest.mark.interpreted
def test_a_report_that_breaks_the_fold_is_refused_alone(
    path: Path, book: LedgerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = book.ledger.take

    def broken(message: Any, *args: Any) -> Any:
        if getattr(message, "report_id", "") == "b":
            raise ZeroDivisionError
        return take(message, *args)

    monkeypatch.setattr(book.ledger, "take", broken)
    assert taken(book, *STORY) == ["accepted", "internal", "accepted", "internal"]
    assert stored(path)["rejected"] == [("internal", value(STORY[1])), ("internal", value(STORY[3]))]


@pytest.mark.interpreted
def test_forgetting_that_fails_fails_nothing_else(
    path: Path, book: LedgerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(book.ledger, "forget", broken)
    assert set(taken(book, *(report(f"r{n}", killed(n)) for n in range(PRUNE_EVERY)))) == {"accepted"}
    assert taken(book, report("r0", killed(0))) == ["duplicate"]
    assert len(stored(path)["log"]) == PRUNE_EVERY


def test_the_next_tick_is_the_one_that_the_fold_waits_for(path: Path) -> None:
    clock = Clock(at(15))
    book = opened(path, clock)
    assert book.next_tick() is None
    taken(book, STORY[0])
    due = book.next_tick()
    assert due is not None
    assert json.loads(due[1]) == tick(at(20))
    clock.set(at(20))
    assert due[0] == clock.us
    book.write([due[1]])
    assert book.next_tick() is None
    assert picture(book)["ceasefires"][0]["status"] == "in_effect"
    book.close()


def test_another_registry_is_published_once_at_opening(path: Path, book: LedgerFile) -> None:
    taken(book, report("t", act("announced"), source="mod-2"))
    book.close()
    other = Registry({"mod-2": Source("Another voice", "official", "south")})
    for _ in range(2):
        again = opened(path, registry=other)
        assert picture(again)["ceasefires"][0]["declared_by"] == ["south"]
        again.close()
    told = [json.loads(record) for _, offset, _, record in stored(path)["changes"] if offset is None]
    assert [(change["view"], change["version"], change["cause"]) for change in told] == [
        ("joint", 2, {"registry": other.digest}),
        ("source:mod-2", 2, {"registry": other.digest}),
    ]


def test_a_file_keeps_its_shorter_horizon(path: Path) -> None:
    """Reports settled under a shorter one are pruned: it stays in force under a longer setting, and in the file."""
    for days in (10, 5, 10):
        book = opened(path, horizon_us=days * DAY_US)
        taken(book, report(f"r{days}", killed(days)))
        book.close()
    book = opened(path, horizon_us=20 * DAY_US)
    assert (book.options.horizon_us, book.ledger.horizon_us) == (5 * DAY_US, 5 * DAY_US)
    assert taken(book, report("r10", killed(10)), report("r5", killed(5))) == ["duplicate", "duplicate"]
    book.close()


def test_a_file_that_is_none_of_ours_is_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        opened(path)
    path.unlink()
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreUnavailable, match="is not a truceline ledger of version 1"):
        opened(path)
