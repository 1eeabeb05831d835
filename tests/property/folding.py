"""The product's core, driven by the same lines as the model, with the same outputs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

import orjson

from streams.core.ceasefires.view import View
from streams.core.change_records import Figure
from streams.core.counts.cell import Cell
from streams.core.counts.disputes import Disputes
from streams.core.ledger import Ledger
from streams.core.model import Message
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.source_registry import Registry, Source
from streams.core.state.episode import Episode
from streams.core.state.step import EntryKey, Step
from streams.core.times import format_time, parse_time
from tests.property.model import Model
from tests.property.reading_json import unwrap
from tests.property.strategies import History
from tests.support.class_fields import fields_of

Entries = dict[bytes, bytes]
"""What a compacted topic or a table holds of a ledger: the last value of each key."""


def registry(sources: dict[str, Any]) -> Registry:
    return Registry({slug: Source(**fields) for slug, fields in sources.items()})


class Fold:
    """A ledger with its published changes and its stored entries.

    `forgetting`: the ledger prunes after this number of lines (0: never). `restart` resumes from the stored
    entries with a new ledger.
    """

    def __init__(self, sources: dict[str, Any], horizon_us: int, *, forgetting: int = 0) -> None:
        self.registry = registry(sources)
        self.horizon_us = horizon_us
        self.forgetting = forgetting
        self.ledger = self.empty()
        self.stored: Entries = {}
        self.touched: dict[EntryKey, None] = {}
        self.changes: list[dict[str, Any]] = []
        self.rejected: list[tuple[int, str]] = []
        self.taken = 0

    def empty(self) -> Ledger:
        return Ledger(self.registry, horizon_us=self.horizon_us)

    def take_line(self, line: str | bytes, line_no: int) -> str:
        """One line of a file: the outcome, the code or "blank"."""
        raw = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
        if not raw.strip(b" \t\r\n"):
            return "blank"
        try:
            step = self.step(raw)
        except Refusal as refusal:
            self.rejected.append((line_no, refusal.code))
            return refusal.code
        self.publish(step)
        self.taken += 1
        if self.forgetting and self.taken % self.forgetting == 0:
            self.store(self.ledger.forget())
        return str(step.outcome)

    def publish(self, step: Step) -> None:
        self.store(step.touched)
        self.changes += [{"topic": topic, "data": change} for topic, change in step.changes()]

    def step(self, raw: bytes) -> Step:
        """Takes a line; what it published and stored is left to the caller. Raises Refusal."""
        return self.ledger.take(self.message(raw))

    def message(self, raw: bytes) -> Message:
        """Return the message of a line. Raises Refusal."""
        value, timestamp = unwrap(raw)
        try:
            stamped = None if timestamp is None else parse_time(timestamp)
        except (ValueError, TypeError):
            raise Refusal("invalid", "timestamp") from None
        message = parse(value)
        check_timestamp(message, stamped)
        return message

    def stages(self, lines: Iterable[str]) -> list[Step]:
        """A batch as the agents take it: intake and counts of each record, then the ceasefires of each if of any."""
        steps = []
        for line in lines:
            with contextlib.suppress(Refusal):
                if line.strip(" \t\r\n"):
                    steps.append(self.ledger.intake(self.message(line.encode())))
                    self.ledger.fold_counts(steps[-1])
        if any(self.ledger.concerns_ceasefires(step) for step in steps):
            for step in steps:
                self.ledger.fold_ceasefires(step)
        return steps

    def take_batch(self, lines: Iterable[str]) -> None:
        """Takes a batch in stages; entries are written once for all of it."""
        steps = self.stages(lines)
        self.store([key for step in steps for key in step.touched])
        self.changes += [{"topic": topic, "data": change} for step in steps for topic, change in step.changes()]

    def undo_batch(self, lines: Iterable[str], *, staged: bool) -> None:
        """Takes a batch, in stages or one by one, and takes it back."""
        steps = self.stages(lines) if staged else []
        for line in lines if not staged else ():
            with contextlib.suppress(Refusal):
                if line.strip(" \t\r\n"):
                    steps.append(self.step(line.encode()))
        self.touched.update(dict.fromkeys(key for step in steps for key in step.touched))
        for step in reversed(steps):
            self.ledger.undo(step)

    def state(self) -> Entries:
        """All that the ledger would write of every key it ever touched."""
        return {key: value for key, value in self.ledger.entries(self.touched) if value is not None}

    def store(self, touched: Iterable[EntryKey]) -> None:
        keys = list(touched)
        self.touched.update(dict.fromkeys(keys))
        for key, value in self.ledger.entries(keys):
            if value is None:
                self.stored.pop(key, None)
            else:
                self.stored[key] = value

    def next_timer(self) -> tuple[str, str] | None:
        due = self.ledger.next_timer()
        return None if due is None else (format_time(due[0]), due[1])

    def register(self, sources: dict[str, Any]) -> None:
        """Continue under another registry."""
        self.registry = registry(sources)
        self.restart()
        for step in self.ledger.register():
            self.publish(step)

    def restart(self) -> None:
        """A new ledger from what was stored, read in an order of its own."""
        self.ledger = restored(self.registry, self.horizon_us, dict(sorted(self.stored.items(), reverse=True)))

    def snapshot(self) -> dict[str, Any]:
        return {"episodes": {name: self.ledger.picture(name) for name in self.ledger.episodes()}}


def restored(registry: Registry, horizon_us: int, stored: Entries) -> Ledger:
    ledger = Ledger(registry, horizon_us=horizon_us)
    for key, value in stored.items():
        ledger.load(key, value)
    ledger.loaded()
    return ledger


def folded(history: History, **options: Any) -> Fold:
    """The whole history, taken by the core."""
    fold = Fold(history.sources, history.horizon_us, **options)
    for line_no, line in enumerate(history.lines, 1):
        fold.take_line(line, line_no)
    return fold


def modelled(history: History) -> Model:
    """The whole history, taken by the model."""
    model = Model(history.sources, history.horizon_us)
    for line_no, line in enumerate(history.lines, 1):
        model.take_line(line, line_no)
    return model


def in_bytes(value: Any) -> bytes:
    """As it would be written: names in the order they have."""
    return orjson.dumps(value)


# Two ledgers with equal outputs may differ in the order in which they look at things again.
_MEMOS = {"horizon_queue", "retained", "_grown", "registry", "_json"}


def inside(thing: Any) -> Any:
    """All that a ledger holds, as plain values to compare; what is empty or counts nothing is left out."""
    if isinstance(thing, dict):
        return {name: rest for name, each in thing.items() if (rest := inside(each)) not in ({}, [], "0")}
    if isinstance(thing, list):
        return [inside(each) for each in thing]
    if isinstance(thing, (Ledger, Episode, Cell, Figure, Disputes, View)):
        names = [*fields_of(type(thing)), *getattr(thing, "__dict__", {})]
        return {name: inside(getattr(thing, name)) for name in names if name not in _MEMOS}
    return repr(thing)
