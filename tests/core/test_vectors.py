"""The core on the contract's vectors: unchanged, with pruning, and restarted after each line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streams.core.times import DAY_US
from tests.property.folding import Fold
from tests.support.paths import TESTS

VECTORS = sorted((TESTS / "vectors").glob("*.json"))
COUNTED = {
    "accepted": "accepted",
    "duplicate": "duplicates",
    "stale": "stale",
    "tick": "ticks",
    "ignored_tick": "ticks",
}


def known(vector: dict[str, Any], *, forgetting: int = 0, restarting: bool = False) -> None:
    """Changes in order, snapshot, refusal codes by line and counts are exactly those of the vector."""
    fold = Fold(vector["sources"], vector["horizon_days"] * DAY_US, forgetting=forgetting)
    taken: Counter[str] = Counter()
    for line_no, line in enumerate(vector["input"], 1):
        taken[fold.take_line(line, line_no)] += 1
        if restarting:
            fold.restart()
    counts = dict.fromkeys(COUNTED.values(), 0)
    for outcome, number in taken.items():
        if outcome in COUNTED:
            counts[COUNTED[outcome]] += number
    assert {
        "changes": fold.changes,
        "snapshot": fold.snapshot(),
        "rejected": [{"line": line_no, "code": code} for line_no, code in fold.rejected],
        "counts": counts,
    } == {
        **vector["expected"],
        "rejected": [{"line": each["line"], "code": each["code"]} for each in vector["expected"]["rejected"]],
    }


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
@pytest.mark.parametrize("how", [{}, {"forgetting": 1}, {"restarting": True}, {"forgetting": 1, "restarting": True}])
def test_the_core_knows_the_vector(path: Path, how: dict[str, Any]) -> None:
    known(json.loads(path.read_text(encoding="utf-8")), **how)
