"""The limit of reports per address."""

from __future__ import annotations

import pytest

from streams.web import rate_limit
from streams.web.rate_limit import RateLimited, RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def refused(buckets: RateLimiter, address: str, reports: int) -> int:
    with pytest.raises(RateLimited) as error:
        buckets.take(address, reports)
    return error.value.retry_after_s


def test_ten_quiet_seconds_may_be_sent_at_once() -> None:
    clock = Clock()
    buckets = RateLimiter(100, clock)
    buckets.take("a", 900)
    buckets.take("a", 100)
    assert refused(buckets, "a", 1) == 1
    assert refused(buckets, "a", 250) == 3
    clock.now_s += 2.5
    buckets.take("a", 250)
    assert refused(buckets, "a", 1) == 1
    clock.now_s += 1e6
    buckets.take("a", 1_000)
    assert refused(buckets, "a", 1) == 1


def test_each_address_has_its_own() -> None:
    buckets = RateLimiter(1, Clock())
    buckets.take("a", 10)
    buckets.take("b", 10)
    assert refused(buckets, "a", 1) == 1


def test_more_than_a_bucket_holds_passes_when_it_is_full() -> None:
    clock = Clock()
    buckets = RateLimiter(1, clock)
    buckets.take("a", 10_000)
    assert refused(buckets, "a", 10_000) == 10
    clock.now_s += 10
    buckets.take("a", 10_000)


def test_no_more_addresses_are_remembered_than_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "ADDRESSES_MAX", 2)
    buckets = RateLimiter(1, Clock())
    for address in "abc":
        buckets.take(address, 10)
    buckets.take("a", 10)
    assert refused(buckets, "c", 1) == 1


def test_without_a_rate_there_is_no_limit() -> None:
    buckets = RateLimiter(0)
    for _ in range(100):
        buckets.take("a", 1_000_000)
