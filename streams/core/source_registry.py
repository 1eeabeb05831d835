"""The source registry: the name, kind and affiliation of each source (contract section 5)."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import orjson

Kind = Literal["official", "media", "ngo", "igo", "monitor"]
DIGEST_DIGITS = 12
CONTRACT = 2
#: The kinds of sources that end no ceasefire in the joint view unless they name the party that did.
BYSTANDERS = frozenset({"media", "ngo"})


@dataclass(frozen=True, slots=True)
class Source:
    """A source: its name, its kind, and the party it is affiliated to, if any."""

    name: str
    kind: Kind
    affiliation: str | None = None
    #: True if it speaks for one service or place of its party alone.
    partial: bool = False
    #: Other names by which texts call it, and its names by language.
    also: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


class Registry:
    """An immutable table of sources. A source that is not in it has no affiliation."""

    def __init__(self, sources: Mapping[str, Source] | None = None) -> None:
        self.sources: dict[str, Source] = dict(sources or {})
        content = {"contract": CONTRACT, "sources": self.as_record()}
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        #: The first twelve hexadecimal digits of the SHA-256 of its content and the contract's version, so that an
        #: upgrade publishes the views that the new version reads otherwise.
        self.digest = hashlib.sha256(text).hexdigest()[:DIGEST_DIGITS]
        self._partial = frozenset(slug for slug, source in self.sources.items() if source.partial)
        self._bystanders = frozenset(slug for slug, source in self.sources.items() if source.kind in BYSTANDERS)
        self._affiliations = {slug: source.affiliation for slug, source in self.sources.items()}

    @classmethod
    def of_record(cls, record: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the registry with the record that `as_record` returned."""
        return cls({slug: _source(fields) for slug, fields in record.items()})

    def as_record(self) -> dict[str, dict[str, Any]]:
        """Return the fields of each source as plain values, those of version 2 only if given."""
        return {slug: _record(source) for slug, source in self.sources.items()}

    def affiliation(self, source: str) -> str | None:
        """Return the party that a source is affiliated to, or None."""
        return self._affiliations.get(source)

    def is_partial(self, source: str) -> bool:
        """Return whether a source speaks for one service or place of its party alone."""
        return source in self._partial

    def is_bystander(self, source: str) -> bool:
        """Return whether a source is a media or an ngo."""
        return source in self._bystanders


def _source(fields: Mapping[str, Any]) -> Source:
    return Source(**{**fields, "also": tuple(fields.get("also", ()))})


def _record(source: Source) -> dict[str, Any]:
    fields = asdict(source)
    return {name: value for name, value in fields.items() if value or name not in _OF_VERSION_2}


_OF_VERSION_2 = frozenset({"partial", "also", "names"})
