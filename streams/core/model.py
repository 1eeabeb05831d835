"""Parsed reports and ticks: plain values with defaults and bounds filled in.

Claims are frozen structs without garbage collection, since there are millions of them.
The ledger stores each as an array, its kind first (`streams.core.ledger_codec`).
All times are microseconds (`streams.core.times`).
"""

from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

from msgspec import Struct

from schemas.reports import Basis, Outcome, Population, Qualifier

#: `Any` on purpose: mypyc unboxes an attribute that it knows to be an `int` and boxes a new one for each place that
#: keeps it, 32 bytes each and 64 a report (tracemalloc, compiled). Values read as `Boxed` are shared.
Boxed: TypeAlias = Any


#: The party of all sides together; it is not a party of its own.
ALL: Final = "all"


class Casualty(Struct, frozen=True, array_like=True, gc=False, tag="casualties"):
    """A figure: `best` persons, at least `low`, at most `high` (None: unknown)."""

    party: str
    outcome: Outcome
    population: Population
    best: int
    low: int | None
    high: int | None
    qualifier: Qualifier
    basis: Basis
    as_of: int
    since: int | None
    final: bool | None
    incident: str | None
    #: Those of `PartCasualty`.
    group: ClassVar[str | None] = None
    scope: ClassVar[str | None] = None


class PartCasualty(Casualty, frozen=True, array_like=True, gc=False, tag="part"):
    """A figure of a group or a scope.

    A class of its own, so that other figures are stored and digested as version 1 of the contract did.
    """

    group: str | None  # type: ignore[misc]  # a constant of its base
    scope: str | None  # type: ignore[misc]


class CeasefireClaim(Struct, frozen=True, array_like=True, gc=False, tag="ceasefire"):
    """An act of a ceasefire; `by` is the report's own, without the registry's default."""

    ceasefire: str
    act: str
    at: int
    by: str | None
    against: str | None
    effective_at: int | None
    expires_at: int | None
    parties: tuple[str, ...]
    mediators: tuple[str, ...]
    text: str | None


class Statement(Struct, frozen=True, array_like=True, gc=False, tag="statement"):
    """An assertion, a denial or an accusation."""

    act: str
    about: str
    against: str | None
    text: str | None
    refers_to: "Reference | None"


class Reference(Struct, frozen=True, array_like=True, gc=False):
    """The claim that a statement is about; with a revision, of that revision alone."""

    report_id: str
    claim: int
    revision: int | None


Claim = Casualty | CeasefireClaim | Statement


class ClaimDetails(Struct, frozen=True, array_like=True, gc=False):
    """The parts of a claim that the fold does not need: the place and the words it rests on."""

    place: str | None
    quote: str | None


NO_DETAILS: Final = ClaimDetails(None, None)


class Document(Struct, frozen=True, array_like=True, gc=False):
    """The document that a report was read from."""

    id: str
    sha256: str | None
    archived_url: str | None


#: A published record, or a part of one, as plain values.
Change = dict[str, Any]


class Report(Struct, frozen=True, gc=False):
    """A valid report (contract section 2 rule 1); a withdrawn one has no claims."""

    report_id: str
    revision: int
    withdrawn: bool
    episode: str
    source: str
    relayed_by: str | None
    published_at: int
    url: str | None
    headline: str | None
    lang: str | None
    claims: tuple[Claim, ...]
    #: Digest of the normalized content: equal for equal content in any spelling.
    digest: bytes
    #: The paths of unknown fields, which were ignored; `streams.core.words.describe_unknown_field` describes one.
    unknown: tuple[str, ...] = ()
    document: Document | None = None
    #: By claim; empty if no claim has a place or a quote.
    details: tuple[ClaimDetails | None, ...] = ()

    @property
    def unknown_fields(self) -> int:
        """The number of ignored fields."""
        return len(self.unknown)

    def detail(self, claim: int) -> ClaimDetails:
        """Return the place and the quote of a claim."""
        return (self.details[claim] if self.details else None) or NO_DETAILS


class StandingReport(Struct, array_like=True, gc=False):
    """The latest revision of a report; its pruned claims are None."""

    revision: int
    digest: bytes
    published_at: int
    source: str
    withdrawn: bool
    claims: tuple[Casualty | PartCasualty | CeasefireClaim | Statement | None, ...]
    #: By claim index: the version and the last published value of a statement.
    statements: dict[int, tuple[int, Change | None]] | None = None


class Tick(NamedTuple):
    """Time, as an event."""

    at: int
    episode: str


class Registration(NamedTuple):
    """A change of the source registry; a restart makes it, it is no record of the log."""

    episode: str
    digest: str


Message = Report | Tick
