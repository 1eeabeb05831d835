"""Memory that a long answer needed once goes back to the operating system."""

import psutil

from streams.web.freed_memory import give_back

MB = 1_000_000


def test_freed_blocks_below_a_kept_one_are_given_back() -> None:
    """The allocator gives back by itself only what lies above the last block in use."""
    blocks = [bytes([number % 256]) * 2_000 for number in range(50_000)]
    kept = bytes([1]) * 2_000
    full = psutil.Process().memory_info().rss
    blocks.clear()
    give_back()
    assert full - psutil.Process().memory_info().rss > 50 * MB
    assert len(kept) == 2_000
