"""The words of a language, read from its table in `languages/`: the one module of the reader that opens a file."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import yaml

from streams.reading.tokens import Token, tokens_of

#: The meaning of a phrase, by role: {"past": "killed"}, {"person": "military"}, {"saying": True}.
Roles = Mapping[str, Any]
LANGUAGES: Final = ("ar", "en", "ru", "uk")
_PLAIN: Final = [
    "equipment",
    "places_nouns",
    "be",
    "have",
    "adverbs",
    "negation",
    "hypothetical",
    "history",
    "disaster",
    "conflict",
    "cumulative",
    "incident",
    "period",
    "more",
    "subset",
    "superseded",
    "officials",
    "nobody",
    "heads",
    "pronouns",
    "possessives",
    "enemy",
    "saying",
    "tallies",
]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of whole words, found longest first."""

    lengths: Mapping[str, tuple[int, ...]]
    roles: Mapping[tuple[str, ...], Roles]

    def at(self, tokens: Sequence[Token], index: int, last: int) -> tuple[int, Roles] | None:
        """Return where the longest phrase that begins at a token ends, and what it is."""
        lengths = self.lengths.get(tokens[index].low)
        for length in lengths or ():
            if index + length <= last:
                roles = self.roles.get(tuple([token.low for token in tokens[index : index + length]]))
                if roles is not None:
                    return index + length, roles
        return None

    @classmethod
    def of(cls, roles: Mapping[tuple[str, ...], Roles]) -> "Phrases":
        """Return phrases from their words."""
        lengths: dict[str, set[int]] = {}
        for words in roles:
            lengths.setdefault(words[0], set()).add(len(words))
        ordered = {word: tuple(sorted(found, reverse=True)) for word, found in lengths.items()}
        return cls(MappingProxyType(ordered), MappingProxyType(dict(roles)))


class Spotter:
    """The phrases of one document's tokens, each looked up once."""

    __slots__ = ("_hits", "_phrases", "roles")

    def __init__(self, phrases: Phrases, tokens: Sequence[Token]) -> None:
        self._phrases, self.roles = phrases, phrases.roles
        size = len(tokens)
        known = phrases.lengths
        self._hits = [phrases.at(tokens, n, size) if token.low in known else None for n, token in enumerate(tokens)]

    def at(self, tokens: Sequence[Token], index: int, last: int) -> tuple[int, Roles] | None:
        """Return where the longest phrase that begins at a token ends, and what it is."""
        hit = self._hits[index]
        return hit if hit is None or hit[0] <= last else self._phrases.at(tokens, index, last)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A language's table: its phrases, the rows of its bulletins, and the digest of the file."""

    language: str
    phrases: Phrases
    bulletins: Mapping[str, Any]
    months: Mapping[str, int]
    digest: str


@cache
def lexicon(language: str) -> Lexicon | None:
    """Return the table of a language tag ("en", "en-GB"), or None where there is none."""
    base = language.lower().partition("-")[0]
    if base not in LANGUAGES:
        return None
    data = resources.files("streams.reading").joinpath("languages", f"{base}.yaml").read_bytes()
    table = yaml.safe_load(data)
    collected: dict[tuple[str, ...], dict[str, Any]] = {}
    for phrase, role, value in _entries(table):
        words = tuple(token.low for token in tokens_of(phrase))
        collected.setdefault(words, {}).setdefault(role, value)
    digest = hashlib.sha256(data).hexdigest()
    return Lexicon(base, Phrases.of(collected), MappingProxyType(table.get("bulletins") or {}), _months(table), digest)


@cache
def nothing() -> Lexicon:
    """Return the table of a language that is not read."""
    return Lexicon("", Phrases.of({}), MappingProxyType({}), MappingProxyType({}), "")


def _months(table: Mapping[str, Any]) -> Mapping[str, int]:
    return MappingProxyType({name: number for number, name in enumerate(table.get("months") or (), 1)})


def _entries(table: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for outcome, forms in table.get("outcomes", {}).items():
        for form, phrases in forms.items():
            for phrase in phrases:
                yield phrase, form, outcome
    for section, role in (("groups", "group"), ("persons", "person"), ("institutions", "institution")):
        for value, phrases in table.get(section, {}).items():
            for phrase in phrases:
                yield phrase, role, value
    for section in _PLAIN:
        for phrase in table.get(section) or ():
            yield phrase, section, True


@cache
def digest() -> str:
    """Return the digest of all tables, for a draft's `reader`."""
    return hashlib.sha256("".join(found.digest for name in LANGUAGES if (found := lexicon(name))).encode()).hexdigest()[
        :12
    ]
