"""A mapping drafted from a table's headings and values, commented, for its owner to check."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.operations.importers.cells import DateOrder, date_order, read_count, read_time
from streams.operations.importers.slugs import slug
from streams.operations.importers.table_files import Table, open_table

__all__ = ["guess_mapping"]

#: Rows whose values are looked at.
SAMPLE_ROWS = 200
#: A column of dates or counts has this share of its cells readable as such; half is enough if the heading says so.
READABLE, READABLE_IF_NAMED = 0.7, 0.5
#: A column that names sources or parties has at most this many values, and this share of the rows.
NAMES_AT_MOST = 60
_EMPTY = {"", "NA", "N/A", "n/a", "-", "–", "—", "null", "None"}

_DATE = re.compile(r"date|day|data\b|fecha|datum|when|time|reported|published|occurred", re.IGNORECASE)
_ID = re.compile(
    r"^(?:event|incident|record|row|report)?[ _-]?(?:id|no|nr|num|number|code|ref|key)\b\.?|_id$|id$", re.IGNORECASE
)
_SOURCE = re.compile(
    r"source|organi[sz]ation|reporter|authority|outlet|media|monitor|reported by|said by|publisher", re.IGNORECASE
)
_PARTY = re.compile(r"party|side|victim|nationality|affiliation|whose|belligerent|country|faction", re.IGNORECASE)
_OUTCOMES = {
    "killed": re.compile(r"kill|dead|death|fatal|died|deceased|toll|martyr|casualt", re.IGNORECASE),
    "wounded": re.compile(r"wound|injur|hurt", re.IGNORECASE),
    "missing": re.compile(r"missing|disappear", re.IGNORECASE),
    "captured": re.compile(r"captur|prison|pow\b|detain|hostage|abduct", re.IGNORECASE),
}
_POPULATIONS = {
    "civilian": re.compile(r"civil", re.IGNORECASE),
    "military": re.compile(r"milit|soldier|troop|combatant|fighter", re.IGNORECASE),
}
_HEADLINE = re.compile(r"headline|title|note|description|summary|comment|event|incident|details", re.IGNORECASE)
_PLACE = re.compile(r"^(?:town|city|village|place|location|settlement|site|locality)\b", re.IGNORECASE)
_URL = re.compile(r"url|link|web|href", re.IGNORECASE)
_RUNNING = re.compile(r"cum|total|running|to date|so far", re.IGNORECASE)


class _Column(NamedTuple):
    name: str
    cells: list[str]

    def share(self, readable: Callable[[str], bool]) -> float:
        """Return the share of cells that can be read so; 0 for an empty column."""
        return sum(map(readable, self.cells)) / len(self.cells) if self.cells else 0.0


class _Count(NamedTuple):
    column: str
    outcome: str
    population: str
    is_text: bool


def guess_mapping(path: Path) -> str:
    """Return a mapping of a table as commented YAML; raises InputUnreadable.

    It can be used as it is for a plain list of incidents, or of figures to date.
    """
    table = open_table(path)
    return "".join(f"{line}\n" for line in _draft(path, table))


def _draft(path: Path, table: Table) -> Iterator[str]:
    columns = list(_columns(table))
    dates = [each for each in columns if _is_date(each)]
    counts = [count for each in columns if each not in dates and (count := _count(each)) is not None]
    date = next((each for each in dates if _DATE.search(each.name)), next(iter(dates), None))
    source, party = _named(columns, _SOURCE, dates, counts), _named(columns, _PARTY, dates, counts)
    place = next((each for each in columns if _PLACE.search(each.name) and each.cells), None)
    if party is not None and party == source:
        party = None
    name = slug(path.name.partition(".")[0] or "table")
    yield f"# Drafted from {table.name}: {len(table.rows):,} rows; check each line marked with ?."
    for note in table.notes:
        yield f"# {note}"
    yield f"# Columns: {', '.join(heading for heading in table.headings if heading)}"
    yield f"name: {name[:40]}   # report ids are {name[:40]}-…"
    yield from _row(columns, len(table.rows))
    yield "report:"
    yield f"  episode: {name}   # ? name of the conflict or period, the same for all rows"
    if source is None:
        yield f"  source: {name}   # ? who says so: no column names it"
    else:
        yield f"  source: {{column: {_quoted(source.name)}}}   # who says so"
    yield _date_line(date)
    yield from _words(
        "headline",
        _HEADLINE,
        columns,
        {each.name for each in (source, party, date) if each} | {c.column for c in counts},
    )
    yield from _words("url", _URL, columns, set())
    yield "claims:"
    running = bool(counts) and _is_running(columns, counts, date, source, party)
    for count in counts:
        yield from _claim(count, party, place, running=running)
    if not counts:
        yield "  # ? no column of killed, wounded, missing or captured was found: name one"
        yield "  - {type: casualties, party: all, outcome: killed, count: {best: {column: FIXME}}, basis: incremental}"


def _columns(table: Table) -> Iterator[_Column]:
    for index, heading in enumerate(table.headings):
        if heading:
            cells = (row[index].strip() for _, row in table.rows[:SAMPLE_ROWS] if index < len(row))
            yield _Column(heading, [cell for cell in cells if cell not in _EMPTY])


def _is_date(column: _Column) -> bool:
    order, named = _order(column), _DATE.search(column.name) is not None

    def readable(cell: str) -> bool:
        try:
            read_time(cell, ZoneInfo("UTC"), order=order)
        except (ValueError, OverflowError):
            return False
        return not cell.isdigit() or named

    return column.share(readable) >= (READABLE_IF_NAMED if named else READABLE)


def _order(column: _Column) -> DateOrder:
    try:
        return date_order(column.cells) or "dmy"
    except ValueError:
        return "dmy"


def _count(column: _Column) -> _Count | None:
    outcome = next((name for name, words in _OUTCOMES.items() if words.search(column.name)), None)
    if outcome is None or column.share(lambda cell: read_count(cell) is not None) < READABLE_IF_NAMED:
        return None
    population = next((name for name, words in _POPULATIONS.items() if words.search(column.name)), "mixed")
    exact = all((read := read_count(cell)) and read.qualifier == "exact" and read.low is None for cell in column.cells)
    return _Count(column.name, outcome, population, not exact)


def _named(
    columns: Sequence[_Column], words: re.Pattern[str], dates: Sequence[_Column], counts: Sequence[_Count]
) -> _Column | None:
    """Return the first column with such a heading that holds names."""
    taken = {each.name for each in dates} | {count.column for count in counts}
    for column in columns:
        if column.name in taken or not words.search(column.name) or _URL.search(column.name) or not column.cells:
            continue
        longest = max(map(len, column.cells))
        if longest <= 80 and len(set(column.cells)) <= NAMES_AT_MOST and not column.cells[0].startswith("http"):
            return column
    return None


def _row(columns: Sequence[_Column], rows: int) -> Iterator[str]:
    for column in columns:
        unique = len(set(column.cells)) == len(column.cells) and len(column.cells) >= min(rows, SAMPLE_ROWS)
        if unique and _ID.search(column.name):
            yield f"row: [{_quoted(column.name)}]   # the columns that name a row"
            return
    yield 'row: ["#"]   # ? the row number: no column names a row; a row that moves in the file gets another id'


def _date_line(date: _Column | None) -> str:
    if date is None:
        return "  published_at: {column: FIXME}   # ? no column of dates was found: name one"
    form = ""
    if re.fullmatch(r"\d{1,2}([./-])\d{1,2}\1\d{4}.*", date.cells[0]) and len(date.cells[0]) <= 10:
        mark, order = re.sub(r"\d", "", date.cells[0])[0], _order(date)
        pattern = f"%d{mark}%m{mark}%Y" if order == "dmy" else f"%m{mark}%d{mark}%Y"
        form = f', format: "{pattern}"'
    return (
        f"  published_at: {{column: {_quoted(date.name)}{form}}}   # times without a zone are UTC (file: {{zone: …}})"
    )


def _words(field: str, words: re.Pattern[str], columns: Sequence[_Column], taken: set[str]) -> Iterator[str]:
    for column in columns:
        is_url = bool(column.cells) and column.cells[0].startswith("http")
        if column.name not in taken and words.search(column.name) and column.cells and is_url == (field == "url"):
            if field == "headline" and column.share(lambda cell: len(cell) > 5) < 0.5:
                continue
            yield f"  {field}: {{column: {_quoted(column.name)}}}"
            return


def _is_running(
    columns: Sequence[_Column],
    counts: Sequence[_Count],
    date: _Column | None,
    source: _Column | None,
    party: _Column | None,
) -> bool:
    """Return whether figures are totals to date: by the heading, or since they never fall from row to row."""
    if any(_RUNNING.search(count.column) for count in counts):
        return True
    column = next(each for each in columns if each.name == counts[0].column)
    figures = [read.best for cell in column.cells if (read := read_count(cell)) is not None]
    if source is not None or party is not None or date is None or len(figures) < 4:
        return False
    return figures == sorted(figures) and figures[0] < figures[-1]


def _claim(count: _Count, party: _Column | None, place: _Column | None, *, running: bool) -> Iterator[str]:
    yield "  - type: casualties"
    if party is None:
        yield "    party: all   # ? whose losses; all: of all sides together"
    else:
        yield f"    party: {{column: {_quoted(party.name)}}}   # whose losses"
    yield f"    outcome: {count.outcome}"
    yield f"    population: {count.population}   # ? military, civilian, mixed or unknown"
    named = "text" if count.is_text else "best"
    says = "   # ranges and qualifiers are read: 36-38, 19+, ca. 40" if count.is_text else ""
    yield f"    count: {{{named}: {{column: {_quoted(count.column)}}}}}{says}"
    if running:
        yield "    basis: cumulative   # ? each row is a total to date; incremental: each row is added"
    else:
        yield "    basis: incremental   # ? each row is added; cumulative: each row is a total to date"
        if place is not None:
            yield f"    place: {{column: {_quoted(place.name)}}}"


def _quoted(name: str) -> str:
    """Return a heading as YAML: quoted, unless it is plain letters."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ]*", name) and name.lower() not in {"true", "false", "null"}:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
