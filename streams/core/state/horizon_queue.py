"""Report ids by published_at, oldest first: the reports that the horizon passes next."""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from streams.core.model import Boxed
from streams.core.times import FIRST_US


class HorizonQueue:
    """A queue of (published_at, report_id).

    Reports in order go to two parallel queues, which share each time and id with the report itself; late ones go to
    a heap. It may contain reports that were revised or pruned since.
    """

    __slots__ = ("_ids", "_late", "_newest", "_times")

    def __init__(self) -> None:
        self._times: deque[int] = deque()
        self._ids: deque[str] = deque()
        self._late: list[tuple[int, str]] = []
        #: The greatest time that was added in order.
        self._newest = FIRST_US

    def add(self, published_at: Boxed, report_id: str) -> None:
        """Add a report."""
        if published_at >= self._newest:
            self._newest = published_at
            self._times.append(published_at)
            self._ids.append(report_id)
        else:
            heappush(self._late, (published_at, report_id))

    def append(self, published_at: int, report_id: str) -> None:
        """Load a report in any order; `put_in_order` must follow the last one."""
        self._late.append((published_at, report_id))

    def put_in_order(self) -> None:
        """Sort the loaded reports."""
        self._late.sort()
        self._times = deque(published_at for published_at, _ in self._late)
        self._ids = deque(report_id for _, report_id in self._late)
        self._late = []
        self._newest = self._times[-1] if self._times else FIRST_US

    def pop_before(self, floor: int) -> Iterator[tuple[int, str]]:
        """Remove and yield all reports published before `floor`, the oldest first."""
        while (self._times and self._times[0] < floor) or (self._late and self._late[0][0] < floor):
            if self._late and (not self._times or self._late[0][0] <= self._times[0]):
                yield heappop(self._late)
            else:
                yield self._times.popleft(), self._ids.popleft()
