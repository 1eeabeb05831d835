"""The size of a ledger is bounded by the unsettled reports, plus one small entry per report (contract 2.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.property.claims import DAY_US
from tests.property.folding import Fold, in_bytes
from tests.property.model import Model
from tests.property.spelling import spell_time
from tests.property.strategies import SOURCES

ACTS = (
    "announced",
    "violation_alleged",
    "holding",
    "not_confirmed",
    "violation_denied",
    "suspended",
    "resumed",
    "ended",
)


def chronicle(reports: int) -> Iterator[str]:
    """A report each six hours: a new total, increments, a derived figure, acts of a ceasefire, a denial of the last."""
    for n in range(reports):
        claims: list[dict[str, Any]] = [
            {"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": n}},
            {"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 1}, "basis": "incremental"},
            {"type": "casualties", "party": "south", "outcome": "killed", "count": {"best": n}, "basis": "derived"},
            {"type": "ceasefire", "act": ACTS[n % len(ACTS)], "mediators": ["osce"]},
            {"type": "statement", "act": "denied", "about": "casualties"},
        ]
        claims[1]["incident"] = f"post-{n}"
        claims[4]["refers_to"] = {"report_id": f"r{n - 1}", "claim": 0}
        moment = spell_time(datetime(2022, 9, 13) + n * timedelta(hours=6))
        source = ("mod", "mod.south")[n % 2]
        report = {"report_id": f"r{n}", "episode": "war", "source": source, "published_at": moment, "claims": claims}
        yield json.dumps(report)


def kept(fold: Fold) -> dict[str, int]:
    """Return the number of claims by place."""
    episode = fold.ledger.episode("war")
    cells, views = episode.cells.values(), episode.views.values()
    return {
        "claims": sum(claim is not None for report in episode.reports.values() for claim in report.claims),
        "bases": sum(len(cell.bases) for cell in cells),
        "increments": sum(len(cell.increments) for cell in cells),
        "incidents": sum(len(cell.incidents) for cell in cells),
        "denied": sum(len(cell.disputes.denied) for cell in cells if cell.disputes is not None),
        "derived": sum(map(len, episode.derived.values())),
        "denials": sum(map(len, episode.denials.values())),
        "acts": sum(len(view.acts) for view in views),
    }


def entries(fold: Fold, kind: str) -> list[bytes]:
    """The stored values of one kind: r(eport), c(ell), v(iew), e(pisode)."""
    return [value for key, value in fold.stored.items() if json.loads(key)[0] == kind]


def told(reports: int) -> Fold:
    fold = Fold(SOURCES, 2 * DAY_US, forgetting=1)
    for line_no, line in enumerate(chronicle(reports), 1):
        assert fold.take_line(line, line_no) == "accepted"
    return fold


def test_what_is_kept_does_not_grow_with_what_is_settled() -> None:
    """After 400 reports no more claims are kept than after 80, in memory, in the entries and after a restore."""
    short, long = told(80), told(400)
    assert kept(long) == kept(short)
    for fold in (short, long):
        fold.restart()
    assert kept(long) == kept(short)
    assert max(sorted(map(len, entries(long, "r")))[:-12]) < 100  # bytes: revision, digest, time, source
    rest = [sum(len(value) for kind in "cve" for value in entries(fold, kind)) for fold in (short, long)]
    assert rest[1] - rest[0] < 100  # longer numbers


def test_what_is_left_tells_the_same() -> None:
    """The picture after all that forgetting is the one of a model that forgets nothing."""
    fold, model = told(60), Model(SOURCES, 2 * DAY_US)
    for line_no, line in enumerate(chronicle(60), 1):
        model.take_line(line, line_no)
    assert in_bytes(fold.snapshot()) == in_bytes(model.snapshot())
    assert in_bytes(fold.changes) == in_bytes(model.changes)
