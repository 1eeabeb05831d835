"""How much one address may post: a token bucket each, of reports."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["BURST_S", "RateLimited", "RateLimiter"]

#: A bucket holds what comes in so long: who was quiet may send that much at once.
BURST_S = 10.0
#: Addresses remembered; one that is forgotten begins with a full bucket.
ADDRESSES_MAX = 10_000


class RateLimited(Exception):
    """An address posts more than it may; `retry_after_s` is when it may go on."""

    def __init__(self, rate: int, retry_after_s: int) -> None:
        super().__init__(f"at most {rate:,} reports a second from one address: wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


class RateLimiter:
    """The buckets of all addresses, at `rate` reports a second; 0: no limit."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._rate = rate
        self._full = rate * BURST_S
        self._clock = clock
        #: By address: what was left, and when that was.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, reports: int) -> None:
        """Take out so many reports; raises RateLimited where there are fewer, and then takes none.

        A request of more than a whole bucket passes when the bucket is full.
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
