"""The picture of an episode: its current state as one record per key (contract section 5)."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.changes import CeasefireStatus, CellValue, Moment, Offset, Persons, Version, ViewName, Violations
from schemas.reports import Group, Outcome, Population, ReportId, Revision, Slug

_OUT = with_config(use_attribute_docstrings=True, extra="ignore")


@_OUT
class Through(TypedDict):
    """The last input that a picture shows."""

    partition: Offset
    offset: Annotated[int, Field(ge=-1)]


@_OUT
class Cell(TypedDict):
    """One running count, also where its claims are all withdrawn."""

    source: Slug
    party: Slug
    outcome: Outcome
    population: Population
    group: NotRequired[Group]
    scope: NotRequired[Slug]
    value: CellValue | None
    version: Version
    """That of its last published change."""
    report_id: ReportId | None
    """The report whose part of the count is the latest; null where the value is."""
    revision: Revision | None


@_OUT
class Said(TypedDict):
    """The leading value of a class of sources, and how far its values differ."""

    best: Persons
    low: Persons | None
    high: Persons | None
    source: Slug
    """The source of the leading value: not partial before partial, with a base before without, then the latest."""
    as_of: Moment
    sources: Annotated[int, Field(ge=1)]
    """The number of values of the class."""
    least: Persons
    """The least best of the class."""
    greatest: Persons
    """The greatest best of the class."""


@_OUT
class PartyCount(TypedDict):
    """The figures for a party's losses, by class of source."""

    party: Slug
    outcome: Outcome
    population: Population
    group: NotRequired[Group]
    scope: NotRequired[Slug]
    self_reported: Said | None
    """By sources that speak for the party."""
    other_party_claimed: Said | None
    """By sources that speak for another party."""
    third_party: Said | None
    """By sources that speak for none, or that the registry does not know."""


@_OUT
class Total(TypedDict):
    """The sum of the parties' own figures; nothing else is added."""

    outcome: Outcome
    population: Population
    group: NotRequired[Group]
    scope: NotRequired[Slug]
    best: Persons
    parts: dict[Slug, Persons]
    """By party."""
    missing: list[Slug]
    """The parties of which there is a figure, but none of their own."""


@_OUT
class Derived(TypedDict):
    """A figure that a source added up itself, compared with the total of its own time; it is never counted."""

    source: Slug
    party: Slug
    outcome: Outcome
    population: Population
    group: NotRequired[Group]
    scope: NotRequired[Slug]
    best: Persons
    low: Persons | None
    high: Persons | None
    as_of: Moment
    report_id: ReportId
    computed: Persons | None
    """The total or the party's own figure, over the claims dated up to `as_of`; null if there is none."""
    agrees: bool | None
    """True if `computed` is within the claim's bounds."""


@_OUT
class Ceasefire(TypedDict):
    """The status of a ceasefire in one view: `joint` first, then each source's."""

    ceasefire: Slug
    view: ViewName
    version: Version
    status: CeasefireStatus
    since: Moment | None
    effective_at: Moment | None
    expires_at: Moment | None
    declared_by: list[Slug]
    not_confirmed_by: list[Slug]
    violations: Violations
    mediators: list[Slug]


@_OUT
class Snapshot(TypedDict):
    """An episode as `truceline replay --snapshot` writes it, under the episode's name."""

    clock: Moment
    """The greatest time of its reports and ticks."""
    cells: list[Cell]
    parties: list[PartyCount]
    totals: list[Total]
    derived: list[Derived]
    ceasefires: list[Ceasefire]


@_OUT
class FullPicture(Snapshot):
    """A snapshot of an episode; the last record of a key is the current one."""

    episode: Slug
    through: Through


@_OUT
class PictureStub(TypedDict):
    """In place of a picture that is too long for its topic: the changes say all that it would."""

    episode: Slug
    through: Through
    truncated: Literal[True]


SNAPSHOT = TypeAdapter(Snapshot)
Picture = FullPicture | PictureStub
PICTURE: TypeAdapter[Picture] = TypeAdapter(Picture)
