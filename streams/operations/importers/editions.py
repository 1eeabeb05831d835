"""A later edition of a data set against an earlier one: what changed is revised, what is gone is withdrawn."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

import orjson

from schemas.reports import ReportShape
from streams.files.jsonl import Lines

__all__ = ["EditionCounts", "edition_changes", "reports_of"]


class EditionCounts(NamedTuple):
    """Numbers of reports by what became of them from one edition to the next."""

    new: int
    changed: int
    withdrawn: int
    unchanged: int

    def __str__(self) -> str:
        return (
            f"{self.new:,} new, {self.changed:,} changed, {self.withdrawn:,} withdrawn, {self.unchanged:,} unchanged"
            " since the earlier edition"
        )


def edition_changes(
    before: Iterable[ReportShape], now: Iterable[ReportShape], revision: int
) -> tuple[list[ReportShape], EditionCounts]:
    """Return the reports that bring a log from one edition to the next, and their numbers.

    A new or changed report has the revision given, and so does the withdrawal of one that is gone; a changed one has at
    least the revision after its last. Unchanged reports are left out.
    """
    earlier = {(report["episode"], report["report_id"]): report for report in _latest(before)}
    sent: list[ReportShape] = []
    new = changed = unchanged = 0
    for report in now:
        old = earlier.pop((report["episode"], report["report_id"]), None)
        if old is not None and _content(old) == _content(report) and not old.get("withdrawn"):
            unchanged += 1
            continue
        changed += old is not None
        new += old is None
        sent.append({**report, "revision": _after(old, revision)})
    gone = [report for report in earlier.values() if not report.get("withdrawn")]
    sent += [_withdrawal(report, _after(report, revision)) for report in gone]
    return sent, EditionCounts(new, changed, len(gone), unchanged)


def _latest(reports: Iterable[ReportShape]) -> Iterator[ReportShape]:
    latest: dict[tuple[str, str], ReportShape] = {}
    for report in reports:
        name = report["episode"], report["report_id"]
        if name not in latest or (report.get("revision") or 1) >= (latest[name].get("revision") or 1):
            latest[name] = report
    return iter(latest.values())


def _after(report: ReportShape | None, revision: int) -> int:
    return revision if report is None else max(revision, (report.get("revision") or 1) + 1)


def _content(report: ReportShape) -> bytes:
    return orjson.dumps({**report, "revision": 1}, option=orjson.OPT_SORT_KEYS)


def _withdrawal(report: ReportShape, revision: int) -> ReportShape:
    kept = {name: report[name] for name in ("report_id", "episode", "source", "published_at")}
    return cast(ReportShape, {**kept, "revision": revision, "withdrawn": True, "claims": []})


def reports_of(path: Path) -> list[ReportShape] | None:
    """Return the reports in a file of JSON lines, None for a file of something else; raises InputUnreadable."""
    if path.suffix in {".xlsx", ".xls", ".ods", ".csv"}:
        return None
    reports = []
    for line in Lines([path]):
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(record, dict):
            return None
        report = record.get("value", record)
        if not isinstance(report, dict) or not {"report_id", "claims"} <= report.keys():
            return None
        reports.append(cast(ReportShape, report))
    return reports
