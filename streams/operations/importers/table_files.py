"""Tables as people keep them: CSV in any encoding, spreadsheets (XLSX, XLS, ODS), JSON arrays and lines.

The headings are the first row that has all the columns asked for; rows above it are titles, and are skipped. A row of
`#tags` below the headings (HXL) is skipped too, and its tags name the columns as well.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import msgspec

from streams.files.jsonl import InputUnreadable
from streams.operations.importers.data_files import read_bytes

__all__ = ["FileFormat", "Table", "open_table"]

#: Rows among which the headings are looked for.
HEADINGS_WITHIN = 30
#: Rows by which delimiter and encoding are found.
SAMPLE_ROWS = 60
DELIMITERS = ",;\t|"
#: Words of Central Europe must fit this much better than those of Western Europe.
COHERENCE_MARGIN = 0.05
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_WINDOWS = ("windows-1252", "windows-1250")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}


@dataclass(frozen=True, slots=True)
class FileFormat:
    """The format of a file; None: found from its content."""

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(slots=True)
class Table:
    """The rows of a file by column, each with its number in the file, and notes on how the file was read."""

    name: str
    unit: str
    headings: list[str]
    rows: list[tuple[int, list[str]]]
    notes: list[str] = field(default_factory=list)
    format: FileFormat = FileFormat()
    #: Other names of columns: tags, and spellings in the mapping that differ in case or spaces.
    aliases: dict[str, str] = field(default_factory=dict)

    def fields(self, cells: Sequence[str]) -> Mapping[str, str]:
        """Return the cells of a row by heading and alias; a short row is filled with empty cells."""
        padded = [*cells, *[""] * (len(self.headings) - len(cells))]
        fields = dict(zip(self.headings, padded, strict=False))
        return fields | {alias: fields[column] for alias, column in self.aliases.items()}


def open_table(path: Path, columns: Sequence[str] = (), given: FileFormat | None = None) -> Table:
    """Return the table in a file that has these columns; with no columns, the headings are guessed.

    Raises InputUnreadable, which names the columns that there are.
    """
    given = given or FileFormat()
    content = read_bytes(path)
    if content.startswith((_ZIP, _OLE)):
        unit, rows, form, notes = "row", *_spreadsheet(path, content, given)
    elif content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"}:
        unit, rows, form, notes = "row", _json(path, content), given, []
    else:
        unit, rows, form, notes = "line", *_csv(path, content, given)
    if not rows:
        raise InputUnreadable(f"{path} is empty")
    table = _with_headings(path, unit, rows, columns, form)
    table.notes[:0] = notes
    return table


# --- headings ---------------------------------------------------------------------------------------------------------


def _with_headings(
    path: Path, unit: str, rows: list[tuple[int, list[str]]], columns: Sequence[str], form: FileFormat
) -> Table:
    first = [[cell.strip() for cell in cells] for _, cells in rows[:HEADINGS_WITHIN]]
    index = _heading_row(first, columns)
    headings = first[index]
    table = Table(path.name, unit, headings, rows[index + 1 :], format=form)
    if titles := sum(any(row) for row in first[:index]):
        table.notes.append(f"{titles} row{'' if titles == 1 else 's'} above the headings skipped")
    _take_tags(table)
    _find_columns(path, table, columns)
    return table


def _heading_row(rows: list[list[str]], columns: Sequence[str]) -> int:
    """Return the index of the row that has most of the columns; with none asked for, the first full row of words."""
    if columns:
        wanted = {_plain(column) for column in columns}
        return max(range(len(rows)), key=lambda i: (len(wanted & set(map(_plain, rows[i]))), -i))
    width = max(sum(map(bool, row)) for row in rows)
    for index, row in enumerate(rows):
        words = [cell for cell in row if cell]
        if len(words) >= max(2, 0.6 * width) and not any(cell.replace(".", "").isdigit() for cell in words):
            return index
    return 0


def _take_tags(table: Table) -> None:
    """Skip a row of tags below the headings; a column can be named by its tag."""
    for index, (number, cells) in enumerate(table.rows[:2]):
        tags = [cell.strip() for cell in cells]
        given = [tag for tag in tags if tag]
        if given and sum(tag.startswith("#") for tag in given) * 2 > len(given):
            pairs = zip(tags, table.headings, strict=False)
            table.aliases |= {tag: heading for tag, heading in pairs if tag.startswith("#")}
            table.notes.append(f"{table.unit} {number} holds tags (#…) and is skipped")
            del table.rows[index]
            return


def _find_columns(path: Path, table: Table, columns: Sequence[str]) -> None:
    plain = {_plain(heading): heading for heading in table.headings}
    missing = []
    for column in columns:
        if column in table.headings or column in table.aliases:
            continue
        if (near := plain.get(_plain(column))) is not None:
            table.aliases[column] = near
            table.notes.append(f"column {column} is spelled {near!r} in the file")
        else:
            missing.append(column)
    if missing:
        there = ", ".join(heading for heading in table.headings if heading) or "none"
        mark = table.format.delimiter
        by = f" (cells separated by {_NAMES.get(mark, mark)})" if mark else ""
        raise InputUnreadable(f"{path} has no column {', '.join(missing)}; its columns are {there}{by}")


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


# --- CSV --------------------------------------------------------------------------------------------------------------

_Rows = list[tuple[int, list[str]]]


def _csv(path: Path, content: bytes, given: FileFormat) -> tuple[_Rows, FileFormat, list[str]]:
    notes = []
    text, encoding = _decoded(path, content, given.encoding)
    if given.encoding is None and encoding not in {"utf-8", "utf-8-sig"}:
        notes.append(f"read as {encoding}")
    delimiter = given.delimiter or _delimiter(text)
    if given.delimiter is None and delimiter != ",":
        notes.append(f"cells are separated by {_NAMES[delimiter]}")
    rows = list(_csv_rows(path, text, delimiter))
    return rows, FileFormat(delimiter, encoding), notes


def _csv_rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise InputUnreadable(f'{path} line {begins}: a quote (") opens here and is never closed') from error
        raise InputUnreadable(f"{path} line {reader.line_num} is not CSV: {error}") from error


def _decoded(path: Path, content: bytes, encoding: str | None) -> tuple[str, str]:
    for bom, name in _BOMS.items():
        if encoding is None and content.startswith(bom):
            encoding = name
    try:
        return content.decode(encoding or "utf-8"), encoding or "utf-8"
    except UnicodeDecodeError as error:
        if encoding is not None:
            line = content.count(b"\n", 0, error.start) + 1
            raise InputUnreadable(
                f"{path} line {line} is not {encoding} text: leave encoding out to find it"
            ) from error
    except LookupError:
        raise InputUnreadable(f"there is no encoding {encoding!r}; for example utf-8 or windows-1252") from None
    name = _windows_encoding(content)
    return content.decode(name, "replace"), name


def _windows_encoding(content: bytes) -> str:
    """Return the encoding of Windows that text which is not UTF-8 most probably has: spreadsheets write these."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 - 40 ms, for files that are not UTF-8

    words = [word for word in re.findall(rb"[A-Za-z\x80-\xff]{3,}", content) if max(word) > 0x7F]
    foreign = sum(min(word) > 0x7F for word in words)
    if foreign * 2 > len(words):  # words with no Latin letter: another script
        found = from_bytes(content, cp_isolation=["cp1251", "cp1256", "cp1255"], threshold=1.0).best()
        return "windows-1251" if found is None else found.encoding.replace("cp", "windows-")
    fits = {each.encoding: each.coherence for each in from_bytes(content, cp_isolation=["cp1252", "cp1250"])}
    text = b" ".join(words)
    # Central European letters are signs such as ³ and £ in Western Europe's encoding.
    western, central = (sum(not each.isalpha() for each in text.decode(name, "replace")) for name in _WINDOWS)
    better = fits.get("cp1250", 0.0) > fits.get("cp1252", 0.0) + COHERENCE_MARGIN
    return "windows-1250" if central < western or (central == western and better) else "windows-1252"


