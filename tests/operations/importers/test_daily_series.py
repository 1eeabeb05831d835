"""Series with a history: at every recorded time the running count is what the file said at that time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.reports import ReportShape
from streams.core.ledger import Ledger
from streams.core.log_record import Record
from streams.core.queries.as_of import known_at
from streams.core.source_registry import Registry
from streams.core.state.step import Outcome
from streams.core.times import parse_time
from streams.operations.importers.base import ImportOptions, encode
from tests.operations.importers.imports import (
    PALESTINE,
    PALESTINE_HISTORY,
    RUSSIAN,
    RUSSIAN_CORRECTIONS,
    RUSSIAN_HISTORY,
    cells,
    counted,
    fold,
    imported,
    ledger_for,
    newest,
    rows_of,
    versions_of,
)

Figures = dict[tuple[str, str, str], int]
Rows = dict[str, dict[str, Any]]

PALESTINE_SOURCES = {
    "gaza-health-ministry": "mohtel",
    "gaza-media-office": "gmotel",
    "un-ocha": "unocha",
    "palestine-datasets": "missing",
}


def palestine_file_says(rows: Rows) -> Figures:
    """Return the file's value: a source's newest figure, under the column's name at the time."""
    found: dict[tuple[str, str, str], int | None] = {}
    for source, code in PALESTINE_SOURCES.items():
        own = {day: row for day, row in rows.items() if row["report_source"] == code}
        killed = newest((day, row.get("killed_cum", row.get("martyred_cum"))) for day, row in own.items())
        wounded = newest((day, row.get("injured_cum")) for day, row in own.items())
        found |= {(source, "palestine", "killed"): killed, (source, "palestine", "wounded"): wounded}
    return {cell: figure for cell, figure in found.items() if figure is not None}


def russian_file_says(rows: Rows) -> Figures:
    """Return the file's value: the newest figure, one more for "more than" (contract section 1)."""

    def losses(row: dict[str, Any]) -> int:
        more = row.get("personnel*", row.get("*personnel")) in ("more", "more than")
        return int(row["personnel"]) + more

    killed = newest((day, losses(row)) for day, row in rows.items())
    captured = newest((day, row.get("POW")) for day, row in rows.items())
    figures = {
        ("ukraine-general-staff", "russia", "killed"): killed,
        ("ukraine-general-staff", "russia", "captured"): captured,
    }
    return {cell: figure for cell, figure in figures.items() if figure is not None}


CASES = [
    pytest.param("palestine-datasets", PALESTINE_HISTORY, palestine_file_says, id="palestine"),
    pytest.param("russian-losses", RUSSIAN_HISTORY, russian_file_says, id="russian-losses"),
]


def running(ledger: Ledger, episode: str) -> Figures:
    return {cell: value["best"] for cell, value in cells(ledger, episode).items()}


@pytest.mark.parametrize(("kind", "history", "file_says"), CASES)
def test_the_count_at_a_recorded_time_is_that_of_the_file(
    kind: str, history: Path, file_says: Callable[[Rows], Figures]
) -> None:
    reports = imported(kind, history)
    pending = list(reports)
    ledger = ledger_for(reports)
    recorded = 0
    for recorded_at, rows in versions_of(history):
        until = parse_time(recorded_at)
        due = sum(parse_time(report["published_at"]) <= until for report in pending)
        fold(pending[:due], ledger)
        del pending[:due]
        assert (recorded_at, running(ledger, reports[0]["episode"])) == (recorded_at, file_says(rows))
        recorded += 1
    assert pending == []
    assert recorded == len({change["recorded_at"] for change in rows_of(history)})


