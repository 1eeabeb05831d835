"""Sharing of episodes among processes that all read the same files."""

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
    """The episodes of one process; lines without an episode belong to the first process."""

    def __init__(self, number: int, of: int) -> None:
        """Select the episodes of process `number`, from 0, of `of` processes."""
        self._number = number
        self._of = of
        self._ours = Memo(self._is_ours, max_entries=1 << 16)

    def read(self, line: bytes) -> Message | None:
        """Return the report or tick in a line, None for another process's line; raises Refusal as `read_record`."""
        try:
            record = unwrap(line)
        except Refusal:
            if self._number == 0:
                raise
            return None
        episode = episode_of(record.value)
        if episode is None or len(episode) > SLUG_LENGTH:
            # Any process would refuse it.
            return read_record(record) if self._number == 0 else None
        return read_record(record) if self._ours.get(episode) else None

    def _is_ours(self, episode: str) -> bool:
        return crc32(episode.encode(errors="replace")) % self._of == self._number


# Not a class: compiled by mypyc, it would lose the annotation `str | None`.
_Episode: Final[Any] = msgspec.defstruct("Episode", [("episode", str | None, None)])
_EPISODE: Final = msgspec.json.Decoder(_Episode)


def episode_of(value: bytes) -> str | None:
    """Return the episode of a record, the same as `parse` reads if it accepts the record."""
    try:
        episode: str | None = _EPISODE.decode(value).episode
    except (msgspec.DecodeError, RecursionError):
        # Not JSON, or JSON that only `parse` accepts.
        return _episode_of(value)
    return episode


def _episode_of(value: bytes) -> str | None:
    try:
        episode = document_of(value).get("episode")
    except Refusal:
        return None
    return episode if isinstance(episode, str) else None
