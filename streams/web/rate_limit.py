"""Limit the rate of posted reports per client address (token bucket)."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["BURST_S", "RateLimited", "RateLimiter"]

#: Size of a bucket, in seconds of the rate.
BURST_S = 10.0
#: Addresses remembered; a forgotten one starts with a full bucket.
ADDRESSES_MAX = 10_000


class RateLimited(Exception):
    """An address exceeds the rate; it may post again after `retry_after_s`."""

    def __init__(self, rate: int, retry_after_s: int) -> None:
        super().__init__(
            f"rate limit: at most {rate:,} reports per second from one address; retry after {retry_after_s} s"
        )
        self.retry_after_s = retry_after_s


class RateLimiter:
    """The buckets of all addresses, at `rate` reports per second; 0: no limit."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds."""
        self._rate = rate
        self._full = rate * BURST_S
        self._clock = clock
        #: Address → reports left, and the time of that.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, reports: int) -> None:
        """Take reports from the bucket of an address; raises RateLimited, and then takes none.

        A request larger than the bucket passes when the bucket is full.
        """
        if not self._rate:
            return
        now_s = self._clock()
        left, then_s = self._left.pop(address, (self._full, now_s))
        left = min(self._full, left + (now_s - then_s) * self._rate)
        cost = min(float(reports), self._full)
        taken = left >= cost
        self._left[address] = (left - cost if taken else left, now_s)
        if len(self._left) > ADDRESSES_MAX:
            self._left.popitem(last=False)
        if not taken:
            raise RateLimited(self._rate, math.ceil((cost - left) / self._rate))
