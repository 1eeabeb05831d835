"""Report if the fold is compiled: it is in a platform wheel, not in the sources (docs/explanation/performance.md)."""

from streams.core import ledger

__all__ = ["is_compiled"]


def is_compiled() -> bool:
    """Return whether this process runs the compiled fold."""
    return not str(ledger.__file__).endswith(".py")
