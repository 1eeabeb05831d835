"""What a report holds once it has been taken in: plain values, defaults and bounds filled in.

Claims are frozen structs: made by the million, not walked by the collector, written as they are
(`streams.core.ledger_codec`: an array each, its kind first). All times are microseconds (`streams.core.times`).
"""

from typing import Any, NamedTuple

from msgspec import Struct

from schemas.reports import Basis, Outcome, Population, Qualifier


class Casualty(Struct, frozen=True, array_like=True, gc=False, tag="casualties"):
    """A figure: `best` persons, at least `low`, at most `high` (None: not known)."""

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


class CeasefireClaim(Struct, frozen=True, array_like=True, gc=False, tag="ceasefire"):
    """An act of a ceasefire; `by` is what the report says, before the registry."""

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
    """The claim that a statement is about; with a revision, only while that one stands."""

    report_id: str
    claim: int
    revision: int | None


Claim = Casualty | CeasefireClaim | Statement
#: A record that is published, or a part of one, as it reads.
Change = dict[str, Any]


class Report(Struct, frozen=True, gc=False):
    """A report that has passed section 2 rule 1; a withdrawn one has no claims left."""

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
    #: Names the content: equal for equal content, however it was spelled.
    digest: bytes
    #: How many fields were left out because nobody knows them.
    unknown_fields: int


class StandingReport(Struct, array_like=True, gc=False):
    """The latest revision of a report. What is settled and superseded has left its claims."""

    revision: int
    digest: bytes
    published_at: int
    source: str
    withdrawn: bool
    claims: tuple[Claim | None, ...]
    #: By claim index: the version and the last published value of a statement.
    statements: dict[int, tuple[int, Change | None]] | None = None


class Tick(NamedTuple):
    """Time, as an event."""

    at: int
    episode: str


class Registration(NamedTuple):
    """Another source registry has come into force. It is no record: a restart makes it."""

    episode: str
    digest: str


Message = Report | Tick
