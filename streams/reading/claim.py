"""Casualty claims in the making, and the reading that collects them."""

from dataclasses import dataclass, field

from streams.reading.basis import Basis
from streams.reading.figures import Figure
from streams.reading.frames import Frame
from streams.reading.scene import Marked


@dataclass(slots=True)
class Claim:
    """A casualty claim in the making."""

    source: str | None
    party: str
    outcome: str
    population: str
    group: str | None
    figure: Figure
    basis: Basis
    row: str
    marked: Marked
    order: int
    whose: str
    frame: Frame | None
    also: list[Figure] = field(default_factory=list)
    parent: "Claim | None" = None
    outcome_at: tuple[int, int] | None = None


@dataclass(slots=True)
class Reading:
    """All casualty claims of a document, and the reasons against other figures."""

    claims: list[Claim] = field(default_factory=list)
    why: dict[int, str] = field(default_factory=dict)  # first token of a figure → reason
    other_event: bool = False

    @property
    def lead(self) -> Basis | None:
        """Return the basis of the first claim."""
        return self.claims[0].basis if self.claims else None

    def previous(self, marked: Marked) -> Claim | None:
        """Return the last claim, if it is of the same paragraph."""
        claim = next((claim for claim in reversed(self.claims) if claim.parent is None), None)
        return claim if claim and claim.marked.sentence.paragraph == marked.sentence.paragraph else None
