"""What is kept of an episode: its standing reports, and what the folds made of them."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import orjson

from streams.core.ceasefires.timer_queue import ViewKey, Waiting
from streams.core.change_records import Origin, Published, cause_of, time_of
from streams.core.model import Change, Claim, Message, Registration, Report, Standing
from streams.core.state.horizon_queue import Ages
from streams.core.state.settled_ids import Settled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streams.core.ceasefires.view import View
    from streams.core.counts.cell import Cell
    from streams.core.counts.entry import CellKey, Entry

#: A claim, by where it stands: report_id and claim index.
Target = tuple[str, int]
#: Who denies a claim, and which revision of it alone (None: any).
Denial = tuple[str, int | None]
#: Names an entry of the ledger (`streams.core.ledger_codec`).
EntryKey = tuple[str, ...]


class Episode:
    """All that is known of one episode."""

    __slots__ = (
        "ages", "cells", "clock", "denials", "derived", "name", "newest", "reports",
        "settled", "settled_derived", "views", "waiting",
    )  # fmt: skip

    def __init__(self, name: str, clock: int) -> None:
        self.name = name
        #: The greatest published_at or tick; it moves timers (contract section 4).
        self.clock = clock
        #: The greatest published_at; the horizon is measured from it (section 2 rule 4).
        self.newest = clock
        self.reports: dict[str, Standing] = {}
        #: Settled reports that nothing counts on any more.
        self.settled = Settled()
        self.cells: dict[CellKey, Cell] = {}
        self.derived: dict[CellKey, list[Entry]] = {}
        #: Of the derived figures the newest that nothing can take away any more (`streams.core.folds.pruning`).
        self.settled_derived: dict[CellKey, Entry] = {}
        #: Who denies a claim: by target, then by the denial's own place.
        self.denials: dict[Target, dict[Target, Denial]] = {}
        self.views: dict[ViewKey, View] = {}
        #: When the next timer of a view fires, for the views that wait for one.
        self.waiting = Waiting()
        #: What is settled next. May name the departed.
        self.ages = Ages()


def claims_a(kind: type[Claim], standing: Standing | None) -> bool:
    """Whether a report makes a claim of a kind."""
    if standing is not None:
        for claim in standing.claims:
            if type(claim) is kind:
                return True
    return False


class Outcome(StrEnum):
    """How a message was taken."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    STALE = "stale"
    TICK = "tick"
    IGNORED_TICK = "ignored_tick"
    REGISTERED = "registered"


_MOVES: Final = frozenset({Outcome.ACCEPTED, Outcome.TICK, Outcome.REGISTERED})


class Step:
    """What one message did: its outcome, the changes to publish, the entries to write."""

    __slots__ = (
        "_cause", "_origin", "casualties", "ceasefires", "clock", "episode", "message", "moves", "new", "old",
        "outcome", "report_id", "statements", "time", "touched", "undo",
    )  # fmt: skip

    def __init__(self, message: Message | Registration, outcome: Outcome, origin: Origin | None = None) -> None:
        self.message = message
        self.outcome = outcome
        #: Whether the message changed anything at all.
        self.moves = outcome in _MOVES
        self._origin = origin
        self._cause = ""
        #: When the cause of its changes happened; None until there is one, and for a change of the source registry.
        self.time: str | None = None
        self.episode = message.episode
        #: Empty for a tick.
        self.report_id = message.report_id if type(message) is Report else ""
        #: The episode's clock once this message was taken.
        self.clock = 0
        #: The report's standing before and after.
        self.old: Standing | None = None
        self.new: Standing | None = None
        self.casualties: Sequence[Published] = ()
        self.ceasefires: Sequence[Published] = ()
        self.statements: Sequence[Published] = ()
        self.touched: list[EntryKey] = []
        #: What takes it back, newest last.
        self.undo: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def cause(self) -> str:
        """Return what brings its changes about, in JSON."""
        if not self._cause:
            self.time = time_of(self.message)
            self._cause = cause_of(self.message, self.time, self._origin)
        return self._cause

    def published(self) -> list[tuple[str, str, bytes]]:
        """Return (topic, change_id, JSON) of its changes, in the order of contract section 7."""
        made = [("casualties", change_id, json) for change_id, json in self.casualties]
        made += [("ceasefires", change_id, json) for change_id, json in self.ceasefires]
        made += [("statements", change_id, json) for change_id, json in self.statements]
        return made

    def changes(self) -> list[tuple[str, Change]]:
        """Return (topic, record) of its changes, to be read."""
        return [(topic, orjson.loads(json)) for topic, _, json in self.published()]
