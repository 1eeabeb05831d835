"""Where a report belongs: under the key of its episode, in the partition of that key (contract section 2 rule 2)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from aiokafka.partitioner import murmur2

from streams.core.memo import Memo

__all__ = ["REROUTED", "Route", "Router", "partition_of", "was_rerouted"]

#: Header of a record that has been sent on: where it came from, PARTITION/OFFSET.
REROUTED: Final = "rerouted"

#: Homes that are remembered; a murmur2 in Python takes a few microseconds.
REMEMBERED: Final = 200_000


class Route(NamedTuple):
    """The key and partition of an episode."""

    key: bytes
    partition: int


def partition_of(key: bytes, partitions: int) -> int:
    """Return where the Java client's default partitioner puts a key (contract section 2 rule 2)."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def was_rerouted(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Tell whether a record has been sent on before: it is not sent on twice."""
    return any(name == REROUTED for name, _ in headers)


class Router:
    """The homes of episodes, remembered."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._homes = Memo(self._home, max_entries=REMEMBERED)

    def home(self, episode: str) -> Route:
        """Return where an episode lives."""
        return self._homes.get(episode)

    def _home(self, episode: str) -> Route:
        key = episode.encode()
        return Route(key, partition_of(key, self.partitions))
