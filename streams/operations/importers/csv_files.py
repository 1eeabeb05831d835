"""Any CSV file with a mapping (YAML) that says which column is which field: one row, one report."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from streams.operations.importers.base import ImportKind, ImportOptions, LeftOutRows, SourceReading
from streams.operations.importers.csv_mapping import (
    CountMapping,
    CsvMapping,
    FromColumn,
    MappingError,
    Value,
    read_mapping,
)
from streams.operations.importers.data_files import DataRow, csv_rows
from streams.operations.importers.dates import utc
from streams.operations.importers.slugs import slug

NO_CLAIM = "no claim: the cells that its claims are made of are empty"
NOT_ONLY = "not among the rows that `only` asks for"

_SPACES = re.compile(r"\s+")


class CellError(ValueError):
    """A cell that cannot be what its field needs: the message names the field, the column and the text."""


def read(files: Sequence[Path], options: ImportOptions) -> Iterator[SourceReading]:
    """Yield what became of each row; raises MappingError for a mapping that is not given or refused."""
    if options.mapping is None:
        raise MappingError("csv needs a mapping: --mapping FILE (docs/how-to/importers.md)")
    mapping = read_mapping(options.mapping)
    for path in files:
        rows = csv_rows(path, columns=mapping.columns, delimiter=mapping.file.delimiter, encoding=mapping.file.encoding)
        for row in rows:
            yield _reading(row, mapping, options)


def _reading(row: DataRow, mapping: CsvMapping, options: ImportOptions) -> SourceReading:
    reading = SourceReading(row.where)
    try:
        reading.reports.append(_RowReader(row.fields, mapping).report(options))
    except LeftOutRows as why:
        reading.leave_out(why)
    except CellError as error:
        reading.faulty = True
        reading.leave_out(LeftOutRows("the value does not fit the field", str(error)))
    return reading


class _RowReader:
    """Reads one row by a mapping."""

    def __init__(self, fields: Mapping[str, str], mapping: CsvMapping) -> None:
        self._fields = fields
        self._mapping = mapping
        self._file = mapping.file

    def report(self, options: ImportOptions) -> Any:
        """Return the row's report; raises LeftOut, CellError."""
        mapping = self._mapping
        for column, wanted in mapping.only.items():
            if self._fields[column] not in wanted:
                raise LeftOutRows(NOT_ONLY)
        claims = [claim for each in mapping.claims if (claim := self._claim(dict(each))) is not None]
        report = self._fill(dict(mapping.report), required=("episode", "source", "published_at"))
        if not claims and not report.get("withdrawn"):
            raise LeftOutRows(NO_CLAIM)
        if options.episode:
            report["episode"] = options.episode
        report.setdefault("revision", options.revision)
        return {"report_id": self._report_id(), **report, "claims": claims}

    def _report_id(self) -> str:
        parts = [_SPACES.sub(" ", self._fields[column]).strip() for column in self._mapping.row]
        if not all(parts):
            raise CellError(f"report_id: column {', '.join(self._mapping.row)}: empty")
        return "-".join([self._mapping.name, *parts])

    def _claim(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        kind, count = fields.pop("type"), fields.pop("count", None)
        if isinstance(count, CountMapping):
            figures = self._fill(dict(count))
            if "best" not in figures:
                return None
            return {"type": kind, **self._fill(fields, required=("party", "outcome")), "count": figures}
        claim = self._fill(fields)
        if "act" not in claim or (kind == "statement" and fields["text"] is not None and "text" not in claim):
            return None
        return {"type": kind, **claim}

    def _fill(self, fields: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the fields whose value is not empty; raises CellError where a required one is."""
        filled = {}
        for name, value in fields.items():
            found = None if value is None else self._value(name, value)
            if found is not None:
                filled[name] = found
            elif name in required:
                raise CellError(f"{name}: {_place(value)}empty, and a report needs it")
        return filled

    def _value(self, name: str, value: Value) -> Any:
        if not isinstance(value, FromColumn):
            return value
        text = self._text(value)
        if text in self._file.empty:
            return value.default
        if value.table:
            table = self._mapping.tables[value.table]
            if text in table:
                return table[text]
        try:
            return _AS.get(name, _as_text)(text, value, self._file.thousands, ZoneInfo(value.zone or self._file.zone))
        except ValueError as error:
            raise CellError(f"{name}: {_place(value)}{error}") from None

    def _text(self, value: FromColumn) -> str:
        if value.column is not None:
            return self._fields[value.column].strip()
        try:
            return str(value.template).format_map(self._fields).strip()
        except (KeyError, ValueError, IndexError) as error:
            raise CellError(f"template {value.template!r}: {error}") from None


def _place(value: object) -> str:
    return f"column {value.column}: " if isinstance(value, FromColumn) and value.column else ""


Cell = Callable[[str, FromColumn, str, ZoneInfo], Any]


def _as_text(text: str, _value: FromColumn, _thousands: str, _zone: ZoneInfo) -> str:
    return text


def _as_slug(text: str, _value: FromColumn, _thousands: str, _zone: ZoneInfo) -> str:
    return slug(text)


def _as_slugs(text: str, value: FromColumn, _thousands: str, _zone: ZoneInfo) -> list[str]:
    names = text.split(value.split) if value.split else [text]
    return [slug(name.strip()) for name in names if name.strip()]


def _as_count(text: str, _value: FromColumn, thousands: str, _zone: ZoneInfo) -> int:
    digits = text.replace(thousands, "") if thousands else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text!r} is not a whole number")
    return int(digits)


def _as_time(text: str, value: FromColumn, _thousands: str, zone: ZoneInfo) -> str:
    for pattern in value.formats:
        try:
            return _in_zone(datetime.strptime(text, pattern), zone)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
    if value.formats:
        raise ValueError(f"{text!r} is not a date of the form {' or '.join(value.formats)}")
    try:
        return _in_zone(datetime.fromisoformat(text), zone)
    except ValueError:
        raise ValueError(f"{text!r} is not a date (ISO 8601); say its form with format") from None


def _in_zone(moment: datetime, zone: ZoneInfo) -> str:
    return utc(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _as_truth(text: str, _value: FromColumn, _thousands: str, _zone: ZoneInfo) -> bool:
    truths = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in truths:
        raise ValueError(f"{text!r} is neither yes nor no; give it a table")
    return truths[text.lower()]


_AS: dict[str, Cell] = {
    **dict.fromkeys(("episode", "source", "relayed_by", "party", "by", "against", "ceasefire", "incident"), _as_slug),
    **dict.fromkeys(("parties", "mediators"), _as_slugs),
    **dict.fromkeys(("best", "low", "high", "revision"), _as_count),
    **dict.fromkeys(("published_at", "as_of", "since", "at", "effective_at", "expires_at"), _as_time),
    **dict.fromkeys(("withdrawn", "final"), _as_truth),
}

KIND = ImportKind("csv", "any CSV file, by a mapping of its columns (YAML)", read)
