"""Whether the fold is compiled: a wheel for one platform has it so, sources have not (docs/performance.md)."""

from streams.core import ledger

__all__ = ["is_compiled"]


def is_compiled() -> bool:
    """Return whether this process runs the compiled fold."""
    return not str(ledger.__file__).endswith(".py")
