"""Strict JSON (RFC 8259, UTF-8) with a limit on nesting (contract section 2 rule 1)."""

import re
from itertools import accumulate
from typing import Any, Final

import orjson

from schemas.reports import MAX_NESTING
from streams.core.refusal import Refusal

_NUMBER: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+')
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
#: The change of depth at a bracket, as a signed byte: 1 or -1.
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def read_json(value: bytes) -> Any:
    """Return the value of a JSON text; of two equal keys the last counts.

    Raises Refusal `not_json`, also for a lone surrogate, NaN and deep nesting.
    """
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:
            raise Refusal("not_json", str(error)) from None
        document = _read_wide_numbers(value)
    if _opening_brackets(value) > MAX_NESTING and _is_too_deep(value):
        raise Refusal("not_json", f"nested deeper than {MAX_NESTING}")
    return document


def _read_wide_numbers(value: bytes) -> Any:
    """Read JSON with numbers beyond a double: such a number is JSON, if seldom a count."""

    def narrow(token: re.Match[bytes]) -> bytes:
        text = token[0]
        return text if text[:1] == b'"' or abs(float(text)) < float("inf") else b"1e308"

    try:
        return orjson.loads(_NUMBER.sub(narrow, value))
    except orjson.JSONDecodeError as error:
        raise Refusal("not_json", str(error)) from None


def _opening_brackets(value: bytes) -> int:
    """Return the number of opening brackets, those in strings too; bytes.count() takes twice as long."""
    return 2 * len(value) - len(value.replace(b"{", b"")) - len(value.replace(b"[", b""))


def _is_too_deep(value: bytes) -> bool:
    """Return whether brackets outside strings are nested too deep in a text that is JSON."""
    steps = _STRING.sub(b"", value).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b"))) > MAX_NESTING