@pytest.mark.parametrize(("kind", "history", "file_says"), CASES)
def test_what_was_known_at_a_recorded_time_is_what_the_file_said(
    kind: str, history: Path, file_says: Callable[[Rows], Figures]
) -> None:
    """The same in reverse, as `truceline show --at` does it: from the whole log, for a time in its past."""
    reports = imported(kind, history)
    log = [Record(encode(report)) for report in reports]
    # Every eightieth version, because each folds the log again.
    for number, (recorded_at, rows) in enumerate(versions_of(history)):
        if number % 80:
            continue
        at_us = parse_time(recorded_at)
        picture = known_at(
            reports[0]["episode"], log, Registry(), horizon_us=ledger_for(reports).horizon_us, at_us=at_us
        )
        known = {
            (cell["source"], cell["party"], cell["outcome"]): cell["value"]["best"]
            for cell in picture["cells"]
            if cell["value"] is not None
        }
        assert (recorded_at, known) == (recorded_at, file_says(rows))


@pytest.mark.parametrize(("kind", "history", "file_says"), CASES)
def test_a_second_import_is_all_duplicates(kind: str, history: Path, file_says: Callable[[Rows], Figures]) -> None:
    reports = imported(kind, history)
    ledger, first = fold(reports)
    again = imported(kind, history)
    _, second = fold(again, ledger)
    assert set(first) == {Outcome.ACCEPTED}
    # Of a report with several revisions only the last is a duplicate; those before it are stale.
    assert set(second) <= {Outcome.DUPLICATE, Outcome.STALE}
    assert again == reports
    del file_says


def test_the_last_figures_are_those_of_the_file_as_published() -> None:
    """The history ends with the file: 73,419 killed and 174,364 injured on 22 August 2026."""
    last = rows_of(PALESTINE)[-1]
    ledger, _ = fold(imported("palestine-datasets", PALESTINE, PALESTINE_HISTORY))
    said = cells(ledger, "gaza-2023-10")
    assert (last["killed_cum"], last["injured_cum"]) == (73_419, 174_364)
    assert said["gaza-health-ministry", "palestine", "killed"]["best"] == last["killed_cum"]
    assert said["gaza-health-ministry", "palestine", "wounded"]["best"] == last["injured_cum"]


@pytest.mark.parametrize("history", [True, False], ids=["with its history", "the file alone"])
def test_russian_losses_end_at_the_last_row(history: bool) -> None:
    last = rows_of(RUSSIAN)[-1]
    ledger, _ = fold(imported("russian-losses", RUSSIAN, options=ImportOptions(revisions=history)))
    value = cells(ledger, "russia-ukraine-2022-02")["ukraine-general-staff", "russia", "killed"]
    assert value["best"] == last["personnel"] == 1_456_610
    # "about": nobody said how far it may be off.
    assert (value["low"], value["high"], value["as_of"]) == (None, None, "2026-08-08T00:00:00Z")


def test_the_file_alone_counts_each_row_as_published_on_its_day() -> None:
    reports = imported("palestine-datasets", PALESTINE, options=ImportOptions(revisions=False))
    assert reports[0] == {
        "report_id": "palestine-datasets-2023-10-07",
        "revision": 1,
        "episode": "gaza-2023-10",
        "source": "gaza-health-ministry",
        "published_at": "2023-10-07T00:00:00Z",
        "claims": [
            {
                "type": "casualties",
                "party": "palestine",
                "outcome": outcome,
                "population": "mixed",
                "count": {"best": figure},
                "as_of": "2023-10-07T00:00:00Z",
            }
            for outcome, figure in [("killed", 232), ("wounded", 1610)]
        ],
    }
    rows = rows_of(PALESTINE)
    assert len(reports) == sum("killed_cum" in row or "injured_cum" in row for row in rows) == len(rows) - 18


def test_every_row_is_taken_or_left_out_with_a_reason() -> None:
    tally = counted("palestine-datasets", PALESTINE)
    assert tally.rows == {"casualties_daily.revisions.jsonl.gz": 2461}
    assert (tally.taken, dict(tally.left_out)) == (
        1080,
        {"nothing that a report holds has changed": 1318, "no cumulative figure was published that day": 63},
    )
    assert tally.changed == {"report_source missing: the data set is the source": 19}
    assert not tally.needs_longer_horizon

    tally = counted("russian-losses", RUSSIAN, RUSSIAN_CORRECTIONS)
    assert tally.rows.total() == 1783 + 28
    assert (tally.taken, dict(tally.left_out)) == (
        1756,
        {"nothing that a report holds has changed": 29, "corrects equipment, not personnel": 26},
    )
    assert tally.changed == {"a row dated more than 24 h ahead of its recording: as_of is 24 h after it": 4}


