"""The atlas: a YAML file, read with the line of each fault (contract section 8).

    parties:
      armenia: {name: Armenia, names: {hy: Հայաստան}, also: [Armenian, Yerevan], zone: Asia/Yerevan}
    episodes:
      armenia-azerbaijan-2022-09: {title: "Border clashes, September 2022", parties: [armenia, azerbaijan], from: 2022-09-12}
    places:
      jermuk: {name: Jermuk, lat: 39.84, lon: 45.67, within: armenia}

JSON of the same shape is YAML too.
"""  # noqa: E501 - one line an entry, as people write it

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from streams.core.atlas import Atlas, AtlasEpisode, AtlasParty, AtlasPlace
from streams.files.yaml_nodes import (
    SLUG,
    SLUG_RULE,
    Fault,
    FileRefused,
    compose,
    fields,
    is_null,
    line_of,
    read_file,
    read_named,
)
from streams.settings import Settings

__all__ = ["AtlasError", "atlas_of", "default_atlas", "parse_atlas", "read_atlas"]

T = TypeVar("T")
#: Names and titles: as long as a headline.
TEXT_MAX = 500
SUMMARY_MAX = 2_000
_LANG = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*")


class AtlasError(FileRefused):
    """An atlas file that is refused: its message has one `file:line: reason` a line."""


class _NotAccepted(ValueError):
    """A value that does not fit its field; the message says why."""


def default_atlas() -> Atlas:
    """Return the atlas that ships as an example: the parties and episodes of the demo and of the importers."""
    shipped = files("streams.defaults").joinpath("atlas.yaml")
    return parse_atlas(shipped.read_bytes(), "atlas.yaml")


def atlas_of(settings: Settings) -> Atlas:
    """Return the atlas that `TRUCELINE_ATLAS` names, an empty one where it names none. Raises SettingsError."""
    if settings.atlas is None:
        return Atlas()
    return read_named("TRUCELINE_ATLAS", "atlas", settings.atlas, read_atlas)


def read_atlas(path: str | Path) -> Atlas:
    """Return the atlas in a file. Raises AtlasError where it is refused, OSError where it cannot be read."""
    return read_file(path, parse_atlas)


def parse_atlas(content: bytes, name: str) -> Atlas:
    """Return the atlas in the bytes of a file called `name`. Raises AtlasError with every fault."""
    root = compose(content, name, AtlasError)
    faults: list[Fault] = []
    sections: dict[str, dict[str, dict[str, Any]]] = {section: {} for section in _SECTIONS}
    if root is not None:
        for key, line, node in fields(root, f"the file is a mapping with {', '.join(_SECTIONS)}", faults):
            if key not in _SECTIONS:
                faults.append(Fault(line, f"unknown section {key!r}; the sections are {', '.join(_SECTIONS)}"))
            elif not is_null(node):
                sections[key] |= _entries(key, node, faults)
    faults += _dangling(sections)
    if faults:
        raise AtlasError(name, sorted(faults))
    return Atlas(
        {slug: AtlasParty(**_without_line(entry)) for slug, entry in sections["parties"].items()},
        {slug: AtlasEpisode(**_without_line(entry)) for slug, entry in sections["episodes"].items()},
        {slug: AtlasPlace(**_without_line(entry)) for slug, entry in sections["places"].items()},
    )


def _entries(section: str, node: yaml.Node, faults: list[Fault]) -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = {}
    first_at: dict[str, int] = {}
    for slug, line, value in fields(node, f"{section} is a mapping from a slug to its fields", faults):
        if not SLUG.fullmatch(slug):
            faults.append(Fault(line, f"{slug!r} is not a slug: {SLUG_RULE}"))
        elif slug == "all" and section == "parties":
            faults.append(Fault(line, "'all' is reserved for all sides together"))
        elif slug in first_at:
            faults.append(Fault(line, f"{slug!r} is there twice, first in line {first_at[slug]}"))
        first_at.setdefault(slug, line)
        entries[slug] = _entry(_SECTIONS[section], slug, line, value, faults)
    return entries


def _entry(shape: "_Shape", slug: str, line: int, node: yaml.Node, faults: list[Fault]) -> dict[str, Any]:
    entry: dict[str, Any] = {"line": line}
    words = ", ".join(shape)
    seen: set[str] = set()
    for key, at, value in fields(node, f"{slug!r} must be a mapping with {words}", faults):
        if key not in shape:
            faults.append(Fault(at, f"{slug!r}: unknown field {key!r}; the fields are {words}"))
            continue
        if key in seen:
            faults.append(Fault(at, f"{slug!r}: {key} is there twice"))
        seen.add(key)
        name, read = shape[key]
        if is_null(value):
            continue
        try:
            entry[name] = read(value)
        except _NotAccepted as reason:
            entry.setdefault(name, None)
            faults.append(Fault(line_of(value), f"{slug!r}: {key} {reason}"))
    required = next(iter(shape))
    if isinstance(node, yaml.MappingNode) and entry.get(required) is None and required not in seen:
        faults.append(Fault(line, f"{slug!r}: {required} is missing"))
    faults += _contradictions(slug, line, entry)
    return entry


