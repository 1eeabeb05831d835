"""Russian personnel losses as claimed by Ukraine (2022-Ukraine-Russia-War-Dataset, Petro Ivaniuk, MIT).

russia_losses_personnel.json holds, a day a row, the cumulative figure of the General Staff of Ukraine with a word
for how exact it is (`personnel*`), and until 27 April 2022 the prisoners it named (`POW`). The General Staff's word
for its figure is "eliminated"; it is taken as `killed`, as claimed.

russia_losses_equipment_correction.json names days whose figure also makes good an earlier one. The cumulative
figures already hold these corrections, so a correction of the personnel is a statement about that day's claim.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.reports import CasualtiesShape, Qualifier, StatementShape
from streams.operations.importers.base import ImportKind, ImportOptions, LeftOutRows, SourceReading
from streams.operations.importers.daily_series import Figures, Series, is_history, total
from streams.operations.importers.data_files import DataRow, json_rows
from streams.operations.importers.dates import day, midnight

EPISODE = "russia-ukraine-2022-02"
PARTY = "russia"
SOURCE = "ukraine-general-staff"

QUALIFIERS: dict[str, Qualifier] = {
    "about": "about",
    "almost": "nearly",
    "more": "more_than",
    "more than": "more_than",
}


def figures(row: Mapping[str, Any], as_of: str) -> Figures:
    """Return the figures of a row; raises LeftOutRows if there is none, or for an unknown word."""
    claims: list[CasualtiesShape] = []
    if row.get("personnel") is not None:
        losses = total(row["personnel"], PARTY, "killed", "military", as_of)
        # The first days of the file have the column name *personnel.
        word = row.get("personnel*", row.get("*personnel"))
        if word is not None:
            losses["qualifier"] = _qualifier(word)
        claims.append(losses)
    if row.get("POW") is not None:
        claims.append(total(row["POW"], PARTY, "captured", "military", as_of))
    if not claims:
        raise LeftOutRows("no figure for that day")
    return Figures(SOURCE, tuple(claims))


def _qualifier(word: object) -> Qualifier:
    if word not in QUALIFIERS:
        raise LeftOutRows("personnel* is a word that is not known", repr(word))
    return QUALIFIERS[str(word)]


SERIES = Series("russian-losses", "date", EPISODE, figures)


def read(files: Sequence[Path], options: ImportOptions) -> Iterator[SourceReading]:
    """Yield the result of each row of the series, its history and its corrections, which differ by content."""
    corrections = [path for path in files if not is_history(path) and _holds_corrections(path)]
    series = [path for path in files if path not in corrections]
    if series:
        yield from SERIES.read(series, options)
    for path in corrections:
        for row in json_rows(path):
            yield _correction(row, options)


def _holds_corrections(path: Path) -> bool:
    first = next(json_rows(path), None)
    return first is not None and "tank" in first.fields


def _correction(row: DataRow, options: ImportOptions) -> SourceReading:
    reading = SourceReading(row.where)
    try:
        key, amount = SERIES.day_of(row.fields.get("date")), _amount(row.fields.get("personnel"))
    except LeftOutRows as why:
        return reading.leave_out(why)
    about: StatementShape = {
        "type": "statement",
        "act": "asserted",
        "about": "casualties",
        "text": f"The figure for {key} holds a correction of {amount:+} to earlier days.",
        "refers_to": {"report_id": f"{SERIES.name}-{key}", "claim": 0},
    }
    reading.reports.append(
        {
            "report_id": f"{SERIES.name}-correction-{key}",
            "revision": options.revision,
            "episode": options.episode or EPISODE,
            "source": SOURCE,
            "published_at": midnight(day(key)),
            "claims": [about],
        }
    )
    return reading


def _amount(value: object) -> int:
    if not value:
        raise LeftOutRows("corrects equipment, not personnel")
    if type(value) is not int:
        raise LeftOutRows("a figure is not a whole number", repr(value))
    return value


KIND = ImportKind(
    "russian-losses", "Russian personnel losses as claimed by Ukraine, with history and corrections", read
)
