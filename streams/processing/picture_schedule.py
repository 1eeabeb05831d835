"""Which pictures are owed: one a second an episode at most while it changes, and always the last (contract 6)."""

import heapq
from collections.abc import Iterable

__all__ = ["EVERY_S", "PictureSchedule"]

EVERY_S = 1.0


class PictureSchedule:
    """The pictures to write in one partition. Times are of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._due: list[tuple[float, str]] = []
        #: Owed, and when it may be written.
        self._owed: dict[str, float] = {}
        #: When it was last written; only those of the last second count.
        self._written: dict[str, float] = {}
        #: Owed according to the ledger topic, and owed but not marked there yet.
        self._marked: set[str] = set()
        self._unmarked: dict[str, None] = {}

    def restore(self, owed: Iterable[str], now_s: float) -> None:
        """Take over what the last owner had marked and did not come to write."""
        for episode in owed:
            self._marked.add(episode)
            self._owe(episode, now_s)

    def changed(self, episodes: Iterable[str], now_s: float) -> None:
        """Note that episodes have changed."""
        for episode in episodes:
            if episode not in self._owed:
                last_s = self._written.get(episode)
                self._owe(episode, now_s if last_s is None else max(now_s, last_s + EVERY_S))

    def next_s(self) -> float | None:
        """Return when the next picture may be written; None where none is owed."""
        return self._due[0][0] if self._due else None

    def take_due(self, now_s: float, most: int) -> list[str]:
        """Return the episodes whose pictures are due now, at most `most`."""
        taken: list[str] = []
        while self._due and self._due[0][0] <= now_s and len(taken) < most:
            _, episode = heapq.heappop(self._due)
            del self._owed[episode]
            self._unmarked.pop(episode, None)
            self._written[episode] = now_s
            taken.append(episode)
        if len(self._written) > 2 * (len(self._owed) + len(taken)) + 1000:
            self._written = {episode: at for episode, at in self._written.items() if at > now_s - EVERY_S}
        return taken

    def marks(self, written: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the episodes to mark in the ledger as owed, and those whose mark goes, `written` being written."""
        add = list(self._unmarked)
        gone = [episode for episode in written if episode in self._marked and episode not in self._owed]
        self._unmarked.clear()
        self._marked.update(add)
        self._marked.difference_update(gone)
        return add, gone

    def _owe(self, episode: str, at_s: float) -> None:
        self._owed[episode] = at_s
        if episode not in self._marked:
            self._unmarked[episode] = None
        heapq.heappush(self._due, (at_s, episode))
