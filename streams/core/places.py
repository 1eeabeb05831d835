"""Where a figure belongs: its cell, and its place among the claims there (contract section 3).

A place shares its times with the report and the claim. This module is not compiled: that would make each number anew,
100 bytes a report.
"""

from typing import Final, NamedTuple

from streams.core.claims import Casualty, Standing

#: source, party, outcome, population
CellKey = tuple[str, str, str, str]


class Entry(NamedTuple):
    """A claim of a cell; what comes before the claim itself is k, by which the claims of a cell are sorted."""

    as_of: int
    published_at: int
    report_id: str
    #: Which claim of its report it is.
    claim_index: int
    claim: Casualty


#: Makes an Entry without the function that a NamedTuple has for it: half the time.
_entry: Final = tuple.__new__


def place(report_id: str, standing: Standing, index: int, claim: Casualty) -> tuple[CellKey, Entry]:
    """Return the cell that a figure belongs to, and its entry there."""
    return (
        (standing.source, claim.party, claim.outcome, claim.population),
        _entry(Entry, (claim.as_of, standing.published_at, report_id, index, claim)),
    )
