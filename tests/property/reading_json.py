"""Decide on JSON by rule 1 of the contract, with the standard library alone. See `reading`."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32


class Refused(Exception):
    """A record that does not go in. `code` is one of the contract's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class NotAnInteger:
    """A JSON number that no field of the contract takes, for its form or for its size."""


def depth(text: str) -> int:
    """Return the deepest nesting of brackets and braces outside strings."""
    deepest = opened = 0
    for sign in re.sub(r'"[^"\\]*(?:\\.[^"\\]*)*"', "", text, flags=re.DOTALL):
        if sign in "[{":
            opened += 1
            deepest = max(deepest, opened)
        elif sign in "]}":
            opened -= 1
    return deepest


def _integer(text: str) -> int | NotAnInteger:
    return int(text) if len(text) <= 20 else NotAnInteger()


def _refuse_constant(text: str) -> object:
    raise ValueError(text)


def _no_integer(_text: str) -> NotAnInteger:
    return NotAnInteger()


def read_json(raw: bytes) -> Any:
    """The value of one JSON text of UTF-8, of two equal keys the last. Raises `Refused` (too_large | not_json)."""
    if len(raw) > MAX_BYTES:
        raise Refused("too_large", f"{len(raw)} bytes")
    try:
        text = raw.decode("utf-8")
        if depth(text) > MAX_DEPTH:
            raise Refused("not_json", "nested too deep")
        # Every pair is kept here, also those a later equal key overrides: a lone surrogate in one of them is refused.
        everything = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
        json.dumps(everything, ensure_ascii=False).encode("utf-8")
        return json.loads(text, parse_int=_integer, parse_float=_no_integer, parse_constant=_refuse_constant)
    except ValueError as error:  # also JSONDecodeError, UnicodeDecodeError, UnicodeEncodeError
        raise Refused("not_json", str(error)) from None


def unwrap(line: bytes) -> tuple[bytes, Any]:
    """Return the bytes of a line that are the record, and the value of its `timestamp` (None without).

    A line is wrapped when it is an object with a `value` and is itself neither a report nor a tick (an unknown field
    of a report may be called `value`). Limits apply to the text of `value` in the line.
    """
    decoder = json.JSONDecoder()
    space = re.compile(r"[ \t\r\n]*")
    try:
        line_text = line.decode("utf-8")
        found: dict[str, tuple[Any, str]] = {}
        if not isinstance(json.loads(line_text, parse_int=str, parse_constant=_refuse_constant), dict):
            return line, None
        place = space.match(line_text).end() + 1  # type: ignore[union-attr]  # an empty match is one
        while line_text[place := space.match(line_text, place).end()] != "}":  # type: ignore[union-attr]
            key, place = decoder.raw_decode(line_text, place)
            place = space.match(line_text, space.match(line_text, place).end() + 1).end()  # type: ignore[union-attr]
            value, end = json.JSONDecoder(parse_int=str).raw_decode(line_text, place)
            found[key] = (value, line_text[place:end])
            place = space.match(line_text, end).end()  # type: ignore[union-attr]
            place += line_text[place] == ","
    except (ValueError, RecursionError):
        return line, None  # not JSON as a whole: rejected unchanged
    names = {key for key, (value, _) in found.items() if value is not None}
    if "value" not in names or names & {"report_id", "tick"}:
        return line, None
    return found["value"][1].encode("utf-8"), found.get("timestamp", (None, ""))[0]
