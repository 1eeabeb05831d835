"""CSV with a mapping: the example of docs/how-to/importers.md, and what is said of a wrong cell or mapping."""

import re
from pathlib import Path
from typing import Any

import pytest

from streams.operations.importers.base import ImportOptions, ImportTally
from streams.operations.importers.csv_mapping import (
    CasualtiesMapping,
    CeasefireMapping,
    CsvMapping,
    FromColumn,
    MappingError,
    ReportMapping,
    StatementMapping,
    TableMapping,
    read_mapping,
)
from streams.operations.importers.registry import KINDS
from streams.operations.importers.summary import summary_lines
from tests.operations.importers.imports import imported
from tests.support.paths import ROOT

SHAPES = (
    CasualtiesMapping, CeasefireMapping, CsvMapping, FromColumn, ReportMapping, StatementMapping, TableMapping,
)  # fmt: skip
DOCS = (ROOT / "docs" / "how-to/importers.md").read_text()


def example(language: str) -> str:
    """A block of the chapter on CSV files."""
    chapter = DOCS[DOCS.index("## CSV with a mapping") :]
    found = re.search(rf"```{language}\n(.*?)```", chapter, re.DOTALL)
    assert found
    return found[1]


def imported_csv(folder: Path, table: str, mapping: str) -> tuple[list[Any], ImportTally]:
    (folder / "incidents.csv").write_text(table)
    (folder / "incidents.yaml").write_text(mapping)
    tally = ImportTally()
    options = ImportOptions(mapping=folder / "incidents.yaml")
    return imported("csv", folder / "incidents.csv", options=options, tally=tally), tally


def claim(outcome: str, best: int, basis: str, **more: str) -> dict[str, Any]:
    return {
        "type": "casualties",
        "party": "northland",
        "outcome": outcome,
        "population": "mixed",
        "basis": basis,
        **more,
        "count": {"best": best},
    }


def test_the_example_of_the_docs_gives_its_reports(tmp_path: Path) -> None:
    reports, _ = imported_csv(tmp_path, example("csv"), example("yaml"))
    assert reports == [
        {
            "report_id": "incidents-1",
            "episode": "northland-2024-03",
            "source": "northland-moh",
            "published_at": "2024-03-11T20:00:00Z",
            "headline": "Karsa: hospital list",
            "revision": 1,
            "claims": [
                claim("killed", 1204, "cumulative", as_of="2024-03-12T19:59:59Z"),
                claim("wounded", 2310, "cumulative", as_of="2024-03-12T19:59:59Z"),
            ],
        },
        {
            "report_id": "incidents-2",
            "episode": "northland-2024-03",
            "source": "red-crescent",
            "published_at": "2024-03-12T20:00:00Z",
            "headline": "Karsa: one strike",
            "revision": 1,
            "claims": [claim("killed", 15, "incremental")],
        },
    ]


def test_the_summary_in_the_docs_is_what_the_command_says(tmp_path: Path) -> None:
    reports, tally = imported_csv(tmp_path, example("csv"), example("yaml"))
    said = "\n".join(summary_lines("csv", reports, tally))
    assert said == example("console").split("\n", 1)[1].rstrip()


MINIMAL = """\
name: n
row: [id]
report: {episode: e, source: s, published_at: {column: day}}
claims:
  - type: ceasefire
    act: {column: act}
    mediators: {column: by, split: ","}
    at: {column: day}
    effective_at: {column: from}
"""
HEADINGS = "id,day,act,by,from\n"


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("1,5 May,ended,,", "published_at: column day: '5 May' is not a date; say its form with format"),
        (",2024-05-05,ended,,", "report_id: column id: empty"),
        ("1,,ended,,", "published_at: column day: empty, and a report needs it"),
    ],
)
def test_a_wrong_required_cell_loses_the_row(tmp_path: Path, cells: str, fault: str) -> None:
    """The message names line, field, column and text."""
    rows = HEADINGS + '1,2024-05-05,ended,"UN, Oman",\n' + cells + "\n"
    reports, tally = imported_csv(tmp_path, rows, MINIMAL)
    assert [report["claims"][0]["mediators"] for report in reports] == [["un", "oman"]]
    assert tally.places == [f"incidents.csv line 3: the value does not fit the field: {fault}"]
    assert tally.faults == 1


def test_a_wrong_optional_cell_loses_the_field(tmp_path: Path) -> None:
    reports, tally = imported_csv(tmp_path, HEADINGS + "1,2024-05-05,announced,,soon\n", MINIMAL)
    assert "effective_at" not in reports[0]["claims"][0]
    assert tally.lost == {"field lost: effective_at": 1}
    assert tally.lost_places == [
        "incidents.csv line 2: field lost: effective_at: column from: 'soon' is not a date; say its form with format"
    ]


def test_a_row_with_no_claim_that_is_accepted_is_lost(tmp_path: Path) -> None:
    _, tally = imported_csv(tmp_path, HEADINGS + "1,2024-05-05,wavering,,\n", MINIMAL)
    assert tally.faults == 1
    assert tally.places[0].startswith("incidents.csv line 2: the value does not fit the field: act: 'wavering' is not")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("name: No Slug", ":9: name: 'No Slug' is not a slug"),
        ("claims: []", ":4: claims: must have at least one item"),
        ("only: {x: y}", ":10: only: x must be a list, as [y]"),
        ("file:\n  delimiter: ';'\n  zone: Mars/Olympus", ":12: file: zone: there is no time zone 'Mars/Olympus'"),
        ("colour: red", ":10: colour is not a field; the fields are name, row, report"),
        ("report: {episode: {column: a, template: b}, source: s, published_at: p}", "give either column or template"),
        (
            "report: {episode: {column: a, table: t}, source: s, published_at: p}",
            ":9: report: episode: there is no table t under tables",
        ),
        ("report: {episode: e, sauce: s, published_at: p}", ":9: report: sauce is not a field; did you mean source?"),
        ("name: [", ":10: not YAML: "),
    ],
)
def test_a_wrong_mapping_is_refused_with_line_and_reason(tmp_path: Path, wrong: str, said: str) -> None:
    key = wrong.split(":", maxsplit=1)[0]
    kept = [line for line in MINIMAL.splitlines(keepends=True) if not line.startswith(f"{key}:")]
    if key == "claims":
        kept = kept[:3]
    path = tmp_path / "mapping.yaml"
    path.write_text("".join(kept) + wrong + "\n")
    with pytest.raises(MappingError, match=re.escape(said)):
        read_mapping(path)


def test_every_kind_and_mapped_field_stands_in_the_docs() -> None:
    fields = {name for mapping in SHAPES for name in mapping.model_fields} | {*KINDS}
    assert {name for name in fields if not re.search(rf"\b{name}\b", DOCS)} == set()
