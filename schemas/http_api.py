"""What the server answers over HTTP (contract section 7), where it is no record of a topic."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from schemas.changes import CeasefireStatus, CountChange, Moment, Offset, StatementChange, StatusChange
from schemas.pictures import FullPicture, PartyCount, PictureStub, Through, Total
from schemas.reports import Revision, Slug

__all__ = ["ANSWERS"]

_OUT = with_config(use_attribute_docstrings=True, extra="ignore")
Mark = Annotated[str, Field(pattern="^[A-Za-z0-9_-]+$")]


@_OUT
class Receipt(TypedDict):
    """How one report or tick was taken: `logged` on Kafka, where the fold comes later, or as the fold took it."""

    outcome: Literal["accepted", "duplicate", "stale", "tick", "ignored_tick", "logged", "refused"]
    episode: NotRequired[str]
    report_id: NotRequired[str]
    revision: NotRequired[Revision]
    partition: NotRequired[Offset]
    """Where it lies on the log; a repeat is not put there again."""
    offset: NotRequired[Offset]
    code: NotRequired[str]
    """Why it was refused."""
    message: NotRequired[str]


@_OUT
class NumberedReceipt(Receipt):
    """One of several: its line (from 1), or its place in the array (from 0)."""

    line: NotRequired[Annotated[int, Field(ge=1)]]
    index: NotRequired[Offset]


@_OUT
class Receipts(TypedDict):
    """How each of several reports was taken, in their order; with `code` where none was."""

    counts: dict[str, Offset]
    """By outcome."""
    results: list[NumberedReceipt]
    code: NotRequired[str]
    message: NotRequired[str]


@_OUT
class Problem(TypedDict):
    """Why a request is not answered."""

    code: str
    message: str


@_OUT
class ShortCeasefire(TypedDict):
    """How a ceasefire stands, all sources together."""

    ceasefire: Slug
    status: CeasefireStatus
    since: Moment | None


@_OUT
class ShortEpisode(TypedDict):
    """An episode in short."""

    episode: Slug
    clock: Moment | None
    """Null where the picture is too long for its topic."""
    ceasefires: list[ShortCeasefire]
    parties: list[PartyCount]
    """The leading claim of each class: shown where no side reports its own losses."""
    totals: list[Total]
    through: Through
    truncated: NotRequired[Literal[True]]


@_OUT
class Episodes(TypedDict):
    """Every episode in short, by name."""

    episodes: list[ShortEpisode]
    mark: Mark | None
    """From where `GET /events` goes on; null where it cannot be told for now."""


@_OUT
class MarkedPicture(FullPicture):
    """An episode as it stands, and from where `GET /events` goes on; one of the past has no mark."""

    mark: NotRequired[Mark | None]


@_OUT
class MarkedStub(PictureStub):
    """In place of a picture that is too long for its topic."""

    mark: NotRequired[Mark | None]


@_OUT
class TopicChange(TypedDict):
    """A change, and the topic that it was published on."""

    topic: Literal["casualties", "ceasefires", "statements"]
    data: CountChange | StatusChange | StatementChange


@_OUT
class Changes(TypedDict):
    """What was published of an episode, the oldest first."""

    episode: Slug
    changes: list[TopicChange]
    complete: bool
    """Whether the oldest are there too."""


@_OUT
class Account(TypedDict):
    """Why figures and statuses are what they are; the accounts are as `truceline explain --json` prints them."""

    episode: Slug
    clock: Moment
    cells: list[dict[str, Any]]
    ceasefires: list[dict[str, Any]]
    through: Through


@_OUT
class KnownSource(TypedDict):
    """A source as the registry has it."""

    name: str
    kind: Literal["official", "media", "ngo", "igo", "monitor"]
    affiliation: Slug | None
    """The party that it speaks for."""


@_OUT
class Sources(TypedDict):
    """The source registry, by slug."""

    sources: dict[Slug, KnownSource]


@_OUT
class AtlasNames(TypedDict):
    """The atlas: names and titles of parties, episodes and places, by slug, with the fields of its file."""

    parties: dict[Slug, dict[str, Any]]
    episodes: dict[Slug, dict[str, Any]]
    places: dict[Slug, dict[str, Any]]


@_OUT
class Health(TypedDict):
    """The server lives."""

    status: Literal["ok"]
    mode: Literal["embedded", "kafka"]


@_OUT
class Readiness(TypedDict):
    """Whether requests are served; degraded: they are, and somebody should look."""

    ready: bool
    status: Literal["ready", "degraded", "unready"]
    reasons: list[str]


#: By the name that the document gives them.
ANSWERS: dict[str, Any] = {
    "Receipt": Receipt,
    "Receipts": Receipts,
    "Problem": Problem,
    "Episodes": Episodes,
    "MarkedPicture": MarkedPicture,
    "MarkedStub": MarkedStub,
    "Changes": Changes,
    "Account": Account,
    "Sources": Sources,
    "AtlasNames": AtlasNames,
    "Health": Health,
    "Readiness": Readiness,
}
