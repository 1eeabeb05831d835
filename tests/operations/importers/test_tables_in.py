"""Tables of the kind that people keep, each imported and folded to the right figure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.operations.importers.base import ImportOptions, ImportTally, in_order_of_publication, take
from streams.operations.importers.csv_files import read
from streams.operations.importers.editions import edition_changes
from streams.operations.importers.guess import guess_mapping
from tests.operations.importers.imports import cells, fold

MAPPING = """\
name: case
row: [id]
report: {episode: war, source: {column: source}, published_at: {column: day}, headline: {column: note}}
claims:
  - type: casualties
    party: south
    outcome: killed
    basis: incremental
    incident: {column: id}
    count: {best: {column: dead}}
"""
HEAD = "id,day,source,dead,note\n"
TOTALS = MAPPING.replace("    basis: incremental\n    incident: {column: id}\n", "")


class Imported:
    """A table imported by a mapping."""

    def __init__(self, folder: Path, table: str, mapping: str = MAPPING, **options: Any) -> None:
        (folder / "t.csv").write_text(table)
        (folder / "m.yaml").write_text(mapping)
        self.options = ImportOptions(mapping=folder / "m.yaml", **options)
        self.tally = ImportTally()
        self.reports: list[Any] = in_order_of_publication(take(read([folder / "t.csv"], self.options), self.tally))

    @property
    def value(self) -> Any:
        ledger, _ = fold(self.reports)
        (value,) = cells(ledger, "war").values()
        return value


def test_whole_numbers_with_a_point_are_read(tmp_path: Path) -> None:
    """Case 31: a table program saved 12 as 12.0."""
    table = HEAD + "1,2024-03-01,monitor,12.0,\n2,2024-03-02,monitor,,no figure\n3,2024-03-03,monitor,4.0,\n"
    assert Imported(tmp_path, table).value["best"] == 16


def test_ranges_and_qualifiers_of_a_cell_are_added_up(tmp_path: Path) -> None:
    """Case 32: 3–7, 10–15, 20 and more, at least 8."""
    table = HEAD + "".join(
        f"{number},2024-03-0{number},monitor,{cell},\n"
        for number, cell in enumerate(["3 – 7", "10-15", "20+", "at least 8"], 1)
    )
    imported = Imported(tmp_path, table)
    assert {name: imported.value[name] for name in ("best", "low", "high")} == {"best": 41, "low": 41, "high": None}
    counts = [claim["claims"][0]["count"] for claim in imported.reports]
    assert counts == [{"best": 3, "low": 3, "high": 7}, {"best": 10, "low": 10, "high": 15}, {"best": 20}, {"best": 8}]
    assert imported.tally.changed_rows == 4


def test_a_long_headline_is_cut_and_keeps_its_row(tmp_path: Path) -> None:
    """Case 33: 60 dead in a row with a note of 600 characters."""
    imported = Imported(tmp_path, HEAD + f"1,2024-03-01,monitor,60,{'x' * 600}\n2,2024-03-02,monitor,1,short\n")
    assert imported.value["best"] == 61
    assert (len(imported.reports[0]["headline"]), imported.reports[0]["headline"][-1]) == (500, "…")
    assert imported.tally.changed == {"headline cut to 500 characters": 1}


def test_tags_below_the_headings_are_no_row(tmp_path: Path) -> None:
    """Case 36: HXL."""
    tags = "#event+id,#date+occurred,#meta+source,#affected+killed,#description\n"
    imported = Imported(tmp_path, HEAD + tags + "1,2024-03-01,monitor,5,x\n")
    assert (imported.value["best"], imported.tally.faults) == (5, 0)


def test_epoch_seconds_are_a_time(tmp_path: Path) -> None:
    """Case 38."""
    assert Imported(tmp_path, HEAD + "1,1709251200,monitor,5,\n").value["as_of"] == "2024-03-01T00:00:00Z"


def test_a_figure_below_zero_takes_back_what_was_added(tmp_path: Path) -> None:
    """Case 40: three of the ten were alive."""
    table = HEAD + "1,2024-03-01,monitor,10,\n2,2024-03-02,monitor,-3,\n3,2024-03-03,monitor,2,\n"
    assert Imported(tmp_path, table).value["best"] == 9


def test_groups_scopes_and_places_are_mapped(tmp_path: Path) -> None:
    mapping = MAPPING.replace("incident: {column: id}", "group: children\n    place: {column: note}").replace(
        ", headline: {column: note}", ""
    )
    (report,) = Imported(tmp_path, HEAD + "1,2024-03-01,monitor,5,Tuz Khurmatu\n", mapping).reports
    assert (report["claims"][0]["group"], report["claims"][0]["place"]) == ("children", "tuz-khurmatu")


def test_an_event_that_begins_and_ends_on_a_day_is_taken(tmp_path: Path) -> None:
    """Case 45: `since` is the start of the day, `as_of` its end."""
    mapping = MAPPING.replace("    incident: {column: id}\n", "    since: {column: first}\n").replace(
        ", headline: {column: note}", ""
    )
    table = "id,first,day,source,dead\n1,2024-03-01,2024-03-01,monitor,5\n2,2024-03-02,2024-03-04,monitor,6\n"
    assert Imported(tmp_path, table, mapping).value["best"] == 11


def test_rows_that_share_an_id_are_refused_with_the_first_two(tmp_path: Path) -> None:
    """Case 46: a table with no column of ids."""
    table = "day,place,dead,source\n2024-03-01,Karsa,4,monitor\n2024-03-01,Karsa,4,monitor\n2024-03-02,Tuz,1,monitor\n"
    mapping = (
        MAPPING.replace("[id]", "[day, place]")
        .replace("    incident: {column: id}\n", "")
        .replace(", headline: {column: note}", "")
    )
    imported = Imported(tmp_path, table, mapping)
    assert (imported.tally.faults, [report["report_id"] for report in imported.reports]) == (2, ["case-2024-03-02-Tuz"])
    assert imported.tally.places[0].endswith("case-2024-03-01-Karsa is the id of t.csv line 2 and of line 3")
    assert Imported(tmp_path, table, mapping.replace("[day, place]", '["#"]')).value["best"] == 9


def test_a_row_that_is_gone_is_withdrawn(tmp_path: Path) -> None:
    """Case 42: a month in one event, taken apart in the next edition."""
    first = Imported(tmp_path, HEAD + "1,2024-03-31,monitor,566,\n2,2024-03-02,monitor,4,\n").reports
    later = "2,2024-03-02,monitor,4,\n3,2024-03-12,monitor,300,\n4,2024-03-20,monitor,266,\n"
    changes, counts = edition_changes(first, Imported(tmp_path, HEAD + later).reports, 2)
    assert counts == (2, 0, 1, 1)
    ledger, _ = fold([*first, *changes])
    assert [value["best"] for value in cells(ledger, "war").values()] == [570]


def test_ten_editions_end_at_the_figures_of_the_last(tmp_path: Path) -> None:
    """Rows appear, change and go; after each edition the log says what the edition says."""
    log: list[Any] = []
    for edition in range(1, 11):
        rows = {number: number * edition for number in range(1, 13) if (number + edition) % 3}
        table = HEAD + "".join(f"{number},2024-03-{number:02},monitor,{dead},\n" for number, dead in rows.items())
        changes, _ = edition_changes(log, Imported(tmp_path, table).reports, edition)
        log += changes
        ledger, outcomes = fold(log)
        assert set(outcomes) == {"accepted"}
        assert [value["best"] for value in cells(ledger, "war").values()] == [sum(rows.values())]


def test_a_days_total_holds_the_increments_of_the_day(tmp_path: Path) -> None:
    """Case 03: a figure of 14 March includes what was added on 14 March."""
    mapping = TOTALS.replace("    count:", "    basis: {column: note}\n    count:").replace(
        ", headline: {column: note}", ""
    )
    table = HEAD + "1,2024-03-14,monitor,60,cumulative\n2,2024-03-14,monitor,3,incremental\n"
    assert Imported(tmp_path, table, mapping).value["best"] == 60


def test_a_date_far_in_the_future_is_named_and_kept_out(tmp_path: Path) -> None:
    """Case 09: 2919 for 2019."""
    table = HEAD + "1,2019-03-01,monitor,5,\n2,2919-03-02,monitor,1,\n3,2019-03-03,monitor,4,\n"
    imported = Imported(tmp_path, table, now=datetime(2024, 1, 1, tzinfo=UTC))
    assert imported.value["best"] == 9
    assert imported.tally.places == [
        (
            "t.csv line 3: the value does not fit the field: published_at:"
            " 2919-03-02T00:00:00Z is in the future; --allow-future takes it"
        )
    ]
    assert len(Imported(tmp_path, table).reports) == 3


def test_a_bad_figure_loses_its_claim_and_not_its_row(tmp_path: Path) -> None:
    hurt = "  - {type: casualties, party: south, outcome: wounded, count: {best: {column: note}}}\n"
    mapping = MAPPING.replace(", headline: {column: note}", "") + hurt
    imported = Imported(tmp_path, HEAD + "1,2024-03-01,monitor,60,unclear\n", mapping)
    assert [claim["outcome"] for claim in imported.reports[0]["claims"]] == ["killed"]
    assert (imported.tally.faults, imported.tally.lost) == (0, {"claim lost: best": 1})


def test_a_bad_url_loses_the_field(tmp_path: Path) -> None:
    mapping = MAPPING.replace("headline", "url")
    imported = Imported(tmp_path, HEAD + "1,2024-03-01,monitor,60,www.example.org\n", mapping)
    assert "url" not in imported.reports[0]
    assert imported.tally.lost == {"field lost: url": 1}


def test_a_bound_on_the_wrong_side_of_best_becomes_best(tmp_path: Path) -> None:
    mapping = MAPPING.replace("{best: {column: dead}}", "{best: {column: dead}, low: {column: note}}").replace(
        ", headline: {column: note}", ""
    )
    imported = Imported(tmp_path, HEAD + "1,2024-03-01,monitor,5,9\n", mapping)
    assert imported.reports[0]["claims"][0]["count"] == {"best": 5, "low": 5}
    assert imported.tally.changed_rows == 1


def test_incidents_taken_as_totals_are_warned_of(tmp_path: Path) -> None:
    table = HEAD + "1,2024-03-01,monitor,10,\n2,2024-03-02,monitor,5,\n3,2024-03-03,monitor,7,\n"
    assert Imported(tmp_path, table, TOTALS).options.warnings == [
        (
            "figures go up and down in 1 of 1 counts (monitor/south/killed/unknown: 10, 5, 7 …):"
            " if each row is an incident, set basis: incremental"
        )
    ]
    assert Imported(tmp_path, table).options.warnings == []
    rising = HEAD + "1,2024-03-01,monitor,5,\n2,2024-03-02,monitor,7,\n3,2024-03-03,monitor,10,\n"
    assert Imported(tmp_path, rising, TOTALS).options.warnings == []


def test_ambiguous_dates_are_counted(tmp_path: Path) -> None:
    (warning,) = Imported(tmp_path, HEAD + "1,03/04/2024,monitor,1,\n2,05/04/2024,monitor,1,\n").options.warnings
    assert warning.startswith("column day: 2 dates such as 03/04/2024 may be day/month or month/day; read as day/month")
    clear = Imported(tmp_path, HEAD + "1,03/04/2024,monitor,1,\n2,04/25/2024,monitor,1,\n")
    assert (clear.options.warnings, clear.reports[0]["published_at"]) == ([], "2024-03-04T00:00:00Z")


GUESSED = {
    "a plain list of incidents": (
        (
            "Event ID;Date;Reported by;Town;Killed;Injured;Notes\n"
            "a1;12/03/2024;Ministry of Health;Karsa;1.204;2.310;a hospital list\n"
            "a2;13/03/2024;Red Crescent;Karsa;36-38;NA;one strike on a house\n"
            "a3;25/03/2024;Red Crescent;Tuz;19+;ca. 40;two strikes in a night\n"
        ),
        {("ministry-of-health", "all", "killed"): 1204, ("red-crescent", "all", "killed"): 55},
    ),
    "a title and no ids": (
        "Incidents 2024,,,\n,,,\ndate,side,source,dead\n2024-03-01,North,monitor,4\n2024-03-01,North,monitor,4\n",
        {("monitor", "north", "killed"): 8},
    ),
    "totals to date": (
        "date,killed_cum,injured_cum\n2024-03-01,4,9\n2024-03-02,6,9\n2024-03-03,9,12\n",
        {("t", "all", "killed"): 9, ("t", "all", "wounded"): 12},
    ),
}


@pytest.mark.parametrize("name", GUESSED)
def test_a_guessed_mapping_runs_as_it_is(tmp_path: Path, name: str) -> None:
    """Each line of it is a guess that its owner checks; the figures are right for plain tables."""
    table, expected = GUESSED[name]
    (tmp_path / "t.csv").write_text(table)
    imported = Imported(tmp_path, table, guess_mapping(tmp_path / "t.csv"))
    assert imported.tally.faults == 0
    ledger, _ = fold(imported.reports)
    found = {cell: value["best"] for cell, value in cells(ledger, "t").items()}
    assert {cell: found.get(cell) for cell in expected} == expected
