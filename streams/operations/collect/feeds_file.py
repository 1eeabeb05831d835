"""The file of feeds that `truceline collect` follows, read with the line of each fault.

coast-wire:                          # name of the feed
url: https://example.org/rss.xml   # RSS, Atom or JSON Feed; or page:, folder:, telegram:
outlet: coast-wire                 # the feed's name if left out
zone: Asia/Baku                    # of times without an offset
every: 15m
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from streams.files.yaml_nodes import SLUG, SLUG_RULE, Fault, FileRefused, compose, fields, line_of, read_file

__all__ = ["Feed", "FeedsError", "read_feeds"]

Kind = Literal["url", "page", "folder", "telegram"]
KINDS: tuple[Kind, ...] = ("url", "page", "folder", "telegram")
OTHERS = ("outlet", "episode", "lang", "zone", "every")
SHAPE = "a feed is a name with url:, page:, folder: or telegram:, and outlet:, zone:, lang:, episode:, every:"
LEAST_S = 60
_EVERY = re.compile(r"([1-9]\d{0,4})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LANG = re.compile(r"[a-z]{2,3}")


class FeedsError(FileRefused):
    """A file of feeds with faults; its message has one `file:line: reason` a line."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed: where it is and what its documents say of themselves."""

    name: str
    kind: Kind
    place: str
    outlet: str
    episode: str | None = None
    lang: str | None = None
    zone: str = "UTC"
    every_s: float = 900


class _Word(NamedTuple):
    line: int
    text: str


def read_feeds(path: str | Path) -> list[Feed]:
    """Return the feeds of a file; a folder or file in it is relative to it. Raises FeedsError, OSError."""
    folder = Path(path).parent

    def parse(content: bytes, name: str) -> list[Feed]:
        root = compose(content, name, FeedsError)
        faults: list[Fault] = []
        found = [] if root is None else list(_feeds(root, folder, faults))
        if not found and not faults:
            faults.append(Fault(1, f"no feed in it: {SHAPE}"))
        if faults:
            raise FeedsError(name, sorted(faults))
        return found

    return read_file(path, parse)


def _feeds(root: yaml.Node, folder: Path, faults: list[Fault]) -> Iterator[Feed]:
    seen: set[str] = set()
    for name, line, value in fields(root, SHAPE, faults):
        if not SLUG.fullmatch(name):
            faults.append(Fault(line, f"{name!r} is no name of a feed: {SLUG_RULE}"))
        elif name in seen:
            faults.append(Fault(line, f"{name} is there twice"))
        else:
            seen.add(name)
            feed = _feed(name, line, value, folder, faults)
            if feed is not None:
                yield feed


def _feed(name: str, line: int, node: yaml.Node, folder: Path, faults: list[Fault]) -> Feed | None:
    before = len(faults)
    words = dict(_words(node, faults))
    kinds = [kind for kind in KINDS if kind in words]
    if len(kinds) != 1 and len(faults) == before:
        faults.append(Fault(line, f"{name} needs one of {', '.join(KINDS)}"))
    for field, word in words.items():
        reason = _fault(field, word.text)
        if reason is not None:
            faults.append(Fault(word.line, f"{field}: {reason}"))
    if len(faults) > before:
        return None
    given = {field: word.text for field, word in words.items()}
    kind = kinds[0]
    place = given[kind] if kind in {"url", "page"} else str(folder / given[kind])
    every = _EVERY.fullmatch(given.get("every", "15m"))
    return Feed(
        name,
        kind,
        place,
        given.get("outlet", name),
        given.get("episode"),
        given.get("lang"),
        given.get("zone", "UTC"),
        int(every[1]) * _UNITS[every[2]] if every else 900,
    )


def _words(node: yaml.Node, faults: list[Fault]) -> Iterator[tuple[str, _Word]]:
    for field, line, value in fields(node, SHAPE, faults):
        if field not in (*KINDS, *OTHERS):
            faults.append(Fault(line, f"{field} is not a field; {SHAPE}"))
        elif not isinstance(value, yaml.ScalarNode) or not value.value:
            faults.append(Fault(line_of(value), f"{field} must be one word"))
        else:
            yield field, _Word(line, value.value)


def _fault(field: str, text: str) -> str | None:
    """Return what is wrong with the value of a field."""
    if field in {"url", "page"} and not text.startswith(("http://", "https://")):
        return f"{text} does not begin with http:// or https://"
    if field in {"outlet", "episode"} and not SLUG.fullmatch(text):
        return f"{text!r} is not a slug: {SLUG_RULE}"
    if field == "lang" and not _LANG.fullmatch(text):
        return f"{text!r} is no language; for example en or uk"
    if field == "zone" and not _is_zone(text):
        return f"there is no time zone {text!r}; for example Asia/Baku or UTC"
    return _fault_of_every(text) if field == "every" else None


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _fault_of_every(text: str) -> str | None:
    every = _EVERY.fullmatch(text)
    if every is None:
        return f"{text!r} is no duration; for example 15m, 2h or 1d"
    if int(every[1]) * _UNITS[every[2]] < LEAST_S:
        return f"{text} is too often for somebody else's server: at least 1m"
    return None
