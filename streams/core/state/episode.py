"""The state of one episode: its standing reports and what the folds made of them."""

from streams.core.ceasefires.timer_queue import TimerQueue, ViewKey
from streams.core.ceasefires.view import View
from streams.core.counts.cell import Cell
from streams.core.counts.entry import CellKey, Denial, Entry, Target
from streams.core.model import StandingReport
from streams.core.state.horizon_queue import HorizonQueue
from streams.core.state.settled_ids import SettledIds


class Episode:
    """The state of one episode."""

    __slots__ = (
        "cells", "clock", "denials", "derived", "horizon_queue", "name", "newest", "reports",
        "retained", "settled", "settled_derived", "timers", "views",
    )  # fmt: skip

    def __init__(self, name: str, clock: int) -> None:
        self.name = name
        #: The greatest published_at or tick; it moves timers (contract section 4).
        self.clock = clock
        #: The greatest published_at; the horizon is measured from it (section 2 rule 4).
        self.newest = clock
        self.reports: dict[str, StandingReport] = {}
        #: Settled reports without counted claims.
        self.settled = SettledIds()
        self.cells: dict[CellKey, Cell] = {}
        self.derived: dict[CellKey, list[Entry]] = {}
        #: The newest settled derived figure of each cell (`streams.core.folds.pruning`).
        self.settled_derived: dict[CellKey, Entry] = {}
        #: Superseded figures that a derived one is compared with, by cell (`streams.core.folds.pruning`).
        self.retained: dict[CellKey, list[Entry]] = {}
        #: Denials by denied claim, then by the statement that makes them.
        self.denials: dict[Target, dict[Target, Denial]] = {}
        self.views: dict[ViewKey, View] = {}
        #: The next timer of each view.
        self.timers = TimerQueue()
        #: Reports by publication time, for pruning; may contain ids already removed or revised.
        self.horizon_queue = HorizonQueue()
