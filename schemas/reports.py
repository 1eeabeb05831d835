"""What comes in: a report or a tick, as it stands on the wire (contract section 1).

The shapes here say what one field may hold. What ties fields together (bounds, times
before and after each other) is `streams.core.parse`'s. A field that is null is a field
that is not given, so every optional field also takes null.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, StringConstraints, TypeAdapter, with_config
from typing_extensions import TypedDict

MAX_REPORT_BYTES = 256 * 1024
MAX_NESTING = 32
MAX_CLAIMS = 64
MAX_COUNT = 10**9
MAX_REVISION = 2**31 - 1

Outcome = Literal["killed", "wounded", "missing", "captured", "killed_or_missing"]
Population = Literal["military", "civilian", "mixed", "unknown"]
Qualifier = Literal["exact", "about", "at_least", "more_than", "up_to", "nearly"]
Basis = Literal["cumulative", "incremental", "derived"]
CeasefireAct = Literal[
    "called_for",
    "proposed",
    "rejected",
    "agreed",
    "announced",
    "took_effect",
    "holding",
    "extended",
    "suspended",
    "resumed",
    "ended",
    "collapsed",
    "violation_alleged",
    "violation_denied",
    "violation_confirmed",
    "not_confirmed",
]
StatementAct = Literal["asserted", "denied", "accused"]
StatementSubject = Literal["territory", "casualties", "ceasefire", "conduct", "other"]

SLUG_LENGTH = 80
SLUG_CHARACTERS = rf"[a-z0-9][a-z0-9._-]{{0,{SLUG_LENGTH - 1}}}"
SLUG = rf"^{SLUG_CHARACTERS}$"
REPORT_ID_LENGTH = 200
REPORT_ID = rf"^[^\x00-\x1f\x7f-\x9f]{{1,{REPORT_ID_LENGTH}}}$"
TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
URL = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://([^\s/?#@]*@)?"
    r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(:[0-9]*)?([/?#]\S*)?$"
)
LANG = r"^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$"
#: What a person is told instead of the pattern.
PATTERN_MEANS = {
    SLUG: f"not a slug: 1 to {SLUG_LENGTH} of a-z 0-9 . _ -, the first a letter or digit",
    REPORT_ID: f"not a report id: 1 to {REPORT_ID_LENGTH} characters, no control characters",
    TIME: "not a time: write YYYY-MM-DDTHH:MM:SS[.ffffff] with Z or an offset such as +04:00",
    URL: "not an address: http or https, with a host and no white space",
    LANG: "not a language tag: groups of 1 to 8 letters or digits, joined by hyphens",
}

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
#: One bad slug is enough: to name 65,000 of them would take a fifth of a second.
Slugs = Annotated[list[Slug], Field(fail_fast=True)]
ReportId = Annotated[str, StringConstraints(pattern=REPORT_ID)]
Time = Annotated[str, StringConstraints(pattern=TIME)]
Url = Annotated[str, StringConstraints(max_length=2000, pattern=URL)]
Headline = Annotated[str, StringConstraints(max_length=500)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Lang = Annotated[str, StringConstraints(max_length=35, pattern=LANG)]
Persons = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Revision = Annotated[int, Field(ge=1, le=MAX_REVISION)]
ClaimIndex = Annotated[int, Field(ge=0, lt=MAX_CLAIMS)]


@with_config(extra="ignore")
class CountShape(TypedDict):
    """How many persons: a best figure and, where known, its bounds."""

    best: Persons
    low: NotRequired[Persons | None]
    high: NotRequired[Persons | None]


@with_config(extra="ignore")
class CasualtiesShape(TypedDict):
    """A figure for one party, outcome and population."""

    type: Literal["casualties"]
    party: Slug
    outcome: Outcome
    population: NotRequired[Population | None]
    count: CountShape
    qualifier: NotRequired[Qualifier | None]
    basis: NotRequired[Basis | None]
    as_of: NotRequired[Time | None]
    since: NotRequired[Time | None]
    final: NotRequired[bool | None]
    incident: NotRequired[Slug | None]


@with_config(extra="ignore")
class CeasefireShape(TypedDict):
    """An act in the life of a ceasefire."""

    type: Literal["ceasefire"]
    ceasefire: NotRequired[Slug | None]
    act: CeasefireAct
    at: NotRequired[Time | None]
    by: NotRequired[Slug | None]
    against: NotRequired[Slug | None]
    effective_at: NotRequired[Time | None]
    expires_at: NotRequired[Time | None]
    parties: NotRequired[Slugs | None]
    mediators: NotRequired[Slugs | None]
    text: NotRequired[Text | None]


@with_config(extra="ignore")
class ReferenceShape(TypedDict):
    """The claim that a statement is about."""

    report_id: ReportId
    claim: ClaimIndex
    revision: NotRequired[Revision | None]


@with_config(extra="ignore")
class StatementShape(TypedDict):
    """An assertion, a denial or an accusation. It moves no count."""

    type: Literal["statement"]
    act: StatementAct
    about: StatementSubject
    against: NotRequired[Slug | None]
    text: NotRequired[Text | None]
    refers_to: NotRequired[ReferenceShape | None]


ClaimShape = Annotated[CasualtiesShape | CeasefireShape | StatementShape, Field(discriminator="type")]


@with_config(extra="ignore")
class ReportShape(TypedDict):
    """One report: who says what, published when, carried by whom."""

    report_id: ReportId
    revision: NotRequired[Revision | None]
    withdrawn: NotRequired[bool | None]
    episode: Slug
    source: Slug
    relayed_by: NotRequired[Slug | None]
    published_at: Time
    url: NotRequired[Url | None]
    headline: NotRequired[Headline | None]
    lang: NotRequired[Lang | None]
    claims: NotRequired[Annotated[list[ClaimShape], Field(max_length=MAX_CLAIMS, fail_fast=True)] | None]


@with_config(extra="ignore")
class TickShape(TypedDict):
    """Time, as an event: it moves an episode's clock and carries nothing else."""

    tick: Time
    episode: Slug


REPORT = TypeAdapter(ReportShape)
TICK = TypeAdapter(TickShape)
