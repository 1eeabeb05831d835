"""Files of tables: each format read back by another program's library."""

import csv
import io
import json
import sys
import zipfile
from typing import Any

import jsonschema
import openpyxl
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.tables import TABLES, Column, Kind, Table, table_schema
from streams.tables import writers
from streams.tables.writers import FORMATS, MissingLibrary, TableTooLong, format_of, write

KINDS = Table("kinds", "A row of each kind.", tuple(Column(kind.value, kind, "A value.") for kind in Kind))
FULL = {
    "text": 'Ա, "b"\nc', "integer": 71, "number": 39.84, "boolean": False,
    "time": "2022-09-14T16:00:00Z", "list": ["armenia", "azerbaijan"],
}  # fmt: skip


def written(table: Table, rows: list[dict[str, Any]], name: str) -> bytes:
    file = io.BytesIO()
    assert write(table, iter(rows), name, file) == len(rows)
    return file.getvalue()


def test_csv_is_read_back_with_empty_cells() -> None:
    """RFC 4180: quotes, line ends and commas survive; a missing value is an empty cell."""
    text = written(KINDS, [FULL, {}], "csv").decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["text", "integer", "number", "boolean", "time", "list"],
        ['Ա, "b"\nc', "71", "39.84", "false", "2022-09-14T16:00:00Z", "armenia azerbaijan"],
        [""] * 6,
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x"])
def test_formulas_are_defused(text: str) -> None:
    """No text cell begins with a character that makes a spreadsheet calculate; a negative number stays one."""
    rows = [{"text": text, "integer": -5}]
    cells = list(csv.reader(io.StringIO(written(KINDS, rows, "csv").decode(), newline="")))[1]
    assert cells[:2] == [f"'{text}", "-5"]
    sheet = openpyxl.load_workbook(io.BytesIO(written(KINDS, rows, "xlsx"))).active
    assert [(cell.data_type, cell.value) for cell in sheet[2][:2]] == [("s", sheet["A2"].value), ("n", -5)]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=20))
def test_any_text_survives_csv_and_json(texts: list[str]) -> None:
    rows = [{"text": text} for text in texts]
    cells = [row[0] for row in csv.reader(io.StringIO(written(KINDS, rows, "csv").decode(), newline=""))][1:]
    # The csv module reads a row that is one empty cell of several as empty cells.
    assert [cell.removeprefix("'") for cell in cells] == [text.removeprefix("'") for text in texts]
    assert [row["text"] for row in json.loads(written(KINDS, rows, "json"))] == texts
    assert [json.loads(line)["text"] for line in written(KINDS, rows, "jsonl").splitlines()] == texts


def test_parquet_has_types_and_words() -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(written(KINDS, [FULL, {}], "parquet")))
    assert [str(field.type) for field in table.schema] == [
        "string", "int64", "double", "bool", "timestamp[us, tz=UTC]", "list<element: string>",
    ]  # fmt: skip
    assert table.schema.field("text").metadata[b"description"] == b"A value."
    assert table.to_pylist()[0]["list"] == ["armenia", "azerbaijan"]
    assert table.to_pylist()[1] == dict.fromkeys(KINDS.names)


def test_xlsx_has_numbers_and_times() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(KINDS, [FULL], "xlsx"))).active
    values = [cell.value for cell in sheet[2]]
    assert values[1:4] == [71, 39.84, False]
    assert str(values[4]) == "2022-09-14 16:00:00"
    assert values[5] == "armenia azerbaijan"


def test_xlsx_says_that_a_sheet_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "XLSX_ROWS_MAX", 3)
    with pytest.raises(TableTooLong, match="holds 2 rows; take csv or parquet"):
        write(KINDS, [FULL] * 3, "xlsx", io.BytesIO())


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "xlsx"])
def test_the_same_rows_give_the_same_bytes(name: str) -> None:
    assert written(KINDS, [FULL, {}], name) == written(KINDS, [FULL, {}], name)


def test_the_same_rows_give_the_same_sheet() -> None:
    """An xlsx file is a zip: its parts are compared, for the archive has times."""
    files = [zipfile.ZipFile(io.BytesIO(written(KINDS, [FULL, {}], "xlsx"))) for _ in range(2)]
    first, second = ({part: file.read(part) for part in file.namelist()} for file in files)
    assert first == second


def test_geojson_has_points_for_places_with_coordinates() -> None:
    rows = [{"place": "jermuk", "lat": 39.84, "lon": 45.67, "best": 7}, {"place": "nowhere", "best": 1}]
    collection = json.loads(written(TABLES["places"], rows, "geojson"))
    assert [feature["geometry"] for feature in collection["features"]] == [
        {"type": "Point", "coordinates": [45.67, 39.84]}
    ]
    assert collection["features"][0]["properties"]["best"] == 7
    assert json.loads(written(TABLES["places"], [], "geojson"))["features"] == []


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_documented_once(name: str) -> None:
    """Every column has a sentence of its own and a name that comes once."""
    table = TABLES[name]
    assert len(set(table.names)) == len(table.columns)
    assert all(column.says.endswith(".") for column in table.columns)
    jsonschema.Draft202012Validator.check_schema(table_schema(table))
    jsonschema.validate(json.loads(written(table, [{}], "json"))[0], table_schema(table))


def test_formats_are_known_by_ending() -> None:
    assert [format_of(name) for name in ("cells.CSV", "a.b.parquet", "x.txt", "csv")] == ["csv", "parquet", None, "csv"]


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingLibrary, match=r"pip install 'truceline\[tables\]'"):
        write(KINDS, [], "xlsx", io.BytesIO())
