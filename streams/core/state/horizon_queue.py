"""Which reports an episode's horizon passes next: report ids by published_at, oldest first."""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from streams.core.times import FIRST_US


class HorizonQueue:
    """A queue of (published_at, report_id).

    Most reports come in order, so these are two queues side by side, which share each time and id with the report
    itself; what comes late lies in a heap. It may name reports that have gone or were revised since.
    """

    __slots__ = ("_ids", "_late", "_newest", "_times")

    def __init__(self) -> None:
        self._times: deque[int] = deque()
        self._ids: deque[str] = deque()
        self._late: list[tuple[int, str]] = []
        #: The last of `_times` that there was.
        self._newest = FIRST_US

    def add(self, published_at: Any, report_id: str) -> None:
        """Take a report in: its own number and text, which it shares.

        No int: compiled, a number that is known to be one is made anew for each that keeps it.
        """
        if published_at >= self._newest:
            self._newest = published_at
            self._times.append(published_at)
            self._ids.append(report_id)
        else:
            heappush(self._late, (published_at, report_id))

    def append(self, published_at: int, report_id: str) -> None:
        """Take a report in, out of order; `put_in_order` must follow the last one."""
        self._late.append((published_at, report_id))

    def put_in_order(self) -> None:
        """Sort what was appended."""
        self._late.sort()
        self._times = deque(published_at for published_at, _ in self._late)
        self._ids = deque(report_id for _, report_id in self._late)
        self._late = []
        self._newest = self._times[-1] if self._times else FIRST_US

    def pop_before(self, floor: int) -> Iterator[tuple[int, str]]:
        """Take out and yield all that was published before `floor`, the oldest first."""
        while (self._times and self._times[0] < floor) or (self._late and self._late[0][0] < floor):
            if self._late and (not self._times or self._late[0][0] <= self._times[0]):
                yield heappop(self._late)
            else:
                yield self._times.popleft(), self._ids.popleft()
