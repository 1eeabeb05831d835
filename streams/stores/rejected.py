"""Rejected reports, read back from the topic or the table that keeps them (contract section 2).

Each is named by its origin: PARTITION/OFFSET of its place on the log, or on an embedded server its number.
"""

import json
from dataclasses import dataclass
from typing import Any

from streams.core.times import parse_time

__all__ = ["RejectedFilter", "RejectedRecord"]


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A rejected record and the reason. `value` is the original bytes, `time` when they reached the log."""

    origin: str
    time: str | None
    code: str
    message: str
    key: bytes | None
    value: bytes
    #: Length of the original where the topic could not hold all of it, else None.
    cut_from: int | None = None

    @property
    def episode(self) -> str | None:
        """The episode in the report, else its key, as far as either can be read."""
        try:
            episode = json.loads(self.value)["episode"]
        except (ValueError, KeyError, TypeError, RecursionError):
            episode = None
        if isinstance(episode, str):
            return episode
        return None if self.key is None else self.key.decode(errors="replace")

    def as_record(self) -> dict[str, Any]:
        """Return it as JSON values; bytes that are not UTF-8 become U+FFFD."""
        key = None if self.key is None else self.key.decode(errors="replace")
        value = self.value.decode(errors="replace")
        record = {"origin": self.origin, "time": self.time, "code": self.code, "message": self.message}
        cut = {} if self.cut_from is None else {"truncated_from": self.cut_from}
        return {**record, "key": key, "value": value, **cut}


@dataclass(frozen=True, slots=True)
class RejectedFilter:
    """Which rejected reports to select; an empty or None field selects all."""

    origins: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    episode: str | None = None
    since_us: int | None = None

    def takes(self, rejected: RejectedRecord) -> bool:
        """Return whether a rejected report is selected."""
        if self.origins and rejected.origin not in self.origins:
            return False
        if self.codes and rejected.code not in self.codes:
            return False
        if self.since_us is not None and (rejected.time is None or parse_time(rejected.time) < self.since_us):
            return False
        return self.episode is None or rejected.episode == self.episode

    @property
    def everything(self) -> bool:
        """Return True if every rejected report is selected."""
        return self == RejectedFilter()
