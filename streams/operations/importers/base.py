"""What importers share: rows in, reports out, and a tally of what became of each row."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

from schemas.reports import ReportShape
from streams.core.parse import Refusal, parse
from streams.core.times import DAY_US, DEFAULT_HORIZON_US, FIRST_US, parse_time

MAX_PLACES = 20


class LeftOutRows(Exception):
    """A row that gives no report; its text is the reason, the same for all rows of a kind."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class RowPlace(NamedTuple):
    """Where a row stands: `claims.jsonl line 3`."""

    file: str
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.file} {self.unit} {self.number}"


@dataclass(slots=True)
class SourceReading:
    """What one row of a data set became: reports, or the reason why there is none.

    `changed` names what was read otherwise than it stands in the row, `unplaced` the columns that hold
    a figure for which a report has no place. `faulty` marks a row that cannot be read as its kind says.
    """

    where: RowPlace
    reports: list[ReportShape] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    left_out: str | None = None
    detail: str = ""
    faulty: bool = False

    def leave_out(self, why: LeftOutRows) -> "SourceReading":
        """Return this row without a report, for the reason given."""
        self.reports.clear()
        self.left_out, self.detail = why.reason, why.detail
        return self


@dataclass(slots=True)
class ImportTally:
    """How many rows were read (by file), taken, changed and left out, with the reasons.

    Every row is either taken or left out; a changed row is one of those taken.
    """

    rows: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    changed_rows: int = 0
    reports: int = 0
    faults: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)
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

    def _count_left_out(self, reading: SourceReading, reason: str) -> None:
        self.left_out[reason] += 1
        self.faults += reading.faulty
        if reading.faulty and len(self.places) < MAX_PLACES:
            self.places.append(f"{reading.where}: {reason}" + (f": {reading.detail}" if reading.detail else ""))

    @property
    def needs_longer_horizon(self) -> bool:
        """Whether a replay of these reports needs more than the default horizon (contract rule 2.4)."""
        return self.horizon > timedelta(microseconds=DEFAULT_HORIZON_US)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What an import can be told: another episode, the edition of the data set, a mapping, no revisions."""

    episode: str | None = None
    revision: int = 1
    mapping: Path | None = None
    revisions: bool = True


Read = Callable[[Sequence[Path], ImportOptions], Iterator[SourceReading]]


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of data set: its name, one line about it, and how its files are read."""

    name: str
    summary: str
    read: Read


def take(readings: Iterable[SourceReading], tally: ImportTally) -> Iterator[ReportShape]:
    """Yield the reports of rows as they come; a row whose report would be refused is left out."""
    for reading in readings:
        refused = _refusal(reading.reports)
        if refused is not None:
            reading.faulty = True
            reading.leave_out(LeftOutRows("would be refused", refused))
        tally.count(reading)
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
    """Return reports in the order in which a log would hold them: published_at, report_id, revision."""
    return sorted(
        reports,
        key=lambda report: (parse_time(report["published_at"]), report["report_id"], report.get("revision") or 1),
    )


def horizon_of(reports: Sequence[ReportShape], *, later_edition: bool = False) -> timedelta:
    """Return the least horizon, in whole days, with which none of these reports, in this order, is `too_late`.

    How far a report reaches back is measured as in contract rule 2.4: from the newest published_at of its
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
