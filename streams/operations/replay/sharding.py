"""Whose a line is, where several processes read the same files and each folds the episodes that are its own."""

from typing import Any, Final
from zlib import crc32

import msgspec

from schemas.reports import SLUG_LENGTH
from streams.core.memo import Memo
from streams.core.model import Message
from streams.core.parse import Refusal, document_of
from streams.core.wire import read_record, unwrap

__all__ = ["Shard", "episode_of"]


class Shard:
    """The episodes of one process. What no episode can be told of is the first one's."""

    def __init__(self, number: int, of: int) -> None:
        """Take the number of the process, from 0, and how many there are."""
        self._number = number
        self._of = of
        self._ours = Memo(self._is_ours, max_entries=1 << 16)

    def read(self, line: bytes) -> Message | None:
        """Return the report or tick in a line of ours, None for another's. Raises Refusal as `read_record`."""
        try:
            record = unwrap(line)
        except Refusal:
            if self._number == 0:
                raise
            return None
        episode = episode_of(record.value)
        if episode is None or len(episode) > SLUG_LENGTH:
            # It will be refused, whoever reads it.
            return read_record(record) if self._number == 0 else None
        return read_record(record) if self._ours.get(episode) else None

    def _is_ours(self, episode: str) -> bool:
        return crc32(episode.encode(errors="replace")) % self._of == self._number


# Not a class: compiled, it would lose what `str | None` says.
_Episode: Final[Any] = msgspec.defstruct("Episode", [("episode", str | None, None)])
_EPISODE: Final = msgspec.json.Decoder(_Episode)


def episode_of(value: bytes) -> str | None:
    """Return the episode that a record names: the one that `parse` reads, if that takes the record."""
    try:
        episode: str | None = _EPISODE.decode(value).episode
    except (msgspec.DecodeError, RecursionError):
        # No JSON, or some that only `parse` takes.
        return _episode_of(value)
    return episode


def _episode_of(value: bytes) -> str | None:
    try:
        episode = document_of(value).get("episode")
    except Refusal:
        return None
    return episode if isinstance(episode, str) else None
