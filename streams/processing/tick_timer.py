"""When to append a tick: the next timer of the ledger, compared with the wall clock."""

from streams.observability.wall_clock import WallClock

__all__ = ["TickTimer"]

#: The interval of checks that a partition with a due timer has caught up.
CATCH_UP_S = 0.25
#: The interval of checks of an uncertain clock.
DOUBT_S = 2.0


class TickTimer:
    """The next timer of one partition, and the last one that a tick was sent for: (time in µs, episode)."""

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._next: tuple[int, str] | None = None
        self._sent: tuple[int, str] | None = None

    def set(self, timer: tuple[int, str] | None) -> None:
        """Wait for a timer; None: for none."""
        self._next = timer

    def due(self) -> tuple[int, str] | None:
        """Return the timer that is due and has no tick yet, or None, also while the clock is in doubt."""
        timer = self._next
        if timer is None or timer == self._sent or not self._clock.is_due(timer[0]):
            return None
        return timer

    def sent(self, timer: tuple[int, str]) -> None:
        """Note that the tick of a timer is on the log."""
        self._sent = timer

    def wait_s(self) -> float | None:
        """Return how long there is nothing to do; None: there is no timer to wait for."""
        if self._next is None or self._next == self._sent:
            return None
        if self._clock.in_doubt():
            return DOUBT_S
        return max(CATCH_UP_S, (self._next[0] - self._clock.now_us()) / 1e6)
