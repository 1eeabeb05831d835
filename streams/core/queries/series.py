"""Series: the persons that each cell gained in windows of time (contract section 11).

For a cell and a time t, f(t) is its value over those claims of standing reports alone that are dated before t. A window
from t1 to before t2 has f(t2) - f(t1), the bounds crosswise. Below zero it is a correction.

The state comes from `streams.core.queries.standing`: made from the log, since a worker's ledger is pruned.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta, tzinfo
from typing import Any, Final, Literal, NamedTuple, get_args

from streams.core.ceasefires.view import JOINT
from streams.core.counts.cell import NOTHING, Cell, Sums, part_of
from streams.core.counts.entry import Entry, after, cell_fields
from streams.core.state.episode import Episode
from streams.core.times import EPOCH, FIRST_US, LAST_US, format_time

__all__ = ["PERS", "NotInEffect", "Per", "ceasefire_start", "series_rows"]

Per = Literal["day", "week", "month", "all"]
PERS: Final[tuple[str, ...]] = get_args(Per)
Row = dict[str, Any]
#: A window [start, end) in microseconds; None for an open side.
Window = tuple[int | None, int | None]


class NotInEffect(LookupError):
    """A ceasefire that is not in effect, so that there is no time to count from; HTTP status 409."""

    def __init__(self, ceasefire: str, status: str | None) -> None:
        state = "there is no such ceasefire" if status is None else f"it is {status}"
        super().__init__(f"ceasefire {ceasefire!r} is not in effect: {state}")
        self.ceasefire = ceasefire
        self.status = status


class _Value(NamedTuple):
    has_base: bool
    best: int
    low: int | None
    high: int | None


def ceasefire_start(episode: Episode, ceasefire: str = "main") -> int:
    """Return the `since` of a ceasefire's joint view (µs). Raises NotInEffect unless it is in effect."""
    view = episode.views.get((ceasefire, JOINT))
    state = view.state(episode.clock) if view is not None and view.claims else None
    if state is None or state.status != "in_effect" or state.since is None:
        raise NotInEffect(ceasefire, None if state is None else state.status)
    return state.since


def series_rows(
    episode: Episode, per: Per, *, zone: tzinfo = UTC, since_us: int | None = None, until_us: int | None = None
) -> Iterator[Row]:
    """Yield a row a cell and window, by cell and time: the cell's fields, `from`, `to`, `best`, `low`, `high`.

    Days begin at midnight of `zone`, weeks on Monday; `since_us` and `until_us` (µs, exclusive) cut the windows at the
    ends. A window in which no standing claim of the cell is dated is left out, but with per `all`, where `from` and
    `to` are null unless given. `episode` must be unpruned (`streams.core.queries.standing`).
    """
    for key, cell in sorted(episode.cells.items()):
        windows = list(_windows(cell, per, zone, since_us, until_us))
        values = iter(_values_before(cell, [edge for window in windows for edge in window]))
        for start, end in windows:
            first, last = next(values), next(values)
            yield {**cell_fields(key), "from": _time(start), "to": _time(end), **_gained(first, last)}


def _gained(first: _Value | None, last: _Value | None) -> Row:
    if last is not None and first is None and not last.has_base:
        first = _Value(has_base=False, best=0, low=0, high=0)
    if first is None or last is None:
        # A first total says nothing of the day on which it was given.
        return {"best": None, "low": None, "high": None}
    return {
        "best": last.best - first.best,
        "low": None if last.low is None or first.high is None else last.low - first.high,
        "high": None if last.high is None or first.low is None else last.high - first.low,
    }


def _time(us: int | None) -> str | None:
    return None if us is None or us > LAST_US else format_time(us)


# --- windows ----------------------------------------------------------------------------------------------------------


