"""What was known of an episode at a time, and what changed between two: the one rule for commands, HTTP and Python.

Known at a time T is what the log says without the reports and ticks that were published after T, in the order of the
log, and with the clock at T, as a tick would set it: what was to take effect or to expire by then has done so. By
publication, not by arrival: a report that was published before T and put on the log later counts as known at T.

The records may come from anywhere: each is a value and its timestamp, in the order of the log.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

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
    "known_at",
    "messages_of",
    "published_us",
]  # fmt: skip

Picture = dict[str, Any]
Change = dict[str, Any]

_EPISODE = re.compile(rb'"episode"\s*:\s*"([^"\\]{1,80})"')

CELL = ("source", "party", "outcome", "population")
VIEW = ("ceasefire", "view")
TOTAL = ("outcome", "population")


class NoSuchEpisode(LookupError):
    """No accepted report names the episode; `others` are those that the records do name, sorted."""

    def __init__(self, episode: str, others: Iterable[str]) -> None:
        super().__init__(episode)
        self.others = sorted(others)


def published_us(message: Message) -> int:
    """Return when a report was published, or the time of a tick (µs)."""
    return message.published_at if isinstance(message, Report) else message.at


class EpisodeMessage(NamedTuple):
    """A message of an episode; where its record lies, if known; what it is refused for at sight, if it is."""

    message: Message
    origin: dict[str, str | int] | None
    refusal: Refusal | None


def messages_of(
    episode: str, records: Iterable[Record | Located], unread: Counter[str], others: set[str]
) -> Iterator[EpisodeMessage]:
    """Yield the messages of an episode; count in `unread`, by code, what is refused before it is known what it is of.

    The names of other episodes are added to `others`.
    """
    name = episode.encode()
    for record in records:
        value = record.value
        # A slug is ASCII: where it does not stand in the text, it may at most be spelled by escapes.
        if name not in value and b"\\u" not in value:
            if found := _EPISODE.search(value):
                others.add(found[1].decode("utf-8", "replace"))
            continue
        try:
            message = parse(value)
        except Refusal as refusal:
            unread[refusal.code] += 1
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
    """Return an episode's picture (contract section 5) as it was known at a time; None: at the end of the log.

    Raises NoSuchEpisode where no report was accepted by then.
    """
    others: set[str] = set()
    fold = _Fold(episode, registry, horizon_us)
    for message in _taken(episode, records, others):
        if at_us is None or published_us(message) <= at_us:
            fold.take(message)
    if at_us is not None:
        fold.take(Tick(at_us, episode))
    picture = fold.picture()
    if picture is None:
        raise NoSuchEpisode(episode, others)
    return picture


def _taken(episode: str, records: Iterable[Record | Located], others: set[str]) -> Iterator[Message]:
    return (said.message for said in messages_of(episode, records, Counter(), others) if said.refusal is None)


def changes_of(
    episode: str, records: Iterable[Record | Located], registry: Registry, *, horizon_us: int, at_us: int | None = None
) -> Iterator[tuple[str, Change]]:
    """Yield the changes that an episode's records led to, in the order of the log: topic and record (section 6).

    They are those that were published, but for their `origin`, as long as the registry was this one all along; with
    `at_us`, those that lead to what was known then.
    """
    fold = _Fold(episode, registry, horizon_us)
    for message in _taken(episode, records, set()):
        if at_us is None or published_us(message) <= at_us:
            yield from fold.take(message)
    if at_us is not None:
        yield from fold.take(Tick(at_us, episode))


class EpisodeDifference(NamedTuple):
    """What became of an episode from one time to another.

    `cells`, `ceasefires` and `totals` hold what is not as it was, or was something else in between: what names it,
    `before`, `after` and the `changes` that led there, as published (contract section 6), each with its `correction`.
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
        """Return it as plain objects, ready for JSON."""
        return {"episode": self.episode, "from": self.from_, "to": self.to} | {
            name: getattr(self, name) for name in ("cells", "totals", "ceasefires", "statements")
        }


def difference(
    episode: str, records: Iterable[Record | Located], registry: Registry, *, horizon_us: int, from_us: int, to_us: int
) -> EpisodeDifference:
    """Return what changed between two times, `known_at` the first and the second, and because of what.

    What was published until the first time is folded first, then what was published until the second, each in the
    order of the log, then the clock goes to the second. So every change has its cause in between, whatever the order
    in which reports came in. Raises ValueError where the second time is before the first; NoSuchEpisode where no
    report was accepted by the second.
    """
    if to_us < from_us:
        raise ValueError(f"{format_time(to_us)} is before {format_time(from_us)}")
    others: set[str] = set()
    fold = _Fold(episode, registry, horizon_us)
    later: list[Message] = []
    for message in _taken(episode, records, others):
        if published_us(message) <= from_us:
            fold.take(message)
        elif published_us(message) <= to_us:
            later.append(message)
    fold.take(Tick(from_us, episode))
    before = fold.picture() or {"cells": [], "totals": [], "ceasefires": []}
    moved: dict[str, list[Change]] = {"casualties": [], "ceasefires": [], "statements": []}
    for message in chain(later, [Tick(to_us, episode)]):
        for topic, record in fold.take(message):
            moved[topic].append({**record, "correction": correction(record)})
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
    """Return how a change corrects what was said before, None where it does not.

    `withdrawn` or `revised`: a report was, and this change came of it; `lowered`: a later figure is smaller.
    """
    cause = change["cause"]
    if cause.get("withdrawn"):
        return "withdrawn"
    if cause.get("revision", 1) > 1:
        return "revised"
    return "lowered" if change.get("kind") == "down" else None


class _Fold:
    """One episode's ledger; what it refuses is passed over."""

    def __init__(self, episode: str, registry: Registry, horizon_us: int) -> None:
        self._episode = episode
        self._ledger = Ledger(registry, horizon_us=horizon_us)

    def take(self, message: Message) -> list[tuple[str, Change]]:
        """Take a message at once; return what it changed."""
        try:
            return self._ledger.take(message).changes()
        except Refusal:
            return []

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
    """Return what differs between two lists whose items are named by some of their fields, or has changes."""
    sides = [{tuple(item[name] for name in names): value(item) for item in items} for items in (before, after)]
    led: dict[tuple[str, ...], list[Change]] = {}
    for change in changes or ():
        led.setdefault(tuple(change[name] for name in names), []).append(change)
    rows = []
    for key in sorted(sides[0] | sides[1] | led):
        first, second = sides[0].get(key), sides[1].get(key)
        if key in led or _figures(first) != _figures(second):
            row = {**dict(zip(names, key, strict=True)), "before": first, "after": second}
            rows.append(row if changes is None else row | {"changes": led.get(key, [])})
    return rows


def _figures(value: Change | None) -> Change | None:
    """Return a value but for its as_of: the same figure said again is no change (contract section 3)."""
    return None if value is None else _without(value, ("as_of",))


def _view(view: Change) -> Change:
    return _without(view, (*VIEW, "version"))


def _without(record: Change, names: tuple[str, ...]) -> Change:
    return {name: value for name, value in record.items() if name not in names}
