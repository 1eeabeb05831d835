"""Settings of Python's garbage collector: scanning a million live reports again and again costs a third."""

import gc

__all__ = ["GcFreezer", "relax_gc"]

#: New containers before the collector runs; ten thousand reports make fewer.
THRESHOLD = 500_000
#: Records processed between two freezes.
EVERY_RECORDS = 10_000


def relax_gc() -> None:
    """Let the collector run seldom, for the whole process; called once when a worker starts."""
    gc.set_threshold(THRESHOLD, 20, 100)


class GcFreezer:
    """Exempts the state in memory from the collector: reference counts free it as before."""

    def __init__(self) -> None:
        self._since = 0

    def restored(self) -> None:
        """Exempt a restored state."""
        gc.freeze()

    def added(self, records: int) -> None:
        """Count processed records, and exempt the state from time to time."""
        self._since += records
        if self._since >= EVERY_RECORDS:
            self._since = 0
            # No collection first: folding leaves no cycles, and a scan would cost a quarter of the time.
            gc.freeze()
