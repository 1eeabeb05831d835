"""The effect of one message on an episode: its outcome, the changes to publish, the entries to write."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import orjson

from schemas.topics import CHANGE_TOPICS
from streams.core.change_records import Origin, Published, cause_of, time_of
from streams.core.model import Change, Claim, Message, Registration, Report, StandingReport

#: Names an entry of the ledger (`streams.core.ledger_codec`).
EntryKey = tuple[str, ...]


def has_claim(kind: type[Claim], standing: StandingReport | None) -> bool:
    """Return whether a report has a claim of a kind."""
    if standing is not None:
        for claim in standing.claims:
            if type(claim) is kind:
                return True
    return False


class Outcome(StrEnum):
    """The outcome of taking a message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    STALE = "stale"
    TICK = "tick"
    IGNORED_TICK = "ignored_tick"
    REGISTERED = "registered"


_MOVES: Final = frozenset({Outcome.ACCEPTED, Outcome.TICK, Outcome.REGISTERED})


class Step:
    """The effect of one message: outcome, changes to publish, ledger entries to write."""

    __slots__ = (
        "_cause", "_origin", "casualties", "ceasefires", "clock", "episode", "message", "moves", "new", "old",
        "outcome", "report_id", "statements", "time", "touched", "undo",
    )  # fmt: skip

    def __init__(self, message: Message | Registration, outcome: Outcome, origin: Origin | None = None) -> None:
        self.message = message
        self.outcome = outcome
        #: True if the message changed the state.
        self.moves = outcome in _MOVES
        self._origin = origin
        self._cause = ""
        #: The time of the cause; None before `cause` is called, and for a change of the source registry.
        self.time: str | None = None
        self.episode = message.episode
        #: Empty for a tick.
        self.report_id = message.report_id if type(message) is Report else ""
        #: The episode's clock after this message.
        self.clock = 0
        #: The standing report before and after.
        self.old: StandingReport | None = None
        self.new: StandingReport | None = None
        self.casualties: Sequence[Published] = ()
        self.ceasefires: Sequence[Published] = ()
        self.statements: Sequence[Published] = ()
        self.touched: list[EntryKey] = []
        #: Calls that undo the step, newest last.
        self.undo: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def cause(self) -> str:
        """Return the cause of the changes as JSON."""
        if not self._cause:
            self.time = time_of(self.message)
            self._cause = cause_of(self.message, self.time, self._origin)
        return self._cause

    def published(self) -> list[tuple[str, str, bytes]]:
        """Return (topic, change_id, JSON) of its changes, in the order of contract section 7."""
        by_topic = zip(CHANGE_TOPICS, (self.casualties, self.ceasefires, self.statements), strict=True)
        return [(topic, change_id, json) for topic, changes in by_topic for change_id, json in changes]

    def changes(self) -> list[tuple[str, Change]]:
        """Return (topic, record) of its changes as plain values."""
        return [(topic, orjson.loads(json)) for topic, _, json in self.published()]
