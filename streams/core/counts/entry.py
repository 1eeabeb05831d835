"""Where a figure belongs: its cell, and its place among the claims there (contract section 3).

A place shares its times with the report and the claim.
"""

from typing import Any, Final, NamedTuple

from streams.core.model import Casualty, StandingReport

#: A claim, by where it stands: report_id and claim index.
Target = tuple[str, int]
#: Who denies a claim, and which revision of it alone (None: any).
Denial = tuple[str, int | None]
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


def place(report_id: str, standing: StandingReport, index: int, claim: Casualty) -> tuple[CellKey, Entry]:
    """Return the cell that a figure belongs to, and its entry there."""
    # Not by their types: compiled, a number that is known to be one is made anew, 64 bytes a report.
    stands: Any = standing
    figure: Any = claim
    key = (stands.source, figure.party, figure.outcome, figure.population)
    return key, _entry(Entry, (figure.as_of, stands.published_at, report_id, index, claim))
