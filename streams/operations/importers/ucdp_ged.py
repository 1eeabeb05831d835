"""Events of the UCDP Georeferenced Event Dataset (CC BY 4.0, Uppsala Conflict Data Program), one a row.

An event is one report of increments, with the event's id as incident. Each of its four columns of deaths that is
not 0 is one claim: a side's own dead (`deaths_a`, `deaths_b`: combatants, in UCDP's definition), the civilians,
and those whose side is not known; so the sum over an episode's sources is, per party, the sum of the column.

UCDP gives `low`, `best` and `high` for the event as a whole. They are on a claim for the party `all` in each
report, and also on a party's claim if the whole event is that party's. If the dead of an event are spread
over several columns, a party's bounds are unknown and not given.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from schemas.reports import CasualtiesShape, CountShape, Population, ReportShape
from streams.operations.importers.base import ImportKind, ImportOptions, LeftOutRows, SourceReading
from streams.operations.importers.data_files import DataRow, csv_rows
from streams.operations.importers.dates import day, midnight
from streams.operations.importers.slugs import slug

PREFIX = "ucdp-ged"
MAX_HEADLINE = 500
ALL = "all"

# Column of deaths → column with the party's name, or the name itself; and the population.
PARTIES: dict[str, tuple[str, Population]] = {
    "deaths_a": ("side_a", "military"),
    "deaths_b": ("side_b", "military"),
    "deaths_civilians": ("civilians", "civilian"),
    "deaths_unknown": ("unknown", "unknown"),
}
COLUMNS = ("id", "conflict_name", "side_a", "side_b", "source_office", "source_date", "source_original",
           "source_headline", "date_prec", "date_start", "date_end", *PARTIES, "best", "low", "high")  # fmt: skip

NO_ORIGINAL = "source_original is empty: the first source_office is the source"
SEVERAL_OFFICES = "several source_office: the first is named as relayed_by"
SOURCE_OLDER = "source_date before the event's end: published at the event's end"
BOUNDS_APART = "low or high on the wrong side of best: set to best"
NO_BOUNDS = "deaths in several columns: low and high are on the party `all` only"
SEVERAL_NAMES = "source_original says how many entries (x2): left off the source's name"

# "Memorybook x2" and "MemoryBook (x2)": two entries of one source.
_ENTRIES = re.compile(r"\s*\(?\bx\d+\)?$", re.IGNORECASE)


def read(files: Sequence[Path], options: ImportOptions) -> Iterator[SourceReading]:
    """Yield the result of each event."""
    for path in files:
        for row in csv_rows(path, columns=COLUMNS):
            yield _reading(row, options)


def _reading(row: DataRow, options: ImportOptions) -> SourceReading:
    reading = SourceReading(row.where)
    try:
        reading.reports.append(_report(row.fields, options, reading.changed))
    except LeftOutRows as why:
        reading.leave_out(why)
    except ValueError as error:
        reading.faulty = True
        reading.leave_out(LeftOutRows("a field is not what its column should hold", str(error)))
    return reading


def _report(fields: Mapping[str, str], options: ImportOptions, changed: list[str]) -> ReportShape:
    if not fields["id"]:
        raise LeftOutRows("a line of tags (HXL), not an event")
    start, end = day(fields["date_start"]), day(fields["date_end"])
    source, outlet = _who(fields, changed)
    report: ReportShape = {
        "report_id": f"{PREFIX}-{fields['id']}",
        "revision": options.revision,
        "episode": options.episode or slug(fields["conflict_name"]),
        "source": source,
        "published_at": midnight(_published(fields["source_date"], end, changed)),
        "claims": list(_claims(fields, start, end, changed)),
    }
    if outlet:
        report["relayed_by"] = outlet
    headline = " ".join(fields["source_headline"].split())
    if headline:
        report["headline"] = headline[:MAX_HEADLINE]
    return report


def _who(fields: Mapping[str, str], changed: list[str]) -> tuple[str, str | None]:
    offices = [name.strip() for name in fields["source_office"].split(";") if name.strip()]
    if len(set(offices)) > 1:
        changed.append(SEVERAL_OFFICES)
    original = fields["source_original"].strip()
    name = _ENTRIES.sub("", original)
    if name != original:
        changed.append(SEVERAL_NAMES)
    if not name:
        if not offices:
            raise LeftOutRows("no source: source_original and source_office are empty")
        changed.append(NO_ORIGINAL)
    return slug(name or offices[0]), slug(offices[0]) if offices else None


def _published(source_dates: str, end: date, changed: list[str]) -> date:
    """Return the time of the latest source: the coded event rests on all of them."""
    newest = max((day(text) for text in source_dates.split(";") if text.strip()), default=end)
    if newest < end:
        changed.append(SOURCE_OLDER)
    return max(newest, end)


def _claims(fields: Mapping[str, str], start: date, end: date, changed: list[str]) -> Iterator[CasualtiesShape]:
    deaths = {column: number for column in PARTIES if (number := int(fields[column]))}
    event: CasualtiesShape = {
        "type": "casualties",
        "party": ALL,
        "outcome": "killed",
        "population": "mixed",
        "count": _estimate(fields, changed),
        "basis": "incremental",
        "as_of": midnight(end),
        "incident": slug(fields["id"]),
    }
    # date_prec above 1: the event was on one of these days.
    if start < end:
        event["since"] = midnight(start)
    yield event
    if len(deaths) > 1:
        changed.append(NO_BOUNDS)
    for column, number in deaths.items():
        name, population = PARTIES[column]
        part: CasualtiesShape = {**event, "party": slug(fields.get(name) or name), "population": population}
        if len(deaths) > 1:
            part["count"], part["qualifier"] = {"best": number}, "about"
        yield part


def _estimate(fields: Mapping[str, str], changed: list[str]) -> CountShape:
    best, low, high = (int(fields[name]) for name in ("best", "low", "high"))
    if not low <= best <= high:
        changed.append(BOUNDS_APART)
    return {"best": best, "low": min(low, best), "high": max(high, best)}


KIND = ImportKind(PREFIX, "events of UCDP GED with low, best and high estimates of deaths", read)
