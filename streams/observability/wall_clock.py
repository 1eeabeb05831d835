"""The wall clock, checked against a clock that nobody sets."""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["MAX_LEAP_S", "WallClock"]

#: A step of NTP is smaller; a wrong hardware clock, or a date set by hand, is larger.
MAX_LEAP_S: Final = 180.0


def _elapsed_s() -> float:
    # It counts the time that the machine sleeps, which CLOCK_MONOTONIC leaves out.
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class WallClock:
    """The wall clock of this machine, right when this process starts.

    After a leap forward it is in doubt until it is back. A tick can end a ceasefire for good, so a clock in doubt makes
    none.
    """

    def __init__(self, wall_s: Callable[[], float] = time.time, elapsed_s: Callable[[], float] = _elapsed_s) -> None:
        self._wall_s = wall_s
        self._elapsed_s = elapsed_s
        self._offset_s = wall_s() - elapsed_s()

    def leap_s(self) -> float:
        """Return how far the clock is ahead of the time that has passed; 0: no more than a step of NTP."""
        offset_s = self._wall_s() - self._elapsed_s()
        leap_s = offset_s - self._offset_s
        if leap_s > MAX_LEAP_S:
            return leap_s
        if leap_s > -MAX_LEAP_S:
            self._offset_s = offset_s  # a step, or drift; one that is set far back makes no tick early
        return 0.0

    def now_us(self) -> int:
        """Return the present time in µs since 1970."""
        return int(self._wall_s() * 1_000_000)
