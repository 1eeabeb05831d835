"""Good records changed a little, and records as long as can be: what a parser may stumble over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

from tests.property.claims import mood
from tests.property.reading_json import unwrap
from tests.property.strategies import Author

Path = tuple[str | int, ...]


def valid_record(dice: Random) -> bytes:
    """A report or a tick (seldom one that is refused)."""
    author = Author(mood(dice))
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        line = author.line(dice)
    return unwrap(line.encode())[0][:20_000]


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 5, 63, 64, 1.0, 0.5, 2**31 - 1, 2**31, 10**9, 10**9 + 1, 2**63, 2**64, -(2**70)),
    *(
        "",
        "x",
        "X",
        "a b",
        "a/b",
        "-a",
        "a-",
        "\xe4",
        "\x00",
        "\x7f",
        "\x85",
        "\n",
        "all",
        "x" * 80,
        "x" * 81,
        "x" * 201,
    ),
    *("x" * 500, "x" * 501, "x" * 2000, "x" * 2001, "casualties", "ceasefire", "statement", "cumulative", "derived"),
    *("incremental", "exact", "more_than", "up_to", "took_effect", "announced", "denied", "military", "killed"),
    *("2022-09-13T00:00:00Z", "2022-09-13T00:00:00", "2022-09-13", "2022-09-13T24:00:00Z", "2022-09-13T00:00:60Z"),
    *(
        "2022-09-13T00:00:00+14:00",
        "2022-09-13T00:00:00-23:59",
        "2022-09-13T00:00:00+24:00",
        "2022-09-13T00:00:00+0400",
    ),
    *("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999999Z", "2022-09-13T00:00:00.123Z", "2022-9-13T00:00:00Z"),
    *("https://example.org", "http://", "ftp://x", "https://x y", "//x", "https://x:port", "hy-AM", "hy_AM", "a" * 36),
    *([], {}, [[]], [None], ["russia"], ["Russia"], [1], {"best": 5}, {"best": 5, "low": 6}, {"best": 5, "high": 4}),
    *({"report_id": "a", "claim": 0}, {"report_id": "a", "claim": 64}, {"report_id": "", "claim": 0}),
)

# Replacements for some bytes: pieces that two readers may read differently.
PIECES = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"1E+5", b"-0", b"-", b"01", b"1.", b".1", b"9" * 400),
    *(
        b"\\ud800",
        b"\\udc00",
        b"\\ud83d\\udd4a",
        b"\\u0000",
        b"\\u00e9",
        b"\\x",
        b"\\",
        b"\\/",
        b"\xed\xa0\x80",
        b"\xff",
    ),
    *(
        b"\xc0\xaf",
        b"\xef\xbb\xbf",
        b"\xe4",
        b"\x00",
        b"\x1f",
        b"\x7f",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\n",
        b"\r",
        b"\t",
    ),
    *(b"null", b"true", b"{}", b"[]", b"[", b"]", b"{", b"}", b'"', b",", b":", b" ", b"[" * 40, b'{"a":' * 33, b""),
)


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Return the paths of everything inside a JSON value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in members:
        yield (*here, name)
        yield from paths(each, (*here, name))


def mutated_value(dice: Random, raw: bytes) -> bytes:
    """One to three values replaced, taken out, moved or renamed."""
    try:
        record = json.loads(raw)
    except ValueError:
        return raw
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        places = list(paths(record))
        if not places:
            break
        _change(dice, record, dice.choice(places))
    return json.dumps(record, ensure_ascii=dice.choice([True, False])).encode("utf-8", "surrogatepass")


def _change(dice: Random, record: Any, path: Path) -> None:
    owner = record
    for name in path[:-1]:
        owner = owner[name]
    name = path[-1]
    how = dice.randrange(6)
    if how == 0:
        del owner[name]
    elif how == 1 and isinstance(owner, dict):
        owner[str(name) + dice.choice(["", "x", " "])] = owner.pop(name)
    elif how == 2 and isinstance(owner, list):
        owner.append(deepcopy(owner[int(name)]))
    else:
        alike = [value for value in VALUES if type(value) is type(owner[name])] if how > 3 else []
        owner[name] = deepcopy(dice.choice(alike or VALUES))


def mutated_bytes(dice: Random, raw: bytes) -> bytes:
    """One to four places overwritten, cut out, doubled or filled."""
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        start = dice.randint(0, len(raw))
        end = min(len(raw), start + dice.choice([0, 0, 1, 1, 2, 8, 40]))
        middle = dice.choice([raw[start:end] * 2, b"", dice.choice(PIECES), dice.choice(PIECES), dice.randbytes(1)])
        raw = raw[:start] + middle + raw[end:]
    return raw


# --- as long as can be ------------------------------------------------------------------------------------------------

_CLAIM = '{"type":"casualties","party":"north","outcome":"killed","count":{"best":5}}'
_HEAD = '{"report_id":"a","episode":"war","source":"mod","published_at":"2022-09-13T00:00:00Z","claims":['
_GOOD = _HEAD + _CLAIM + "]"


def _filled(before: str, piece: str, after: str) -> Callable[[int], bytes]:
    """Return a text of at most `size` bytes: the piece repeated between the two."""

    def make(size: int) -> bytes:
        room = size - len(before.encode()) - len(after.encode())
        return (before + piece * (room // len(piece.encode())) + after).encode()

    return make


def _nested(opening: str, closing: str) -> Callable[[int], bytes]:
    return lambda size: (
        opening * (size // len(opening + closing)) + closing * (size // len(opening + closing))
    ).encode()


SHAPES: dict[str, Callable[[int], bytes]] = {
    "a long string": _filled(_GOOD + ',"x":"', "x", '"}'),
    "a long string of escapes": _filled(_GOOD + ',"x":"', "\\u0041", '"}'),
    "a long string of surrogate pairs": _filled(_GOOD + ',"x":"', "\\ud83d\\udd4a", '"}'),
    "a long string of quotes": _filled(_GOOD + ',"x":"', '\\"', '"}'),
    "a long string of backslashes": _filled(_GOOD + ',"x":"', "\\\\", '"}'),
    "a long string that never ends": _filled(_GOOD + ',"x":"', "\\\\", ""),
    "a long string of brackets": _filled(_GOOD + ',"x":"', "[{", '"}'),
    "a long string, then 1e400": _filled(_GOOD + ',"y":1e400,"x":"', "1e400 ", '"}'),
    "long words": _filled(_GOOD + ',"x":"', "\U0001f54a", '"}'),
    "a long number": _filled(_GOOD + ',"x":', "9", "}"),
    "a long fraction": _filled(_GOOD + ',"x":0.', "9", "}"),
    "a long exponent": _filled(_GOOD + ',"x":1e', "9", "}"),
    "a long number with 1e400": _filled(_GOOD + ',"y":1e400,"x":', "9", "}"),
    "many small lists": _filled(_GOOD + ',"x":[', "[],", "0]}"),
    "many small lists with 1e400": _filled(_GOOD + ',"x":[', "[1e400],", "0]}"),
    "many objects 31 deep": _filled(_GOOD + ',"x":[', '{"a":' * 29 + "1" + "}" * 29 + ",", "0]}"),
    "many lists too deep": _filled(_GOOD + ',"x":[', "[" * 40 + "]" * 40 + ",", "0]}"),
    "many numbers": _filled(_GOOD + ',"x":[', "1,", "0]}"),
    "many huge numbers": _filled(_GOOD + ',"x":[', "1e999,", "0]}"),
    "many unknown fields": _filled(_GOOD, ',"x":1', "}"),
    "many different unknown fields": lambda size: (
        _GOOD + "".join(f',"{n:06d}":0' for n in range((size - len(_GOOD) - 1) // 11)) + "}"
    ).encode(),
    "many equal claims": _filled(_GOOD, ',"claims":[]', "}"),
    "many claims": _filled(_HEAD + _CLAIM, "," + _CLAIM, "]}"),
    "many empty claims": _filled(_HEAD, "{},", "{}]}"),
    "many claims of no kind": _filled(_HEAD, "1,", "1]}"),
    "many mediators": _filled(_HEAD + '{"type":"ceasefire","act":"holding","mediators":["a"', ',"osce"', "]}]}"),
    "many bad mediators": _filled(_HEAD + '{"type":"ceasefire","act":"holding","mediators":["a"', ',"O"', "]}]}"),
    "a long headline": _filled(_GOOD + ',"headline":"', "x", '"}'),
    "a long address": _filled(_GOOD + ',"url":"https://', "a.", '"}'),
    "a long language": _filled(_GOOD + ',"lang":"', "a-", '"}'),
    "a long slug": _filled(_GOOD + ',"relayed_by":"', "a-", '"}'),
    "a long time": _filled(_GOOD + ',"published_at":"2022-09-13T00:00:00.', "0", 'Z"}'),
    "a long key": _filled(_GOOD + ',"', "x", '":1}'),
    "white space": _filled(_GOOD, " ", "}"),
    "nothing but white space": _filled("", " ", ""),
    "lists in lists": _nested("[", "]"),
    "objects in objects": _nested('{"a":', "}"),
    "lists never closed": _filled("", "[", ""),
    "closing brackets": _filled("", "]", ""),
    "quotes": _filled("", '"', ""),
    "backslashes": _filled('"', "\\", ""),
    "bytes that are no UTF-8": lambda size: b"\xff" * size,
    "half of a character": lambda size: b'"' + b"\xe2\x82" * ((size - 1) // 2),
    "NULs": bytes,
    "signs": _filled("", "-", ""),
    "commas": _filled("[", "0,", ""),
}