def _contradictions(slug: str, line: int, entry: Mapping[str, Any]) -> list[Fault]:
    first, last = entry.get("first_day"), entry.get("last_day")
    found = []
    if first is not None and last is not None and last < first:
        found.append(Fault(line, f"{slug!r}: to {last} is before from {first}"))
    if ("lat" in entry) != ("lon" in entry):
        found.append(Fault(line, f"{slug!r}: lat and lon come together"))
    return found


def _dangling(sections: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[Fault]:
    """Return a fault for each party or place that an entry names and the file does not have."""
    parties, places = sections["parties"], sections["places"]
    found = [
        Fault(entry["line"], f"{slug!r}: the party {party!r} is not in this file")
        for slug, entry in sections["episodes"].items()
        for party in entry.get("parties") or ()
        if parties and party not in parties
    ]
    found += [
        Fault(entry["line"], f"{slug!r}: within {within!r}: no such party or place in this file")
        for slug, entry in places.items()
        if (within := entry.get("within")) and within not in parties and within not in places
    ]
    return found


def _without_line(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "line"}


def _text(node: yaml.Node, most: int = TEXT_MAX) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _NotAccepted("is a text, not a list or mapping")
    text = str(node.value).strip()
    if not text:
        raise _NotAccepted("is empty")
    if len(text) > most:
        raise _NotAccepted(f"is longer than {most} characters")
    if any(ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F for character in text):
        raise _NotAccepted("has a control character")
    return text


def _summary(node: yaml.Node) -> str:
    return _text(node, SUMMARY_MAX)


def _texts(node: yaml.Node) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        raise _NotAccepted("is a list: [a, b]")
    return tuple(_text(item) for item in node.value)


def _slug(node: yaml.Node) -> str:
    slug = _text(node)
    if not SLUG.fullmatch(slug):
        raise _NotAccepted(f"{slug!r} is not a slug: {SLUG_RULE}")
    return slug


def _slugs(node: yaml.Node) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        raise _NotAccepted("is a list of slugs: [a, b]")
    return tuple(_slug(item) for item in node.value)


def _by_language(node: yaml.Node) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode):
        raise _NotAccepted("is a mapping from a language to a text: {hy: …}")
    names = {}
    for key, value in node.value:
        lang = _text(key)
        if not _LANG.fullmatch(lang):
            raise _NotAccepted(f"{lang!r} is not a language: en, ar, zh-Hant …")
        names[lang] = _text(value)
    return names


def _zone(node: yaml.Node) -> str:
    name = _text(node)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _NotAccepted(f"{name!r} is not a time zone: Asia/Yerevan, Europe/Kyiv, UTC …") from None
    return name


def _day(node: yaml.Node) -> date:
    text = _text(node)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _NotAccepted(f"{text!r} is not a day: YYYY-MM-DD") from None


def _degrees(most: int) -> Callable[[yaml.Node], float]:
    def read(node: yaml.Node) -> float:
        text = _text(node)
        try:
            degrees = float(text)
        except ValueError:
            degrees = math.nan
        if not -most <= degrees <= most:
            raise _NotAccepted(f"{text!r} is not in degrees, -{most} to {most}")
        return degrees

    return read


_Shape = Mapping[str, tuple[str, Callable[[yaml.Node], Any]]]
#: The fields of each section: the name in the file, the attribute, how its value is read. The first is required.
_SECTIONS: Mapping[str, _Shape] = {
    "parties": {
        "name": ("name", _text),
        "names": ("names", _by_language),
        "also": ("also", _texts),
        "zone": ("zone", _zone),
    },
    "episodes": {
        "title": ("title", _text),
        "titles": ("titles", _by_language),
        "also": ("also", _texts),
        "summary": ("summary", _summary),
        "parties": ("parties", _slugs),
        "from": ("first_day", _day),
        "to": ("last_day", _day),
        "zone": ("zone", _zone),
    },
    "places": {
        "name": ("name", _text),
        "names": ("names", _by_language),
        "also": ("also", _texts),
        "lat": ("lat", _degrees(90)),
        "lon": ("lon", _degrees(180)),
        "pcode": ("pcode", _text),
        "within": ("within", _slug),
    },
}