def test_a_correction_is_a_statement_about_the_claim_of_its_day() -> None:
    """The cumulative figures already hold the corrections, so they move no count."""
    corrections = imported("russian-losses", RUSSIAN_CORRECTIONS)
    assert [(report["report_id"], report["claims"]) for report in corrections] == [
        (
            f"russian-losses-correction-{day}",
            [
                {
                    "type": "statement",
                    "act": "asserted",
                    "about": "casualties",
                    "text": f"The figure for {day} holds a correction of {amount} to earlier days.",
                    "refers_to": {"report_id": f"russian-losses-{day}", "claim": 0},
                }
            ],
        )
        for day, amount in [("2025-02-28", "+1650"), ("2025-04-22", "+160")]
    ]
    figures = {row["date"]: row["personnel"] for row in rows_of(RUSSIAN)}
    assert figures["2025-02-28"] - figures["2025-02-27"] == 2710  # the day's 1,060 and the correction's 1,650


def change(recorded_at: str, day: str, **columns: tuple[Any, Any]) -> dict[str, Any]:
    return {"recorded_at": recorded_at, "report_key": day, "diff": {"date": [None, day], **columns}}


def history_file(folder: Path, *changes: dict[str, Any]) -> Path:
    path = folder / "losses.revisions.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, changes)))
    return path


def heads(reports: list[ReportShape]) -> list[tuple[str, int | None, bool | None]]:
    return [(report["report_id"], report.get("revision"), report.get("withdrawn")) for report in reports]


def test_a_row_that_leaves_the_file_is_withdrawn(tmp_path: Path) -> None:
    """It may come back later."""
    path = history_file(
        tmp_path,
        change("2024-01-02T10:00:00Z", "2024-01-02", personnel=(None, 100)),
        change("2024-01-02T11:00:00Z", "2024-01-02", date=("2024-01-02", None), personnel=(100, None)),
        change("2024-01-02T12:00:00Z", "2024-01-02", personnel=(None, 90)),
    )
    reports = imported("russian-losses", path)
    assert heads(reports) == [
        ("russian-losses-2024-01-02", 1, None),
        ("russian-losses-2024-01-02", 2, True),
        ("russian-losses-2024-01-02", 3, None),
    ]
    ledger, _ = fold(reports[:2])
    assert cells(ledger, "russia-ukraine-2022-02") == {}


def test_a_grown_history_keeps_the_revisions_that_it_had(tmp_path: Path) -> None:
    changes = [
        change("2024-01-02T10:00:00Z", "2024-01-02", personnel=(None, 100)),
        change("2024-01-03T10:00:00Z", "2024-01-02", personnel=(100, 110)),
    ]
    before = imported("russian-losses", history_file(tmp_path, changes[0]))
    assert imported("russian-losses", history_file(tmp_path, *changes))[: len(before)] == before


def test_a_row_that_is_not_as_its_history_ends_is_left_out(tmp_path: Path) -> None:
    """Nobody recorded when it changed; the history that goes with the file will say."""
    path = history_file(tmp_path, change("2024-01-02T10:00:00Z", "2024-01-02", personnel=(None, 100)))
    table = tmp_path / "losses.json"
    table.write_bytes(orjson.dumps([{"date": "2024-01-02", "personnel": 100}, {"date": "2024-01-03", "personnel": 5}]))
    tally = counted("russian-losses", table, path)
    assert dict(tally.left_out) == {"not as the history of the file ends, so no time is known for it": 1}
    assert tally.places == ["losses.json row 2: not as the history of the file ends, so no time is known for it"]
