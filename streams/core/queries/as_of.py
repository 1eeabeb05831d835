"""An episode as known at a time, and the differences between two times: one rule for commands, HTTP and Python.

The picture known at T is the fold of the log without the reports and ticks published after T, in the order of the log,
with the clock at T as a tick sets it: timers up to T have fired. Publication counts, not arrival: a report published
before T that reached the log later counts as known at T.

Records may have any origin: each is a value and its timestamp, in the order of the log.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from streams.core.counts.entry import CELL_FIELDS
from streams.core.counts.repeats import repeated_by
from streams.core.ledger import Ledger
from streams.core.log_record import Located, Record
from streams.core.model import Message, Report, Tick
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.source_registry import Registry
from streams.core.times import format_time

__all__ = [
    "EpisodeDifference",
    "EpisodeMessage",
    "NoSuchEpisode",
    "changes_of",
    "correction",
    "difference",
    "due_ticks",
    "known_at",
    "messages_of",
    "published_us",
]  # fmt: skip

Picture = dict[str, Any]
Change = dict[str, Any]

_EPISODE = re.compile(rb'"episode"\s*:\s*"([^"\\]{1,80})"')

CELL = CELL_FIELDS
VIEW = ("ceasefire", "view")
TOTAL = CELL_FIELDS[2:]


class NoSuchEpisode(LookupError):
    """No accepted report names the episode; `others` are the episodes in the records, sorted."""

    def __init__(self, episode: str, others: Iterable[str]) -> None:
        super().__init__(episode)
        self.others = sorted(others)


def published_us(message: Message) -> int:
    """Return a report's published_at, or the time of a tick (µs)."""
    return message.published_at if isinstance(message, Report) else message.at


class EpisodeMessage(NamedTuple):
    """A message of an episode, its record's position if known, and its refusal if its time is ahead."""

    message: Message
    origin: dict[str, str | int] | None
    refusal: Refusal | None


def messages_of(
    episode: str, records: Iterable[Record | Located], unparsed: Counter[str], others: set[str]
) -> Iterator[EpisodeMessage]:
    """Yield the messages of an episode.

    Records that cannot be parsed are counted in `unparsed` by code; names of other episodes are added to `others`.
    """
    name = episode.encode()
    for record in records:
        value = record.value
        # A slug is ASCII: if it is not in the text, it can only be there as escapes.
        if name not in value and b"\\u" not in value:
            if named := _EPISODE.search(value):
                others.add(named[1].decode("utf-8", "replace"))
            continue
        try:
            message = parse(value)
        except Refusal as refusal:
            unparsed[refusal.code] += 1
            continue
        if message.episode == episode:
            yield EpisodeMessage(message, getattr(record, "origin", None), _ahead(message, record.timestamp_us))
        else:
            others.add(message.episode)


def _ahead(message: Message, timestamp_us: int | None) -> Refusal | None:
    try:
        check_timestamp(message, timestamp_us)
    except Refusal as refusal:
        return refusal
    return None


def known_at(
    episode: str, records: Iterable[Record | Located], registry: Registry, *, horizon_us: int, at_us: int | None = None
) -> Picture:
    """Return an episode's picture (contract section 5) as known at a time; None: at the end of the log.

    Raises NoSuchEpisode if no report was accepted by then.
    """
    others: set[str] = set()
    fold = _Fold(episode, registry, horizon_us)
    for message in _accepted_messages(episode, records, others):
        if at_us is None or published_us(message) <= at_us:
            fold.take(message)
    if at_us is not None:
        fold.take(Tick(at_us, episode))
    picture = fold.picture()
    if picture is None:
        raise NoSuchEpisode(episode, others)
    return picture


def _accepted_messages(episode: str, records: Iterable[Record | Located], others: set[str]) -> Iterator[Message]:
    messages = messages_of(episode, records, Counter(), others)
    return (found.message for found in messages if found.refusal is None)


def changes_of(
    episode: str,
    records: Iterable[Record | Located],
    registry: Registry,
    *,
    horizon_us: int,
    at_us: int | None = None,
    timed: bool = False,
) -> Iterator[tuple[str, Change]]:
    """Yield the changes of an episode's records in the order of the log: topic and record (section 6).

    They equal the published ones but for `origin`, if the registry was always this one; with `at_us`, the changes that
    led to what was known at that time. With `timed`, a ceasefire moves at its hour even if the log has no tick for it.
    """
    fold = _Fold(episode, registry, horizon_us)
    for message in _accepted_messages(episode, records, set()):
        if at_us is None or published_us(message) <= at_us:
            yield from fold.due(published_us(message)) if timed else ()
            yield from fold.take(message)
    if at_us is not None:
        yield from fold.due(at_us) if timed else ()
        yield from fold.take(Tick(at_us, episode))


def due_ticks(ledger: Ledger, until_us: int) -> Iterator[Tick]:
    """Yield a tick for each timer up to a time, in order, as a live worker appends it; the caller takes each."""
    while (timer := ledger.next_timer()) is not None and timer[0] <= until_us:
        yield Tick(*timer)


