"""The next timer of each ceasefire view of an episode (contract section 4)."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final

#: Names a view: the ceasefire, and a source or "" for the joint view.
ViewKey = tuple[str, str]
#: The number of outdated heap entries that are kept before the heap is rebuilt.
SLACK: Final = 64


class TimerQueue:
    """The next timer of each view that has one; the earliest is found in constant time."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[ViewKey, int] = {}
        #: (due, view) for each of `_due`, and outdated ones.
        self._heap: list[tuple[int, ViewKey]] = []

    def __bool__(self) -> bool:
        return bool(self._due)

    def __repr__(self) -> str:
        return repr(sorted(self._due.items()))

    def get(self, key: ViewKey) -> int | None:
        """Return the time of a view's next timer, None without one."""
        return self._due.get(key)

    def set(self, key: ViewKey, due: int | None) -> None:
        """Set the time of a view's next timer; None clears it."""
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            heappush(self._heap, (due, key))
            self._due[key] = due
            if len(self._heap) > 2 * len(self._due) + SLACK:
                self._heap = [(time, view) for view, time in self._due.items()]
                heapify(self._heap)

    def first(self) -> int | None:
        """Return the time of the earliest timer, None without one."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def due(self, clock: int) -> Iterator[ViewKey]:
        """Yield the views whose next timer fires at `clock` or before; a view may come twice."""
        if self.first() is None:
            return
        heap, indexes = self._heap, [0]
        # From the top of the heap down as far as it is due: lower entries are later.
        while indexes:
            index = indexes.pop()
            if index < len(heap) and heap[index][0] <= clock:
                due, key = heap[index]
                if self._due.get(key) == due:
                    yield key
                indexes += (2 * index + 1, 2 * index + 2)