def _windows(cell: Cell, per: Per, zone: tzinfo, since_us: int | None, until_us: int | None) -> Iterator[Window]:
    """Yield the windows of a cell in which one of its claims is dated, in order."""
    if per == "all":
        yield since_us, until_us
        return
    end = FIRST_US if since_us is None else since_us
    for as_of in sorted({entry.as_of for entries in (cell.bases, cell.increments) for entry in entries}):
        if as_of < end or (until_us is not None and as_of >= until_us):
            continue
        start, end = _calendar_window(as_of, per, zone)
        if since_us is not None:
            start = max(start, since_us)
        if until_us is not None:
            end = min(end, until_us)
        yield start, end


def _calendar_window(time_us: int, per: Per, zone: tzinfo) -> tuple[int, int]:
    """Return the day, week or month of a zone around a time; it ends where the calendar does."""
    try:
        moment = (EPOCH + timedelta(microseconds=time_us)).astimezone(zone)
    except OverflowError:
        moment = EPOCH + timedelta(microseconds=time_us)
    first = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if per == "month":
        first = first.replace(day=1)
        following = (first.year + first.month // 12, first.month % 12 + 1)
        days = None if following[0] > MAXYEAR else first.replace(year=following[0], month=following[1])
        return _us(first, FIRST_US), LAST_US + 1 if days is None else _us(days, LAST_US + 1)
    length = timedelta(days=1)
    if per == "week":
        length = timedelta(days=7)
        first = _plus(first, -timedelta(days=first.weekday())) or datetime.min.replace(tzinfo=first.tzinfo)
    last = _plus(first, length)
    return _us(first, FIRST_US), LAST_US + 1 if last is None else _us(last, LAST_US + 1)


def _plus(moment: datetime, length: timedelta) -> datetime | None:
    try:
        return moment + length
    except OverflowError:
        return None


def _us(moment: datetime, beyond: int) -> int:
    """Return the microseconds of a local midnight; `beyond` if it is outside the calendar in UTC."""
    try:
        return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        return beyond


# --- values -----------------------------------------------------------------------------------------------------------


def _values_before(cell: Cell, times: Sequence[int | None]) -> Iterator[_Value | None]:
    """Yield the cell's value before each time, in one pass; None first is before all, None last after all."""
    counting = _Counting(cell.increments)
    for index, edge in enumerate(times):
        if edge is None and index % 2 == 0:
            yield None
            continue
        time = LAST_US + 1 if edge is None else edge
        base = _last_before(cell.bases, time)
        counting.move(None if base is None else base.as_of, time)
        if base is None and not counting.counts:
            yield None
            continue
        best, low, lows_unknown, high, highs_unknown = counting.sums if base is None else counting.sums_with(base)
        yield _Value(
            base is not None,
            max(best, 0),
            None if lows_unknown else max(low, 0),
            None if highs_unknown else max(high, 0),
        )


class _Counting:
    """The sums of the increments dated after a base and before a time, as both move on."""

    def __init__(self, increments: list[Entry]) -> None:
        self._increments = increments
        self._next = 0
        self._base_as_of: int | None = None
        self._incidents: dict[str, Sums] = {}
        self.sums = NOTHING
        #: True if an increment counts.
        self.counts = False

    def move(self, base_as_of: int | None, time: int) -> None:
        """Count up to another time, which is not before the last one."""
        increments, index = self._increments, self._next
        if base_as_of is not None and base_as_of != self._base_as_of:
            self._base_as_of, self._incidents, self.sums, self.counts = base_as_of, {}, NOTHING, False
            index = bisect_left(increments, after(base_as_of), index)
        while index < len(increments) and increments[index].as_of < time:
            claim = increments[index].claim
            part = part_of(claim, base_as_of)
            self.sums = self.sums.plus(part)
            self.counts = True
            if claim.incident is not None:
                if (earlier := self._incidents.get(claim.incident)) is not None:
                    self.sums = self.sums.plus(earlier, -1)
                self._incidents[claim.incident] = part
            index += 1
        self._next = index

    def sums_with(self, base: Entry) -> Sums:
        """Return the sums with the base."""
        return self.sums.plus(part_of(base.claim, None))


def _last_before(entries: list[Entry], time: int) -> Entry | None:
    index = bisect_left(entries, (time,))
    return entries[index - 1] if index else None
