"""Tables in every format: CSV in any encoding, spreadsheets, JSON; headings, titles, tags."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from streams.files.jsonl import InputUnreadable
from streams.operations.importers.table_files import FileFormat, Table, open_table

ROWS = [["id", "day", "dead"], ["1", "2024-03-01", "12"], ["2", "2024-03-02", "4"]]
COLUMNS = ("id", "day", "dead")

_ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:spreadsheet>
<table:table table:name="Sheet">%s</table:table></office:spreadsheet></office:body></office:document-content>"""


def cells_of(table: Table) -> list[list[str]]:
    return [table.headings, *(cells for _, cells in table.rows)]


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode(encoding))
    return path


def xlsx_file(folder: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def ods_file(folder: Path, rows: list[list[str]]) -> Path:
    def cell(text: str) -> str:
        if text.isdigit():
            return f'<table:table-cell office:value-type="float" office:value="{text}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    with zipfile.ZipFile(folder / "t.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", _ODS % lines)
    return folder / "t.ods"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = csv_file(tmp_path, "\n".join(delimiter.join(row) for row in ROWS))
    table = open_table(path, COLUMNS)
    assert (cells_of(table), table.format.delimiter) == (ROWS, delimiter)


WESTERN = ["Café Élysée", "Hôpital général", "École normale", "Señora Muñoz"]


@pytest.mark.parametrize(
    ("encoding", "words", "notes"),
    [
        ("utf-8", WESTERN, []),
        ("utf-8-sig", WESTERN, []),
        ("utf-16", WESTERN, ["read as utf-16"]),
        ("windows-1252", WESTERN, ["read as windows-1252"]),
        ("windows-1250", ["Łódź ulica", "źródło ogłosiło", "żołnierze zginęli"], ["read as windows-1250"]),
        ("windows-1251", ["Харьков погибло", "сообщило министерство", "Одесса"], ["read as windows-1251"]),
        ("windows-1256", ["غزة", "وزارة الصحة", "قتل مدنيون"], ["read as windows-1256"]),
    ],
)
def test_the_encoding_is_found_and_said(tmp_path: Path, encoding: str, words: list[str], notes: list[str]) -> None:
    towns = words * 5
    text = "id,town\n" + "".join(f"{number},{town}\n" for number, town in enumerate(towns))
    table = open_table(csv_file(tmp_path, text, encoding), ("id", "town"))
    assert ([cells[1] for _, cells in table.rows], table.notes) == (towns, notes)


def test_a_sheet_is_read_as_its_csv_would_be(tmp_path: Path) -> None:
    """Whole numbers have no point, and dates are ISO 8601."""
    path = xlsx_file(tmp_path, Data=[ROWS[0], [1.0, dt.date(2024, 3, 1), 12], [2, dt.datetime(2024, 3, 2), 4.0]])
    assert cells_of(open_table(path, COLUMNS)) == ROWS


def test_the_first_sheet_with_content_is_read_or_the_named_one(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, Empty=[], Data=[*ROWS], More=[["id", "day", "dead"], ["9", "2024-03-09", "9"]])
    table = open_table(path, COLUMNS)
    assert (table.rows[0], table.notes) == ((2, ROWS[1]), ["sheet Data of 3; also Empty, More"])
    assert open_table(path, COLUMNS, FileFormat(sheet="More")).rows == [(2, ["9", "2024-03-09", "9"])]
    with pytest.raises(InputUnreadable, match="has no sheet 'Nope'; its sheets are Empty, Data, More"):
        open_table(path, COLUMNS, FileFormat(sheet="Nope"))


def test_ods_is_read_too(tmp_path: Path) -> None:
    assert cells_of(open_table(ods_file(tmp_path, ROWS), COLUMNS)) == ROWS


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(json.dumps, id="an array"),
        pytest.param(lambda rows: "\n".join(map(json.dumps, rows)), id="lines"),
        pytest.param(lambda rows: json.dumps({"count": 2, "data": rows}, indent=1), id="an array within an object"),
    ],
)
def test_json_is_read_with_keys_as_columns(tmp_path: Path, document: object) -> None:
    rows = [{"id": 1, "at": {"day": "2024-03-01"}, "dead": 12.0}, {"id": 2, "at": {"day": "2024-03-02"}, "dead": None}]
    (tmp_path / "t.json").write_text(document(rows))  # type: ignore[operator]
    table = open_table(tmp_path / "t.json", ("id", "at.day", "dead"))
    assert cells_of(table) == [["id", "at.day", "dead"], ["1", "2024-03-01", "12"], ["2", "2024-03-02", ""]]


def test_titles_above_the_headings_are_skipped(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Incidents of March,,\n,,\nid,day,dead\n1,2024-03-01,12\n")
    table = open_table(path, COLUMNS)
    assert (table.rows, table.notes) == ([(4, ["1", "2024-03-01", "12"])], ["1 row above the headings skipped"])


def test_a_row_of_tags_is_skipped_and_names_columns(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,day,dead\n#event+id,#date,#affected+killed\n1,2024-03-01,12\n")
    table = open_table(path, ("id", "#affected+killed"))
    (row,) = table.rows
    assert table.fields(row[1])["#affected+killed"] == "12"
    assert table.notes == ["line 2 holds tags (#…) and is skipped"]


def test_a_heading_may_differ_in_case_and_spaces(tmp_path: Path) -> None:
    table = open_table(csv_file(tmp_path, "ID,The Day,Dead\n1,2024-03-01,12\n"), ("id", "the day", "dead"))
    assert table.fields(table.rows[0][1])["dead"] == "12"
    assert table.notes[0] == "column id is spelled 'ID' in the file"


def test_a_missing_column_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id;day;dead\n1;2;3\n4;5;6\n")
    with pytest.raises(
        InputUnreadable, match=r"has no column killed; its columns are id, day, dead \(cells separated by"
    ):
        open_table(path, ("id", "killed"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'id,day\n1,"open\n2,x\n', 'line 2: a quote (") opens here and is never closed'),
        (b"PK\x03\x04 and no more", "is a zip archive or a spreadsheet that cannot be read"),
        (b"", "is empty"),
        (b"[1, 2]", "is not a JSON array of objects"),
        (b"{", "is not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(InputUnreadable) as error:
        open_table(tmp_path / "t", ("id",))
    assert said in str(error.value)


def test_a_wrong_encoding_is_said(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id\nx\nÉ\n", "latin-1")
    with pytest.raises(InputUnreadable, match="line 3 is not utf-8 text"):
        open_table(path, ("id",), FileFormat(encoding="utf-8"))
    with pytest.raises(InputUnreadable, match="there is no encoding 'klingon'"):
        open_table(path, ("id",), FileFormat(encoding="klingon"))
