"""The metrics of a server without a broker."""

from __future__ import annotations

from pathlib import Path

from tests.support.build import killed, report
from tests.support.ledger_file import opened, taken
from tests.support.metrics import MetricsDelta


def test_outcomes_are_counted_once_they_are_on_disk(tmp_path: Path) -> None:
    book = opened(tmp_path / "ledger")
    gained = MetricsDelta()
    try:
        taken(book, report("a", killed(1)), report("a", killed(1)), report("a", killed(2)), {"no": "report"})
        taken(book, report("b", killed(3), unknown="x", nobody="y"))
    finally:
        book.close()
    assert gained.by("truceline_reports_total", "outcome") == {"accepted": 2, "duplicate": 1, "rejected": 1}
    assert gained.by("truceline_rejected_total", "code") == {"revision_conflict": 1}
    assert gained.of("truceline_unknown_fields_total") == 2
    assert gained.by("truceline_published_total", "topic") == {"casualties": 2}
    assert [gained.of(f"truceline_{name}_seconds_count") for name in ("fold", "commit")] == [2, 2]
