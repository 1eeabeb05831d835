"""Encode a long JSON value in parts, so that other threads run in between: orjson holds the GIL for one whole call."""

from collections.abc import Iterator
from typing import Any

import orjson

__all__ = ["dumps_in_parts"]

#: Items of a list that are encoded in one call.
PART_ITEMS = 500


def dumps_in_parts(value: Any) -> Iterator[bytes]:
    """Yield the bytes that `orjson.dumps` returns."""
    if isinstance(value, dict):
        separator = b"{"
        for name, held in value.items():
            yield separator + orjson.dumps(name) + b":"
            yield from dumps_in_parts(held)
            separator = b","
        yield b"}" if value else b"{}"
    elif isinstance(value, list) and (len(value) > PART_ITEMS or _holds_lists(value)):
        separator = b"["
        for start in range(0, len(value), PART_ITEMS):
            part = value[start : start + PART_ITEMS]
            yield separator
            yield from _joined(part) if _holds_lists(part) else (orjson.dumps(part)[1:-1],)
            separator = b","
        yield b"]"
    else:
        yield orjson.dumps(value)


def _joined(items: list[Any]) -> Iterator[bytes]:
    for index, item in enumerate(items):
        if index:
            yield b","
        yield from dumps_in_parts(item)


def _holds_lists(items: list[Any]) -> bool:
    """Return whether an item is a dictionary that may hold a long list."""
    return any(isinstance(item, dict) and any(_is_long(held) for held in item.values()) for item in items)


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > PART_ITEMS
