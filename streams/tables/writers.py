"""Writers of tables: CSV, JSON, JSON lines, Parquet, XLSX and GeoJSON, a row at a time.

A table of a million rows is written in bounded memory. A value that a format cannot hold is written as text: times as
RFC 3339, lists joined by a space. A text that a spreadsheet would take for a formula is written with an
apostrophe before it in CSV, and as a text cell in XLSX.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from importlib import import_module
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, BinaryIO

import orjson

from schemas.tables import Column, Kind, Table

__all__ = ["FORMATS", "MissingLibrary", "TableTooLong", "format_of", "write"]

Row = Mapping[str, Any]
#: Rows encoded at once.
CHUNK_ROWS = 10_000
#: A worksheet of Excel ends here, the heading included.
XLSX_ROWS_MAX = 1_048_576
#: A cell of Excel holds no more characters.
XLSX_TEXT_MAX = 32_767
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class MissingLibrary(Exception):
    """A format needs a library that is not installed; the message names the extra."""


class TableTooLong(Exception):
    """A table has more rows than a format can hold; the message names the limit and another format."""


def write(table: Table, rows: Iterable[Row], name: str, file: BinaryIO) -> int:
    """Write rows to a file in the format of that name; return how many.

    A row is a mapping by column; a missing column is empty. Raises KeyError for an unknown format,
    MissingLibrary, TableTooLong, and OSError as the file does.
    """
    counted = _Counted(rows)
    FORMATS[name](table, counted, file)
    return counted.count


def format_of(file_name: str) -> str | None:
    """Return the format that a file's name asks for by its ending, None where it names none."""
    ending = file_name.rpartition(".")[2].lower()
    return ending if ending in FORMATS else None


class _Counted:
    """Rows, counted as they are taken."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _write_csv(table: Table, rows: Iterable[Row], file: BinaryIO) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    writer.writerow(table.names)
    for chunk in _chunks(rows):
        writer.writerows([_csv_cell(row.get(column.name), column) for column in table.columns] for row in chunk)
        file.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
    file.write(text.getvalue().encode())


def _csv_cell(value: Any, column: Column) -> str:
    if value is None:
        return ""
    if column.kind is Kind.BOOLEAN:
        return "true" if value else "false"
    if column.kind in (Kind.INTEGER, Kind.NUMBER):
        return str(value)
    text = " ".join(value) if column.kind is Kind.LIST else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_jsonl(table: Table, rows: Iterable[Row], file: BinaryIO) -> None:
    file.writelines(orjson.dumps(_plain(table, row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _write_json(table: Table, rows: Iterable[Row], file: BinaryIO) -> None:
    before = b"[\n"
    for row in rows:
        file.write(before + orjson.dumps(_plain(table, row)))
        before = b",\n"
    file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _plain(table: Table, row: Row) -> dict[str, Any]:
    return {name: row.get(name) for name in table.names}


def _write_parquet(table: Table, rows: Iterable[Row], file: BinaryIO) -> None:
    pyarrow, parquet = _library("pyarrow"), _library("pyarrow.parquet")
    types = {
        Kind.TEXT: pyarrow.string(),
        Kind.INTEGER: pyarrow.int64(),
        Kind.NUMBER: pyarrow.float64(),
        Kind.BOOLEAN: pyarrow.bool_(),
        Kind.TIME: pyarrow.timestamp("us", tz="UTC"),
        Kind.LIST: pyarrow.list_(pyarrow.string()),
    }
    fields = [
        pyarrow.field(column.name, types[column.kind], metadata={"description": column.says})
        for column in table.columns
    ]
    schema = pyarrow.schema(fields, metadata={"description": table.rows})
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for chunk in _chunks(rows):
            columns = [[_arrow_cell(row.get(column.name), column) for row in chunk] for column in table.columns]
            arrays = [pyarrow.array(cells, field.type) for cells, field in zip(columns, fields, strict=True)]
            writer.write_batch(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))


def _arrow_cell(value: Any, column: Column) -> Any:
    if value is None or column.kind is not Kind.TIME:
        return value
    return datetime.fromisoformat(value)


def _write_xlsx(table: Table, rows: Iterable[Row], file: BinaryIO) -> None:
    xlsxwriter = _library("xlsxwriter")
    options = {"constant_memory": True, "in_memory": False, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {**options, "remove_timezone": True}) as book:
        # One time for all files, so that the same rows give the same bytes.
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - a cell has no zone
        sheet = book.add_worksheet(table.name)
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        for index, column in enumerate(table.columns):
            sheet.write_string(0, index, column.name)
        for number, row in enumerate(rows, start=1):
            if number >= XLSX_ROWS_MAX:
                raise TableTooLong(f"an xlsx sheet holds {XLSX_ROWS_MAX - 1:,} rows; take csv or parquet")
            for index, column in enumerate(table.columns):
                _xlsx_cell(sheet, (number, index), row.get(column.name), column, time)


def _xlsx_cell(sheet: Any, place: tuple[int, int], value: Any, column: Column, time: Any) -> None:
    if value is None:
        return
    match column.kind:
        case Kind.INTEGER | Kind.NUMBER:
            sheet.write_number(*place, value)
        case Kind.BOOLEAN:
            sheet.write_boolean(*place, value)
        case Kind.TIME if value >= "1900-03-01":  # Excel's calendar is wrong before
            sheet.write_datetime(*place, datetime.fromisoformat(value), time)
        case Kind.LIST:
            sheet.write_string(*place, " ".join(value)[:XLSX_TEXT_MAX])
        case _:
            sheet.write_string(*place, str(value)[:XLSX_TEXT_MAX])


def _write_geojson(table: Table, rows: Iterable[Row], file: BinaryIO) -> None:
    """Write the rows that have coordinates as points (RFC 7946)."""
    before = b'{"type":"FeatureCollection","features":[\n'
    file.write(before)
    first = True
    for row in rows:
        if row.get("lat") is None or row.get("lon") is None:
            continue
        properties = {name: value for name, value in _plain(table, row).items() if name not in ("lat", "lon")}
        point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
        feature = {"type": "Feature", "geometry": point, "properties": properties}
        file.write((b"" if first else b",\n") + orjson.dumps(feature))
        first = False
    file.write(b"\n]}\n")


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingLibrary(f"this format needs {error.name}: pip install 'truceline[tables]'") from error


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    for first in iterator:
        yield list(chain((first,), islice(iterator, CHUNK_ROWS - 1)))


#: The writer of each format; geojson is for tables with coordinates.
FORMATS: Mapping[str, Callable[[Table, Iterable[Row], BinaryIO], None]] = MappingProxyType(
    {
        "csv": _write_csv,
        "json": _write_json,
        "jsonl": _write_jsonl,
        "parquet": _write_parquet,
        "xlsx": _write_xlsx,
        "geojson": _write_geojson,
    }
)
