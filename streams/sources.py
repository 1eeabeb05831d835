"""The source registry as people write it: a YAML file, read with the line of each fault (contract section 5).

    azerbaijan-mod:
      name: Ministry of Defence of Azerbaijan
      kind: official            # official | media | ngo | igo | monitor
      affiliation: azerbaijan   # the party that it speaks for; left out, null or none: no party

JSON of the same shape is YAML too.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, cast, get_args

import yaml

from streams.core.registry import Kind, Registry, Source

__all__ = ["Fault", "SourcesError", "default_sources", "parse_sources", "read_sources"]

MAX_BYTES = 4 << 20
MAX_FAULTS = 20
MAX_NESTING = 8
KINDS: tuple[str, ...] = get_args(Kind)
FIELDS = ("name", "kind", "affiliation")

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_SLUG_RULE = "lower-case letters, digits, '.', '_' and '-', at most 80, a letter or digit first"
_NULL = "tag:yaml.org,2002:null"
# libyaml where it is built in: ten times faster.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Fault(NamedTuple):
    """What is wrong in which line (from 1)."""

    line: int
    reason: str


class SourcesError(ValueError):
    """A registry file that is refused: its message has one `file:line: reason` a line."""

    def __init__(self, name: str, faults: list[Fault]) -> None:
        shown = [f"{name}:{line}: {reason}" for line, reason in faults[:MAX_FAULTS]]
        if len(faults) > MAX_FAULTS:
            shown.append(f"{name}: and {len(faults) - MAX_FAULTS} more")
        super().__init__("\n".join(shown))
        self.faults = faults


def default_sources() -> Registry:
    """Return the registry that ships as an example: the parties, ministries and press of two wars."""
    shipped = files("streams.defaults").joinpath("sources.yaml")
    return parse_sources(shipped.read_bytes(), "sources.yaml")


def read_sources(path: str | Path) -> Registry:
    """Return the registry in a file.

    Raises SourcesError where it is refused, OSError where it cannot be read.
    """
    with Path(path).open("rb") as file:
        return parse_sources(file.read(MAX_BYTES + 1), str(path))


def parse_sources(content: bytes, name: str) -> Registry:
    """Return the registry that the bytes of a file called `name` hold; raises SourcesError."""
    if len(content) > MAX_BYTES:
        raise SourcesError(name, [Fault(1, f"longer than {MAX_BYTES >> 20} MiB")])
    try:
        _refuse_deep_nesting(content, name)
        root = yaml.compose(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise SourcesError(name, [Fault(mark.line + 1 if mark else 1, f"not YAML: {reason}")]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourcesError(name, [Fault(1, f"not YAML: {error}")]) from None
    if root is None or _is_null(root):
        return Registry({})
    faults: list[Fault] = []
    sources = dict(_sources(root, faults))
    if faults:
        raise SourcesError(name, sorted(faults))
    return Registry(sources)


def _sources(root: yaml.Node, faults: list[Fault]) -> Iterator[tuple[str, Source]]:
    first_at: dict[str, int] = {}
    for key, line, node in _fields(root, "the file is a mapping from a source's slug to its fields", faults):
        if not _SLUG.fullmatch(key):
            faults.append(Fault(line, f"{key!r} is no slug: {_SLUG_RULE}"))
        elif key in first_at:
            faults.append(Fault(line, f"{key!r} stands twice, first in line {first_at[key]}"))
        first_at.setdefault(key, line)
        known = len(faults)
        source = _source(key, line, node, faults)
        if len(faults) == known:
            yield key, source


def _source(slug: str, line: int, node: yaml.Node, faults: list[Fault]) -> Source:
    given: dict[str, str | None] = {}
    for key, at, value in _fields(node, f"{slug!r} is a mapping with {', '.join(FIELDS)}", faults):
        if key not in FIELDS:
            faults.append(Fault(at, f"{slug!r}: unknown field {key!r}; the fields are {', '.join(FIELDS)}"))
        elif key in given:
            faults.append(Fault(at, f"{slug!r}: {key} stands twice"))
        elif not isinstance(value, yaml.ScalarNode):
            given[key] = None
            faults.append(Fault(at, f"{slug!r}: {key} is one word or text, not a list or mapping"))
        else:
            # The text as written: YAML would read `no` as false and 2022 as a number.
            given[key] = None if _is_null(value) else value.value
            faults.extend(Fault(at, f"{slug!r}: {reason}") for reason in _objections(key, given[key]))
    if isinstance(node, yaml.MappingNode):
        missing = [field for field in ("name", "kind") if field not in given]
        faults.extend(Fault(line, f"{slug!r}: {field} is missing") for field in missing)
    affiliation = given.get("affiliation")
    return Source(
        name=given.get("name") or "",
        kind=cast(Kind, given.get("kind")),
        affiliation=None if affiliation == "none" else affiliation,
    )


def _objections(field: str, value: str | None) -> Iterator[str]:
    if field == "name" and not (value or "").strip():
        yield "name is empty"
    if field == "kind" and value not in KINDS:
        yield f"unknown kind {value!r}; the kinds are {', '.join(KINDS)}"
    if field == "affiliation" and value is not None:
        if not _SLUG.fullmatch(value):
            yield f"affiliation {value!r} is no slug: {_SLUG_RULE}"
        elif value == "all":
            yield "affiliation 'all' stands for all sides together; leave it out for a source of no side"


def _fields(node: yaml.Node, shape: str, faults: list[Fault]) -> Iterator[tuple[str, int, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        faults.append(Fault(node.start_mark.line + 1, shape))
        return
    for key, value in node.value:
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode):
            yield key.value, line, value
        else:
            faults.append(Fault(line, "a key is one word"))


def _refuse_deep_nesting(content: bytes, name: str) -> None:
    # libyaml composes by recursion in C, and some ten thousand brackets end the process.
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise SourcesError(name, [Fault(line, "nested too deep")])


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == _NULL)
