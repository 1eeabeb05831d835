"""A daily series of cumulative figures, with the history of its file.

A row of the file, named by its day, is one report; what the file said of that day at one time is one revision
of it. So:

- `report_id` is the series and the day; revisions count what the row came to hold, 1, 2, 3 …
- `as_of` is the day. The row of the latest day is the base (contract section 3), which a reader of the file takes
  for the figure to date.
- `published_at` is the time at which that version of the file was recorded. A row that left the file is a
  withdrawn revision. So at every recorded time the running count is what the file said at that time.
- Without a history the one version of a row counts as published on its day.

A version that changes nothing that a report holds (another column, a renamed one) makes no revision.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from schemas.reports import CasualtiesShape, Outcome, Population, ReportShape
from streams.core.times import DAY_US, format_time, parse_time
from streams.files.jsonl import InputUnreadable
from streams.operations.importers.base import ImportOptions, LeftOutRows, SourceReading
from streams.operations.importers.data_files import DataRow, json_lines, json_rows
from streams.operations.importers.dates import day, midnight

HISTORY = ".revisions.jsonl"
AHEAD = "a row dated more than 24 h ahead of its recording: as_of is 24 h after it"
_PACKED = ("", ".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Figures:
    """The source and claims of one version of a row; `changed` and `unplaced` as in `SourceReading`."""

    source: str
    claims: tuple[CasualtiesShape, ...]
    changed: tuple[str, ...] = field(default=(), compare=False)
    unplaced: tuple[str, ...] = field(default=(), compare=False)


def total(value: object, party: str, outcome: Outcome, population: Population, as_of: str) -> CasualtiesShape:
    """Return the claim of a figure in a row; raises LeftOutRows if it is not a count."""
    if type(value) is not int or value < 0:
        raise LeftOutRows("a figure is not a whole number", repr(value))
    return {
        "type": "casualties",
        "party": party,
        "outcome": outcome,
        "population": population,
        "count": {"best": value},
        "as_of": as_of,
    }


@dataclass(frozen=True, slots=True)
class Series:
    """A series: its name, the column of the day, and the reader of a row's figures.

    `figures(fields, as_of)` raises LeftOutRows for a row without figures.
    """

    name: str
    key: str
    episode: str
    figures: Callable[[Mapping[str, Any], str], Figures]

    def read(self, files: Sequence[Path], options: ImportOptions) -> Iterator[SourceReading]:
        """Yield the result of each row, or of each row of each version if a history is given or found."""
        histories = [path for path in files if is_history(path)]
        tables = [path for path in files if not is_history(path)]
        if options.revisions and not histories:
            histories = [found for path in tables if (found := history_beside(path))]
        if not options.revisions or not histories:
            for path in tables:
                yield from self._only_versions(path, options)
            return
        history = _History(self, options)
        for path in histories:
            yield from map(history.reading, json_lines(path))
        for path in tables:
            yield from history.unlike(path)

    def report(self, key: str, published_at: str, figures: Figures, options: ImportOptions) -> ReportShape:
        """Return the first revision of a row's report."""
        return {
            "report_id": f"{self.name}-{key}",
            "revision": options.revision,
            "episode": options.episode or self.episode,
            "source": figures.source,
            "published_at": published_at,
            "claims": list(figures.claims),
        }

    def _only_versions(self, path: Path, options: ImportOptions) -> Iterator[SourceReading]:
        for row in json_rows(path):
            reading = SourceReading(row.where)
            try:
                key = self.day_of(row.fields.get(self.key))
                as_of = midnight(day(key))
                figures = self.figures(row.fields, as_of)
                reading.unplaced.extend(figures.unplaced)
                reading.changed.extend(figures.changed)
                reading.reports.append(self.report(key, as_of, figures, options))
            except LeftOutRows as why:
                reading.leave_out(why)
            yield reading

    def day_of(self, value: object) -> str:
        """Return the day that names a row; raises LeftOutRows."""
        try:
            return day(str(value)).isoformat()
        except ValueError:
            raise LeftOutRows(f"{self.key} is not a day", repr(value)) from None


