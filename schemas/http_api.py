"""The answers of the server over HTTP (contract section 7) that are not records of a topic."""

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
    """The result for one report or tick: `logged` on Kafka, which folds it later, or the result of the fold."""

    outcome: Literal["accepted", "duplicate", "stale", "tick", "ignored_tick", "logged", "refused"]
    episode: NotRequired[str]
    report_id: NotRequired[str]
    revision: NotRequired[Revision]
    partition: NotRequired[Offset]
    """Its partition on the log; a repeat is not written again."""
    offset: NotRequired[Offset]
    code: NotRequired[str]
    """Why it was refused."""
    message: NotRequired[str]
    ignored: NotRequired[list[str]]
    """Unknown fields, which are not kept, each with the known field that is probably meant."""


@_OUT
class NumberedReceipt(Receipt):
    """One of several: its line (from 1), or its place in the array (from 0)."""

    line: NotRequired[Annotated[int, Field(ge=1)]]
    index: NotRequired[Offset]


@_OUT
class Receipts(TypedDict):
    """The results for several reports, in their order; with `code` if none was accepted."""

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
    """The joint status of a ceasefire."""

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
    """The position from which `GET /events` continues; null while it is unknown."""


@_OUT
class MarkedPicture(FullPicture):
    """An episode, and the position from which `GET /events` continues; one of the past has no mark."""

    mark: NotRequired[Mark | None]
    complete: NotRequired[bool]
    """Of one of the past: false if the first records of the log were deleted."""


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
    """The published changes of an episode, the oldest first."""

    episode: Slug
    changes: list[TopicChange]
    complete: bool
    """True if the oldest are included; false if the first records of the log were deleted."""


@_OUT
class Account(TypedDict):
    """Why figures and statuses are what they are; the accounts are as `truceline explain --json` prints them."""

    episode: Slug
    clock: Moment
    cells: list[dict[str, Any]]
    ceasefires: list[dict[str, Any]]
    through: Through
    complete: bool
    """False if the first records of the log were deleted."""


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
    """The readiness; degraded: requests are served, but a person should look."""

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
