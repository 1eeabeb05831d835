"""Old totals that a source reports again."""

from collections.abc import Sequence

from streams.core.counts.entry import Entry


def repeated_by(bases: Sequence[Entry]) -> Entry | None:
    """Return the latest earlier figure that the last one repeats, if the source has raised it since.

    Such a base is an old total reported again rather than a correction. `bases` are sorted.
    """
    if not bases:
        return None
    *earlier, last = bases
    raised = False
    for entry in reversed(earlier):
        if entry.claim.best == last.claim.best:
            return entry if raised else None
        raised = raised or entry.claim.best > last.claim.best
    return None
