"""Daily casualties in Gaza, kept by Tech for Palestine (`palestine-datasets`, casualties_daily.json).

Each day the file holds the cumulative figures that were published: by the Ministry of Health (`mohtel`), by the
Government Media Office (`gmotel`), by OCHA (`unocha`, in early versions). Its `ext_` columns are the data set's
own filling of gaps, and no claim of a source. Until January 2024 `killed` was called `martyred`.
"""

from collections.abc import Mapping
from typing import Any

from schemas.reports import Outcome
from streams.operations.importers.base import ImportKind, LeftOutRows
from streams.operations.importers.daily_series import Figures, Series, total

EPISODE = "gaza-2023-10"
PARTY = "palestine"

SOURCES = {
    "mohtel": "gaza-health-ministry",
    "gmotel": "gaza-media-office",
    "unocha": "un-ocha",
    # The figure was published, but its source was not noted: the data set itself is the source.
    "missing": "palestine-datasets",
}
SOURCE_NOT_NAMED = "report_source missing: the data set is the source"

# The first of these columns that is present has the figure.
FIGURES: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    ("killed", ("killed_cum", "martyred_cum")),
    ("wounded", ("injured_cum",)),
)
# Groups that are neither outcome nor population in the contract, and daily increments, which the cumulative
# figures include.
_GROUPS = ("children", "women", "civdef", "med", "press", "massacres", "famine", "aid_seeker", "truce_new")


def figures(row: Mapping[str, Any], as_of: str) -> Figures:
    """Return the figures of a row; raises LeftOutRows if there is none, or one is not a count."""
    source = row.get("report_source")
    if source not in SOURCES:
        raise LeftOutRows("report_source is unknown", repr(source))
    claims = tuple(
        total(row[column], PARTY, outcome, "mixed", as_of)
        for outcome, columns in FIGURES
        for column in [next((name for name in columns if name in row), None)]
        if column is not None
    )
    if not claims:
        raise LeftOutRows("no cumulative figure was published that day")
    changed = (SOURCE_NOT_NAMED,) if source == "missing" else ()
    return Figures(SOURCES[source], claims, changed, tuple(name for name in row if _is_unplaced(name)))


def _is_unplaced(column: str) -> bool:
    return not column.startswith("ext_") and any(group in column for group in _GROUPS)


SERIES = Series("palestine-datasets", "report_date", EPISODE, figures)
KIND = ImportKind("palestine-datasets", "daily casualties in Gaza, with the history of the file", SERIES.read)
