"""The records that the fold publishes (contract sections 5 and 6).

Every field is always present, and null without a value. Lists are sorted. Times are UTC with `Z` and no trailing
zeros. Readers must ignore fields that are not named here, because later versions may add some
(docs/explanation/evolution.md). `schemas.reports` has the input.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, StringConstraints, TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.reports import (
    SLUG_CHARACTERS,
    ClaimIndex,
    Group,
    Outcome,
    Population,
    ReportId,
    Revision,
    Slug,
    StatementAct,
    StatementSubject,
)

Moment = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,5}[1-9])?Z$"),
    Field(json_schema_extra={"format": "date-time"}),
]
Persons = Annotated[int, Field(ge=0)]
Version = Annotated[int, Field(ge=1)]
Offset = Annotated[int, Field(ge=0)]
ChangeId = Annotated[str, StringConstraints(pattern=r"^[^/@]+/.+@[1-9][0-9]*$")]
ViewName = Annotated[str, StringConstraints(pattern=rf"^(joint|source:{SLUG_CHARACTERS})$")]
RegistryDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
CeasefireStatus = Literal[
    "none",
    "called_for",
    "proposed",
    "rejected",
    "agreed",
    "announced",
    "in_effect",
    "suspended",
    "ended",
    "expired",
    "collapsed",
    "never_took_effect",
]
ChangeKind = Literal["first", "restored", "withdrawn", "up", "down", "bounds", "disputed", "undisputed", "final"]

_OUT = with_config(use_attribute_docstrings=True, extra="ignore")


# --- causes -----------------------------------------------------------------------------------------------------------


@_OUT
class Origin(TypedDict):
    """The position of the report or tick on the log."""

    topic: str
    partition: Offset
    offset: Offset


@_OUT
class ReportCause(TypedDict):
    """The report that brought a change about."""

    report_id: ReportId
    revision: Revision
    withdrawn: bool
    """True if this revision withdraws the report."""
    source: Slug
    """The source of the claim."""
    relayed_by: Slug | None
    """The outlet that carried it; never counted as a source."""
    url: str | None
    headline: str | None
    published_at: Moment
    origin: NotRequired[Origin]
    """There where the report came from a log, not from a file."""


@_OUT
class TickCause(TypedDict):
    """Time passed."""

    tick: Moment
    origin: NotRequired[Origin]


@_OUT
class RegistryCause(TypedDict):
    """Another source registry came into force; who speaks for whom has changed."""

    registry: RegistryDigest
    """The first twelve hexadecimal digits of the SHA-256 of its content."""


Cause = ReportCause | TickCause | RegistryCause


# --- counts -----------------------------------------------------------------------------------------------------------


@_OUT
class CellValue(TypedDict):
    """The value of a source's count: the base plus its increments."""

    best: Persons
    low: Persons | None
    """The least it may be; null where it is not known."""
    high: Persons | None
    """The most it may be; null where it is not known."""
    as_of: Moment
    """The date of the latest claim in it."""
    final: bool | None
    """True if the source calls its figure final; null if it does not say."""
    disputed_by: list[Slug]
    """The sources that deny a claim which counts."""


@_OUT
class CountChange(TypedDict):
    """A change of a running count of one source on a party, outcome, population, group and scope."""

    change_id: ChangeId
    """`<episode>/<source>/<party>/<outcome>/<population>[/group:<group>][/scope:<scope>]@<version>`."""
    episode: Slug
    source: Slug
    party: Slug
    outcome: Outcome
    population: Population
    group: NotRequired[Group]
    """The part of the population that the figure is of; absent for the whole."""
    scope: NotRequired[Slug]
    """The part of the episode that the figure covers; absent for the whole."""
    version: Version
    """1, 2, 3 … for each count, with no gap."""
    kind: ChangeKind
    """The first that applies, in the order listed."""
    before: CellValue | None
    after: CellValue | None
    """Null where no claim is left."""
    delta: int
    """after.best minus before.best, a null side counting 0."""
    cause: Cause


# --- ceasefires -------------------------------------------------------------------------------------------------------


@_OUT
class Violations(TypedDict):
    """The number of claims of each kind, over all rounds: claims, not incidents."""

    alleged: Persons
    denied: Persons
    confirmed: Persons


@_OUT
class CeasefireView(TypedDict):
    """The status of a ceasefire in the joint view, or in that of one source."""

    status: CeasefireStatus
    since: Moment | None
    """Null as long as nothing but violations has been claimed."""
    effective_at: Moment | None
    expires_at: Moment | None
    declared_by: list[Slug]
    """The parties that declared it."""
    not_confirmed_by: list[Slug]
    """The sources that do not confirm it."""
    violations: Violations
    mediators: list[Slug]


@_OUT
class StatusChange(TypedDict):
    """A change of the status of a ceasefire in one view."""

    change_id: ChangeId
    """`<episode>/<ceasefire>/<view>@<version>`: the same on every rerun of the log."""
    episode: Slug
    ceasefire: Slug
    view: ViewName
    """`joint`, or `source:<source>`."""
    version: Version
    """1, 2, 3 … for each view, with no gap."""
    before: CeasefireView | None
    after: CeasefireView | None
    """Null where no claim is left."""
    cause: Cause


# --- statements -------------------------------------------------------------------------------------------------------


@_OUT
class Reference(TypedDict):
    """The claim that a statement is about."""

    report_id: ReportId
    claim: ClaimIndex
    revision: Revision | None
    """Null: any revision."""


@_OUT
class Statement(TypedDict):
    """An assertion, a denial or an accusation. It moves no count."""

    source: Slug
    act: StatementAct
    about: StatementSubject
    against: Slug | None
    text: str | None
    refers_to: Reference | None


@_OUT
class StatementChange(TypedDict):
    """A statement published, changed or withdrawn."""

    change_id: ChangeId
    """`<episode>/statement/<report_id>/<claim index>@<version>`: the same on every rerun of the log."""
    episode: Slug
    report_id: ReportId
    claim: ClaimIndex
    """Which claim of the report it is, from 0."""
    version: Version
    """1, 2, 3 … for each statement, with no gap."""
    before: Statement | None
    after: Statement | None
    """Null where it is withdrawn."""
    cause: Cause


COUNT_CHANGE = TypeAdapter(CountChange)
STATUS_CHANGE = TypeAdapter(StatusChange)
STATEMENT_CHANGE = TypeAdapter(StatementChange)
