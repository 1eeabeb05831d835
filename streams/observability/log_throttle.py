"""Log lines that a library repeats for as long as a broker is away, said once in a while."""

import logging
import time
from collections.abc import Callable

__all__ = ["ThrottleFilter"]

EVERY_S = 30.0


class ThrottleFilter(logging.Filter):
    """Lets each message of a library through once in half a minute, with how often it was held back."""

    def __init__(self, library: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the name of the library's loggers; those of others pass."""
        super().__init__()
        self._library = library
        self._clock = clock
        #: By logger and message, before its arguments are filled in: when it was last said, and held back since.
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be written."""
        if record.name.partition(".")[0] != self._library:
            return True
        kind = (record.name, str(record.msg))
        now_s = self._clock()
        last_s, held = self._said.get(kind, (-EVERY_S, 0))
        if now_s - last_s < EVERY_S:
            self._said[kind] = (last_s, held + 1)
            return False
        self._said[kind] = (now_s, 0)
        if held:
            record.msg = f"{record.msg} (and {held} times more)"
        return True