class EpisodeDifference(NamedTuple):
    """The differences of an episode between two times.

    `cells`, `ceasefires` and `totals` hold each one that changed, also if it changed back: its naming fields, `before`,
    `after` and the published `changes` in between (contract section 6), each with its `correction`.
    `statements` are the changes of statements.
    """

    episode: str
    from_: str
    to: str
    cells: list[Change]
    totals: list[Change]
    ceasefires: list[Change]
    statements: list[Change]

    def as_record(self) -> dict[str, Any]:
        """Return the difference as plain values for JSON."""
        return {"episode": self.episode, "from": self.from_, "to": self.to} | {
            name: getattr(self, name) for name in ("cells", "totals", "ceasefires", "statements")
        }


def difference(
    episode: str, records: Iterable[Record | Located], registry: Registry, *, horizon_us: int, from_us: int, to_us: int
) -> EpisodeDifference:
    """Return the differences between an episode known at two times, with their causes.

    Records published up to the first time are folded first, then those up to the second, each in the order of the log;
    then the clock moves to the second time. So every change has its cause in between, in any order of arrival.
    Raises ValueError if the second time is before the first; NoSuchEpisode if no report was accepted by the second.
    """
    if to_us < from_us:
        raise ValueError(f"{format_time(to_us)} is before {format_time(from_us)}")
    others: set[str] = set()
    fold = _Fold(episode, registry, horizon_us)
    later: list[Message] = []
    for message in _accepted_messages(episode, records, others):
        if published_us(message) <= from_us:
            fold.take(message)
        elif published_us(message) <= to_us:
            later.append(message)
    fold.take(Tick(from_us, episode))
    before = fold.picture() or {"cells": [], "totals": [], "ceasefires": []}
    moved: dict[str, list[Change]] = {"casualties": [], "ceasefires": [], "statements": []}
    for message in chain(later, [Tick(to_us, episode)]):
        for topic, record in fold.take(message):
            moved[topic].append({**record, "correction": correction(record), **fold.repeats(record)})
    after = fold.picture()
    if after is None:
        raise NoSuchEpisode(episode, others)
    return EpisodeDifference(
        episode,
        format_time(from_us),
        format_time(to_us),
        _moved(CELL, before["cells"], after["cells"], lambda cell: cell["value"], moved["casualties"]),
        _moved(TOTAL, before["totals"], after["totals"], lambda total: _without(total, TOTAL)),
        _moved(VIEW, before["ceasefires"], after["ceasefires"], _view, moved["ceasefires"]),
        moved["statements"],
    )


def correction(change: Change) -> str | None:
    """Return how a change corrects an earlier figure, None if it does not.

    `withdrawn` or `revised`: its cause is a withdrawn or revised report; `lowered`: a later figure is smaller.
    """
    cause = change["cause"]
    if cause.get("withdrawn"):
        return "withdrawn"
    if cause.get("revision", 1) > 1:
        return "revised"
    return "lowered" if change.get("kind") == "down" else None


class _Fold:
    """One episode's ledger; refused messages are skipped."""

    def __init__(self, episode: str, registry: Registry, horizon_us: int) -> None:
        self._episode = episode
        self._ledger = Ledger(registry, horizon_us=horizon_us)

    def take(self, message: Message) -> list[tuple[str, Change]]:
        """Take a message through all stages; return its changes."""
        try:
            return self._ledger.take(message).changes()
        except Refusal:
            return []

    def due(self, until_us: int) -> Iterator[tuple[str, Change]]:
        """Yield the changes of the timers up to a time."""
        for tick in due_ticks(self._ledger, until_us):
            yield from self.take(tick)

    def repeats(self, change: Change) -> Change:
        """Return the report whose total a lower figure repeats as `repeats`, nothing if it repeats none."""
        if correction(change) != "lowered":
            return {}
        key = tuple(change[name] for name in CELL[:4])
        if "group" in change or "scope" in change:
            key += (change.get("group", ""), change.get("scope", ""))
        repeated = repeated_by(self._ledger.episode(self._episode).cells[key].bases)
        return {} if repeated is None else {"repeats": repeated.report_id}

    def picture(self) -> Picture | None:
        try:
            return self._ledger.picture(self._episode)
        except KeyError:
            return None


def _moved(
    names: tuple[str, ...],
    before: list[Change],
    after: list[Change],
    value: Callable[[Change], Any],
    changes: Iterable[Change] | None = None,
) -> list[Change]:
    """Return the items that differ between two lists or have changes, by their naming fields."""
    sides = [{_key(item, names): value(item) for item in items} for items in (before, after)]
    led: dict[tuple[str, ...], list[Change]] = {}
    for change in changes or ():
        led.setdefault(_key(change, names), []).append(change)
    rows = []
    for key in sorted(sides[0] | sides[1] | led):
        first, second = sides[0].get(key), sides[1].get(key)
        if key in led or _figures(first) != _figures(second):
            given = {name: part for name, part in zip(names, key, strict=True) if part}
            row = {**given, "before": first, "after": second}
            rows.append(row if changes is None else row | {"changes": led.get(key, [])})
    return rows


def _key(item: Change, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return an item's naming fields; a group or scope that is not given sorts first."""
    return tuple(item.get(name, "") for name in names)


def _figures(value: Change | None) -> Change | None:
    """Return a value without its as_of: the same figure repeated is no change (contract section 3)."""
    return None if value is None else _without(value, ("as_of",))


def _view(view: Change) -> Change:
    return _without(view, (*VIEW, "version"))


def _without(record: Change, names: tuple[str, ...]) -> Change:
    return {name: value for name, value in record.items() if name not in names}
