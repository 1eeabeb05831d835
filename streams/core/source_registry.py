"""The source registry: the name, kind and affiliation of each source (contract section 5)."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import orjson

Kind = Literal["official", "media", "ngo", "igo", "monitor"]
DIGEST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Source:
    """A source: its name, its kind, and the party it is affiliated to, if any."""

    name: str
    kind: Kind
    affiliation: str | None = None


class Registry:
    """An immutable table of sources. A source that is not in it has no affiliation."""

    def __init__(self, sources: Mapping[str, Source] | None = None) -> None:
        self.sources: dict[str, Source] = dict(sources or {})
        text = orjson.dumps(self.as_record(), option=orjson.OPT_SORT_KEYS)
        #: The first twelve hexadecimal digits of the SHA-256 of its content.
        self.digest = hashlib.sha256(text).hexdigest()[:DIGEST_DIGITS]
        self._affiliations = {slug: source.affiliation for slug, source in self.sources.items()}

    @classmethod
    def of_record(cls, record: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the registry with the record that `as_record` returned."""
        return cls({slug: Source(**fields) for slug, fields in record.items()})

    def as_record(self) -> dict[str, dict[str, str | None]]:
        """Return name, kind and affiliation of each source, as JSON has them."""
        return {slug: asdict(source) for slug, source in self.sources.items()}

    def affiliation(self, source: str) -> str | None:
        """Return the party that a source is affiliated to, or None."""
        return self._affiliations.get(source)
