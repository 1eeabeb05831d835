"""Published change records as JSON bytes (contract section 6); each is encoded once, where it is made.

The f-strings below are the shapes of `schemas.changes`, field for field. Slugs, the contract's words and times need no
escape; any other text goes through `to_json`.
"""

from typing import Any, Final

import orjson

from streams.core.model import Message, Registration, Report
from streams.core.times import format_time

#: A published record: its change_id and its JSON.
Published = tuple[str, bytes]
#: A message's position on a log: topic, partition, offset.
Origin = tuple[str, int, int]

#: source, party, outcome, population; a cell of a group or a scope has both besides.
FIELDS_OF_A_WHOLE_CELL: Final = 4
_NULL: Final = "null"
_write: Final = orjson.dumps


class Figure:
    """The value of a cell: persons, and the date of its latest claim in microseconds. Immutable."""

    __slots__ = ("_json", "as_of", "best", "disputed_by", "final", "high", "low")

    def __init__(  # noqa: PLR0917 - in the order of the record
        self, best: int, low: int | None, high: int | None, as_of: int, final: bool | None, disputed_by: list[str]  # noqa: FBT001
    ) -> None:  # fmt: skip
        self.best = best
        #: The bounds; None if unknown.
        self.low = low
        self.high = high
        self.as_of = as_of
        self.final = final
        #: The sources that deny a counted claim, sorted.
        self.disputed_by = disputed_by
        self._json = ""

    def same_as(self, other: "Figure") -> bool:
        """Return whether another figure differs in as_of at most: that alone is no change."""
        return (
            self.best == other.best
            and self.low == other.low
            and self.high == other.high
            and self.final is other.final
            and self.disputed_by == other.disputed_by
        )

    def record(self) -> dict[str, Any]:
        """Return the published record as plain values."""
        return {
            "best": self.best,
            "low": self.low,
            "high": self.high,
            "as_of": format_time(self.as_of),
            "final": self.final,
            "disputed_by": self.disputed_by,
        }

    def json(self) -> str:
        """Return the published record as JSON; cached, and faster than encoding `record`."""
        if not self._json:
            low = _NULL if self.low is None else str(self.low)
            high = _NULL if self.high is None else str(self.high)
            final = _NULL if self.final is None else "true" if self.final else "false"
            disputed_by = to_json(self.disputed_by) if self.disputed_by else "[]"
            self._json = (
                f'{{"best":{self.best},"low":{low},"high":{high},"as_of":"{format_time(self.as_of)}"'
                f',"final":{final},"disputed_by":{disputed_by}}}'
            )
        return self._json


def count_change(  # noqa: PLR0917 - in the order of the record
    episode: str,
    cell: tuple[str, ...],
    version: int,
    kind: str,
    before: Figure | None,
    after: Figure | None,
    cause: str,
) -> Published:
    """Return a change of a running count, by the key of its cell."""
    source, party, outcome, population = cell[:4]
    named = _part_of_a_cell(cell)[1] if len(cell) > FIELDS_OF_A_WHOLE_CELL else ""
    delta = (0 if after is None else after.best) - (0 if before is None else before.best)
    change_id = f"{cell_id(episode, cell)}@{version}"
    return change_id, (
        f'{{"change_id":"{change_id}","episode":"{episode}","source":"{source}","party":"{party}"'
        f',"outcome":"{outcome}","population":"{population}"{named},"version":{version},"kind":"{kind}"'
        f',"before":{_NULL if before is None else before.json()},"after":{_NULL if after is None else after.json()}'
        f',"delta":{delta},"cause":{cause}}}'
    ).encode()


def cell_id(episode: str, cell: tuple[str, ...]) -> str:
    """Return the id of a cell's changes, without the version."""
    source, party, outcome, population = cell[:4]
    part = _part_of_a_cell(cell)[0] if len(cell) > FIELDS_OF_A_WHOLE_CELL else ""
    return f"{episode}/{source}/{party}/{outcome}/{population}{part}"


def _part_of_a_cell(cell: tuple[str, ...]) -> tuple[str, str]:
    """Return how a group and a scope are written in a change's id, and as its fields."""
    fields = zip(("group", "scope"), cell[FIELDS_OF_A_WHOLE_CELL:], strict=True)
    given = [(name, value) for name, value in fields if value]
    in_id = "".join([f"/{name}:{value}" for name, value in given])
    return in_id, "".join([f',"{name}":"{value}"' for name, value in given])


def status_change(  # noqa: PLR0917 - in the order of the record
    episode: str, ceasefire: str, view: str, version: int, before: Any, after: Any, cause: str
) -> Published:
    """Return a change of a ceasefire's status; the view is `joint` or `source:SLUG`."""
    change_id = f"{view_id(episode, ceasefire, view)}@{version}"
    return change_id, (
        f'{{"change_id":"{change_id}","episode":"{episode}","ceasefire":"{ceasefire}","view":"{view}"'
        f',"version":{version},"before":{to_json(before)},"after":{to_json(after)},"cause":{cause}}}'
    ).encode()


def view_id(episode: str, ceasefire: str, view: str) -> str:
    """Return the id of the changes of a ceasefire's view, without the version."""
    return f"{episode}/{ceasefire}/{view}"


def statement_change(  # noqa: PLR0917 - in the order of the record
    episode: str, report_id: str, claim: int, version: int, before: Any, after: Any, cause: str
) -> Published:
    """Return a change of a statement, by its claim index."""
    change_id = f"{episode}/statement/{report_id}/{claim}@{version}"
    return change_id, (
        f'{{"change_id":{to_json(change_id)},"episode":"{episode}","report_id":{to_json(report_id)},"claim":{claim}'
        f',"version":{version},"before":{to_json(before)},"after":{to_json(after)},"cause":{cause}}}'
    ).encode()


def cause_of(message: Message | Registration, time: str | None, origin: Origin | None) -> str:
    """Return the cause of a change as JSON; `time` is `time_of` the message."""
    cause: dict[str, Any]
    if isinstance(message, Report):
        cause = {
            "report_id": message.report_id,
            "revision": message.revision,
            "withdrawn": message.withdrawn,
            "source": message.source,
            "relayed_by": message.relayed_by,
            "url": message.url,
            "headline": message.headline,
            "published_at": time,
        }
    elif isinstance(message, Registration):
        cause = {"registry": message.digest}
    else:
        cause = {"tick": time}
    if origin is not None:
        topic, partition, offset = origin
        cause["origin"] = {"topic": topic, "partition": partition, "offset": offset}
    return to_json(cause)


def time_of(message: Message | Registration) -> str | None:
    """Return a message's time; None for a change of the source registry."""
    if isinstance(message, Report):
        return format_time(message.published_at)
    return None if isinstance(message, Registration) else format_time(message.at)


def to_json(value: Any) -> str:
    """Return a value as JSON."""
    text: bytes = _write(value)
    return text.decode()
