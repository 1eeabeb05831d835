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
    # The figure is published, but where was not noted: the data set itself is who says so.
    "missing": "palestine-datasets",
}
SOURCE_NOT_NAMED = "report_source missing: the data set stands as the source"

# The first of the columns that is there holds the figure.
FIGURES: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    ("killed", ("killed_cum", "martyred_cum")),
    ("wounded", ("injured_cum",)),
)
# Groups of the dead that are no outcome and no population of the contract; and daily increments, which the
# cumulative figures already hold.
_GROUPS = ("children", "women", "civdef", "med", "press", "massacres", "famine", "aid_seeker", "truce_new")


def figures(row: Mapping[str, Any], as_of: str) -> Figures:
    """Return what a row says; raises LeftOut where it holds no figure, or one that is no count."""
    source = row.get("report_source")
    if source not in SOURCES:
        raise LeftOutRows("report_source is none of those known", repr(source))
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
