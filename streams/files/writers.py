"""The writers: who may put reports in and decide on drafts, a YAML file (contract section 10)."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from streams.files.yaml_nodes import (
    SLUG,
    SLUG_RULE,
    Fault,
    FileRefused,
    compose,
    fields,
    line_of,
    read_file,
    read_named,
)
from streams.settings import Settings

__all__ = [
    "ROLES",
    "Role",
    "Writer",
    "Writers",
    "WritersError",
    "digest_of",
    "parse_writers",
    "read_writers",
    "writers_of",
]

Role = Literal["reader", "writer", "reviewer", "admin"]
#: From the fewest rights to the most: each role may do what those before it may.
ROLES: Final[tuple[Role, ...]] = get_args(Role)
#: Lists of slugs that a writer may write alone, with `*` at the end of a slug for any rest.
_LIMITS: Final = ("sources", "outlets", "episodes")
_FIELDS: Final = ("token_sha256", "role", *_LIMITS)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class WritersError(FileRefused):
    """A file of writers that is refused: its message has one `file:line: reason` a line."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A person or program that may write, and what it may write; an empty list sets no limit."""

    name: str
    role: Role
    token_sha256: str = ""
    sources: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    episodes: tuple[str, ...] = ()

    def may(self, role: Role) -> bool:
        """Return whether the rights of a role are among the writer's."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def beyond(self, written: Mapping[str, Any]) -> str | None:
        """Return the right that writing this takes and the writer lacks, None if it may be written.

        `written` is a report or document; a field that it lacks is within every limit.
        """
        for allowed, names in (
            (self.sources, ("source",)),
            (self.outlets, ("relayed_by", "outlet")),
            (self.episodes, ("episode",)),
        ):
            for name in names:
                value = written.get(name)
                if allowed and value and isinstance(value, str) and not any(_matches(value, one) for one in allowed):
                    return f"{name} {value}"
        return None


@dataclass(frozen=True, slots=True)
class Writers:
    """The writers of a file, by name."""

    by_name: Mapping[str, Writer] = field(default_factory=dict)

    def holder(self, token: str) -> Writer | None:
        """Return the writer who holds a token; every digest is compared, so that the time says nothing."""
        digest = digest_of(token)
        found = None
        for writer in self.by_name.values():
            if hmac.compare_digest(writer.token_sha256, digest):
                found = writer
        return found


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal, as the file has it."""
    return hashlib.sha256(token.encode()).hexdigest()


def writers_of(settings: Settings) -> Writers | None:
    """Return the writers of the file that `TRUCELINE_WRITERS` names, None without one. Raises SettingsError."""
    if settings.writers is None:
        return None
    return read_named("TRUCELINE_WRITERS", "file", settings.writers, read_writers)


def read_writers(path: str | Path) -> Writers:
    """Return the writers in a file. Raises WritersError where it is refused, OSError where it cannot be read."""
    return read_file(path, parse_writers)


def parse_writers(content: bytes, name: str) -> Writers:
    """Return the writers in the bytes of a file called `name`. Raises WritersError with every fault."""
    root = compose(content, name, WritersError)
    faults: list[Fault] = []
    writers: dict[str, Writer] = {}
    digests: dict[str, str] = {}
    for who, line, node in (
        () if root is None else fields(root, "the file is a mapping from a name to its rights", faults)
    ):
        if not SLUG.fullmatch(who):
            faults.append(Fault(line, f"{who!r} is not a name: {SLUG_RULE}"))
        elif who in writers:
            faults.append(Fault(line, f"{who!r} is there twice"))
        writer = writers[who] = _writer(who, line, node, faults)
        if writer.token_sha256 in digests:
            faults.append(Fault(line, f"{who!r} has the token of {digests[writer.token_sha256]!r}: make one for each"))
        if writer.token_sha256:
            digests[writer.token_sha256] = who
    if faults:
        raise WritersError(name, sorted(faults))
    return Writers(writers)


def _writer(who: str, line: int, node: yaml.Node, faults: list[Fault]) -> Writer:
    given: dict[str, Any] = {}
    for key, at, value in fields(node, f"{who!r} must be a mapping with {', '.join(_FIELDS)}", faults):
        if key not in _FIELDS:
            faults.append(Fault(at, f"{who!r}: unknown field {key!r}; the fields are {', '.join(_FIELDS)}"))
        elif key in _LIMITS:
            given[key] = _patterns(who, key, value, faults)
        elif not isinstance(value, yaml.ScalarNode):
            faults.append(Fault(line_of(value), f"{who!r}: {key} must be one word"))
        elif key == "role" and value.value not in ROLES:
            faults.append(Fault(line_of(value), f"{who!r}: role {value.value!r} is not one of {', '.join(ROLES)}"))
        elif key == "token_sha256" and not _DIGEST.fullmatch(value.value):
            faults.append(Fault(line_of(value), f"{who!r}: token_sha256 must be 64 hexadecimal digits"))
        else:
            given[key] = value.value
    missing = [key for key in ("token_sha256", "role") if key not in given]
    if missing and isinstance(node, yaml.MappingNode) and not any(fault.line >= line for fault in faults):
        faults.append(Fault(line, f"{who!r}: {' and '.join(missing)} missing"))
    return Writer(who, **{"role": "reader", **given})


def _patterns(who: str, key: str, node: yaml.Node, faults: list[Fault]) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        faults.append(Fault(line_of(node), f"{who!r}: {key} must be a list of slugs, `*` at the end allowed"))
        return ()
    found = []
    for part in node.value:
        word = part.value if isinstance(part, yaml.ScalarNode) else ""
        if not (word == "*" or SLUG.fullmatch(word.removesuffix("*"))):
            faults.append(Fault(line_of(part), f"{who!r}: {word!r} in {key} is not a slug: {SLUG_RULE}"))
        found.append(word)
    return tuple(found)


def _matches(slug: str, pattern: str) -> bool:
    return slug.startswith(pattern[:-1]) if pattern.endswith("*") else slug == pattern
