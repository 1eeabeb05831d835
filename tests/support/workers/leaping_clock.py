"""A worker whose wall clock is off by the seconds in the file LEAP_FILE names, read at each look.

`python -m tests.support.workers.leaping_clock`. The monotonic clock does not leap, as when a machine's time is set.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

FILE = Path(os.environ["LEAP_FILE"])


def leap(clock_ns: Callable[[], int]) -> Callable[[], int]:
    """Return a clock that is off by what the file says."""

    def leapt() -> int:
        offset_s = float(FILE.read_text() or 0) if FILE.exists() else 0.0
        return clock_ns() + int(offset_s * 1e9)

    return leapt


if __name__ == "__main__":
    time.time_ns = leap(time.time_ns)
    now_ns = time.time_ns
    time.time = lambda: now_ns() / 1e9
    # Imported now: a default argument keeps the clock of the time of its import.
    from streams.settings import load
    from streams.worker import serve

    serve(load())
