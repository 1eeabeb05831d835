"""Python's collector kept away from what lives long: walking a million reports again and again costs a third."""

import gc

__all__ = ["GcFreezer", "relax_gc"]

#: New containers before the collector runs by itself. Ten thousand reports make fewer.
THRESHOLD = 500_000
#: Records taken in between two times that what has grown is set aside.
EVERY_RECORDS = 10_000


def relax_gc() -> None:
    """Let the collector run seldom by itself; for the whole process, so once, when a worker starts."""
    gc.set_threshold(THRESHOLD, 20, 100)


class GcFreezer:
    """Sets aside what has been taken into the ledgers: it is freed as ever, but the collector does not walk it."""

    def __init__(self) -> None:
        self._since = 0

    def restored(self) -> None:
        """A ledger has been read back."""
        gc.freeze()

    def grew(self, records: int) -> None:
        """So many records have been taken in."""
        self._since += records
        if self._since >= EVERY_RECORDS:
            self._since = 0
            # No collection first: folding leaves no cycles, and a walk would cost a quarter of the time.
            gc.freeze()
