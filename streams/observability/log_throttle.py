"""Throttle log lines that a library repeats while a broker is unreachable."""

import logging
import time
from collections.abc import Callable

__all__ = ["ThrottleFilter"]

EVERY_S = 30.0


class ThrottleFilter(logging.Filter):
    """Passes each message of a library once per `EVERY_S`, with the number of dropped repeats."""

    def __init__(self, library: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Throttle the loggers of one library; others pass."""
        super().__init__()
        self._library = library
        self._clock = clock
        #: (logger, message template) → when it last passed, and the repeats dropped since.
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a record."""
        if record.name.partition(".")[0] != self._library:
            return True
        kind = (record.name, str(record.msg))
        now_s = self._clock()
        last_s, dropped = self._last.get(kind, (-EVERY_S, 0))
        if now_s - last_s < EVERY_S:
            self._last[kind] = (last_s, dropped + 1)
            return False
        self._last[kind] = (now_s, 0)
        if dropped:
            record.msg = f"{record.msg} (repeated {dropped} times)"
        return True
