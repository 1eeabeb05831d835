"""The spellings of records by `strategies`: one content has many, and some texts are not a record."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.property.claims import chance

_OFFSET_MINUTES = [None, None, 0, 240, -330, 1439, -1439, 60]
_FRACTION_DIGITS = range(7)
_SEPARATORS = [(",", ":"), (", ", ": "), (" ,\t", "\r:  ")]
_UNKNOWN: list[tuple[str, Any]] = [
    ("x", 1),
    ("note", None),
    ("value", {"report_id": "z"}),
    ("timestamp", "never"),
    ("tick", None),
    ("Claims", [[]]),
]
# The defaults of fields: writing them out changes nothing.
_DEFAULTS: dict[str | None, dict[str, Any]] = {
    None: {"revision": 1, "withdrawn": False, "url": None, "relayed_by": None, "tick": None},
    "casualties": {
        "group": None,
        "quote": None,
        "population": "unknown",
        "qualifier": "exact",
        "basis": "cumulative",
        "final": None,
        "since": None,
    },
    "ceasefire": {"ceasefire": "main", "mediators": [], "parties": None, "by": None, "effective_at": None},
    "statement": {"against": None, "text": None, "refers_to": None},
}

INVALID = (
    "no json",
    '{"report_id": "a"',
    '{"report_id": "\\ud800"}',
    '{"tick": "2022-09-13T00:00:00Z", "episode": "war", "report_id": "a"}',
    '{"tick": "2022-09-13T00:00:00", "episode": "war"}',
    '{"tick": "2022-09-13T00:00:00Z"}',
    '{"timestamp": "yesterday", "value": {"tick": "2022-09-13T00:00:00Z", "episode": "war"}}',
    "[]",
    "NaN",
    "[" * 33 + "]" * 33,
    " \t\r",
    "",
)
"""Texts that are no record (or no line at all, the last two)."""

REPLACED: tuple[tuple[str, Any], ...] = (
    ("revision", 0),
    ("revision", 2**31),
    ("revision", 1.0),
    ("revision", True),
    ("withdrawn", 0),
    ("episode", "War"),
    ("episode", None),
    ("source", ""),
    ("source", "x" * 81),
    ("report_id", "a\x85"),
    ("report_id", "x" * 201),
    ("published_at", "2022-02-30T00:00:00Z"),
    ("published_at", "2022-09-13T00:00:00+24:00"),
    ("claims", []),
    ("claims", None),
    ("claims", [{"type": "weather"}]),
    ("claims", [{"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": "5"}}]),
    ("claims", [{"type": "ceasefire", "act": "announced", "at": "9999-01-01T00:00:00Z"}]),
    ("url", "ftp://example.org"),
    ("url", "HTTPS://example.org"),
    ("url", "https://user@"),
    ("url", "https://example.org/\u202e"),
    ("document", {"sha256": "0" * 64}),
    ("document", {"id": "x", "sha256": "F" * 64}),
    ("document", {"id": "x", "archived_url": "example.org"}),
    ("claims", [{"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": -1}}]),
    ("claims", [{"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 1}, "place": "sotk"}]),
    ("claims", [{"type": "casualties", "party": "a", "outcome": "killed", "count": {"best": 1}, "group": "generals"}]),
    ("claims", [{"type": "casualties", "party": "a", "outcome": "killed", "count": {"best": 1}, "scope": "In Sotk"}]),
    ("claims", [{"type": "casualties", "party": "a", "outcome": "killed", "count": {"best": 1}, "quote": "x" * 301}]),
    ("claims", [{"type": "ceasefire", "act": "agreed", "mediators": [f"m{number}" for number in range(51)]}]),
    ("headline", "x" * 501),
    ("lang", "hy_AM"),
    ("x", "y" * (256 * 1024)),
)
"""(field of a report, a value that makes it invalid, or too large)"""


def spell(dice: Random, record: dict[str, Any], *, freely: bool) -> str:
    """The record as one line of JSON. `freely`: unknown fields, defaults written out, any order, odd white space."""
    odd = freely and chance(dice, 40)
    values = _spelled(dice, record, odd=odd)
    comma, colon = dice.choice(_SEPARATORS) if odd else (", ", ": ")
    return json.dumps(values, ensure_ascii=not odd, separators=(comma, colon))


def _spelled(dice: Random, value: Any, *, odd: bool) -> Any:
    if isinstance(value, datetime):
        return spell_time(value, *((dice.choice(_OFFSET_MINUTES), dice.choice(_FRACTION_DIGITS)) if odd else (None, 0)))
    if isinstance(value, list):
        return [_spelled(dice, each, odd=odd) for each in value]
    if not isinstance(value, dict):
        return value
    pairs = [(name, _spelled(dice, each, odd=odd)) for name, each in value.items()]
    if odd:
        if ("report_id" in value and "episode" in value) or "type" in value:
            pairs += [
                pair for pair in _DEFAULTS[value.get("type")].items() if pair[0] not in value and chance(dice, 40)
            ]
        if "tick" not in value and chance(dice, 30):
            pairs += [pair for pair in [dice.choice(_UNKNOWN)] if pair[0] not in value]
        if chance(dice, 30):
            pairs.reverse()
    return dict(pairs)


def spell_time(moment: datetime, offset_minutes: int | None = None, digits: int = 0) -> str:
    """Return the moment with an offset, and with at least `digits` digits in its fraction."""
    offset = timedelta(minutes=offset_minutes or 0)
    local = moment + offset
    fraction = f"{local.microsecond:06d}"
    while len(fraction) > digits and fraction.endswith("0"):
        fraction = fraction[:-1]
    text = local.replace(microsecond=0).isoformat() + (f".{fraction}" if fraction else "")
    if offset_minutes is None:
        return text + "Z"
    hours, minutes = divmod(abs(offset_minutes), 60)
    return f"{text}{'-' if offset_minutes < 0 else '+'}{hours:02d}:{minutes:02d}"


def wrap(dice: Random, text: str, timestamp: datetime) -> str:
    """The line as an export writes it, with its record's timestamp (which may say it is from the future)."""
    members = [("timestamp", json.dumps(spell_time(timestamp))), ("key", '"any"'), ("value", text)]
    if chance(dice, 30):
        members.reverse()
    if chance(dice, 10):
        members = [("timestamp", "null"), ("value", text)]
    return "{" + ", ".join(f'"{name}": {each}' for name, each in members) + "}"
