"""Input records: a report or a tick on the wire (contract section 1).

The shapes here are the rules of single fields. Rules between fields (bounds, order of times) are in
`streams.core.parse`. A field that is null is a field not given, so every optional field also takes null.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, StringConstraints, TypeAdapter, with_config
from typing_extensions import TypedDict

MAX_REPORT_BYTES = 256 * 1024
MAX_NESTING = 32
MAX_CLAIMS = 64
MAX_COUNT = 10**9
#: The most parties or mediators of one claim.
MAX_NAMES = 50
MAX_REVISION = 2**31 - 1

Outcome = Literal["killed", "wounded", "missing", "captured", "killed_or_missing", "killed_or_wounded"]
Population = Literal["military", "civilian", "mixed", "unknown"]
Group = Literal["children", "women", "elderly", "medics", "press", "aid_workers"]
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
    "postponed",
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
#: White space, control and bidi characters, which hide what an address really is.
_HIDDEN = r"\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
URL = (
    rf"^https?://([^{_HIDDEN}/?#@]*@)?"
    rf"(\[[0-9A-Fa-f:.]+\]|[^{_HIDDEN}/?#@:\[\]]+)(:[0-9]*)?([/?#][^{_HIDDEN}]*)?$"
)
SHA256 = r"^[0-9a-f]{64}$"
LANG = r"^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$"
#: The message for a value that does not match a pattern.
PATTERN_MEANS = {
    SLUG: f"not a slug: 1 to {SLUG_LENGTH} of a-z 0-9 . _ -, the first a letter or digit",
    REPORT_ID: f"not a report id: 1 to {REPORT_ID_LENGTH} characters, no control characters",
    TIME: "not a time: write YYYY-MM-DDTHH:MM:SS[.ffffff] with Z or an offset such as +04:00",
    URL: "not an address: http:// or https:// in lower case, a host, no white space, control or bidi character",
    SHA256: "not a SHA-256: 64 hexadecimal digits in lower case",
    LANG: "not a language tag: groups of 1 to 8 letters or digits, joined by hyphens",
}

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Slugs = Annotated[list[Slug], Field(max_length=MAX_NAMES)]
ReportId = Annotated[str, StringConstraints(pattern=REPORT_ID)]
Time = Annotated[str, StringConstraints(pattern=TIME)]
Url = Annotated[str, StringConstraints(max_length=2000, pattern=URL)]
Headline = Annotated[str, StringConstraints(max_length=500)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Quote = Annotated[str, StringConstraints(max_length=300)]
Sha256 = Annotated[str, StringConstraints(pattern=SHA256)]
Lang = Annotated[str, StringConstraints(max_length=35, pattern=LANG)]
#: Below zero on increments alone.
Persons = Annotated[int, Field(ge=-MAX_COUNT, le=MAX_COUNT)]
Revision = Annotated[int, Field(ge=1, le=MAX_REVISION)]
ClaimIndex = Annotated[int, Field(ge=0, lt=MAX_CLAIMS)]


@with_config(extra="ignore")
class CountShape(TypedDict):
    """A number of persons: a best figure and its bounds if known."""

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
    group: NotRequired[Group | None]
    scope: NotRequired[Slug | None]
    place: NotRequired[Slug | None]
    quote: NotRequired[Quote | None]


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
    place: NotRequired[Slug | None]
    quote: NotRequired[Quote | None]


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
    quote: NotRequired[Quote | None]


@with_config(extra="ignore")
class DocumentShape(TypedDict):
    """The document that a report was read from."""

    id: ReportId
    sha256: NotRequired[Sha256 | None]
    archived_url: NotRequired[Url | None]


ClaimShape = Annotated[CasualtiesShape | CeasefireShape | StatementShape, Field(discriminator="type")]


@with_config(extra="ignore")
class ReportShape(TypedDict):
    """One report: its source, outlet, time and claims."""

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
    document: NotRequired[DocumentShape | None]
    claims: NotRequired[Annotated[list[ClaimShape], Field(max_length=MAX_CLAIMS)] | None]


@with_config(extra="ignore")
class TickShape(TypedDict):
    """Time as an event: it moves an episode's clock."""

    tick: Time
    episode: Slug


REPORT = TypeAdapter(ReportShape)
TICK = TypeAdapter(TickShape)
