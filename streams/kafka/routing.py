"""Routing of reports: the key of their episode, and the partition of that key (contract section 2 rule 2)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from aiokafka.partitioner import murmur2

from streams.core.memo import Memo

__all__ = ["REROUTED", "Route", "Router", "partition_of", "was_rerouted"]

#: Header of a rerouted record: the PARTITION/OFFSET it came from.
REROUTED: Final = "rerouted"

#: Routes in memory; a murmur2 in Python takes a few microseconds.
MEMO_ROUTES: Final = 200_000


class Route(NamedTuple):
    """The key and partition of an episode."""

    key: bytes
    partition: int


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that the Java client's default partitioner gives a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def was_rerouted(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Return True if a record was rerouted before: it is not rerouted twice."""
    return any(name == REROUTED for name, _ in headers)


class Router:
    """Routes of episodes, memoized."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._routes = Memo(self._route, max_entries=MEMO_ROUTES)

    def route(self, episode: str) -> Route:
        """Return the route of an episode."""
        return self._routes.get(episode)

    def _route(self, episode: str) -> Route:
        key = episode.encode()
        return Route(key, partition_of(key, self.partitions))
