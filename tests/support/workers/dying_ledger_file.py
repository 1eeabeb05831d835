"""Books that are killed: `python -m tests.support.workers.dying_ledger_file FOLDER SEED ROUNDS`.

Round after round a child opens a book and writes to it, and notes in FOLDER/acknowledged what it was answered;
at a random moment, also while it opens, it is killed with -9. The next one sends again all that
was not answered. A new book is begun every so often, so that the beginning of a file is killed too.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from tests.support.build import act, at, more, report
from tests.support.ledger_file import opened, value

ROUNDS_A_BOOK = 25
#: In one round of this many, the moment counts from the start of the child, not from when it has its book open.
WHILE_OPENING = 5
AT_MOST_S = 0.03


def batch(number: int) -> list[bytes]:
    """The reports of a batch: increments, which show when one is counted twice."""
    return [
        value(
            report(f"r{number}-{n}", more(1), act("holding"), published_at=at(14, number % 24), source=f"s{number % 7}")
        )
        for n in range(1 + number % 5)
    ]


def _write(path: Path, acknowledged: int, first: int, ready: int) -> NoReturn:
    book = opened(path)
    os.write(ready, b".")
    number = first
    while True:
        receipts = book.write(batch(number))
        answers = [receipt.outcome for receipt in receipts]
        os.write(acknowledged, json.dumps([path.name, number, answers]).encode() + b"\n")
        number += 1


def main(folder: Path, seed: int, rounds: int) -> None:
    """Kill a number of children."""
    chance = random.Random(seed)
    with (folder / "acknowledged").open("ab", buffering=0) as notes:
        for turn in range(rounds):
            path = folder / f"book-{turn // ROUNDS_A_BOOK}.sqlite"
            said = [json.loads(line) for line in (folder / "acknowledged").read_bytes().splitlines()]
            first = 1 + max((number for name, number, _ in said if name == path.name), default=-1)
            readable, ready = os.pipe()
            child = os.fork()
            if child == 0:
                _write(path, notes.fileno(), first, ready)
            if turn % WHILE_OPENING:
                os.read(readable, 1)
            time.sleep(chance.uniform(0, AT_MOST_S))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            os.close(readable)
            os.close(ready)
            if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
                sys.exit(f"round {turn}: the child ended by itself")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
