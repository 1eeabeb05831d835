"""Marks: opaque positions from which events resume.

A mark holds the next offset of every place, so any worker can resume from it, also after a restart. It is not signed:
a forged one reads only what every reader may read.
"""

import base64
import binascii
import zlib
from typing import NamedTuple

import msgspec

from streams.stores.change_feed import Positions

__all__ = ["MARK_MAX", "BadMark", "Mark", "Stamp"]

#: Longest accepted mark, in characters: thousands of places.
MARK_MAX = 16_384
_VERSION = b"\x01"
_CHECK_BYTES = 4
_LOG_BYTES = 4


class BadMark(ValueError):
    """An invalid mark."""


class Mark(NamedTuple):
    """A position to resume from.

    `log` identifies the log. `shown`: an episode and the offset of its last report whose changes the client has seen;
    the positions alone would send some of them twice.
    """

    log: bytes
    positions: Positions
    shown: tuple[str, int] | None = None

    def encode(self) -> str:
        """Return it as letters, digits, hyphens and underscores."""
        episode, offset = self.shown or ("", 0)
        tail = [msgspec.msgpack.encode([episode, offset])] if self.shown else []
        return _sealed([self.log, *map(_varint, (len(self.positions), *self.positions)), *tail])

    @classmethod
    def decode(cls, text: str) -> "Mark":
        """Return the mark in a text; raises BadMark."""
        if len(text) > MARK_MAX:
            raise BadMark(f"a mark has at most {MARK_MAX:,} characters")
        try:
            content = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise BadMark("not a valid mark: it has other characters, or is cut short") from None
        body, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
        if body[:1] != _VERSION or zlib.crc32(body).to_bytes(_CHECK_BYTES) != check:
            raise BadMark("not a valid mark, or not a whole one")
        return _read(body[1:])


class Stamp:
    """Marks of growing positions, encoded incrementally, one place at a time."""

    def __init__(self, log: bytes, positions: Positions) -> None:
        """Start at positions."""
        self._parts = [log, _varint(len(positions)), *map(_varint, positions)]

    def move(self, place: int, offset: int) -> None:
        """Set the next offset of a place."""
        self._parts[place + 2] = _varint(offset)

    def mark(self) -> str:
        """Return the mark of the positions as they are."""
        return _sealed(self._parts)


def _sealed(parts: list[bytes]) -> str:
    body = _VERSION + b"".join(parts)
    sealed = body + zlib.crc32(body).to_bytes(_CHECK_BYTES)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _read(body: bytes) -> Mark:
    log, at = body[:_LOG_BYTES], _LOG_BYTES
    numbers: list[int] = []
    try:
        count, at = _number(body, at)
        while len(numbers) < count:
            number, at = _number(body, at)
            numbers.append(number)
        shown = None if at == len(body) else msgspec.msgpack.decode(body[at:], type=tuple[str, int])
    except (IndexError, msgspec.DecodeError):
        raise BadMark("not a mark of this version") from None
    return Mark(log, tuple(numbers), shown)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first (LEB128)."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _number(body: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