def _delimiter(text: str) -> str:
    """Return the delimiter that gives most rows the same number of cells, more than one."""
    sample = "".join(text.splitlines(keepends=True)[: SAMPLE_ROWS + 1])

    def agreement(mark: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=mark) if any(row)]
        except csv.Error:
            return 0.0, 0
        several = [width for width in widths if width > 1]
        if not several:
            return 0.0, 0
        usual = max(set(several), key=several.count)
        return several.count(usual) / len(widths), usual

    return max(DELIMITERS, key=agreement)


# --- spreadsheets and JSON --------------------------------------------------------------------------------------------


def _spreadsheet(path: Path, content: bytes, given: FileFormat) -> tuple[_Rows, FileFormat, list[str]]:
    try:
        import python_calamine  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise InputUnreadable(f"{path} is a spreadsheet: pip install 'truceline[sheets]' to read it") from error
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        if given.sheet is not None and given.sheet not in names:
            raise InputUnreadable(f"{path} has no sheet {given.sheet!r}; its sheets are {', '.join(names)}")
        for name in [given.sheet] if given.sheet is not None else names:
            cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            rows = [(number, [_text(cell) for cell in row]) for number, row in enumerate(cells, 1)]
            rows = [(number, row) for number, row in rows if any(row)]
            if rows:
                break
    except python_calamine.PasswordError as error:
        raise InputUnreadable(f"{path} is protected by a password: save it without one") from error
    except python_calamine.CalamineError as error:
        raise InputUnreadable(f"{path} is a zip archive or a spreadsheet that cannot be read: {error}") from error
    others = [other for other in names if other != name]
    return rows, FileFormat(sheet=name), [f"sheet {name} of {len(names)}; also {', '.join(others)}"] if others else []


def _json(path: Path, content: bytes) -> _Rows:
    """Return the rows of a JSON array of objects, of an object with one such array, or of objects one a line."""
    try:
        records = _records(msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf")))
    except (msgspec.DecodeError, RecursionError) as whole:
        try:
            records = [msgspec.json.decode(line) for line in content.splitlines() if line.strip()]
        except (msgspec.DecodeError, RecursionError):
            raise InputUnreadable(f"{path} is not JSON: {whole}") from whole
    if not records or not all(isinstance(record, dict) for record in records):
        raise InputUnreadable(f"{path} is not a JSON array of objects, nor objects one a line")
    flat = [dict(_flat(record)) for record in records]
    headings = list(dict.fromkeys(name for record in flat for name in record))
    return [(0, headings), *((number, [row.get(name, "") for name in headings]) for number, row in enumerate(flat, 1))]


def _records(document: Any) -> list[Any]:
    if isinstance(document, dict):
        tables = [
            value for value in document.values() if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        return tables[0] if len(tables) == 1 else [document]
    return document if isinstance(document, list) else []


def _flat(record: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", "; ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    """Return a value of a sheet or of JSON as the text of a CSV cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
