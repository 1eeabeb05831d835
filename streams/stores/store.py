"""What the web server asks of a store, the same whether reports go to Kafka or to one SQLite file."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from streams.core.log_record import Located
from streams.core.source_registry import Registry
from streams.stores.change_feed import ChangeSource

__all__ = ["STATUS_OF_REFUSAL", "Receipt", "Store", "StoreUnavailable", "StoredChange", "StoredReport", "summarize"]

#: The HTTP status that goes with each code of refusal (contract section 2).
STATUS_OF_REFUSAL = {
    "too_large": 413,
    "not_json": 400,
    "invalid": 422,
    "misrouted": 422,
    "from_the_future": 422,
    "too_late": 422,
    "revision_conflict": 409,
    "internal": 500,
}


class StoreUnavailable(Exception):
    """Nothing was taken: the message says what is wrong with the file or the broker. To be tried again."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How one report or tick was taken.

    `outcome` is accepted, duplicate, stale, tick or ignored_tick; logged where the fold comes later, as on
    Kafka; refused with `code` and `message`. `partition` and `offset` say where it lies on the log, None
    where it was not put there.
    """

    outcome: str
    episode: str | None = None
    report_id: str | None = None
    revision: int | None = None
    partition: int | None = None
    offset: int | None = None
    code: str | None = None
    message: str | None = None

    def as_record(self) -> dict[str, Any]:
        """Return its fields that say something."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in fields.items() if value is not None}


class StoredReport(NamedTuple):
    """A report or tick as it lies on the log: its value as it came, when (µs), and where."""

    value: bytes
    timestamp_us: int
    partition: int
    offset: int

    def located(self, topic: str) -> Located:
        """Return it with its address on the log of that name."""
        origin: dict[str, str | int] = {"topic": topic, "partition": self.partition, "offset": self.offset}
        return Located(self.value, self.timestamp_us, origin)


class StoredChange(NamedTuple):
    """A published change: its topic, and its record as JSON (contract section 6)."""

    topic: str
    record: bytes


class Store(ChangeSource, Protocol):
    """Where reports go, and where pictures and changes come from."""

    @property
    def mode(self) -> Literal["embedded", "kafka"]:
        """Which of the two it is."""
        ...

    @property
    def topic(self) -> str:
        """The log's full name, by which changes and accounts name where a report lies."""
        ...

    @property
    def registry(self) -> Registry:
        """The source registry that the fold goes by."""
        ...

    @property
    def horizon_us(self) -> int:
        """How late a report may come (contract section 2 rule 4)."""
        ...

    async def submit(self, values: Sequence[bytes]) -> list[Receipt]:
        """Take reports as they stand on the wire; one receipt each, in order.

        When it returns, what was taken is durable. Raises StoreUnavailable, and then no report may be
        presumed taken; sending them again does no harm.
        """
        ...

    async def picture(self, episode: str) -> bytes | None:
        """Return an episode's latest picture as JSON, with `episode` and `through`, or None."""
        ...

    async def summaries(self) -> list[dict[str, Any]]:
        """Return `summarize` of every episode, by name."""
        ...

    def episode_log(self, episode: str) -> AsyncIterator[StoredReport]:
        """Yield an episode's reports and ticks in the order of the log, up to what stands there now.

        Raises StoreUnavailable; `streams.stores.episode_log.gathered` holds it to a limit.
        """
        ...

    async def changes_of(self, episode: str, limit: int) -> list[StoredChange]:
        """Return the newest published changes of an episode, up to `limit`, oldest first.

        Raises StoreUnavailable, and PastTooLong where they are made from the log and it is too long.
        """
        ...

    async def reasons(self) -> list[str]:
        """Return, in words, what keeps the store from serving requests; nothing when it is ready."""
        ...

    async def degraded(self) -> list[str]:
        """Return, in words, what went wrong since the start although requests are served: somebody should look."""
        ...


def summarize(picture: dict[str, Any]) -> dict[str, Any]:
    """Return an episode in short: its clock, each ceasefire's joint status, the claims by party, the totals."""
    if picture.get("truncated"):  # too large to be written: there is one, and no more
        return {**{name: picture[name] for name in ("episode", "through", "truncated")}, "clock": None} | {
            "ceasefires": [],
            "parties": [],
            "totals": [],
        }
    joint = [view for view in picture["ceasefires"] if view["view"] == "joint"]
    return {
        "episode": picture["episode"],
        "clock": picture["clock"],
        "ceasefires": [{name: view[name] for name in ("ceasefire", "status", "since")} for view in joint],
        "parties": picture["parties"],
        "totals": picture["totals"],
        "through": picture["through"],
    }
