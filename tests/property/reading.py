"""Section 1 and rule 1 of the contract, read word for word with the standard library alone.

A second opinion on what is a report and what it says: nothing here may be taken from the product, or the two could
agree by accident. Slow on purpose: a text is parsed twice and every field is looked at by name.

If the contract leaves a question open, this reading decides:

- A withdrawn report may leave ``claims`` out: it may have none, and null or nothing there is none.
- A ``tick`` beside a null ``report_id`` is a tick: a field that is null is one not given.
- ``-0`` is the integer 0. A number written with a fraction or an exponent is never an integer, and outside a field of
  the contract any JSON number of any size is allowed, ``1e400`` too.
- A byte order mark is no JSON white space: `not_json`.
- The host of an address is that of RFC 3986, its port digits or nothing; white space is what Unicode calls so, control
  characters are those of category Cc, bidi characters those of the property Bidi_Control.
- Letters and digits of `lang`, and the digits of a time, are ASCII.
- "Nested deeper than 32" counts open brackets and braces outside strings; 32 are allowed.
- The given counts lie in 0 … 10⁹ each, of an increment down to minus 10⁹; low ≤ best ≤ high is checked after
  the qualifier did its part.
- Lists not given and empty lists are the same content (the vectors say so of `mediators`); so too `parties`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.property.reading_json import Refused, read_json

Fields = dict[str, Any]

BILLION = 10**9

OUTCOMES = ("killed", "wounded", "missing", "captured", "killed_or_missing", "killed_or_wounded")
POPULATIONS = ("military", "civilian", "mixed", "unknown")
QUALIFIERS = ("exact", "about", "at_least", "more_than", "up_to", "nearly")
GROUPS = ("children", "women", "elderly", "medics", "press", "aid_workers")
BASES = ("cumulative", "incremental", "derived")
CEASEFIRE_ACTS = (
    "called_for",
    "proposed",
    "rejected",
    "agreed",
    "announced",
    "took_effect",
    "holding",
    "extended",
    "suspended",
    "resumed",
    "ended",
    "collapsed",
    "postponed",
    "violation_alleged",
    "violation_denied",
    "violation_confirmed",
    "not_confirmed",
)
STATEMENT_ACTS = ("asserted", "denied", "accused")
SUBJECTS = ("territory", "casualties", "ceasefire", "conduct", "other")


# --- single fields ----------------------------------------------------------------------------------------------------


def _refuse(path: str, rule: str) -> Refused:
    return Refused("invalid", f"{path}: {rule}")


def text(value: Any, path: str, longest: int, shortest: int = 0) -> str:
    if type(value) is not str or not shortest <= len(value) <= longest:
        raise _refuse(path, f"a string of {shortest} to {longest} characters")
    return value


def report_id(value: Any, path: str) -> str:
    name = text(value, path, 200, 1)
    if any(ord(sign) < 0x20 or 0x7F <= ord(sign) <= 0x9F for sign in name):
        raise _refuse(path, "no control characters")
    return name


def slug(value: Any, path: str) -> str:
    name = text(value, path, 80, 1)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", name):
        raise _refuse(path, "a slug")
    return name


def slugs(value: Any, path: str) -> list[str]:
    if type(value) is not list or len(value) > 50:
        raise _refuse(path, "a list of at most 50")
    return [slug(name, f"{path}[{place}]") for place, name in enumerate(value)]


def integer(value: Any, path: str, least: int, greatest: int) -> int:
    if type(value) is not int or not least <= value <= greatest:
        raise _refuse(path, f"an integer from {least} to {greatest}")
    return value


def boolean(value: Any, path: str) -> bool:
    if type(value) is not bool:
        raise _refuse(path, "true or false")
    return value


def time(value: Any, path: str) -> datetime:
    """RFC 3339 as the contract narrows it, in UTC (naive: every time of the model is in UTC)."""
    if type(value) is not str:
        raise _refuse(path, "a time")
    found = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))", value, re.ASCII
    )
    if found is None:
        raise _refuse(path, "a time with its offset")
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    if sign is not None and (int(hours) > 23 or int(minutes) > 59):
        raise _refuse(path, "an offset of at most 23:59")
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    microsecond = int((fraction or "0").ljust(6, "0"))
    try:
        return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), microsecond) - offset
    except (ValueError, OverflowError):
        raise _refuse(path, "a real date in the years 0001 to 9999") from None


def written(moment: datetime | None) -> str | None:
    """A time as it is printed: UTC, `Z`, no trailing zeros in the fraction."""
    if moment is None:
        return None
    seconds, _, fraction = moment.isoformat().partition(".")
    fraction = fraction.rstrip("0")
    return f"{seconds}.{fraction}Z" if fraction else f"{seconds}Z"


def address(value: Any, path: str) -> str:
    url = text(value, path, 2000)
    found = re.fullmatch(r"https?://([^/?#]*)(?:[/?#].*)?", url, re.DOTALL)
    if found is None or not has_host(found[1]) or any(is_hidden(sign) for sign in url):
        raise _refuse(path, "an http or https address with a host and no white space, control or bidi character")
    return url


def is_hidden(sign: str) -> bool:
    """White space, or a control or bidi character."""
    bidi = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return is_white_space(sign) or unicodedata.category(sign) == "Cc" or sign in bidi


def has_host(authority: str) -> bool:
    """RFC 3986, 3.2: a user before the one @, a host (a name or an IPv6 address in brackets), a port of digits."""
    if authority.count("@") > 1:
        return False
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return re.fullmatch(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?", host) is not None
    name, _, port = host.partition(":")
    return name != "" and not set(name) & set("[]") and set(port) <= set("0123456789")


def is_white_space(sign: str) -> bool:
    """White_Space as Unicode has it; Python counts four separators of ASCII in."""
    return sign.isspace() and not "\x1c" <= sign <= "\x1f"


def language(value: Any, path: str) -> str:
    tag = text(value, path, 35, 1)
    if not re.fullmatch(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*", tag):
        raise _refuse(path, "groups of 1 to 8 letters and digits")
    return tag


def required(record: Fields, name: str, path: str, read: Callable[[Any, str], Any]) -> Any:
    if record.get(name) is None:
        raise _refuse(path + name, "required")
    return read(record[name], path + name)


def optional(record: Fields, name: str, path: str, read: Callable[[Any, str], Any], default: Any = None) -> Any:
    """An optional field that is null is one not given."""
    return default if record.get(name) is None else read(record[name], path + name)


def one_of(words: tuple[str, ...]) -> Callable[[Any, str], str]:
    def read(value: Any, path: str) -> str:
        if type(value) is not str or value not in words:
            raise _refuse(path, " | ".join(words))
        return value

    return read


def up_to(longest: int) -> Callable[[Any, str], str]:
    return lambda value, path: text(value, path, longest)


def between(least: int, greatest: int) -> Callable[[Any, str], int]:
    return lambda value, path: integer(value, path, least, greatest)


# --- claims -----------------------------------------------------------------------------------------------------------


def bounds(count: Any, qualifier: str, path: str, least: int) -> tuple[int, int | None, int | None]:
    """(best, low, high) of a count after its qualifier."""
    if type(count) is not dict:
        raise _refuse(path, "an object")
    best: int = required(count, "best", path + ".", between(least, BILLION))
    low: int | None = optional(count, "low", path + ".", between(least, BILLION))
    high: int | None = optional(count, "high", path + ".", between(least, BILLION))
    if qualifier == "exact":
        low = best if low is None else low
        high = best if high is None else high
    elif qualifier == "at_least":
        low = best if low is None else low
    elif qualifier == "more_than":
        low = best + 1 if low is None else low
        best = best + 1
    elif qualifier in ("up_to", "nearly"):
        high = best if high is None else high
    if (low is not None and low > best) or (high is not None and high < best):
        raise _refuse(path, "low ≤ best ≤ high")
    return best, low, high


def casualty_claim(claim: Fields, published_at: datetime, path: str) -> Fields:
    qualifier = optional(claim, "qualifier", path, one_of(QUALIFIERS), "exact")
    basis = optional(claim, "basis", path, one_of(BASES), "cumulative")
    least = -BILLION if basis == "incremental" else 0
    best, low, high = required(claim, "count", path, lambda value, where: bounds(value, qualifier, where, least))
    read = {
        "type": "casualties",
        "party": required(claim, "party", path, slug),
        "outcome": required(claim, "outcome", path, one_of(OUTCOMES)),
        "population": optional(claim, "population", path, one_of(POPULATIONS), "unknown"),
        "best": best,
        "low": low,
        "high": high,
        "qualifier": qualifier,
        "basis": basis,
        "as_of": optional(claim, "as_of", path, time, published_at),
        "since": optional(claim, "since", path, time),
        "final": optional(claim, "final", path, boolean),
        "incident": optional(claim, "incident", path, slug),
        "group": optional(claim, "group", path, one_of(GROUPS)),
        "scope": optional(claim, "scope", path, slug),
        "place": optional(claim, "place", path, slug),
        "quote": optional(claim, "quote", path, up_to(300)),
    }
    if read["as_of"] - published_at > timedelta(hours=24):
        raise _refuse(path + "as_of", "not more than 24 h after published_at")
    if read["since"] is not None and read["since"] > read["as_of"]:
        raise _refuse(path + "since", "not after as_of")
    if read["place"] is not None and basis != "incremental":
        raise _refuse(path + "place", "on increments alone")
    return read


def ceasefire_claim(claim: Fields, published_at: datetime, path: str) -> Fields:
    act = required(claim, "act", path, one_of(CEASEFIRE_ACTS))
    effective_at = optional(claim, "effective_at", path, time)
    done_at = published_at
    if act == "took_effect" and effective_at is not None and not effective_at > published_at:
        done_at = effective_at
    read = {
        "type": "ceasefire",
        "ceasefire": optional(claim, "ceasefire", path, slug, "main"),
        "act": act,
        "at": optional(claim, "at", path, time, done_at),
        "by": optional(claim, "by", path, slug),
        "against": optional(claim, "against", path, slug),
        "effective_at": effective_at,
        "expires_at": optional(claim, "expires_at", path, time),
        "parties": optional(claim, "parties", path, slugs, []),
        "mediators": optional(claim, "mediators", path, slugs, []),
        "text": optional(claim, "text", path, up_to(2000)),
        "place": optional(claim, "place", path, slug),
        "quote": optional(claim, "quote", path, up_to(300)),
    }
    if read["at"] > published_at:
        raise _refuse(path + "at", "not after published_at")
    if effective_at is not None and read["expires_at"] is not None and not read["expires_at"] > effective_at:
        raise _refuse(path + "expires_at", "after effective_at")
    return read


def reference(value: Any, path: str) -> Fields:
    if type(value) is not dict:
        raise _refuse(path, "an object")
    return {
        "report_id": required(value, "report_id", path + ".", report_id),
        "claim": required(value, "claim", path + ".", between(0, 63)),
        "revision": optional(value, "revision", path + ".", between(1, 2**31 - 1)),
    }


def statement_claim(claim: Fields, _published_at: datetime, path: str) -> Fields:
    return {
        "type": "statement",
        "act": required(claim, "act", path, one_of(STATEMENT_ACTS)),
        "about": required(claim, "about", path, one_of(SUBJECTS)),
        "against": optional(claim, "against", path, slug),
        "text": optional(claim, "text", path, up_to(2000)),
        "refers_to": optional(claim, "refers_to", path, reference),
        "quote": optional(claim, "quote", path, up_to(300)),
    }


def document(value: Any, path: str) -> Fields:
    if type(value) is not dict:
        raise _refuse(path, "an object")
    return {
        "id": required(value, "id", path + ".", report_id),
        "sha256": optional(value, "sha256", path + ".", sha256),
        "archived_url": optional(value, "archived_url", path + ".", address),
    }


def sha256(value: Any, path: str) -> str:
    digits = text(value, path, 64, 64)
    if not set(digits) <= set("0123456789abcdef"):
        raise _refuse(path, "64 hex digits in lower case")
    return digits


CLAIMS = {"casualties": casualty_claim, "ceasefire": ceasefire_claim, "statement": statement_claim}


def claims(value: Any, withdrawn: bool, published_at: datetime) -> list[Fields]:
    if type(value) is not list or not (0 if withdrawn else 1) <= len(value) <= 64:
        raise _refuse("claims", "1 to 64 claims, or none when withdrawn")
    read = []
    for place, claim in enumerate(value):
        if type(claim) is not dict:
            raise _refuse(f"claims[{place}]", "an object")
        kind = required(claim, "type", f"claims[{place}].", one_of(tuple(CLAIMS)))
        read.append(CLAIMS[kind](claim, published_at, f"claims[{place}]."))
    return read


# --- records ----------------------------------------------------------------------------------------------------------


def read_record(raw: bytes) -> Fields:
    """A report or ``{"tick", "episode"}`` with every default in its place. Raises `Refused` as of rule 1."""
    record = read_json(raw)
    if type(record) is not dict:
        raise _refuse("", "an object")
    if record.get("tick") is not None:
        if record.get("report_id") is not None:
            raise _refuse("tick", "no report_id beside it")
        return {"tick": time(record["tick"], "tick"), "episode": required(record, "episode", "", slug)}
    withdrawn = optional(record, "withdrawn", "", boolean, default=False)
    published_at = required(record, "published_at", "", time)
    read = {
        "report_id": required(record, "report_id", "", report_id),
        "revision": optional(record, "revision", "", between(1, 2**31 - 1), 1),
        "withdrawn": withdrawn,
        "episode": required(record, "episode", "", slug),
        "source": required(record, "source", "", slug),
        "relayed_by": optional(record, "relayed_by", "", slug),
        "published_at": published_at,
        "url": optional(record, "url", "", address),
        "headline": optional(record, "headline", "", up_to(500)),
        "lang": optional(record, "lang", "", language),
        "document": optional(record, "document", "", document),
        "claims": claims([] if record.get("claims") is None else record["claims"], withdrawn, published_at),
    }
    if withdrawn:
        read["claims"] = []  # checked, then dropped: no part of its content
    return read
