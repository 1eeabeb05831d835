"""The model against the contract's vectors: before it may judge the product it has to know every example by heart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.property.model import Model
from tests.support.paths import TESTS

VECTORS = sorted((TESTS / "vectors").glob("*.json"))
DAY_US = 86_400_000_000


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_model_knows_the_vector(path: Path) -> None:
    """Changes in order, snapshot, refusal codes by line and counts are exactly those of the vector."""
    vector = json.loads(path.read_text(encoding="utf-8"))
    model = Model(vector["sources"], vector["horizon_days"] * DAY_US)
    for line_no, line in enumerate(vector["input"], 1):
        model.take_line(line, line_no)
    expected = vector["expected"]
    assert model.changes == expected["changes"]
    assert model.snapshot() == expected["snapshot"]
    assert model.rejected == [(each["line"], each["code"]) for each in expected["rejected"]]
    assert model.counts == expected["counts"]
