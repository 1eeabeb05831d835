"""Tables: cells, changes, series, reports, claims and places as rows, and the files they are written to."""

from streams.tables.rows import (
    Links,
    cell_rows,
    change_row,
    claim_rows,
    episode_row,
    place_rows,
    report_row,
    series_rows,
)
from streams.tables.writers import FORMATS, MissingLibrary, format_of, write

__all__ = [
    "FORMATS",
    "Links",
    "MissingLibrary",
    "cell_rows",
    "change_row",
    "claim_rows",
    "episode_row",
    "format_of",
    "place_rows",
    "report_row",
    "series_rows",
    "write",
]
