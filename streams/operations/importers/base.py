"""Rows in, reports out, and a tally of both: shared by all importers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import orjson

from schemas.reports import ReportShape
from streams.core.parse import Refusal, parse
from streams.core.times import DAY_US, DEFAULT_HORIZON_US, FIRST_US, parse_time

MAX_PLACES = 20
MAX_LOST_PLACES = 10


class LeftOutRows(Exception):
    """A row without a report; the text is the reason, the same for all rows of a kind."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class RowPlace(NamedTuple):
    """Place of a row: `claims.jsonl line 3`."""

    file: str
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.file} {self.unit} {self.number}"


class CellFault(NamedTuple):
    """A fault in a row: the field, the reason, and the part of the row that is lost by it."""

    field: str
    reason: str
    lost: Literal["row", "claim", "field"]


@dataclass(slots=True)
class SourceReading:
    """The reports of one row of a data set, or the reason why there is none.

    `changed` names what was read otherwise than written in the row, `unplaced` the columns with a figure that
    reports cannot hold. `faulty` marks a row that cannot be read as its kind says; `faults` are those of its cells,
    and `cells` the row itself, under its `headings`.
    """

    where: RowPlace
    reports: list[ReportShape] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    left_out: str | None = None
    detail: str = ""
    faulty: bool = False
    faults: list[CellFault] = field(default_factory=list)
    cells: Sequence[str] = ()
    headings: tuple[str, ...] = ()

    def leave_out(self, why: LeftOutRows) -> "SourceReading":
        """Return this row without a report, for the reason given."""
        self.reports.clear()
        self.left_out, self.detail = why.reason, why.detail
        return self


@dataclass(slots=True)
class ImportTally:
    """Numbers of rows read (by file), taken, changed and left out, with the reasons.

    Every row is either taken or left out; a changed row is one of those taken. `lost` counts claims and fields that
    were lost from rows taken.
    """

    rows: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    changed_rows: int = 0
    reports: int = 0
    faults: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)
    lost_places: list[str] = field(default_factory=list)
    horizon: timedelta = timedelta(0)

    def count(self, reading: SourceReading) -> None:
        """Count one row."""
        self.rows[reading.where.file] += 1
        self.unplaced.update(reading.unplaced)
        if reading.left_out is not None:
            self._count_left_out(reading, reading.left_out)
            return
        self.taken += 1
        self.reports += len(reading.reports)
        self.changed_rows += bool(reading.changed)
        self.changed.update(set(reading.changed))
        for fault in reading.faults:
            self.lost[f"{fault.lost} lost: {fault.field}"] += 1
            if len(self.lost_places) < MAX_LOST_PLACES:
                self.lost_places.append(f"{reading.where}: {fault.lost} lost: {fault.field}: {fault.reason}")

    def _count_left_out(self, reading: SourceReading, reason: str) -> None:
        self.left_out[reason] += 1
        self.faults += reading.faulty
        if reading.faulty and len(self.places) < MAX_PLACES:
            self.places.append(f"{reading.where}: {reason}" + (f": {reading.detail}" if reading.detail else ""))

    @property
    def needs_longer_horizon(self) -> bool:
        """Return True if a replay of these reports needs a horizon longer than the default (contract rule 2.4)."""
        return self.horizon > timedelta(microseconds=DEFAULT_HORIZON_US)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import: another episode, the edition of the data set, a mapping, no revisions.

    Times more than two days after `now` are faults, unless it is None. `notes` on how the files were read, and
    `warnings` of what may be a mistake of the mapping, are added by the reader.
    """

    episode: str | None = None
    revision: int = 1
    mapping: Path | None = None
    revisions: bool = True
    now: datetime | None = None
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


Read = Callable[[Sequence[Path], ImportOptions], Iterator[SourceReading]]


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of data set: its name, one line about it, and the reader of its files."""

    name: str
    summary: str
    read: Read


def take(
    readings: Iterable[SourceReading],
    tally: ImportTally,
    on_fault: Callable[[SourceReading], object] | None = None,
) -> Iterator[ReportShape]:
    """Yield the reports of rows as they come; a row whose report would be refused is left out.

    Rows with faults are handed to `on_fault`.
    """
    for reading in readings:
        refused = _refusal(reading.reports)
        if refused is not None:
            reading.faulty = True
            reading.leave_out(LeftOutRows("would be refused", refused))
        tally.count(reading)
        if on_fault is not None and (reading.faulty or reading.faults):
            on_fault(reading)
        yield from reading.reports


def _refusal(reports: Iterable[ReportShape]) -> str | None:
    for report in reports:
        try:
            parse(encode(report))
        except Refusal as refusal:
            return str(refusal)
    return None


def encode(report: ReportShape) -> bytes:
    """Return a report as one line of JSON, without the line's end."""
    return orjson.dumps(report)


def in_order_of_publication(reports: Iterable[ReportShape]) -> list[ReportShape]:
    """Return reports in the order of a log: published_at, report_id, revision."""
    return sorted(
        reports,
        key=lambda report: (parse_time(report["published_at"]), report["report_id"], report.get("revision") or 1),
    )


def horizon_of(reports: Sequence[ReportShape], *, later_edition: bool = False) -> timedelta:
    """Return the least horizon, in whole days, with which none of these reports, in this order, is `too_late`.

    The delay of a report is measured as in contract rule 2.4: from the newest published_at of its
    episode to its own, to its claims' as_of and at, and to the published_at of the revision it replaces.
    A later edition comes when the episode already holds the newest of the one before.
    """
    newest: dict[str, int] = {}
    if later_edition:
        for report in reports:
            newest[report["episode"]] = max(newest.get(report["episode"], FIRST_US), parse_time(report["published_at"]))
    standing: dict[tuple[str, str], int] = {}
    reach_us = 0
    for report in reports:
        episode, published_us = report["episode"], parse_time(report["published_at"])
        newest[episode] = max(published_us, newest.get(episode, published_us))
        name = episode, report["report_id"]
        earliest = min([published_us, standing.get(name, published_us), *_moments(report)])
        reach_us = max(reach_us, newest[episode] - earliest)
        standing[name] = published_us
    return timedelta(days=-(-reach_us // DAY_US))


def _moments(report: ReportShape) -> Iterator[int]:
    message = parse(encode(report))
    for claim in getattr(message, "claims", ()):
        for name in ("as_of", "at"):
            moment = getattr(claim, name, None)
            if moment is not None:
                yield moment
