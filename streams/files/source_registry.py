"""The source registry, a YAML file, read with the line of each fault (contract section 5).

    azerbaijan-mod:
      name: Ministry of Defence of Azerbaijan
      kind: official            # official | media | ngo | igo | monitor
      affiliation: azerbaijan   # the party that it speaks for; left out, null or none: no party
      partial: false            # true if it speaks for one service or place of that party alone
      also: [Azerbaijani MoD]   # other names by which texts call it
      names: {az: Müdafiə Nazirliyi}

JSON of the same shape is YAML too.
"""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, cast, get_args

import yaml

from schemas.reports import LANG
from streams.core.source_registry import Kind, Registry, Source
from streams.files.yaml_nodes import SLUG, SLUG_RULE, Fault, FileRefused, compose, fields, is_null, line_of, read_file

__all__ = ["Fault", "SourcesError", "default_sources", "parse_sources", "read_sources"]

KINDS: tuple[str, ...] = get_args(Kind)
FIELDS = ("name", "kind", "affiliation", "partial", "also", "names")
TEXT_MAX = 500
_LANG = re.compile(LANG)


class SourcesError(FileRefused):
    """A registry file with faults; its message has one `file:line: reason` a line."""


def default_sources() -> Registry:
    """Return the shipped example registry: the parties, ministries and press of two wars."""
    shipped = files("streams.defaults").joinpath("sources.yaml")
    return parse_sources(shipped.read_bytes(), "sources.yaml")


def read_sources(path: str | Path) -> Registry:
    """Return the registry in a file.

    Raises SourcesError for faults in it, OSError if it cannot be read.
    """
    return read_file(path, parse_sources)


def parse_sources(content: bytes, name: str) -> Registry:
    """Return the registry in the bytes of a file called `name`; raises SourcesError."""
    root = compose(content, name, SourcesError)
    if root is None:
        return Registry({})
    faults: list[Fault] = []
    sources = dict(_sources(root, faults))
    if faults:
        raise SourcesError(name, sorted(faults))
    return Registry(sources)


def _sources(root: yaml.Node, faults: list[Fault]) -> Iterator[tuple[str, Source]]:
    first_at: dict[str, int] = {}
    shape = "the file must list sources, each as slug: {name: …, kind: …, affiliation: …}"
    for key, line, node in fields(root, shape, faults):
        if not SLUG.fullmatch(key):
            faults.append(Fault(line, f"{key!r} is not a slug: {SLUG_RULE}"))
        elif key in first_at:
            faults.append(Fault(line, f"{key!r} is given twice, first in line {first_at[key]}"))
        first_at.setdefault(key, line)
        known = len(faults)
        source = _source(key, line, node, faults)
        if len(faults) == known:
            yield key, source


def _source(slug: str, line: int, node: yaml.Node, faults: list[Fault]) -> Source:
    given: dict[str, Any] = {}
    shape = f"{slug!r} must have the fields {', '.join(FIELDS)}, as in {slug}: {{name: …, kind: official}}"
    for key, at, value in fields(node, shape, faults):
        if key not in FIELDS:
            faults.append(Fault(at, f"{slug!r}: unknown field {key!r}; the fields are {', '.join(FIELDS)}"))
        elif key in given:
            faults.append(Fault(at, f"{slug!r}: {key} is given twice"))
        elif key in _READ:
            given[key], reasons = _READ[key](value)
            faults.extend(Fault(line, f"{slug!r}: {reason}") for line, reason in reasons)
        elif not isinstance(value, yaml.ScalarNode):
            given[key] = None
            faults.append(Fault(at, f"{slug!r}: {key} must be one text, not a list or mapping"))
        else:
            # The text as written: YAML would read `no` as false and 2022 as a number.
            given[key] = None if is_null(value) else value.value
            faults.extend(Fault(at, f"{slug!r}: {reason}") for reason in _objections(key, given[key]))
    if isinstance(node, yaml.MappingNode):
        missing = [field for field in ("name", "kind") if field not in given]
        faults.extend(Fault(line, f"{slug!r}: {field} is missing") for field in missing)
    affiliation = given.get("affiliation")
    return Source(
        name=given.get("name") or "",
        kind=cast(Kind, given.get("kind")),
        affiliation=None if affiliation == "none" else affiliation,
        partial=given.get("partial") or False,
        also=given.get("also") or (),
        names=given.get("names") or {},
    )


def _partial(node: yaml.Node) -> tuple[bool, list[Fault]]:
    if is_null(node):
        return False, []
    if isinstance(node, yaml.ScalarNode) and node.value in {"true", "false"}:
        return node.value == "true", []
    return False, [Fault(line_of(node), "partial must be true or false")]


def _also(node: yaml.Node) -> tuple[tuple[str, ...], list[Fault]]:
    if is_null(node):
        return (), []
    if not isinstance(node, yaml.SequenceNode):
        return (), [Fault(line_of(node), "also must be a list of names")]
    faults = [Fault(line_of(item), f"also must have {_TEXT}") for item in node.value if not _is_text(item)]
    return tuple(item.value for item in node.value if _is_text(item)), faults


def _names(node: yaml.Node) -> tuple[dict[str, str], list[Fault]]:
    if is_null(node):
        return {}, []
    faults: list[Fault] = []
    names: dict[str, str] = {}
    for lang, line, value in fields(node, "names must be a mapping from a language to a name", faults):
        if not _LANG.fullmatch(lang):
            faults.append(Fault(line, f"names: {lang!r} is not a language tag such as hy or zh-Hans"))
        elif not _is_text(value):
            faults.append(Fault(line, f"names: {lang} must be {_TEXT}"))
        else:
            names[lang] = value.value
    return names, faults


_TEXT = f"a text of 1 to {TEXT_MAX} characters"
_READ: dict[str, Callable[[yaml.Node], tuple[Any, list[Fault]]]] = {
    "partial": _partial,
    "also": _also,
    "names": _names,
}


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and len(node.value.strip()) > 0 and len(node.value) <= TEXT_MAX


def _objections(field: str, value: str | None) -> Iterator[str]:
    if field == "name" and not (value or "").strip():
        yield "name is empty"
    if field == "kind" and value not in KINDS:
        yield f"unknown kind {value!r}; the kinds are {', '.join(KINDS)}"
    if field == "affiliation" and value is not None:
        if not SLUG.fullmatch(value):
            yield f"affiliation {value!r} is not a slug: {SLUG_RULE}"
        elif value == "all":
            yield "affiliation 'all' means all sides together; leave it out for a source of no side"
