"""One row of a table read by a mapping: its report, with what is lost of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from streams.core.parse import Fault, Refusal, parse
from streams.operations.importers.base import CellFault, ImportOptions, LeftOutRows, RowPlace, SourceReading, encode
from streams.operations.importers.cells import CellTime, DateOrder, is_future, read_count, read_time
from streams.operations.importers.csv_mapping import ROW_NUMBER, CountMapping, CsvMapping, FromColumn, Value
from streams.operations.importers.slugs import slug

__all__ = ["TIMES", "CellError", "RowReader"]

NO_CLAIM = "no claim: the cells that its claims are made of are empty"
NOT_ONLY = "not among the rows that `only` asks for"
RANGE_READ = "a range or qualifier read from the cell of a count"
BOUND_MOVED = "a bound on the wrong side of best: it is best"
#: Field → characters that a report may hold of it.
LONGEST = {"headline": 500, "text": 2_000, "quote": 300}
SLUGS = (
    "episode", "source", "relayed_by", "party", "by", "against", "ceasefire", "incident", "scope", "place",
)  # fmt: skip
TIMES = ("published_at", "as_of", "since", "at", "effective_at", "expires_at")
REQUIRED = {
    "casualties": ("type", "party", "outcome", "count"),
    "ceasefire": ("type", "act"),
    "statement": ("type", "act", "about"),
}
_SPACES = re.compile(r"\s+")
_PATH = re.compile(r"claims\[(\d+)\](?:\.(\w+))?|(\w+)")


class CellError(ValueError):
    """A cell that cannot be what its field needs."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class _CellFormat(NamedTuple):
    """The rules by which a cell is read."""

    thousands: str
    zone: ZoneInfo
    order: DateOrder
    end: bool = False

    def time(self, text: str, formats: Sequence[str]) -> CellTime:
        """Return the time in a cell; raises ValueError."""
        return read_time(text, self.zone, formats=formats, order=self.order, end=self.end)


