"""kill -9 at any moment: what was answered for is there, once, and the file is as a fold of its log."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest

from tests.support.build import Json, act, at, more, report
from tests.support.embedded_server import Server
from tests.support.ledger_file import folded_again, opened, stored
from tests.support.waiting import LIMIT_S
from tests.support.workers.dying_ledger_file import ROUNDS_A_BOOK, batch

AT_MOST_S = 0.6


def reports(number: int) -> list[Json]:
    """A batch: increments, which show when one is counted twice."""
    return [
        report(f"r{number}-{n}", more(1), act("holding"), published_at=at(14, number % 24), source=f"s{number % 7}")
        for n in range(1 + number % 5)
    ]


def sent_until_killed(server: Server, first: int, after_s: float) -> list[tuple[int, list[str]]]:
    """Post batches until the server is gone: the numbers of those answered with 202, and how each report was taken."""
    answered = []
    number = first
    timer = threading.Timer(after_s, server.kill)
    timer.start()
    while True:
        try:
            answer = server.post(*reports(number))
        except httpx2.HTTPError:
            break
        assert answer.status_code == 202
        answered.append((number, [receipt["outcome"] for receipt in answer.json()["results"]]))
        number += 1
    timer.join()
    return answered


def must_hold(path: Path, answered: list[tuple[int, list[str]]]) -> Json:
    """Compare a file with the answers and with a fold of its log; return that fold's episode."""
    tables = stored(path)
    assert [offset for offset, *_ in tables["log"]] == list(range(len(tables["log"])))
    logged = [json.loads(value)["report_id"] for *_, value in tables["log"]]
    assert len(logged) == len(set(logged))
    assert {f"r{number}-{n}" for number, answers in answered for n in range(len(answers))} <= set(logged)
    assert {answer for _, answers in answered for answer in answers} <= {"accepted", "duplicate"}
    rows, snapshot = folded_again(tables["log"])
    assert [(*row[:3], json.loads(row[3])) for row in tables["changes"]] == rows
    assert tables["rejected"] == []
    counted = sum(cell["value"]["best"] for cell in snapshot["war"]["cells"])
    assert counted == len(logged)
    war: Json = snapshot["war"]
    return war


@pytest.mark.parametrize("rounds", [3, pytest.param(300, marks=[pytest.mark.deep, pytest.mark.timeout(3_000)])])
def test_what_was_answered_with_202_is_there_once_after_kill_9(tmp_path: Path, rounds: int) -> None:
    chance = random.Random(20220914)
    answered: list[tuple[int, list[str]]] = []
    for _ in range(rounds):
        server = Server(tmp_path / "ledger")
        # The batch that got no answer is sent again, as a sender does.
        answered += sent_until_killed(server, len(answered), chance.uniform(0.01, AT_MOST_S))
    server = Server(tmp_path / "ledger")
    found = httpx2.get(f"{server.url}/episodes/war", timeout=LIMIT_S).json()
    server.kill()
    war = must_hold(server.file, answered)
    assert {name: found[name] for name in war} == war


@pytest.mark.parametrize("rounds", [100, pytest.param(3_000, marks=[pytest.mark.deep, pytest.mark.timeout(3_000)])])
def test_a_file_killed_at_any_moment_has_each_report_once(tmp_path: Path, rounds: int) -> None:
    command = [sys.executable, "-m", "tests.support.workers.dying_ledger_file", str(tmp_path), "20220914", str(rounds)]
    subprocess.run(command, check=True)
    notes = [json.loads(line) for line in (tmp_path / "acknowledged").read_bytes().splitlines()]
    books = sorted(tmp_path.glob("*.sqlite"))
    assert len(books) == rounds // ROUNDS_A_BOOK
    for path in books:
        answered = [(number, answers) for name, number, answers in notes if name == path.name]
        assert answered
        assert [number for number, _ in answered] == list(range(len(answered)))
        before = must_hold(path, answered)
        book = opened(path)
        assert json.loads(book.picture("war") or b"")["cells"] == before["cells"]
        assert {receipt.outcome for receipt in book.write(batch(0))} == {"duplicate"}
        book.close()
