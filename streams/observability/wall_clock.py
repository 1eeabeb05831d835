"""The wall clock, checked against a clock that nobody sets, and against the newest record."""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["MAX_LEAP_S", "MAX_QUIET_S", "WallClock"]

#: A step of NTP is smaller; a wrong hardware clock, or a date set by hand, is larger.
MAX_LEAP_S: Final = 180.0
#: After a longer time without a record, a wrong clock at the start looks like a right one.
MAX_QUIET_S: Final = 7 * 86_400.0
_DAY_S: Final = 86_400.0


def _elapsed_s() -> float:
    # It counts the time that the machine sleeps, which CLOCK_MONOTONIC leaves out.
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class WallClock:
    """The wall clock of this machine; a tick can end a ceasefire for good, so a clock in doubt makes none.

    It is in doubt after a leap forward until it is back, and after a start long after the newest record until there
    is a newer one.
    """

    def __init__(self, wall_s: Callable[[], float] = time.time, elapsed_s: Callable[[], float] = _elapsed_s) -> None:
        self._wall_s = wall_s
        self._elapsed_s = elapsed_s
        self._begun_s = elapsed_s()
        self._offset_s = wall_s() - self._begun_s
        #: Time of the newest record at the start or since; None: there was none at the start.
        self._newest_s: float | None = None
        self._holds_tick = False

    def continue_from(self, newest_us: int) -> None:
        """Note the time of the newest record that was there at the start."""
        self._newest_s = max(newest_us / 1e6, self._newest_s or 0.0)

    def saw(self, time_us: int) -> None:
        """Note the time of a new record."""
        if self._newest_s is not None:
            self._newest_s = max(time_us / 1e6, self._newest_s)

    def leap_s(self) -> float:
        """Return how far the clock is ahead of the time that has passed; 0: no more than a step of NTP."""
        offset_s = self._wall_s() - self._elapsed_s()
        leap_s = offset_s - self._offset_s
        if leap_s > MAX_LEAP_S:
            return leap_s
        if leap_s > -MAX_LEAP_S:
            self._offset_s = offset_s  # a step, or drift; one that is set far back makes no tick early
        return 0.0

    def in_doubt(self) -> bool:
        """Return whether no tick may be made."""
        return bool(self.leap_s() or self._quiet_s())

    def is_due(self, at_us: int) -> bool:
        """Return whether it is time for a tick; never while the clock is in doubt."""
        if at_us > self.now_us():
            return False
        self._holds_tick = self.in_doubt()
        return not self._holds_tick

    def doubt(self) -> str:
        """Return why no tick is made, in words; empty: one is, or none is due."""
        if leap_s := self.leap_s():
            return (
                f"the clock of this machine leapt {leap_s:,.0f} s forward: no tick is made, so no ceasefire expires by"
                " it; set the clock, or restart if it is right now"
            )
        quiet_s = self._quiet_s()
        if not quiet_s or not self._holds_tick:
            return ""
        return (
            f"at the start the clock of this machine was {quiet_s / _DAY_S:,.0f} days ahead of the newest record: no"
            " tick is made, so no ceasefire expires by it, until a report comes; if the clock is wrong, set it and"
            " restart first"
        )

    def now_us(self) -> int:
        """Return the present time in µs since 1970."""
        return round(self._wall_s() * 1_000_000)

    def _quiet_s(self) -> float:
        """Return the time without a record before the start; 0: a clock can be trusted after it."""
        if self._newest_s is None:
            return 0.0
        begun_s = self._wall_s() - (self._elapsed_s() - self._begun_s)
        quiet_s = begun_s - self._newest_s
        return quiet_s if quiet_s > MAX_QUIET_S else 0.0