def is_history(path: Path) -> bool:
    """Return whether a file is the history of another, by its name."""
    return any(path.name.endswith(HISTORY + packed) for packed in _PACKED)


def history_beside(path: Path) -> Path | None:
    """Return the history beside a file (`x.json` → `x.revisions.jsonl`), if there is one."""
    stem = path.name.removesuffix(path.suffix) if path.suffix in _PACKED else path.name
    beside = [path.with_name(stem.removesuffix(".json") + HISTORY + packed) for packed in _PACKED]
    return next((found for found in beside if found.is_file()), None)


def _bounded(figures: Figures, recorded_at: str) -> Figures:
    """Return figures whose as_of is at most 24 h after they were recorded (contract rule 2.1)."""
    limit = parse_time(recorded_at) + DAY_US
    claims: list[CasualtiesShape] = [
        {**claim, "as_of": format_time(min(parse_time(claim.get("as_of") or recorded_at), limit))}
        for claim in figures.claims
    ]
    return replace(figures, claims=tuple(claims))


class _History:
    """The versions of a file, in order."""

    def __init__(self, series: Series, options: ImportOptions) -> None:
        self._series = series
        self._options = options
        self._rows: dict[str, dict[str, Any]] = {}
        self._said: dict[str, Figures | None] = {}
        self._revision: dict[str, int] = {}

    def reading(self, row: DataRow) -> SourceReading:
        """Return the result of one recorded change of a row."""
        reading = SourceReading(row.where)
        try:
            key, recorded_at = self._apply(row)
            figures = self._figures(key, reading)
            self._revise(key, recorded_at, figures, reading)
        except LeftOutRows as why:
            reading.leave_out(why)
        return reading

    def unlike(self, path: Path) -> Iterator[SourceReading]:
        """Yield the rows of the file that differ from the end of its history, so that the time is unknown."""
        for row in json_rows(path):
            if self._rows.get(str(row.fields.get(self._series.key))) != row.fields:
                reading = SourceReading(row.where, faulty=True)
                yield reading.leave_out(LeftOutRows("not as the history of the file ends, so no time is known for it"))

    def _apply(self, row: DataRow) -> tuple[str, str]:
        try:
            key, recorded_at, diff = row.fields["report_key"], row.fields["recorded_at"], row.fields["diff"]
            changes = {name: after for name, (_, after) in diff.items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputUnreadable(f"{row.where} is not a recorded change: report_key, recorded_at, diff") from None
        version = self._rows.setdefault(str(key), {}) | changes
        self._rows[str(key)] = {name: value for name, value in version.items() if value is not None}
        return self._series.day_of(key), str(recorded_at)

    def _figures(self, key: str, reading: SourceReading) -> Figures | None:
        row = self._rows[key]
        if not row:
            return None
        try:
            figures = self._series.figures(row, midnight(day(key)))
        except LeftOutRows:
            if self._said.get(key) is None:
                raise
            return None
        reading.unplaced.extend(figures.unplaced)
        reading.changed.extend(figures.changed)
        return figures

    def _revise(self, key: str, recorded_at: str, figures: Figures | None, reading: SourceReading) -> None:
        before = self._said.get(key)
        if figures == before:
            raise LeftOutRows("nothing that a report holds has changed")
        self._said[key] = figures
        if figures and (bounded := _bounded(figures, recorded_at)) != figures:
            reading.changed.append(AHEAD)
            figures = bounded
        revision = self._revision[key] = self._revision.get(key, self._options.revision - 1) + 1
        withdrawn = figures is None
        report = self._series.report(
            key, recorded_at, figures or Figures(before.source if before else "", ()), self._options
        )
        report["revision"] = revision
        if withdrawn:
            report["withdrawn"] = True
        reading.reports.append(report)
