"""Give freed memory back to the operating system: the allocator keeps what a long answer needed once."""

import ctypes
from collections.abc import Callable
from typing import Final

__all__ = ["give_back"]


def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None  # another C library than glibc
    return trim


_TRIM: Final = _trim()


def give_back() -> None:
    """Give back what is free; takes some milliseconds, so call it in a thread."""
    if _TRIM is not None:
        _TRIM(0)
