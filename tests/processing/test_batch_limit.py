"""Smaller batches after a batch that was too slow or refused."""

from types import SimpleNamespace
from typing import Any

from streams.processing.batch_limit import BatchLimit


def records(first: int, count: int) -> list[Any]:
    return [SimpleNamespace(offset=offset) for offset in range(first, first + count)]


def test_a_slow_batch_shrinks_and_commits_grow_it_again() -> None:
    limit = BatchLimit(1_000, transaction_s=30.0)
    assert limit.too_slow(records(0, 1_000), took_s=30.0)
    sizes = [limit.records(0)]
    assert limit.too_slow(records(0, 250), took_s=16.0)
    sizes.append(limit.records(0))
    for _ in range(5):
        limit.committed()
        sizes.append(limit.records(0))
    assert sizes == [250, 62, 124, 248, 496, 992, 1_000]


def test_a_batch_never_shrinks_to_nothing() -> None:
    limit = BatchLimit(1_000, transaction_s=30.0)
    for _ in range(3):
        assert limit.too_slow(records(0, 1), took_s=30.0)
    assert limit.records(0) == 1


def test_a_failure_that_was_quick_keeps_the_size() -> None:
    limit = BatchLimit(1_000, transaction_s=30.0)
    assert not limit.too_slow(records(0, 1_000), took_s=4.0)
    assert limit.records(0) == 1_000


def test_a_refused_batch_comes_again_one_by_one() -> None:
    """Up to its last record; a single record that is refused again is at fault."""
    limit = BatchLimit(1_000, transaction_s=30.0)
    assert limit.refused(records(10, 5))
    assert [limit.records(offset) for offset in (10, 14, 15)] == [1, 1, 1_000]
    assert not limit.refused(records(12, 1))
    assert limit.refused(records(20, 1)), "alone by chance: it comes again"
