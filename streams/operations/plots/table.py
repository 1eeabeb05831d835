"""A story as a table: every figure and every move of a ceasefire, in the order in which they were known."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from streams.core.phrases import figure, kind
from streams.core.times import format_time
from streams.operations.plots.history import Band, PlottedHistory, PlottedLine

__all__ = ["COLUMNS", "FORMATS", "HEADINGS", "rows", "words", "written"]

COLUMNS = (
    "known_at", "kind", "party", "outcome", "population", "group", "scope", "source", "best", "low", "high", "as_of",
    "change", "ceasefire", "status", "since", "effective_at", "expires_at", "declared_by", "not_confirmed_by",
    "mediators", "alleged", "denied", "confirmed", "report_id", "relayed_by", "url",
)  # fmt: skip
FORMATS = ("csv", "json", "md")

Row = dict[str, Any]


def rows(story: PlottedHistory) -> list[Row]:
    """Return a row for each change of a count or a ceasefire: all of `COLUMNS`, None where they do not apply."""
    found = [(at_us, _of_count(line, at_us, record)) for line in story.lines for at_us, record in line.records]
    found += [(at_us, _of_view(band, at_us, record)) for band in story.bands for at_us, record in band.records]
    found.sort(key=lambda each: each[0])
    return [dict.fromkeys(COLUMNS) | row for _, row in found]


def written(story: PlottedHistory, form: str) -> str:
    """Return the table as CSV (RFC 4180, LF), JSON (an array of objects) or Markdown."""
    table = rows(story)
    if form == "json":
        return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in table) + "\n]\n"
    if form == "csv":
        return _as_csv(table)
    return "".join(_as_markdown(table))


def _of_count(line: PlottedLine, at_us: int, record: dict[str, Any]) -> Row:
    value = record["after"] or {}
    figures = {name: value.get(name) for name in ("best", "low", "high", "as_of")}
    known = {"known_at": format_time(at_us), "kind": "count"}
    key = {name: part or None for name, part in line.key._asdict().items()}
    return {**known, **key, **figures, "change": record["kind"], **_cause(record)}


def _of_view(band: Band, at_us: int, record: dict[str, Any]) -> Row:
    view = record["after"]
    row: Row = {"known_at": format_time(at_us), "kind": "ceasefire", "ceasefire": band.ceasefire, **_cause(record)}
    if view is None:
        return row | {"status": "withdrawn"}
    for name in ("status", "since", "effective_at", "expires_at"):
        row[name] = view[name]
    for name in ("declared_by", "not_confirmed_by", "mediators"):
        row[name] = " ".join(view[name]) or None
    return {**row, **view["violations"]}


def _cause(record: dict[str, Any]) -> Row:
    cause = record["cause"]
    return {name: cause.get(name) for name in ("report_id", "relayed_by", "url")}


def _as_csv(table: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


HEADINGS = ("Known (UTC)", "What", "By", "Figure or status", "Change", "Report")


def words(table: list[Row]) -> Iterator[tuple[str, ...]]:
    """Yield the cells under `HEADINGS`, as people read them."""
    for row in table:
        what = _count_words(row) if row["kind"] == "count" else _ceasefire_words(row)
        yield (row["known_at"][:16].replace("T", " "), *what, row["report_id"] or "the clock")


def _as_markdown(table: list[Row]) -> Iterator[str]:
    yield f"| {' | '.join(HEADINGS)} |\n"
    yield "|---|---|---|--:|---|---|\n"
    for cells, row in zip(words(table), table, strict=True):
        *said, report = (cell.replace("|", "\\|") for cell in cells)
        link = f"[{report}](<{row['url'].replace('|', '%7C').replace('>', '%3E')}>)" if row["url"] else report
        yield f"| {' | '.join([*said, link])} |\n"


def _count_words(row: Row) -> tuple[str, ...]:
    value = None if row["best"] is None else row
    return f"{row['party']} {kind(row)}", row["source"], figure(value), row["change"]


def _ceasefire_words(row: Row) -> tuple[str, ...]:
    said = [f"{row[how]} {how}" for how in ("alleged", "denied", "confirmed") if row[how]]
    if row["not_confirmed_by"]:
        said.append(f"not confirmed by {row['not_confirmed_by']}")
    status = row["status"].replace("_", " ")
    return f"ceasefire {row['ceasefire']}", row["declared_by"] or "", status, "; ".join(said)
