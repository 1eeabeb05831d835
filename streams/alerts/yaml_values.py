"""Values in a rules file, each read from its node or refused with its line."""

from collections.abc import Iterable
from datetime import timedelta
from fnmatch import fnmatchcase

import yaml
from pydantic import TypeAdapter, ValidationError

from streams.files.yaml_nodes import Fault, fields, line_of
from streams.settings import Duration

__all__ = ["ValueRefused", "amount", "duration_us", "factor", "flag", "globs", "mapping", "text", "whole", "words"]

MAX_FIGURE = 10**12
MAX_WORDS = 100

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


class ValueRefused(Exception):
    """An invalid value, with its fault."""

    def __init__(self, node: yaml.Node, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(line_of(node), reason)


def text(node: yaml.Node, what: str) -> str:
    """Return a scalar as it is written."""
    if not isinstance(node, yaml.ScalarNode):
        raise ValueRefused(node, f"{what} must be text, not a list or mapping")
    return str(node.value)


def whole(node: yaml.Node, what: str, least: int = 1) -> int:
    """Return a whole number of at least `least`."""
    written = text(node, what)
    if not (written.isascii() and written.isdecimal() and least <= int(written[:13]) <= MAX_FIGURE):
        raise ValueRefused(node, f"{what} must be a whole number of at least {least}, not {written!r}")
    return int(written)


def factor(node: yaml.Node, what: str) -> float:
    """Return a number above 1."""
    written = text(node, what)
    try:
        number = float(written)
    except ValueError:
        number = 0.0
    if not 1 < number <= MAX_FIGURE:
        raise ValueRefused(node, f"{what} must be a number above 1, not {written!r}")
    return number


def amount(node: yaml.Node, what: str) -> tuple[int, bool]:
    """Return a number of persons, or with True a percentage."""
    written = text(node, what)
    figure = written.removesuffix("%").rstrip()
    if not (figure.isascii() and figure.isdecimal() and 1 <= int(figure[:13]) <= MAX_FIGURE):
        raise ValueRefused(node, f"{what} must be a number, such as 50, or a percentage, such as 20%, not {written!r}")
    return int(figure), written.endswith("%")


def duration_us(node: yaml.Node, what: str, *, least: int = 0) -> int:
    """Return an ISO 8601 duration of at least `least` microseconds, in microseconds."""
    written = text(node, what)
    try:
        duration = _DURATION.validate_python(written) // timedelta(microseconds=1)
    except ValidationError:
        raise ValueRefused(node, f"{what} must be an ISO 8601 duration, such as PT6H or P2D, not {written!r}") from None
    if duration < least:
        raise ValueRefused(node, f"{what} must be longer than zero, not {written!r}")
    return duration


def flag(node: yaml.Node, what: str) -> bool:
    """Return true or false."""
    written = text(node, what)
    if written not in {"true", "false"}:
        raise ValueRefused(node, f"{what} must be true or false, not {written!r}")
    return written == "true"


def words(node: yaml.Node, what: str) -> list[str]:
    """Return a word, or a list of them."""
    if not isinstance(node, yaml.SequenceNode):
        return [text(node, what)]
    if not node.value or len(node.value) > MAX_WORDS:
        raise ValueRefused(node, f"{what} must be a list of 1 to {MAX_WORDS} values")
    return [text(item, f"each of {what}") for item in node.value]


def globs(node: yaml.Node, what: str, vocabulary: Iterable[str] = ()) -> tuple[str, ...]:
    """Return globs; each must match a word of the vocabulary, if there is one."""
    known = list(vocabulary)
    found = words(node, what)
    for glob in found:
        if not glob:
            raise ValueRefused(node, f"{what} is empty; '*' matches all")
        if known and not any(fnmatchcase(word, glob) for word in known):
            raise ValueRefused(node, f"no {what} matches {glob!r}; use {', '.join(known)}")
    return tuple(found)


def mapping(
    node: yaml.Node, what: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, yaml.Node]:
    """Return the nodes of a mapping with these keys."""
    names = (*required, *optional)
    shape = f"{what} must be a mapping with {', '.join(names)}"
    faults: list[Fault] = []
    found: dict[str, yaml.Node] = {}
    for key, _, value in fields(node, shape, faults):
        if key not in names or key in found:
            raise ValueRefused(value, f"{what}: {key!r} {'is given twice' if key in found else 'is unknown'}; {shape}")
        found[key] = value
    if faults or not set(required) <= set(found):
        raise ValueRefused(node, faults[0].reason if faults else shape)
    return found
