"""The protocols of a store, and the values that it takes and returns."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from streams.core.log_record import Located
from streams.core.source_registry import Registry
from streams.stores.change_feed import ChangeSource
from streams.stores.rejected import RejectedFilter, RejectedRecord
from streams.stores.topic_records import TopicFilter, TopicReader

__all__ = [
    "SUBMITTED_BY",
    "Receipt",
    "Store",
    "StoreReader",
    "StoreUnavailable",
    "StoredChange",
    "StoredChanges",
    "StoredReport",
    "Summary",
    "summarize",
]


class StoreUnavailable(Exception):
    """The store cannot be read or written; the message names the cause. Nothing was accepted: try again."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of one submitted report or tick.

    `outcome` is accepted, duplicate, stale, tick or ignored_tick; `logged` on Kafka, where a worker folds it later;
    `refused` with `code` and `message`. `partition` and `offset` are its position on the log, None if it is not there.
    """

    outcome: str
    episode: str | None = None
    report_id: str | None = None
    revision: int | None = None
    partition: int | None = None
    offset: int | None = None
    code: str | None = None
    message: str | None = None
    #: The fields that were ignored since they are unknown, each with the known one that is probably meant.
    ignored: Sequence[str] | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the fields that are not None."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in fields.items() if value is not None}


#: The header of a report that names the writer who put it in (contract section 10).
SUBMITTED_BY = "ce_submittedby"


class StoredReport(NamedTuple):
    """A report or tick on the log: its original bytes, its time (µs), its position, and who put it in if known."""

    value: bytes
    timestamp_us: int
    partition: int
    offset: int
    submitted_by: str | None = None

    def located(self, topic: str) -> Located:
        """Return it with its position on the log of this name."""
        origin: dict[str, str | int] = {"topic": topic, "partition": self.partition, "offset": self.offset}
        return Located(self.value, self.timestamp_us, origin)


class StoredChange(NamedTuple):
    """A published change: its topic, and its record as JSON (contract section 6)."""

    topic: str
    record: bytes


class Summary(NamedTuple):
    """An episode in short: its record as JSON, and the last offset that it shows."""

    episode: str
    through: int
    record: bytes


class StoredChanges(NamedTuple):
    """The newest changes of an episode in pages, oldest first; `complete` unless there are older ones."""

    complete: bool
    pages: AsyncIterator[list[StoredChange]]


class StoreReader(Protocol):
    """Stored data, readable without a running server; commands get one from `open_store`."""

    @property
    def topic(self) -> str:
        """The full name of the log, as changes and explanations name it."""
        ...

    def location(self, topic: str) -> str:
        """Return where the records of a topic are kept, for messages: a topic's full name, or a folder."""
        ...

    def episode_log(self, episode: str | None) -> AsyncGenerator[StoredReport, None]:
        """Yield an episode's reports and ticks in log order, up to the present end; None: those of all episodes.

        Raises StoreUnavailable; `streams.stores.episode_log.read_all` reads within a limit.
        """
        ...

    async def log_begin(self, episode: str) -> int:
        """Return the first offset that the partition of an episode has, as of a minute ago or later.

        Above 0 the first records were deleted, and what is folded from the log is incomplete. Raises StoreUnavailable.
        """
        ...

    def rejected(self, wanted: RejectedFilter) -> AsyncGenerator[RejectedRecord, None]:
        """Yield the rejected reports that a filter selects; raises StoreUnavailable."""
        ...

    def topic_reader(self, wanted: TopicFilter) -> TopicReader:
        """Return a reader of the records of a topic; raises StoreUnavailable where there is no such topic."""
        ...


class Store(StoreReader, ChangeSource, Protocol):
    """The running store behind the web server: takes reports, gives pictures and changes."""

    @property
    def mode(self) -> Literal["embedded", "kafka"]:
        """Which implementation it is."""
        ...

    @property
    def registry(self) -> Registry:
        """The source registry in use."""
        ...

    @property
    def horizon_us(self) -> int:
        """The horizon (contract section 2 rule 4)."""
        ...

    async def submit(self, values: Sequence[bytes], by: str | None = None) -> list[Receipt]:
        """Submit reports as bytes, put in by a writer; return one receipt each, in order.

        When it returns, accepted reports are durable. Raises StoreUnavailable; then none may be assumed accepted, and
        sending them again is safe.
        """
        ...

    async def newest_alerts(self, limit: int) -> list[bytes]:
        """Return the newest alerts as JSON (`schemas.alerts.Alert`), newest first. Raises StoreUnavailable."""
        ...

    async def picture(self, episode: str) -> bytes | None:
        """Return an episode's latest picture as JSON, with `episode` and `through`, or None."""
        ...

    async def summaries(self) -> list[Summary]:
        """Return `summarize` of every episode, sorted by name; raises StoreUnavailable."""
        ...

    async def changes_of(self, episode: str, limit: int, check: Callable[[], None]) -> StoredChanges:
        """Return the newest published changes of an episode, up to `limit`; `check` may raise to end the work.

        Raises StoreUnavailable, and EpisodeLogTooLong where they are folded from a log above the limit.
        """
        ...

    async def reasons(self) -> list[str]:
        """Return the reasons why the store cannot serve requests; none when it is ready."""
        ...

    async def degraded(self) -> list[str]:
        """Return the problems that need attention although requests are served."""
        ...


def summarize(picture: dict[str, Any]) -> Summary:
    """Return the summary of a picture: clock, joint status of each ceasefire, figures by party, totals."""
    through = picture["through"]
    if picture.get("truncated"):  # too large for its topic, which has a stub instead
        short = {"episode": picture["episode"], "through": through, "truncated": True, "clock": None}
        short |= {"ceasefires": [], "parties": [], "totals": []}
    else:
        joint = [view for view in picture["ceasefires"] if view["view"] == "joint"]
        short = {
            "episode": picture["episode"],
            "clock": picture["clock"],
            "ceasefires": [{name: view[name] for name in ("ceasefire", "status", "since")} for view in joint],
            "parties": picture.get("parties", []),
            "totals": picture["totals"],
            "through": through,
        }
    return Summary(picture["episode"], through["offset"], orjson.dumps(short))
