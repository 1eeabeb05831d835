"""The effect of one message on an episode: its outcome, the changes to publish, the entries to write."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import orjson

from streams.core.change_records import Origin, Published, cause_of, time_of
from streams.core.model import Change, Claim, Message, Registration, Report, StandingReport

#: Names an entry of the ledger (`streams.core.ledger_codec`).
EntryKey = tuple[str, ...]


def claims_a(kind: type[Claim], standing: StandingReport | None) -> bool:
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
        self.old: StandingReport | None = None
        self.new: StandingReport | None = None
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
