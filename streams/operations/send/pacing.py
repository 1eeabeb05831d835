"""Pace of sending: as fast as possible, a number of reports per second, or in original time, faster or slower.

Due times are seconds of play, which begin at 0 and stop while nothing can be sent (`Clock`).
"""

import re
import time
from collections.abc import Callable
from typing import Protocol

from streams.core.times import SECOND_US

__all__ = ["AsFast", "Clock", "Rate", "SendPace", "Speed", "read_speed"]

#: A longer gap than this between two readings of the clock counts as this long.
STEP_MAX_S = 0.5

_SPEED = re.compile(r"([0-9]+(?:\.[0-9]+)?)x?")


class SendPace(Protocol):
    """Due times of reports; asked once for each, in order."""

    def due_s(self, published_us: int | None) -> float:
        """Return the time at which a report is due; None if its publication cannot be read."""
        ...


class AsFast:
    """Everything is due at once."""

    def due_s(self, _published_us: int | None) -> float:
        """Return 0."""
        return 0.0


class Rate:
    """A number of reports per second, evenly."""

    def __init__(self, per_second: float) -> None:
        """Send `per_second` reports a second, more than 0."""
        self._interval_s = 1 / per_second
        self._asked = 0

    def due_s(self, _published_us: int | None) -> float:
        """Return one interval more than for the report before."""
        due_s = self._asked * self._interval_s
        self._asked += 1
        return due_s


class Speed:
    """Original time, faster by a factor: at 60 an hour of the history takes a minute.

    The first is due at once; one that was published before another that is ahead of it is due together with that one.
    """

    def __init__(self, times: float) -> None:
        """Play `times` faster, more than 0; under 1 is slower than the original."""
        self._us_a_second = times * SECOND_US
        self._first_us: int | None = None
        #: The newest time of publication so far.
        self.reached_us: int | None = None

    def due_s(self, published_us: int | None) -> float:
        """Return the time since the first report, in play."""
        if published_us is not None:
            self._first_us = published_us if self._first_us is None else self._first_us
            self.reached_us = published_us if self.reached_us is None else max(published_us, self.reached_us)
        if self.reached_us is None or self._first_us is None:
            return 0.0
        return max(0, self.reached_us - self._first_us) / self._us_a_second


class Clock:
    """Seconds of play, which stop while paused, while the process is stopped, and while the log is unreachable.

    So a pause is not caught up in a burst: any gap longer than `STEP_MAX_S` counts as that long.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Begin at 0; `now_s` is a clock that never goes back."""
        self.paused = False
        self._now_s = now_s
        self._looked_s = now_s()
        self._played_s = 0.0

    def played_s(self) -> float:
        """Return the seconds played; must be called often."""
        now_s = self._now_s()
        if not self.paused:
            self._played_s += min(now_s - self._looked_s, STEP_MAX_S)
        self._looked_s = now_s
        return self._played_s


def read_speed(text: str) -> float:
    """Return the factor in `60x` or `60`; raises ValueError."""
    found = _SPEED.fullmatch(text)
    if found is None or float(found[1]) <= 0:
        raise ValueError(f"{text!r} is not a speed such as 60x, more than 0")
    return float(found[1])
