"""What an episode waits for: when the next timer of each ceasefire view fires (contract section 4)."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final

#: Names a view: the ceasefire, and a source or "" for the joint view.
ViewKey = tuple[str, str]
#: Beside what is waited for, so many entries that are out of date may lie on the heap.
SLACK: Final = 64


class TimerQueue:
    """The next timer of each view that has one; the earliest is found at once, however many there are."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[ViewKey, int] = {}
        #: (due, view) for each of `_due`, and some that are no longer so.
        self._heap: list[tuple[int, ViewKey]] = []

    def __bool__(self) -> bool:
        return bool(self._due)

    def __repr__(self) -> str:
        return repr(sorted(self._due.items()))

    def get(self, key: ViewKey) -> int | None:
        """Return when the view's next timer fires, None where it waits for none."""
        return self._due.get(key)

    def set(self, key: ViewKey, due: int | None) -> None:
        """Note when the view's next timer fires."""
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            heappush(self._heap, (due, key))
            self._due[key] = due
            if len(self._heap) > 2 * len(self._due) + SLACK:
                self._heap = [(at, view) for view, at in self._due.items()]
                heapify(self._heap)

    def first(self) -> int | None:
        """Return when the next timer of all fires, or None."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def until(self, clock: int) -> Iterator[ViewKey]:
        """Yield the views whose next timer fires up to and with `clock`; a view may come twice."""
        if self.first() is None:
            return
        heap, places = self._heap, [0]
        # From the top of the heap down, as far as it is due: what lies below is later.
        while places:
            at = places.pop()
            if at < len(heap) and heap[at][0] <= clock:
                due, key = heap[at]
                if self._due.get(key) == due:
                    yield key
                places += (2 * at + 1, 2 * at + 2)
