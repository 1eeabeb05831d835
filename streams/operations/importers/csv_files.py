"""Tables with a mapping (YAML) that says which column is which field: one row, one report."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from streams.operations.importers.base import (
    CellFault,
    ImportKind,
    ImportOptions,
    LeftOutRows,
    RowPlace,
    SourceReading,
)
from streams.operations.importers.cells import DateOrder, date_order, is_ambiguous
from streams.operations.importers.csv_mapping import CsvMapping, FromColumn, MappingError, read_mapping
from streams.operations.importers.csv_rows import TIMES, CellError, RowReader
from streams.operations.importers.table_files import FileFormat, Table, open_table

#: A cell falls from row to row this often where its figures are increments taken as running totals.
FALLING_SHARE = 0.25
MIN_FIGURES = 3


def read(files: Sequence[Path], options: ImportOptions) -> Iterator[SourceReading]:
    """Yield the result of each row; raises MappingError for a missing or wrong mapping."""
    if options.mapping is None:
        raise MappingError("csv needs --mapping FILE; draft one with truceline import csv FILE --guess")
    mapping = read_mapping(options.mapping)
    given = FileFormat(mapping.file.delimiter, mapping.file.encoding, mapping.file.sheet)
    readings: list[SourceReading] = []
    for path in files:
        table = open_table(path, mapping.columns, given)
        orders = _date_orders(table, mapping, options)
        options.notes.extend(f"{table.name}: {note}" for note in table.notes)
        reader = RowReader(mapping, options, orders)
        readings += [_reading(table, number, cells, reader) for number, cells in table.rows]
    _refuse_shared_ids(readings)
    options.warnings.extend(_warnings(readings, mapping))
    yield from readings


def _reading(table: Table, number: int, cells: list[str], reader: RowReader) -> SourceReading:
    reading = SourceReading(RowPlace(table.name, table.unit, number), cells=cells, headings=tuple(table.headings))
    try:
        reading.reports.append(reader.report(number, table.fields(cells), reading))
    except LeftOutRows as why:
        reading.faults.clear()
        reading.leave_out(why)
    except CellError as error:
        reading.faulty = True
        reading.faults = [CellFault(error.field, error.reason, "row")]
        reading.leave_out(LeftOutRows("the value does not fit the field", str(error)))
    return reading


def _date_orders(table: Table, mapping: CsvMapping, options: ImportOptions) -> dict[str, DateOrder]:
    """Return the order of day and month in each column of dates without a format, and note those that are ambiguous."""
    orders: dict[str, DateOrder] = {}
    for name, value in mapping.named_values():
        if name not in TIMES or not isinstance(value, FromColumn) or value.column is None or len(value.formats) == 1:
            continue
        index = table.headings.index(table.aliases.get(value.column, value.column))
        texts = [cells[index] for _, cells in table.rows if index < len(cells)]
        ambiguous = sum(map(is_ambiguous, texts))
        try:
            found = date_order(texts)
        except ValueError as error:
            raise MappingError(f"{table.name}: column {value.column}: {error}") from None
        orders[value.column] = found or "dmy"
        if value.formats and ambiguous:
            options.warnings.append(
                f"column {value.column}: {ambiguous:,} dates fit more than one form; read as {value.formats[0]}"
            )
        elif ambiguous and found is None:
            first = next(filter(is_ambiguous, texts))
            options.warnings.append(
                f"column {value.column}: {ambiguous:,} dates such as {first} may be day/month or month/day;"
                ' read as day/month; say it with format: "%d/%m/%Y"'
            )
        elif found is not None:
            table.notes.append(f"dates of column {value.column} are {'day/month' if found == 'dmy' else 'month/day'}")
    return orders


def _refuse_shared_ids(readings: Sequence[SourceReading]) -> None:
    """Leave out rows of one file that share a report id, and rows of several files that share it with other content."""
    by_id: dict[tuple[str, str, int], list[SourceReading]] = defaultdict(list)
    for reading in readings:
        for report in reading.reports:
            by_id[report["episode"], report["report_id"], report.get("revision") or 1].append(reading)
    for (_, report_id, _), sharing in by_id.items():
        files = {reading.where.file for reading in sharing}
        same = all(reading.reports == sharing[0].reports for reading in sharing)
        if len(sharing) == 1 or (len(files) == len(sharing) and same):
            continue
        first, second = sharing[:2]
        reason = f"{report_id} is the id of {first.where} and of {second.where.unit} {second.where.number}"
        for reading in sharing:
            reading.faulty = True
            reading.faults = [CellFault("report_id", reason, "row")]
            reading.leave_out(LeftOutRows('rows share an id: add a column to row, or "#" for the row number', reason))


def _warnings(readings: Sequence[SourceReading], mapping: CsvMapping) -> Iterator[str]:
    """Yield a warning where figures that were taken as running totals look like increments."""
    figures: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    implied = any(claim.type == "casualties" and claim.basis is None for claim in mapping.claims)
    for reading in readings if implied else ():
        for report in reading.reports:
            for claim in report["claims"] or ():
                if claim["type"] == "casualties" and claim.get("basis") in {None, "cumulative"}:
                    named: Any = claim
                    key = (report["source"], named["party"], named["outcome"], named.get("population") or "unknown")
                    figures[key].append((named.get("as_of") or report["published_at"], named["count"]["best"]))
    falling: list[tuple[tuple[str, ...], list[int]]] = []
    for name, cell in figures.items():
        counts = [count for _, count in sorted(cell)]
        falls = sum(later < before for before, later in pairwise(counts))
        if len(counts) >= MIN_FIGURES and falls >= FALLING_SHARE * (len(counts) - 1):
            falling.append((name, counts))
    if falling:
        name, counts = falling[0]
        shown = ", ".join(map(str, counts[:5]))
        yield (
            f"figures go up and down in {len(falling):,} of {len(figures):,} counts ({'/'.join(name)}: {shown} …):"
            " if each row is an incident, set basis: incremental"
        )


KIND = ImportKind("csv", "any table (CSV, XLSX, ODS, JSON), by a mapping of its columns (YAML)", read)