class RowReader:
    """Reads rows by a mapping; `orders` has the order of day and month by column."""

    def __init__(self, mapping: CsvMapping, options: ImportOptions, orders: Mapping[str, DateOrder]) -> None:
        self._mapping = mapping
        self._options = options
        self._orders = orders
        self._fields: Mapping[str, str] = {}
        self._reading = SourceReading(RowPlace("", "row", 0))

    def report(self, number: int, fields: Mapping[str, str], reading: SourceReading) -> Any:
        """Return the row's report; add what is lost or changed to `reading`. Raises LeftOutRows, CellError."""
        self._fields, self._reading = fields, reading
        mapping, options = self._mapping, self._options
        for column, wanted in mapping.only.items():
            if fields[column] not in wanted:
                raise LeftOutRows(NOT_ONLY)
        error: CellError | None = None
        try:
            report = self._fill(dict(mapping.report), ("episode", "source", "published_at"))
        except CellError as wrong:
            report, error = {}, wrong
        claims = [claim for each in mapping.claims if (claim := self._claim(dict(each))) is not None]
        lost = next((fault for fault in reading.faults if fault.lost == "claim"), None)
        if error is not None and (claims or lost):
            raise error
        if not claims and not report.get("withdrawn"):
            raise LeftOutRows(NO_CLAIM) if lost is None else CellError(lost.field, lost.reason)
        if options.episode:
            report["episode"] = options.episode
        report.setdefault("revision", options.revision)
        report = {"report_id": self._report_id(number), **report, "claims": claims}
        self._refuse_future(report)
        self._drop_refused(report)
        return report

    def _report_id(self, number: int) -> str:
        parts = [
            str(number) if column == ROW_NUMBER else _SPACES.sub(" ", self._fields[column]).strip()
            for column in self._mapping.row
        ]
        if not all(parts):
            raise CellError("report_id", f"column {', '.join(self._mapping.row)}: empty")
        return "-".join([self._mapping.name, *parts])

    # --- claims

    def _claim(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        try:
            kind, count = fields.pop("type"), fields.pop("count", None)
            if isinstance(count, CountMapping):
                return self._casualties(fields, count)
            claim = self._fill(fields)
        except CellError as error:
            self._reading.faults.append(CellFault(error.field, error.reason, "claim"))
            return None
        if "act" not in claim or (kind == "statement" and fields["text"] is not None and "text" not in claim):
            return None
        return {"type": kind, **claim}

    def _casualties(self, fields: dict[str, Any], mapped: CountMapping) -> dict[str, Any] | None:
        count = self._count(mapped)
        if count is None:
            return None
        claim = self._fill(fields, ("party", "outcome"))
        if "qualifier" in count:
            qualifier = count.pop("qualifier")
            if qualifier != "exact":
                claim.setdefault("qualifier", qualifier)
        if claim.get("basis", "cumulative") == "cumulative" or "since" in claim:
            self._hold_the_day(claim, fields)
        return {"type": "casualties", **claim, "count": count}

    def _hold_the_day(self, claim: dict[str, Any], fields: Mapping[str, Any]) -> None:
        """Set as_of to the end of its day, where a date without a time was given: a day's total includes the day."""
        mapped = fields["as_of"] if "as_of" in claim else self._mapping.report.published_at
        if not isinstance(mapped, FromColumn) or mapped.day is not None or not (text := self._text(mapped)):
            return
        try:
            found = self._format(mapped)._replace(end=True).time(text, mapped.formats)
        except ValueError:
            return
        if found.is_date:
            claim["as_of"] = found.text

    def _count(self, mapped: CountMapping) -> dict[str, Any] | None:
        """Return the figures of a count, None for an empty cell; a range or qualifier in the cell is read too."""
        named = "text" if mapped.best is None else "best"
        value = getattr(mapped, named)
        if not isinstance(value, FromColumn):
            bounds = {"low": mapped.low, "high": mapped.high}
            return self._bounded({"best": value, **self._fill(bounds)})
        text = self._text(value)
        if text in self._mapping.file.empty:
            return None if value.default is None else {"best": value.default}
        table = self._mapping.tables.get(value.table or "", {})
        if text in table:
            return {"best": table[text]}
        marks = self._mapping.file.thousands
        read = read_count(text.replace(marks, "") if marks else text)
        if read is None:
            raise CellError(named, f"{_place(value)}{text!r} is not a number, range or qualified number")
        if read.qualifier != "exact" or read.low is not None:
            self._reading.changed.append(RANGE_READ)
        given = {name: number for name, number in read._asdict().items() if number is not None}
        return self._bounded(given | self._fill({"low": mapped.low, "high": mapped.high}))

    def _bounded(self, count: dict[str, Any]) -> dict[str, Any]:
        best = count["best"]
        if isinstance(best, int):
            if count.get("low", best) > best:
                count["low"] = best
                self._reading.changed.append(BOUND_MOVED)
            if count.get("high", best) < best:
                count["high"] = best
                self._reading.changed.append(BOUND_MOVED)
        return count

    # --- fields

    def _fill(self, fields: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the fields that are not empty; a faulty one is lost. Raises CellError for a required one."""
        filled = {}
        for name, value in fields.items():
            try:
                found = None if value is None else self._value(name, value)
            except CellError as error:
                if name in required:
                    raise
                self._reading.faults.append(CellFault(error.field, error.reason, "field"))
                continue
            if found is not None:
                filled[name] = found
            elif name in required:
                raise CellError(name, f"{_place(value)}empty, and a report needs it")
        return filled

    def _value(self, name: str, value: Value) -> Any:
        if not isinstance(value, FromColumn):
            return value
        text = self._text(value)
        if text in self._mapping.file.empty:
            return value.default
        if value.table and text in self._mapping.tables[value.table]:
            return self._mapping.tables[value.table][text]
        if len(text) > LONGEST.get(name, len(text)):
            self._reading.changed.append(f"{name} cut to {LONGEST[name]} characters")
            return f"{text[: LONGEST[name] - 1].rstrip()}…"
        try:
            return _AS.get(name, _as_text)(text, value, self._format(value))
        except (ValueError, OverflowError) as error:
            raise CellError(name, f"{_place(value)}{error}") from None

    def _format(self, value: FromColumn) -> _CellFormat:
        file = self._mapping.file
        order = self._orders.get(value.column or "", "dmy")
        return _CellFormat(file.thousands, ZoneInfo(value.zone or file.zone), order, value.day == "end")

    def _text(self, value: FromColumn) -> str:
        if value.column is not None:
            return self._fields[value.column].strip()
        try:
            return str(value.template).format_map(self._fields).strip()
        except (KeyError, ValueError, IndexError) as error:
            raise CellError("template", f"{value.template!r}: {error}") from None

    # --- the report as a whole

    def _refuse_future(self, report: Mapping[str, Any]) -> None:
        now = self._options.now
        if now is not None and is_future(report["published_at"], now):
            raise CellError("published_at", f"{report['published_at']} is in the future; --allow-future takes it")

    def _drop_refused(self, report: dict[str, Any]) -> None:
        """Drop each field, or else claim, for which the report would be refused; raises CellError where that fails."""
        while True:
            try:
                parse(encode(report))  # type: ignore[arg-type]
            except Refusal as refusal:
                fault = next(iter(refusal.faults), Fault("", refusal.message))
                path = _PATH.match(fault.path)
                if path is None or not self._drop(report, path, fault.reason):
                    raise CellError(fault.path or "report", fault.reason) from None
            else:
                return

    def _drop(self, report: dict[str, Any], path: re.Match[str], reason: str) -> bool:
        claims = report["claims"]
        if path[1] is None:
            if path[3] in {"report_id", "episode", "source", "published_at", "claims"}:
                return False
            lost = report.pop(path[3], None) is not None
            self._reading.faults.append(CellFault(path[3], reason, "field"))
            return lost
        index, name = int(path[1]), path[2] or "claim"
        if name in REQUIRED[claims[index]["type"]] or claims[index].pop(name, None) is None:
            del claims[index]
            self._reading.faults.append(CellFault(name, reason, "claim"))
            if not claims and not report.get("withdrawn"):
                raise CellError(name, reason)
            return True
        self._reading.faults.append(CellFault(name, reason, "field"))
        return True


def _place(value: object) -> str:
    return f"column {value.column}: " if isinstance(value, FromColumn) and value.column else ""


Cell = Callable[[str, FromColumn, _CellFormat], Any]


def _as_text(text: str, _value: FromColumn, _form: _CellFormat) -> str:
    return text


def _as_slug(text: str, _value: FromColumn, _form: _CellFormat) -> str:
    return slug(text)


def _as_slugs(text: str, value: FromColumn, _form: _CellFormat) -> list[str]:
    names = text.split(value.split) if value.split else [text]
    return [slug(name.strip()) for name in names if name.strip()]


def _as_number(text: str, _value: FromColumn, form: _CellFormat) -> int:
    read = read_count(text.replace(form.thousands, "") if form.thousands else text)
    if read is None or read.qualifier != "exact" or read.low is not None:
        raise ValueError(f"{text!r} is not a whole number")
    return read.best


def _as_time(text: str, value: FromColumn, form: _CellFormat) -> str:
    return form.time(text, value.formats).text


def _as_truth(text: str, _value: FromColumn, _form: _CellFormat) -> bool:
    truths = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in truths:
        raise ValueError(f"{text!r} is neither yes nor no; give it a table")
    return truths[text.lower()]


_AS: dict[str, Cell] = {
    **dict.fromkeys(SLUGS, _as_slug),
    **dict.fromkeys(("parties", "mediators"), _as_slugs),
    **dict.fromkeys(("low", "high", "revision"), _as_number),
    **dict.fromkeys(TIMES, _as_time),
    **dict.fromkeys(("withdrawn", "final"), _as_truth),
}
