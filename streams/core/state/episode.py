"""What is kept of an episode: its standing reports, and what the folds made of them."""

from streams.core.ceasefires.timer_queue import TimerQueue, ViewKey
from streams.core.ceasefires.view import View
from streams.core.counts.cell import Cell
from streams.core.counts.entry import CellKey, Denial, Entry, Target
from streams.core.model import StandingReport
from streams.core.state.horizon_queue import HorizonQueue
from streams.core.state.settled_ids import SettledIds


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
        self.reports: dict[str, StandingReport] = {}
        #: Settled reports that nothing counts on any more.
        self.settled = SettledIds()
        self.cells: dict[CellKey, Cell] = {}
        self.derived: dict[CellKey, list[Entry]] = {}
        #: Of the derived figures the newest that nothing can take away any more (`streams.core.folds.pruning`).
        self.settled_derived: dict[CellKey, Entry] = {}
        #: Who denies a claim: by target, then by the denial's own place.
        self.denials: dict[Target, dict[Target, Denial]] = {}
        self.views: dict[ViewKey, View] = {}
        #: When the next timer of a view fires, for the views that wait for one.
        self.waiting = TimerQueue()
        #: What is settled next. May name the departed.
        self.ages = HorizonQueue()
