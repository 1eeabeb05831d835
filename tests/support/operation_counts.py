"""Counts of the operations of the fold: the same on any machine.

Counted are the bytecodes that functions of the core execute, each comparison of two times (what searching, sorting and
heaps do in C), and each element of a list that is moved, copied or cut out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from msgspec import structs

import streams.core
from streams.core.ledger import Ledger
from streams.core.model import Casualty, CeasefireClaim, Claim, Message, Report
from tests.support.build import Json, read
from tests.support.class_fields import fields_of

_CORE = str(Path(streams.core.__path__[0]))


class Work(NamedTuple):
    """The amount of work; `moved` counts elements of lists."""

    operations: int
    moved: int


class _Count:
    operations = 0
    moved = 0


class _Time(int):
    """A time whose comparisons are counted."""

    def __lt__(self, other: int) -> bool:
        _Count.operations += 1
        return int.__lt__(self, other)

    def __gt__(self, other: int) -> bool:
        _Count.operations += 1
        return int.__gt__(self, other)

    def __eq__(self, other: object) -> bool:
        _Count.operations += 1
        return int.__eq__(self, other)

    __hash__ = int.__hash__


class _Moving(list[Any]):
    """A list whose elements are counted when they are moved or copied."""

    def insert(self, at: Any, item: Any) -> None:
        self._moved(at)
        super().insert(at, item)

    def pop(self, at: Any = -1) -> Any:
        self._moved(at)
        return super().pop(at)

    def __delitem__(self, at: Any) -> None:
        self._moved(at)
        super().__delitem__(at)

    def __setitem__(self, at: Any, item: Any) -> None:
        if isinstance(at, slice):
            self._moved(at)
        super().__setitem__(at, item)

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        if isinstance(at, slice):
            _Count.moved += len(found)
        return found

    def _moved(self, at: Any) -> None:
        start = at.indices(len(self))[0] if isinstance(at, slice) else range(len(self) + 1)[at]
        _Count.moved += len(self) - start


def counted(record: Json) -> Message:
    """The message of a record, whose times count how often they are compared."""
    message = read(record)
    if not isinstance(message, Report):
        return message
    claims = tuple(_counted(claim) for claim in message.claims)
    return structs.replace(message, claims=claims, published_at=_Time(message.published_at))


def _counted(claim: Claim) -> Claim:
    if isinstance(claim, Casualty):
        return structs.replace(claim, as_of=_Time(claim.as_of))
    return structs.replace(claim, at=_Time(claim.at)) if isinstance(claim, CeasefireClaim) else claim


def watch_lists(ledger: Ledger) -> None:
    """From here on what is moved in the lists of the episode `war` is counted."""
    episode = ledger.episode("war")
    disputes: list[Any] = [cell.disputes for cell in episode.cells.values() if cell.disputes is not None]
    for thing in [*disputes, *episode.cells.values(), *episode.views.values()]:
        for slot in fields_of(type(thing)):
            if isinstance(kept := getattr(thing, slot), list) and slot != "violations":
                setattr(thing, slot, _Moving(kept))
    for key, entries in episode.derived.items():
        episode.derived[key] = _Moving(entries)


@contextmanager
def counting() -> Iterator[list[Work]]:
    """Counts what the block does; the list holds it once the block has ended."""
    done: list[Work] = []
    _Count.operations = _Count.moved = 0
    before = sys.gettrace()
    sys.settrace(_of_the_core)
    try:
        yield done
    finally:
        sys.settrace(before)
        done.append(Work(_Count.operations, _Count.moved))


def _of_the_core(frame: FrameType, _kind: str, _argument: object) -> Any:
    if not frame.f_code.co_filename.startswith(_CORE):
        return None
    frame.f_trace_opcodes, frame.f_trace_lines = True, False
    return _opcode


def _opcode(_frame: FrameType, kind: str, _argument: object) -> Any:
    _Count.operations += kind == "opcode"
    return _opcode
