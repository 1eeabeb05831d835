"""A figure's cell and its sort position there (contract section 3)."""

from typing import Final, NamedTuple

from streams.core.model import Boxed, Casualty, StandingReport

#: A claim by its position: report_id and claim index.
Target = tuple[str, int]
#: source, party, outcome, population; then group and scope (or "") if either is given, so that cells without them have
#: the keys of version 1 and sort first.
CellKey = tuple[str, ...]
#: The names of a cell's fields, in the order of its key.
CELL_FIELDS: Final = ("source", "party", "outcome", "population", "group", "scope")


class Denial(NamedTuple):
    """The source that denies a claim, and the only revision it denies (None: any)."""

    source: str
    revision: int | None

    def applies_to(self, revision: int) -> bool:
        """Return whether it denies this revision of the claim."""
        return self.revision is None or self.revision == revision


class Entry(NamedTuple):
    """A claim of a cell; the fields before `claim` are k, the sort key of a cell's claims."""

    as_of: int
    published_at: int
    report_id: str
    #: The claim's index in its report.
    claim_index: int
    claim: Casualty

    @property
    def target(self) -> Target:
        """The claim's position."""
        return self.report_id, self.claim_index


#: Makes an Entry without NamedTuple's own constructor, which takes twice as long.
_new_entry: Final = tuple.__new__


def entry_of(report_id: str, standing: StandingReport, index: int, claim: Casualty) -> tuple[CellKey, Entry]:
    """Return a figure's cell and its entry, which shares its times with report and claim."""
    report: Boxed = standing
    figure: Boxed = claim
    key: CellKey = (report.source, figure.party, figure.outcome, figure.population)
    if figure.group is not None or figure.scope is not None:
        key += (figure.group or "", figure.scope or "")
    return key, _new_entry(Entry, (figure.as_of, report.published_at, report_id, index, claim))


def cell_fields(key: CellKey) -> dict[str, str]:
    """Return a cell's fields by name, group and scope only if given."""
    return {name: value for name, value in zip(CELL_FIELDS, key, strict=False) if value}


def after(as_of: int) -> tuple[int]:
    """Return a bisect key that sorts before each entry dated after `as_of`, behind all others."""
    return (as_of + 1,)
