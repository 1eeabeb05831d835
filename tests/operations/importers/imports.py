"""Builders for tests of importers: an import, its reports folded, and what the data sets themselves say."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from schemas.reports import ReportShape
from streams.core.ledger import Ledger
from streams.core.parse import parse
from streams.core.source_registry import Registry
from streams.core.state.step import Outcome
from streams.operations.importers.base import (
    ImportOptions,
    ImportTally,
    encode,
    horizon_of,
    in_order_of_publication,
    take,
)
from streams.operations.importers.registry import KINDS
from tests.support.paths import ROOT, TESTS

DATA = TESTS / "data"
ARMAZ = DATA / "armaz-claims" / "claims.jsonl"
PALESTINE = DATA / "palestine-datasets" / "casualties_daily.json.gz"
PALESTINE_HISTORY = DATA / "palestine-datasets" / "casualties_daily.revisions.jsonl.gz"
RUSSIAN = DATA / "russian-losses" / "russia_losses_personnel.json.gz"
RUSSIAN_HISTORY = DATA / "russian-losses" / "russia_losses_personnel.revisions.jsonl.gz"
RUSSIAN_CORRECTIONS = DATA / "russian-losses" / "russia_losses_equipment_correction.json"
UCDP = DATA / "ucdp-ged" / "conflict_data_ukr.sample.csv"
# Data that may not be copied into the project lies beside the checkout, or is not there.
SHARED = ROOT.parent / "shared" / "data"


def imported(
    kind: str, *files: Path, options: ImportOptions | None = None, tally: ImportTally | None = None
) -> list[ReportShape]:
    """Return the reports of an import, as the command prints them."""
    tally = tally or ImportTally()
    reports = in_order_of_publication(take(KINDS[kind].read(files, options or ImportOptions()), tally))
    tally.horizon = horizon_of(reports, later_edition=options is not None and options.revision > 1)
    return reports


def counted(kind: str, *files: Path, options: ImportOptions | None = None) -> ImportTally:
    """Return the tally of an import."""
    tally = ImportTally()
    imported(kind, *files, options=options, tally=tally)
    return tally


def ledger_for(reports: Sequence[ReportShape], days: int | None = None) -> Ledger:
    """Return an empty ledger with the horizon that an import says it needs, or another one of some days."""
    return Ledger(Registry(), horizon_us=max(400, horizon_of(reports).days if days is None else days) * 86_400_000_000)


def fold(reports: Sequence[ReportShape], ledger: Ledger | None = None) -> tuple[Ledger, list[Outcome]]:
    """Return the ledger after some reports, and how each was taken."""
    ledger = ledger or ledger_for(reports)
    return ledger, [ledger.take(parse(encode(report))).outcome for report in reports]


def cells(ledger: Ledger, episode: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the values of an episode's standing cells by source, party and outcome."""
    return {
        (cell["source"], cell["party"], cell["outcome"]): cell["value"]
        for cell in ledger.picture(episode)["cells"]
        if cell["value"] is not None
    }


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON, JSON lines or CSV file, by the plainest means."""
    content = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("utf-8-sig")
    if ".csv" in path.name:
        return list(csv.DictReader(content.splitlines(keepends=True)))
    return [json.loads(line) for line in content.splitlines()] if ".jsonl" in path.name else json.loads(content)


def versions_of(history: Path) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Yield a file's recorded times, and its rows by day at each of them."""
    rows: dict[str, dict[str, Any]] = {}
    changes = rows_of(history)
    for at, change in enumerate(changes):
        row = rows.setdefault(change["report_key"], {})
        for column, (_, after) in change["diff"].items():
            if after is None:
                row.pop(column, None)
            else:
                row[column] = after
        if at + 1 == len(changes) or changes[at + 1]["recorded_at"] != change["recorded_at"]:
            yield change["recorded_at"], {day: row for day, row in rows.items() if row}


def newest(rows: Iterable[tuple[str, int | None]]) -> int | None:
    """Return the figure of the latest day that has one."""
    given = {day: figure for day, figure in rows if figure is not None}
    return given[max(given)] if given else None
