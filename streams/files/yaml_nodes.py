"""YAML files of people, read with the line of each fault: source registry, alert rules, atlas.

Nodes are composed and never constructed, so each keeps its line, and a word is as written: YAML would read a party
called `no` as false, and 2022 as a number.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import yaml

from schemas.reports import SLUG_CHARACTERS
from streams.settings import SettingsError

__all__ = [
    "SLUG",
    "SLUG_RULE",
    "Fault",
    "FileRefused",
    "compose",
    "fields",
    "is_null",
    "line_of",
    "read_file",
    "read_named",
]

MAX_BYTES = 4 << 20
MAX_FAULTS = 20
MAX_NESTING = 8

SLUG = re.compile(SLUG_CHARACTERS)
SLUG_RULE = "lower-case letters, digits, '.', '_' and '-', at most 80, a letter or digit first"
_NULL = "tag:yaml.org,2002:null"
# libyaml where it is available: ten times faster.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_Content = TypeVar("_Content")


class Fault(NamedTuple):
    """A fault and its line (from 1)."""

    line: int
    reason: str


class FileRefused(ValueError):
    """A file with faults; its message has one `file:line: reason` a line."""

    def __init__(self, name: str, faults: list[Fault]) -> None:
        shown = [f"{name}:{line}: {reason}" for line, reason in faults[:MAX_FAULTS]]
        if len(faults) > MAX_FAULTS:
            shown.append(f"{name}: and {len(faults) - MAX_FAULTS} more")
        super().__init__("\n".join(shown))
        self.faults = faults


def read_file(path: str | Path, parse: Callable[[bytes, str], _Content]) -> _Content:
    """Return what `parse` makes of a file's bytes and name; it refuses a file over MAX_BYTES. Raises OSError."""
    with Path(path).open("rb") as file:
        return parse(file.read(MAX_BYTES + 1), str(path))


def read_named(variable: str, what: str, path: Path, read: Callable[[Path], _Content]) -> _Content:
    """Return the file that a setting names; `what` it is. Raises SettingsError for one that is refused or missing."""
    try:
        return read(path)
    except FileRefused as error:
        raise SettingsError(f"{variable}: the {what} is refused\n{error}") from error
    except OSError as error:
        raise SettingsError(f"{variable}: cannot read {path}: {error.strerror}") from error


def compose(content: bytes, name: str, refused: type[FileRefused]) -> yaml.Node | None:
    """Return the root of the YAML in the bytes of a file called `name`, None where it is empty.

    Raises `refused` if it is too long, nested too deep, or not YAML.
    """
    if len(content) > MAX_BYTES:
        raise refused(name, [Fault(1, f"longer than {MAX_BYTES >> 20} MiB")])
    try:
        if (line := _nested_too_deep(content)) is not None:
            raise refused(name, [Fault(line, "nested too deep")])
        root: yaml.Node | None = yaml.compose(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise refused(name, [Fault(mark.line + 1 if mark else 1, f"not YAML: {reason}")]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise refused(name, [Fault(1, f"not YAML: {error}")]) from None
    return None if root is None or is_null(root) else root


def fields(node: yaml.Node, shape: str, faults: list[Fault]) -> Iterator[tuple[str, int, yaml.Node]]:
    """Yield the (key, line, value) of a mapping; `shape` is the fault for any other node."""
    if not isinstance(node, yaml.MappingNode):
        faults.append(Fault(line_of(node), shape))
        return
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            yield key.value, line_of(key), value
        else:
            faults.append(Fault(line_of(key), "a key must be one word"))


def line_of(node: yaml.Node) -> int:
    """Return the line (from 1) that a node begins in."""
    return int(node.start_mark.line) + 1


def is_null(node: yaml.Node) -> bool:
    """Return whether a node is null or empty."""
    return bool(node.tag == _NULL)


def _nested_too_deep(content: bytes) -> int | None:
    # libyaml composes by recursion in C: ten thousand brackets overflow its stack and end the process.
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING:
            return event.start_mark.line + 1 if event.start_mark else 1
    return None
